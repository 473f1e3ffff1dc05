//! Dead letters: transactions on chain that automation gave up on, and what an operator decides about them.
//!
//! A decision carries no idempotency key, because taking it twice is refused by itself: what was resolved is no dead
//! letter any more. Who decides is the name of the token that the request shows.

use axum::Json;
use axum::extract::{Query as Params, State};
use plimsoll_core::bank::{Command, Query, Reply};
use plimsoll_core::escrow::{DeadLetterReason, Resolution, TxKey};
use plimsoll_core::time::WallClock;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::operator::Operator;
use super::problem::{Code, Problem};
use super::refusal::problem_in;
use super::{Api, date, field};

/// How many dead letters are shown unless the request says otherwise, and at most.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;

/// Which dead letters to show.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Those after this one: `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 1000; 100 if it is left out.
    limit: Option<usize>,
}

/// Dead letters.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetters {
    /// By chain and hash.
    dead_letters: Vec<DeadLetter>,
    /// What to send as `after` for the next page; left out when this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A transaction on chain that automation gave up on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetter {
    /// The chain, by its CAIP-2 name.
    chain: String,
    /// The hash of the transaction.
    tx: String,
    /// Why: a stable code.
    #[schema(example = "unseen")]
    reason: &'static str,
    /// Since when.
    since: String,
}

/// What an operator decides.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewResolution {
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The hash of the transaction.
    tx: String,
    /// What is decided.
    resolution: ResolutionBody,
    /// Why, for the journal.
    #[schema(example = "the node was down, the transaction is on chain")]
    reason: String,
}

/// What an operator can decide.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ResolutionBody {
    /// Let automation try again.
    Retry,
    /// Leave it. The scanner would still revive it.
    Dismiss,
}

/// The decision was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Resolved {
    /// Always true: anything else is a problem.
    resolved: bool,
}

/// Transactions that need a person.
#[utoipa::path(
    get, path = "/api/v1/escrow/dead-letter-queue", tag = "operators", operation_id = "listDeadLetters", 
    params(
        ("after" = Option<String>, Query, description = "Those after this one: `next` of the page before"),
        ("limit" = Option<usize>, Query, description = "How many, 1 to 1000; 100 if it is left out")
    ),
    responses((status = 200, body = DeadLetters), (status = "default", body = Problem))
)]
pub(super) async fn list(
    State(api): State<Api>,
    page: Result<Params<Page>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<DeadLetters>, Problem> {
    let Params(page) = page.map_err(|rejection| Problem::new(Code::FieldInvalid, rejection.body_text()))?;
    let limit = page.limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
    let after = page.after.as_deref().map(decode_cursor).transpose()?;
    let reply = api.bank.query(Query::DeadLetters { after, limit }).await?;
    let Reply::DeadLetters(letters) = reply else {
        return Err(problem_in(reply));
    };
    let is_full = letters.len() == limit;
    let next = letters
        .last()
        .filter(|_| is_full)
        .map(|(tx, ..)| format!("{}/{}", tx.chain, tx.tx));
    let dead_letter = |(tx, reason, since): &(TxKey, DeadLetterReason, WallClock)| DeadLetter {
        chain: tx.chain.to_string(),
        tx: tx.tx.to_string(),
        reason: reason.code(),
        since: date::write(*since),
    };
    Ok(Json(DeadLetters {
        dead_letters: letters.iter().map(dead_letter).collect(),
        next,
    }))
}

/// Decides about a dead letter.
#[utoipa::path(
    post, path = "/api/v1/escrow/dead-letter-queue/resolve", tag = "operators", operation_id = "resolveDeadLetter", request_body = NewResolution,
    responses((status = 200, body = Resolved), (status = "default", body = Problem))
)]
pub(super) async fn resolve(
    State(api): State<Api>,
    operator: Operator,
    Body(body): Body<NewResolution>,
) -> Result<Json<Resolved>, Problem> {
    let command = Command::ResolveDeadLetter {
        tx: field::tx(("chain", &body.chain), ("tx", &body.tx))?,
        resolution: match body.resolution {
            ResolutionBody::Retry => Resolution::Retry,
            ResolutionBody::Dismiss => Resolution::Dismiss,
        },
        actor: operator.name,
        reason: body.reason,
    };
    let reply = api.bank.command(command).await?;
    let Reply::Done = reply else {
        return Err(problem_in(reply));
    };
    Ok(Json(Resolved { resolved: true }))
}

fn decode_cursor(text: &str) -> Result<TxKey, Problem> {
    let malformed =
        || Problem::new(Code::IdMalformed, "send what `next` of the page before said").at("after");
    let (chain, tx) = text.split_once('/').ok_or_else(malformed)?;
    field::tx(("after", chain), ("after", tx))
}
