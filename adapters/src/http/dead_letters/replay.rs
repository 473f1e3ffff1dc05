//! What a replay of a dead letter would come to, and replays of many.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use plimsoll_core::bank::{Command, Query, Reply};
use plimsoll_core::escrow::ReplayPlan;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{DryRunBody, ReplayBody};
use super::filter;
use crate::http::body::Body;
use crate::http::operator::Operator;
use crate::http::problem::Problem;
use crate::http::refusal::problem_in;
use crate::http::{Api, field};

/// A dead letter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewDryRun {
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The hash of the transaction.
    tx: String,
}

/// Which dead letters are to be tried again: those that all of what is given fits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewReplay {
    /// Those on this chain.
    #[schema(example = "eip155:56")]
    chain: Option<String>,
    /// This one alone; `chain` must be given too.
    tx: Option<String>,
    /// Those that are dead letters for this reason.
    dead_for: Option<String>,
    /// Those with this fingerprint.
    fingerprint: Option<String>,
    /// Those that this user claimed.
    claimed_by: Option<String>,
    /// Those that have been dead letters for longer.
    #[schema(example = "1h")]
    older_than: Option<String>,
    /// How many in a second, 1 to 100.
    #[schema(example = 10)]
    rate: u32,
    /// Ends after so many.
    stop_after: Option<u64>,
    /// Ends at this date.
    stop_at: Option<String>,
    /// Why, for the journal.
    #[schema(example = "the outage is over")]
    reason: String,
}

/// A replay to end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct EndOfReplay {
    /// The replay.
    #[schema(example = "replay-1")]
    replay: String,
    /// Why, for the journal.
    reason: String,
}

/// The last replay.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct LastReplay {
    /// How far it is; left out when there never was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<ReplayBody>,
}

/// What a replay of one dead letter would come to now. Endpoints are asked, and nothing is recorded.
#[utoipa::path(
    post, path = "/api/v1/escrow/dead-letter-queue/dry-run", tag = "operators", operation_id = "dryRunDeadLetter", request_body = NewDryRun,
    responses((status = 200, body = DryRunBody), (status = "default", body = Problem))
)]
pub(in crate::http) async fn dry_run(
    State(api): State<Api>,
    Body(body): Body<NewDryRun>,
) -> Result<Json<DryRunBody>, Problem> {
    let tx = field::tx(("chain", &body.chain), ("tx", &body.tx))?;
    let reply = api.bank.query(Query::DryRun(tx)).await?;
    let Reply::DryRun(dry_run) = reply else {
        return Err(problem_in(reply));
    };
    Ok(Json(api.dry_run(&dry_run)))
}

/// Has automation try dead letters again, the oldest first, at a pace. One replay at a time.
#[utoipa::path(
    post, path = "/api/v1/escrow/dead-letter-queue/replay", tag = "operators", operation_id = "replayDeadLetters", request_body = NewReplay,
    responses((status = 202, body = ReplayBody), (status = "default", body = Problem))
)]
pub(in crate::http) async fn replay(
    State(api): State<Api>,
    operator: Operator,
    Body(body): Body<NewReplay>,
) -> Result<(StatusCode, Json<ReplayBody>), Problem> {
    let only = body
        .tx
        .map(|tx| field::tx(("chain", body.chain.as_deref().unwrap_or_default()), ("tx", &tx)));
    let plan = ReplayPlan {
        only: only.transpose()?,
        filter: filter(
            body.chain,
            body.dead_for,
            body.fingerprint,
            body.claimed_by,
            body.older_than,
        )?,
        rate: body.rate,
        stop_after: body.stop_after,
        stop_at: body
            .stop_at
            .map(|text| field::date(&text, "stop_at"))
            .transpose()?,
    };
    let command = Command::ReplayDeadLetters {
        plan: Box::new(plan),
        actor: operator.name,
        reason: body.reason,
    };
    Ok((StatusCode::ACCEPTED, replayed(api.bank.command(command).await?)?))
}

/// How far the last replay is.
#[utoipa::path(
    get, path = "/api/v1/escrow/dead-letter-queue/replay", tag = "operators", operation_id = "getReplay",
    responses((status = 200, body = LastReplay), (status = "default", body = Problem))
)]
pub(in crate::http) async fn last_replay(State(api): State<Api>) -> Result<Json<LastReplay>, Problem> {
    let reply = api.bank.query(Query::Status).await?;
    let Reply::Status(status) = reply else {
        return Err(problem_in(reply));
    };
    Ok(Json(LastReplay {
        replay: status.replay.as_ref().map(ReplayBody::of),
    }))
}

/// Ends the replay under way. What it took stays taken.
#[utoipa::path(
    post, path = "/api/v1/escrow/dead-letter-queue/replay/cancel", tag = "operators", operation_id = "cancelReplay", request_body = EndOfReplay,
    responses((status = 200, body = ReplayBody), (status = "default", body = Problem))
)]
pub(in crate::http) async fn cancel_replay(
    State(api): State<Api>,
    operator: Operator,
    Body(body): Body<EndOfReplay>,
) -> Result<Json<ReplayBody>, Problem> {
    let command = Command::CancelReplay {
        replay: field::id(&body.replay, "replay")?,
        actor: operator.name,
        reason: body.reason,
    };
    replayed(api.bank.command(command).await?)
}

fn replayed(reply: Reply) -> Result<Json<ReplayBody>, Problem> {
    let Reply::Replay(replay) = reply else {
        return Err(problem_in(reply));
    };
    Ok(Json(ReplayBody::of(&replay)))
}
