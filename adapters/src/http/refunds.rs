//! Refunds: which deposits go back, what is proposed, and how operators order both.
//!
//! Nothing is paid here. What is pending is for a person to pay on chain, who then says which transaction did. The acts are
//! operators' acts like others, in `acts`; here is what they are about, and the list.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query as Params, State};
use plimsoll_core::bank::{Query, Reply};
use plimsoll_core::escrow::{Beneficiary, DepositKey, Refund, RefundAct, RefundProposal, RefundStage};
use plimsoll_core::id::RefundId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::{Code, Problem};
use super::refusal::problem_in;
use super::{Api, date, field};

/// How many refunds are shown unless the request says otherwise, and at most.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;

/// Which refunds to show.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Only those that are to be paid.
    #[serde(default)]
    pending: bool,
    /// Those after this one: `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 1000; 100 if it is left out.
    limit: Option<usize>,
}

/// Refunds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefundsBody {
    /// By number.
    refunds: Vec<RefundBody>,
    /// What waits for a second operator, who orders the same.
    proposed: Vec<ProposedBody>,
    /// What to send as `after` for the next page; left out when this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A refund.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefundBody {
    /// Its identifier.
    #[schema(example = "refund-1")]
    refund: String,
    /// `pending`: an operator is to pay it; `settled`: it was paid; `withdrawn`: it is not paid, and the money is back.
    #[schema(example = "pending")]
    state: &'static str,
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The hash of the deposit's transaction.
    tx: String,
    /// The place of the deposit's log in the receipt, on Solana of its token account in the transaction.
    ordinal: u32,
    /// What goes back.
    #[schema(example = "USDT")]
    asset: String,
    /// How much, as a decimal string.
    #[schema(example = "12.5")]
    amount: String,
    /// Where to.
    to: String,
    /// Whose the money was: a user, or `suspense`.
    #[schema(example = "user-1")]
    of: String,
    /// The transfer to the account of refunds.
    #[schema(example = "transaction-7")]
    transaction: String,
    /// When it was asked for.
    requested_at: String,
    /// The transaction that paid it, once one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_by: Option<String>,
    /// The transfer out of custody once it is settled, or back once it is withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<String>,
    /// When it was settled or withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
}

/// A refund that waits for a second operator.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProposedBody {
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The hash of the deposit's transaction.
    tx: String,
    /// The place of the deposit's log in the receipt, on Solana of its token account in the transaction.
    ordinal: u32,
    /// Where to.
    to: String,
    /// Who proposes it.
    actor: String,
    /// When.
    at: String,
}

/// The refund of a deposit, as a claim shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefundOfDeposit {
    /// Its identifier.
    #[schema(example = "refund-1")]
    refund: String,
    /// `pending`, `settled` or `withdrawn`.
    #[schema(example = "pending")]
    state: &'static str,
    /// Where to.
    to: String,
    /// The transaction that paid it, once one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_by: Option<String>,
}

/// A deposit that is to go back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewRefund {
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The hash of the deposit's transaction.
    tx: String,
    /// The place of the deposit's log in the receipt, on Solana of its token account in the transaction.
    ordinal: u32,
    /// Where to, on the same chain.
    to: String,
    /// Why, for the journal.
    #[schema(example = "the payer wants it back: ticket 118")]
    reason: String,
}

/// A refund that was paid.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PaidRefund {
    /// The refund.
    #[schema(example = "refund-1")]
    refund: String,
    /// The chain on which it was paid, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The hash of the transaction that paid it. Say so once that is final.
    paid_by: String,
    /// Why, for the journal.
    #[schema(example = "paid from the hot wallet")]
    reason: String,
}

/// A refund that is not paid.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct UnpaidRefund {
    /// The refund.
    #[schema(example = "refund-1")]
    refund: String,
    /// Why, for the journal.
    #[schema(example = "the payer keeps it here")]
    reason: String,
}

impl NewRefund {
    pub(super) fn read(self) -> Result<(RefundAct, String), Problem> {
        let tx = field::tx(("chain", &self.chain), ("tx", &self.tx))?;
        let ordinal = self.ordinal;
        let act = RefundAct::Request {
            deposit: DepositKey { tx, ordinal },
            to: field::address_on(tx.chain, &self.to, "to")?,
        };
        Ok((act, self.reason))
    }
}

impl PaidRefund {
    pub(super) fn read(self) -> Result<(RefundAct, String), Problem> {
        let paid = field::tx(("chain", &self.chain), ("paid_by", &self.paid_by))?;
        let act = RefundAct::Settle {
            refund: field::id(&self.refund, "refund")?,
            paid_by: paid.tx,
        };
        Ok((act, self.reason))
    }
}

impl UnpaidRefund {
    pub(super) fn read(self) -> Result<(RefundAct, String), Problem> {
        let refund = field::id(&self.refund, "refund")?;
        Ok((RefundAct::Withdraw { refund }, self.reason))
    }
}

/// Deposits that go back, or went, and what is proposed.
#[utoipa::path(
    get, path = "/api/v1/escrow/refunds", tag = "operators", operation_id = "listRefunds",
    params(
        ("pending" = Option<bool>, Query, description = "Only those that are to be paid"),
        ("after" = Option<String>, Query, description = "Those after this one: `next` of the page before"),
        ("limit" = Option<usize>, Query, description = "How many, 1 to 1000; 100 if it is left out")
    ),
    responses((status = 200, body = RefundsBody), (status = "default", body = Problem))
)]
pub(super) async fn list(
    State(api): State<Api>,
    page: Result<Params<Page>, QueryRejection>,
) -> Result<Json<RefundsBody>, Problem> {
    let Params(page) = page.map_err(|rejection| Problem::new(Code::FieldInvalid, rejection.body_text()))?;
    let limit = page.limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
    let after = page.after.map(|after| field::id::<RefundId>(&after, "after"));
    let query = Query::Refunds {
        is_pending: page.pending,
        after: after.transpose()?,
        limit,
    };
    let reply = api.bank.query(query).await?;
    let Reply::Refunds { refunds, proposed } = reply else {
        return Err(problem_in(reply));
    };
    let is_full = refunds.len() == limit;
    let next = refunds.last().filter(|_| is_full).map(|last| last.id.to_string());
    Ok(Json(RefundsBody {
        refunds: refunds.iter().map(|refund| api.refund(refund)).collect(),
        proposed: proposed.iter().map(|(key, one)| proposal(key, one)).collect(),
        next,
    }))
}

fn proposal(deposit: &DepositKey, proposal: &RefundProposal) -> ProposedBody {
    ProposedBody {
        chain: deposit.tx.chain.to_string(),
        tx: deposit.tx.tx.to_string(),
        ordinal: deposit.ordinal,
        to: proposal.to.to_string(),
        actor: proposal.actor.clone(),
        at: date::write(proposal.at),
    }
}

impl Api {
    fn refund(&self, refund: &Refund) -> RefundBody {
        let deposit = refund.deposit;
        let (ended_by, ended_at) = match refund.stage {
            RefundStage::Pending => (None, None),
            RefundStage::Settled { transaction, at, .. } | RefundStage::Withdrawn { transaction, at } => {
                (Some(transaction.to_string()), Some(date::write(at)))
            }
        };
        RefundBody {
            refund: refund.id.to_string(),
            state: refund.stage.code(),
            chain: deposit.tx.chain.to_string(),
            tx: deposit.tx.tx.to_string(),
            ordinal: deposit.ordinal,
            asset: refund.asset.to_string(),
            amount: self.amount(refund.asset, refund.amount),
            to: refund.to.to_string(),
            of: whose(refund.of),
            transaction: refund.transaction.to_string(),
            requested_at: date::write(refund.requested_at),
            paid_by: paid_by(refund),
            ended_by,
            ended_at,
        }
    }
}

impl RefundOfDeposit {
    /// The refund of the deposit at `ordinal`, among those of its transaction.
    pub(super) fn among(refunds: &[Refund], ordinal: u32) -> Option<Self> {
        let refund = refunds.iter().find(|one| one.deposit.ordinal == ordinal)?;
        Some(Self {
            refund: refund.id.to_string(),
            state: refund.stage.code(),
            to: refund.to.to_string(),
            paid_by: paid_by(refund),
        })
    }
}

fn whose(of: Beneficiary) -> String {
    match of {
        Beneficiary::User(user) => user.to_string(),
        Beneficiary::Suspense(_) => "suspense".to_owned(),
    }
}

fn paid_by(refund: &Refund) -> Option<String> {
    match refund.stage {
        RefundStage::Settled { paid_by, .. } => Some(paid_by.to_string()),
        RefundStage::Pending | RefundStage::Withdrawn { .. } => None,
    }
}
