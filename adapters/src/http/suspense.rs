//! Suspense: deposits that are valid and nobody's yet, and whose they turn out to be.
//!
//! An attribution carries no idempotency key, because doing it twice is refused by itself: what was attributed is in suspense
//! no more.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query as Params, State};
use plimsoll_core::bank::{Command, Query, Reply};
use plimsoll_core::escrow::{DepositKey, Suspended};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::operator::Operator;
use super::problem::{Code, Problem};
use super::refusal::problem_in;
use super::{Api, field};

/// How many deposits are shown unless the request says otherwise, and at most.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;

/// Which deposits to show.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Those after this one: `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 1000; 100 if it is left out.
    limit: Option<usize>,
}

/// Deposits in suspense.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SuspenseBody {
    /// By chain and hash.
    suspense: Vec<SuspendedBody>,
    /// What to send as `after` for the next page; left out when this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A deposit that is nobody's yet.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SuspendedBody {
    /// The chain, by its CAIP-2 name.
    chain: String,
    /// The hash of the transaction.
    tx: String,
    /// The place of its log in the receipt; on Solana of the token account among those that the transaction names.
    ordinal: u32,
    /// The asset.
    #[schema(example = "USDT")]
    asset: String,
    /// How much, as a decimal string.
    #[schema(example = "12.5")]
    amount: String,
    /// Who paid; on Solana a wallet.
    from: String,
    /// The address that was paid; on Solana the wallet of the token account.
    to: String,
    /// Why it is nobody's: a stable code.
    #[schema(example = "unattributed")]
    reason: &'static str,
}

/// Whose a deposit is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAttribution {
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The hash of the transaction.
    tx: String,
    /// The place of the deposit's log in the receipt, or of its token account, as the list shows it.
    ordinal: u32,
    /// Whose it is.
    #[schema(example = "user-1")]
    user: String,
    /// Why, for the journal.
    #[schema(example = "the payer shows a receipt")]
    reason: String,
}

/// The deposit was given to its owner.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Attributed {
    /// Always true: anything else is a problem.
    attributed: bool,
}

/// Deposits that are valid and nobody's yet.
#[utoipa::path(
    get, path = "/api/v1/escrow/suspense", tag = "operators", operation_id = "listSuspense",
    params(
        ("after" = Option<String>, Query, description = "Those after this one: `next` of the page before"),
        ("limit" = Option<usize>, Query, description = "How many, 1 to 1000; 100 if it is left out")
    ),
    responses((status = 200, body = SuspenseBody), (status = "default", body = Problem))
)]
pub(super) async fn list(
    State(api): State<Api>,
    page: Result<Params<Page>, QueryRejection>,
) -> Result<Json<SuspenseBody>, Problem> {
    let Params(page) = page.map_err(|rejection| Problem::new(Code::FieldInvalid, rejection.body_text()))?;
    let limit = page.limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
    let after = page.after.as_deref().map(decode_cursor).transpose()?;
    let reply = api.bank.query(Query::Suspense { after, limit }).await?;
    let Reply::Suspense(deposits) = reply else {
        return Err(problem_in(reply));
    };
    let is_full = deposits.len() == limit;
    let next = deposits
        .last()
        .filter(|_| is_full)
        .map(|(key, _)| encode_cursor(key));
    let shown = deposits
        .iter()
        .map(|(key, suspended)| api.suspended(key, suspended));
    Ok(Json(SuspenseBody {
        suspense: shown.collect(),
        next,
    }))
}

/// Says whose a deposit in suspense is.
#[utoipa::path(
    post, path = "/api/v1/escrow/suspense/attribute", tag = "operators", operation_id = "attributeSuspense", request_body = NewAttribution,
    responses((status = 200, body = Attributed), (status = "default", body = Problem))
)]
pub(super) async fn attribute(
    State(api): State<Api>,
    operator: Operator,
    Body(body): Body<NewAttribution>,
) -> Result<Json<Attributed>, Problem> {
    let tx = field::tx(("chain", &body.chain), ("tx", &body.tx))?;
    let command = Command::AttributeSuspense {
        deposit: DepositKey {
            tx,
            ordinal: body.ordinal,
        },
        user: field::user(&body.user, "user")?,
        actor: operator.name,
        reason: body.reason,
    };
    let reply = api.bank.command(command).await?;
    let Reply::Done = reply else {
        return Err(problem_in(reply));
    };
    Ok(Json(Attributed { attributed: true }))
}

impl Api {
    fn suspended(&self, key: &DepositKey, suspended: &Suspended) -> SuspendedBody {
        let deposit = suspended.booked.deposit;
        SuspendedBody {
            chain: key.tx.chain.to_string(),
            tx: key.tx.tx.to_string(),
            ordinal: key.ordinal,
            asset: deposit.asset.to_string(),
            amount: self.amount(deposit.asset, deposit.amount),
            from: deposit.from.to_string(),
            to: deposit.to.to_string(),
            reason: suspended.reason.code(),
        }
    }
}

fn encode_cursor(key: &DepositKey) -> String {
    format!("{}/{}/{}", key.tx.chain, key.tx.tx, key.ordinal)
}

fn decode_cursor(text: &str) -> Result<DepositKey, Problem> {
    let malformed =
        || Problem::new(Code::IdMalformed, "send what `next` of the page before said").at("after");
    let mut parts = text.splitn(3, '/');
    let mut part = || parts.next().ok_or_else(malformed);
    let (chain, tx, ordinal) = (part()?, part()?, part()?);
    let ordinal = ordinal.parse().map_err(|_| malformed())?;
    let tx = field::tx(("after", chain), ("after", tx))?;
    Ok(DepositKey { tx, ordinal })
}
