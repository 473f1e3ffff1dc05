//! Transactions: moving money between users, in one phase or in two.
//!
//! Whose money may be moved is the bank's to say: it refuses all but users' own.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use plimsoll_core::bank::{Command, Query, Reply};
use plimsoll_core::id::TransactionId;
use plimsoll_core::ledger::{self, Outcome, Owner, TransactionState, TransactionView, Transfer};
use plimsoll_core::money::{Amount, Registry};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::idempotency::{WriteKey, replayed};
use super::problem::Problem;
use super::refusal::problem_in;
use super::{Api, date, field};

/// The scope of the idempotency keys of this route.
const SCOPE: &str = "http/transactions";

/// What to do: exactly one of these.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum NewTransaction {
    /// Moves money for good: all the transfers or none.
    Post(Post),
    /// Reserves money, to be posted or voided later.
    Hold(Hold),
    /// Makes a hold final, in full or in part.
    PostHold(PostHold),
    /// Releases everything that a hold reserved.
    VoidHold(VoidHold),
    /// Undoes a posted transaction by a new one.
    Reverse(Reverse),
}

/// Transfers to be posted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Post {
    /// 1 to 256 movements.
    transfers: Vec<NewTransfer>,
}

/// Transfers to be held.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hold {
    /// 1 to 256 movements.
    transfers: Vec<NewTransfer>,
    /// When the hold is over by itself; never, if it is left out.
    #[schema(example = "2026-11-22T10:21:00Z")]
    expires_at: Option<String>,
}

/// A hold to be posted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PostHold {
    /// The hold.
    #[schema(example = "transaction-7")]
    hold: String,
    /// One amount for each transfer of the hold, zero to what it held; all of it, if they are left out.
    amounts: Option<Vec<String>>,
}

/// A hold to be voided.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VoidHold {
    /// The hold.
    #[schema(example = "transaction-7")]
    hold: String,
}

/// A transaction to be reversed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reverse {
    /// The transaction.
    #[schema(example = "transaction-7")]
    transaction: String,
}

/// One movement of one asset.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTransfer {
    /// The user who pays.
    #[schema(example = "user-1")]
    debit: String,
    /// The user who is paid, or `fees`.
    #[schema(example = "user-2")]
    credit: String,
    /// What moves.
    #[schema(example = "USDT")]
    asset: String,
    /// How much, as a decimal string.
    #[schema(example = "12.50")]
    amount: String,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    /// The transaction that was made; for a hold that was posted or voided, the hold.
    #[schema(example = "transaction-7")]
    id: String,
}

/// A transaction.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TransactionBody {
    /// Its identifier.
    #[schema(example = "transaction-7")]
    id: String,
    /// What became of it.
    state: StateBody,
    /// Its movements. Of a posted hold: what was posted; of other holds: what was held.
    transfers: Vec<TransferBody>,
    /// When a pending hold is over by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// The transaction that it undoes.
    #[serde(skip_serializing_if = "Option::is_none")]
    reverses: Option<String>,
    /// The transaction that undid it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reversed_by: Option<String>,
}

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StateBody {
    /// Posted, in one phase or as a hold.
    Posted,
    /// A hold that waits.
    Pending,
    /// A hold that was given up.
    Voided,
    /// A hold whose time was over.
    Expired,
}

/// One movement.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TransferBody {
    /// Who paid.
    debit: String,
    /// Who was paid.
    credit: String,
    /// What moved.
    asset: String,
    /// How much.
    amount: String,
}

/// Moves money between users, or reserves it, or resolves or reverses what was.
#[utoipa::path(
    post, path = "/api/v1/transactions", tag = "transactions", operation_id = "createTransaction", request_body = NewTransaction,
    params(("Idempotency-Key" = String, Header, description = "The client's name for this write")),
    responses((status = 201, body = Accepted), (status = "default", body = Problem))
)]
pub(super) async fn create(
    State(api): State<Api>,
    key: WriteKey,
    Body(body): Body<NewTransaction>,
) -> Result<Response, Problem> {
    let command = api.decode(body).await?;
    let request = ledger::Request {
        key: key.within(SCOPE),
        command,
    };
    let reply = api.bank.command(Command::Transact(request)).await?;
    let Reply::Outcome {
        outcome,
        replayed: again,
    } = reply
    else {
        return Err(problem_in(reply));
    };
    match outcome {
        Outcome::Accepted(id) => {
            let body = Json(Accepted { id: id.to_string() });
            Ok((StatusCode::CREATED, replayed(again), body).into_response())
        }
        Outcome::Refused(refusal) => Err(Problem::from(refusal).replayed(again)),
    }
}

/// A transaction and what became of it.
#[utoipa::path(
    get, path = "/api/v1/transactions/{id}", tag = "transactions", operation_id = "getTransaction",
    params(("id" = String, Path, example = "transaction-1")),
    responses((status = 200, body = TransactionBody), (status = "default", body = Problem))
)]
pub(super) async fn show(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<TransactionBody>, Problem> {
    let transaction = api.transaction(field::id(&id, "id")?).await?;
    Ok(Json(api.encode(&transaction)))
}

impl Api {
    async fn transaction(&self, id: TransactionId) -> Result<TransactionView, Problem> {
        let reply = self.bank.query(Query::Transaction(id)).await?;
        let Reply::Transaction(transaction) = reply else {
            return Err(problem_in(reply));
        };
        Ok(transaction)
    }

    async fn decode(&self, body: NewTransaction) -> Result<ledger::Command, Problem> {
        Ok(match body {
            NewTransaction::Post(Post { transfers }) => ledger::Command::Post {
                transfers: decode_transfers(&transfers, "post", &self.registry)?,
            },
            NewTransaction::Hold(Hold {
                transfers,
                expires_at,
            }) => ledger::Command::Hold {
                transfers: decode_transfers(&transfers, "hold", &self.registry)?,
                expires_at: expires_at
                    .map(|date| field::date(&date, "hold.expires_at"))
                    .transpose()?,
            },
            NewTransaction::PostHold(PostHold { hold, amounts }) => {
                let hold = field::id(&hold, "post_hold.hold")?;
                let amounts = match amounts {
                    Some(amounts) => Some(self.decode_amounts(&amounts, &self.transaction(hold).await?)?),
                    None => None,
                };
                ledger::Command::PostHold { hold, amounts }
            }
            NewTransaction::VoidHold(VoidHold { hold }) => ledger::Command::VoidHold {
                hold: field::id(&hold, "void_hold.hold")?,
            },
            NewTransaction::Reverse(Reverse { transaction }) => ledger::Command::Reverse {
                transaction: field::id(&transaction, "reverse.transaction")?,
            },
        })
    }

    /// One amount for each transfer of `hold`, in its asset. How many there must be is for the ledger to say, so
    /// amounts beyond the transfers are read too.
    fn decode_amounts(&self, amounts: &[String], hold: &TransactionView) -> Result<Vec<Amount>, Problem> {
        let decode = |(index, (text, transfer)): (usize, (&String, &Transfer))| {
            let path = format!("post_hold.amounts[{index}]");
            let asset = field::asset(transfer.asset.symbol(), &path, &self.registry)?;
            field::amount(text, &path, asset)
        };
        amounts
            .iter()
            .zip(hold.transfers.iter().cycle())
            .enumerate()
            .map(decode)
            .collect()
    }

    fn encode(&self, transaction: &TransactionView) -> TransactionBody {
        let (state, expires_at) = match transaction.state {
            TransactionState::Posted | TransactionState::HoldPosted => (StateBody::Posted, None),
            TransactionState::Pending { expires_at } => (StateBody::Pending, expires_at),
            TransactionState::Voided => (StateBody::Voided, None),
            TransactionState::Expired => (StateBody::Expired, None),
        };
        let transfer = |transfer: &Transfer| TransferBody {
            debit: transfer.debit.to_string(),
            credit: transfer.credit.to_string(),
            asset: transfer.asset.to_string(),
            amount: self.amount(transfer.asset, transfer.amount),
        };
        TransactionBody {
            id: transaction.id.to_string(),
            state,
            transfers: transaction.transfers.iter().map(transfer).collect(),
            expires_at: expires_at.map(date::write),
            reverses: transaction.reverses.map(|id| id.to_string()),
            reversed_by: transaction.reversed_by.map(|id| id.to_string()),
        }
    }
}

fn decode_transfers(
    transfers: &[NewTransfer],
    kind: &str,
    registry: &Registry,
) -> Result<Vec<Transfer>, Problem> {
    let decode = |(index, transfer): (usize, &NewTransfer)| {
        let path = |name: &str| format!("{kind}.transfers[{index}].{name}");
        let asset = field::asset(&transfer.asset, &path("asset"), registry)?;
        Ok(Transfer {
            debit: decode_owner(&transfer.debit, &path("debit"))?,
            credit: decode_owner(&transfer.credit, &path("credit"))?,
            asset: asset.id,
            amount: field::amount(&transfer.amount, &path("amount"), asset)?,
        })
    };
    transfers.iter().enumerate().map(decode).collect()
}

fn decode_owner(text: &str, field: &str) -> Result<Owner, Problem> {
    Ok(match text {
        "fees" => Owner::Fees,
        "refunds" => Owner::Refunds,
        "suspense" => Owner::Suspense,
        "treasury" => Owner::Treasury,
        "issuance" => Owner::Issuance,
        other => match other.strip_prefix("custody-") {
            Some(chain) => Owner::Custody(field::chain(chain, field)?),
            None => Owner::User(field::user(other, field)?),
        },
    })
}
