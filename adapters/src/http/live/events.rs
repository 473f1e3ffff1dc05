//! Server-sent events: `text/event-stream`, as browsers' `EventSource` reads it.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::follow::{Follower, Step, Update};
use crate::http::problem::Problem;
use crate::http::{Api, field};

/// How long one stream lasts at most: whoever is still there connects again, and who has gone without a word makes room.
const LIFE_MAX: Duration = Duration::from_secs(60 * 60);
/// How long a client waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);
/// The longest name of a state that is read.
const ID_BYTES_MAX: usize = 64;

/// Follows a claim: an event `status` whenever it stands otherwise, until it is settled, and a comment every 15 seconds.
///
/// Each event has the id of the state that it shows. With that in `Last-Event-ID` a client that connects again is told what
/// is new, and with 204 that nothing more will come. Of changes in quick succession the last one is told.
#[utoipa::path(
    get, path = "/api/v1/escrow/claims/{id}/events", tag = "escrow", operation_id = "followClaim",
    params(
        ("id" = String, Path, example = "claim-1"),
        ("Last-Event-ID" = Option<String>, Header, description = "The state that was told last")
    ),
    responses(
        (status = 200, body = Update, content_type = "text/event-stream"),
        (status = 204, description = "Settled, and told before"),
        (status = "default", body = Problem)
    )
)]
pub(in crate::http) async fn events(
    State(api): State<Api>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let told = headers.get("last-event-id");
    let told = told.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let told = told.filter(|id| id.len() <= ID_BYTES_MAX);
    let mut follower = Follower::begin(api, field::id(&id, "id")?, told).await?;
    let first = follower.look().await?;
    if first.is_none() && follower.is_over() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let life = Box::pin(tokio::time::sleep(LIFE_MAX));
    let stream = stream::unfold(Some((follower, first, life)), |state| async move {
        let (mut follower, first, mut life) = state?;
        let step = match first {
            Some(update) => Step::Update(Box::new(update)),
            None => tokio::select! {
                step = follower.next() => step,
                () = &mut life => Step::Stopping,
            },
        };
        match step {
            Step::Update(update) if update.settled => Some((event(&update), None)),
            Step::Update(update) => Some((event(&update), Some((follower, None, life)))),
            Step::Beat => Some((Ok(Event::default().comment("")), Some((follower, None, life)))),
            Step::Over | Step::Stopping => None,
        }
    });
    Ok(Sse::new(stream).into_response())
}

fn event(update: &Update) -> Result<Event, Infallible> {
    let body = serde_json::to_string(update).unwrap_or_default();
    Ok(Event::default()
        .event("status")
        .id(&update.id)
        .retry(RETRY)
        .data(body))
}
