//! The same over a WebSocket: one text message an update, pings as heartbeats.
//!
//! Close codes: 1000 the claim is settled, 1001 the server stops, 4008 the listener is too slow. A listener is too slow that
//! does not take a message in time, or does not answer a ping before the next one.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::follow::{Follower, Step, Update};
use crate::http::problem::{Code, Problem};
use crate::http::{Api, field};

/// The claim is settled, and was told.
const SETTLED: u16 = 1000;
/// The server stops.
const GOING_AWAY: u16 = 1001;
/// The listener does not keep up.
const TOO_SLOW: u16 = 4008;
/// How long a listener may take to read a message.
const SEND_MAX: Duration = Duration::from_secs(10);
/// How long the farewell may take.
const FAREWELL_MAX: Duration = Duration::from_secs(1);
/// The most that a listener may say at once: it has nothing to say.
const SAID_BYTES_MAX: usize = 1_024;

/// Where to go on.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct After {
    /// The state that was told last.
    after: Option<String>,
}

/// Follows a claim over a WebSocket: a text message whenever it stands otherwise, until it is settled, and pings.
///
/// Close codes: 1000 settled; 1001 the server stops, connect again; 4008 too slow, connect again.
#[utoipa::path(
    get, path = "/api/v1/escrow/claims/{id}/ws", tag = "escrow", operation_id = "followClaimBySocket",
    params(
        ("id" = String, Path, example = "claim-1"),
        ("after" = Option<String>, Query, description = "The id of the update that was told last")
    ),
    responses((status = 101, body = Update, description = "Switching to a WebSocket"), (status = "default", body = Problem))
)]
pub(in crate::http) async fn socket(
    State(api): State<Api>,
    Path(id): Path<String>,
    Query(After { after }): Query<After>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|rejection| {
        let detail = format!("{rejection}: open it as a WebSocket, or use .../events");
        Problem::new(Code::UpgradeRequired, detail)
    })?;
    let follower = Follower::begin(api, field::id(&id, "id")?, after).await?;
    let upgrade = upgrade
        .max_message_size(SAID_BYTES_MAX)
        .max_frame_size(SAID_BYTES_MAX);
    Ok(upgrade.on_upgrade(|socket| serve(socket, follower)))
}

/// Why a listener is let go.
enum End {
    Farewell(u16, &'static str),
    /// It has gone.
    Gone,
}

async fn serve(mut socket: WebSocket, mut follower: Follower) {
    if let End::Farewell(code, reason) = converse(&mut socket, &mut follower).await {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        let farewell = async {
            // Who does not hear it has gone.
            if socket.send(Message::Close(Some(frame))).await.is_ok() {
                while let Some(Ok(_)) = socket.recv().await {}
            }
        };
        let _ = tokio::time::timeout(FAREWELL_MAX, farewell).await;
    }
}

async fn converse(socket: &mut WebSocket, follower: &mut Follower) -> End {
    let mut is_heard = true;
    loop {
        let step = tokio::select! {
            said = socket.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
                Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {
                    is_heard = true;
                    continue;
                }
            },
            step = follower.next() => step,
        };
        let (message, is_last) = match step {
            Step::Update(update) => (text(&update), update.settled),
            Step::Beat if !is_heard => return End::Farewell(TOO_SLOW, "no answer to a ping"),
            Step::Beat => {
                is_heard = false;
                (Message::Ping(Bytes::new()), false)
            }
            Step::Over => return End::Farewell(SETTLED, "settled"),
            Step::Stopping => return End::Farewell(GOING_AWAY, "the server stops"),
        };
        match tokio::time::timeout(SEND_MAX, socket.send(message)).await {
            Ok(Ok(())) if is_last => return End::Farewell(SETTLED, "settled"),
            Ok(Ok(())) => {}
            Ok(Err(_)) => return End::Gone,
            Err(_) => return End::Farewell(TOO_SLOW, "a message was not read in time"),
        }
    }
}

fn text(update: &Update) -> Message {
    Message::text(serde_json::to_string(update).unwrap_or_default())
}
