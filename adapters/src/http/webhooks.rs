//! Webhooks: who is told what happens, how that goes, and telling it again.

use axum::Json;
use axum::extract::{Query as Params, State};
use plimsoll_core::webhook::EventId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::operator::Operator;
use super::problem::{Code, Problem};
use super::{Api, date, field};
use crate::webhook::{Delivery, Desk, DeskError, Receiver, Redelivered};

/// How many attempts are shown unless the request says otherwise, and at most.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;

/// Receivers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhooks {
    /// In the order of the configuration.
    webhooks: Vec<WebhookBody>,
}

/// A receiver and how its deliveries stand.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookBody {
    /// Its name.
    #[schema(example = "shop")]
    receiver: String,
    /// The scheme, host and port of its URL.
    #[schema(example = "https://shop.example.com")]
    url: String,
    /// The kinds of events it is told of.
    events: Vec<&'static str>,
    /// The last event up to which everything is delivered or parked.
    #[schema(example = "event-17-0")]
    cursor: String,
    /// How many records of the journal are behind that.
    lag_records: u64,
    /// How many events and alerts are in hand.
    in_hand: usize,
    /// How many calls are under way.
    calling: usize,
    /// The state of its breaker.
    #[schema(example = "closed")]
    breaker: &'static str,
    /// For how many more seconds it is left alone.
    rests_seconds: u64,
    /// How much was delivered since the service started.
    delivered: u64,
    /// How many attempts failed.
    failed: u64,
    /// How much was given up.
    parked: u64,
}

/// Which attempts to show.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Of this receiver alone.
    receiver: Option<String>,
    /// Those after this one: `next` of the page before.
    after: Option<i64>,
    /// How many, 1 to 1000; 100 if it is left out.
    limit: Option<usize>,
}

/// Attempts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deliveries {
    /// The newest first.
    deliveries: Vec<DeliveryBody>,
    /// What to send as `after` for the next page; left out when this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// One attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryBody {
    /// Who was called.
    receiver: String,
    /// With what.
    #[schema(example = "event-17-0")]
    event: String,
    /// Its kind.
    #[schema(example = "deposit.final")]
    kind: String,
    /// Which attempt, from 1.
    attempt: u32,
    /// What came of it: `delivered`, `refused`, `unreachable` or `timed_out`.
    outcome: String,
    /// The HTTP status, if there was an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// How long it took, in milliseconds.
    took_ms: u64,
    /// When it ended.
    at: String,
    /// What follows: `done`, `retry` or `parked`.
    next: String,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
}

/// What is to be delivered again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Again {
    /// To whom.
    #[schema(example = "shop")]
    receiver: String,
    /// Which event; left out: what was parked for the receiver, up to a hundred events.
    #[schema(example = "event-17-0")]
    event: Option<String>,
}

/// What became of an order to deliver again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgainBody {
    /// How many events are on their way. An order is not kept over a restart: the delivery log tells what was delivered.
    accepted: usize,
    /// How many were not taken, because as many wait as may.
    refused: usize,
    /// How many are not kept any more, or never were.
    unknown: usize,
}

/// Receivers and how their deliveries stand.
#[utoipa::path(
    get, path = "/api/v1/escrow/webhooks", tag = "operators", operation_id = "listWebhooks",
    responses((status = 200, body = Webhooks), (status = "default", body = Problem))
)]
pub(super) async fn list(State(api): State<Api>) -> Json<Webhooks> {
    let webhooks = api.desk.receivers().into_iter().map(WebhookBody::from).collect();
    Json(Webhooks { webhooks })
}

/// The delivery log: each attempt, the newest first.
#[utoipa::path(
    get, path = "/api/v1/escrow/webhooks/deliveries", tag = "operators", operation_id = "listDeliveries",
    params(
        ("receiver" = Option<String>, Query, description = "Of this receiver alone"),
        ("after" = Option<i64>, Query, description = "Those after this one: `next` of the page before"),
        ("limit" = Option<usize>, Query, description = "How many, 1 to 1000; 100 if it is left out")
    ),
    responses((status = 200, body = Deliveries), (status = "default", body = Problem))
)]
pub(super) async fn deliveries(
    State(api): State<Api>,
    page: Result<Params<Page>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Deliveries>, Problem> {
    let Params(page) = page.map_err(|error| Problem::new(Code::FieldInvalid, error.body_text()))?;
    let limit = page.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        let detail = format!("write a number from 1 to {PAGE_MAX}");
        return Err(Problem::new(Code::FieldInvalid, detail).at("limit"));
    }
    if let Some(receiver) = &page.receiver {
        place(&api.desk, receiver)?;
    }
    let log = api.desk.log(page.receiver.as_deref(), page.after, limit).await?;
    Ok(Json(Deliveries {
        deliveries: log.deliveries.into_iter().map(DeliveryBody::from).collect(),
        next: log.next,
    }))
}

/// Has an event, or what was parked, delivered again.
#[utoipa::path(
    post, path = "/api/v1/escrow/webhooks/redeliver", tag = "operators", operation_id = "redeliver", request_body = Again,
    responses((status = 202, body = AgainBody), (status = "default", body = Problem))
)]
pub(super) async fn redeliver(
    State(api): State<Api>,
    operator: Operator,
    Body(again): Body<Again>,
) -> Result<(axum::http::StatusCode, Json<AgainBody>), Problem> {
    let receiver = place(&api.desk, &again.receiver)?;
    let event: Option<EventId> = match &again.event {
        Some(event) => Some(field::id(event, "event")?),
        None => None,
    };
    let Some(come) = api.desk.redeliver(receiver, event).await? else {
        let detail = "the deliveries have too much to do: repeat it a little later";
        return Err(Problem::new(Code::Overloaded, detail));
    };
    let Redelivered {
        accepted,
        refused,
        unknown,
    } = come;
    let (actor, receiver) = (operator.name, again.receiver);
    tracing::info!(
        actor,
        receiver,
        ?event,
        accepted,
        "an operator has webhooks delivered again"
    );
    if event.is_some() && unknown > 0 {
        let detail = "there is no such event, or it is so old that it is not kept any more";
        return Err(Problem::new(Code::UnknownEvent, detail).at("event"));
    }
    let body = AgainBody {
        accepted,
        refused,
        unknown,
    };
    Ok((axum::http::StatusCode::ACCEPTED, Json(body)))
}

fn place(desk: &Desk, name: &str) -> Result<usize, Problem> {
    desk.find(name).ok_or_else(|| {
        let detail = format!("{name} is not one of the [[webhooks]] of the configuration");
        Problem::new(Code::UnknownReceiver, detail).at("receiver")
    })
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the delivery log cannot be read"
        );
        Self::new(Code::Unavailable, "the delivery log cannot be read at the moment")
    }
}

impl From<Receiver> for WebhookBody {
    fn from(receiver: Receiver) -> Self {
        let status = receiver.status;
        Self {
            receiver: receiver.name,
            url: receiver.url,
            events: receiver.events,
            cursor: status.cursor.to_string(),
            lag_records: status.lag,
            in_hand: status.in_hand,
            calling: status.calling,
            breaker: status.breaker.code(),
            rests_seconds: receiver.rests.as_secs(),
            delivered: status.delivered,
            failed: status.failed,
            parked: status.parked,
        }
    }
}

impl From<Delivery> for DeliveryBody {
    fn from(one: Delivery) -> Self {
        Self {
            receiver: one.receiver,
            event: one.event,
            kind: one.kind,
            attempt: one.attempt,
            outcome: one.outcome,
            status: one.status,
            took_ms: u64::try_from(one.took.as_millis()).unwrap_or(u64::MAX),
            at: date::write(one.at),
            next: one.next,
            retry_at: one.retry_at.map(date::write),
        }
    }
}
