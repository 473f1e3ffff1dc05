//! Dead letters: transactions on chain that automation gave up on, and what an operator decides about them.
//!
//! A decision carries no idempotency key, because taking it twice is refused by itself: what was resolved is no dead
//! letter any more. Who decides is the name of the token that the request shows.

mod body;
mod cursor;
mod replay;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query as Params, State};
use plimsoll_core::bank::{Command, Query, Reply};
use plimsoll_core::escrow::{DeadLetterReason, LetterFilter, Resolution};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::operator::Operator;
use super::problem::{Code, Problem};
use super::refusal::problem_in;
use super::{Api, field};
use body::{DeadLetterBody, GroupBody};
pub(super) use replay::*;

/// How many dead letters are shown unless the request says otherwise, and at most.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;

/// Which dead letters to show.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// On this chain.
    chain: Option<String>,
    /// For this reason.
    reason: Option<String>,
    /// With this fingerprint.
    fingerprint: Option<String>,
    /// That this user claimed.
    claimed_by: Option<String>,
    /// That have been dead letters for longer than this.
    older_than: Option<String>,
    /// Those after this one: `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 1000; 100 if it is left out.
    limit: Option<usize>,
}

/// On which chain the transaction is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnChain {
    /// The chain, by its CAIP-2 name.
    chain: Option<String>,
}

/// Dead letters.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetters {
    /// The oldest first.
    dead_letters: Vec<DeadLetterBody>,
    /// What to send as `after` for the next page; left out when this is the last. A page may be short, or empty, and not
    /// be the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Dead letters by fingerprint.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Groups {
    /// The largest first, at most 1000.
    groups: Vec<GroupBody>,
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

/// What came of a decision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Resolved {
    /// Whether it was taken; false when it was proposed and another operator must approve, by the same request.
    resolved: bool,
}

/// Transactions that need a person, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/escrow/dead-letter-queue", tag = "operators", operation_id = "listDeadLetters",
    params(
        ("chain" = Option<String>, Query, description = "Those on this chain", example = "eip155:56"),
        ("reason" = Option<String>, Query, description = "Those for this reason", example = "unseen"),
        ("fingerprint" = Option<String>, Query, description = "Those with this fingerprint"),
        ("claimed_by" = Option<String>, Query, description = "Those that this user claimed", example = "user-1"),
        ("older_than" = Option<String>, Query, description = "Those that have been dead letters for longer", example = "24h"),
        ("after" = Option<String>, Query, description = "Those after this one: `next` of the page before, with the same filter"),
        ("limit" = Option<usize>, Query, description = "How many, 1 to 1000; 100 if it is left out")
    ),
    responses((status = 200, body = DeadLetters), (status = "default", body = Problem))
)]
pub(super) async fn list(
    State(api): State<Api>,
    page: Result<Params<Page>, QueryRejection>,
) -> Result<Json<DeadLetters>, Problem> {
    let Params(page) = page.map_err(|rejection| Problem::new(Code::FieldInvalid, rejection.body_text()))?;
    let filter = filter(
        page.chain,
        page.reason,
        page.fingerprint,
        page.claimed_by,
        page.older_than,
    )?;
    let limit = page.limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
    let after = page.after.map(|text| cursor::read(&text, &filter)).transpose()?;
    let reply = api
        .bank
        .query(Query::DeadLetters { filter, after, limit })
        .await?;
    let Reply::DeadLetters(page) = reply else {
        return Err(problem_in(reply));
    };
    let letters = page.letters.iter();
    Ok(Json(DeadLetters {
        dead_letters: letters.map(|view| api.dead_letter(view)).collect(),
        next: page.next.map(|place| cursor::write(place, &filter)),
    }))
}

/// What the dead letters have in common: those of one chain, one reason and one set of outcomes of attempts.
#[utoipa::path(
    get, path = "/api/v1/escrow/dead-letter-queue/groups", tag = "operators", operation_id = "groupDeadLetters",
    responses((status = 200, body = Groups), (status = "default", body = Problem))
)]
pub(super) async fn groups(State(api): State<Api>) -> Result<Json<Groups>, Problem> {
    let reply = api.bank.query(Query::DeadLetterGroups).await?;
    let Reply::DeadLetterGroups(groups) = reply else {
        return Err(problem_in(reply));
    };
    Ok(Json(Groups {
        groups: groups.iter().map(GroupBody::of).collect(),
    }))
}

/// One transaction that needs a person.
#[utoipa::path(
    get, path = "/api/v1/escrow/dead-letter-queue/{tx}", tag = "operators", operation_id = "getDeadLetter",
    params(
        ("tx" = String, Path, description = "The hash of the transaction"),
        ("chain" = Option<String>, Query, description = "Its chain; may be left out where one is configured", example = "eip155:56")
    ),
    responses((status = 200, body = DeadLetterBody), (status = "default", body = Problem))
)]
pub(super) async fn show(
    State(api): State<Api>,
    Path(tx): Path<String>,
    on: Result<Params<OnChain>, QueryRejection>,
) -> Result<Json<DeadLetterBody>, Problem> {
    let Params(on) = on.map_err(|rejection| Problem::new(Code::FieldInvalid, rejection.body_text()))?;
    let chain = match (on.chain, api.chains.as_slice()) {
        (Some(chain), _) => chain,
        (None, [only]) => only.id.to_string(),
        (None, _) => {
            return Err(Problem::new(Code::FieldMissing, "say on which chain: ?chain=eip155:56").at("chain"));
        }
    };
    let tx = field::tx(("chain", &chain), ("tx", &tx))?;
    let reply = api.bank.query(Query::DeadLetter(tx)).await?;
    let Reply::DeadLetter(view) = reply else {
        return Err(problem_in(reply));
    };
    Ok(Json(api.dead_letter(&view)))
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
    if !matches!(reply, Reply::Done | Reply::Proposed) {
        return Err(problem_in(reply));
    }
    Ok(Json(Resolved {
        resolved: reply == Reply::Done,
    }))
}

fn filter(
    chain: Option<String>,
    reason: Option<String>,
    fingerprint: Option<String>,
    claimed_by: Option<String>,
    older_than: Option<String>,
) -> Result<LetterFilter, Problem> {
    Ok(LetterFilter {
        chain: chain.map(|text| field::chain(&text, "chain")).transpose()?,
        reason: reason.map(|text| reason_of(&text)).transpose()?,
        fingerprint: fingerprint
            .map(|text| field::id(&text, "fingerprint"))
            .transpose()?,
        claimed_by: claimed_by
            .map(|text| field::user(&text, "claimed_by"))
            .transpose()?,
        older_than: older_than
            .map(|text| field::duration(&text, "older_than"))
            .transpose()?,
    })
}

fn reason_of(text: &str) -> Result<DeadLetterReason, Problem> {
    let known = DeadLetterReason::ALL.iter().copied();
    known.clone().find(|reason| reason.code() == text).ok_or_else(|| {
        let known: Vec<_> = known.map(DeadLetterReason::code).collect();
        let detail = format!("{text:?} is no reason; there are {}", known.join(", "));
        Problem::new(Code::FieldInvalid, detail).at("reason")
    })
}
