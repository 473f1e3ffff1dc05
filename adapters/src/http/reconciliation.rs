//! Whether the chains have what the books say: the last reconciliation of each, and how far the one under way is.

use axum::Json;
use axum::extract::State;
use plimsoll_core::bank::{Query, ReconciliationProgress, Reply};
use plimsoll_core::escrow::{Named, Reconciliation, Row};
use plimsoll_core::id::ChainId;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::refusal::problem_in;
use super::{Api, date};

/// The last reconciliations.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReconciliationsBody {
    /// The one under way; left out while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    under_way: Option<ProgressBody>,
    /// The last one of each chain that was reconciled.
    reconciliations: Vec<ReconciliationBody>,
}

/// How far a reconciliation is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProgressBody {
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The finalized block that endpoints are asked about.
    block: u64,
    /// How many balances are known.
    counted: usize,
    /// Of how many. Once all are known, it waits for the scanner.
    of: usize,
}

/// A reconciliation of one chain at one finalized block.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReconciliationBody {
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The block, on whose state two independent endpoints agree.
    block: u64,
    /// Its hash.
    block_hash: String,
    /// How many custody addresses were asked about.
    addresses: u64,
    /// The worst of its assets: `even`, `open`, `surplus` or `deficit`.
    #[schema(example = "even")]
    agreement: &'static str,
    /// Whether an operator ordered it.
    ordered: bool,
    /// When it began.
    began: String,
    /// When it was done.
    at: String,
    /// The assets, by symbol.
    assets: Vec<RowBody>,
}

/// One asset, reconciled. All amounts are decimal strings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RowBody {
    /// The asset.
    #[schema(example = "USDT")]
    asset: String,
    /// `even`; `open`: there is more on chain, and some of what is in the block is not decided yet; `surplus`: more on chain
    /// than the books explain; `deficit`: less than they say.
    #[schema(example = "even")]
    agreement: &'static str,
    /// What custody addresses hold on chain; left out if that is more than can be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_chain: Option<String>,
    /// What the custody account of the chain has from blocks up to this one.
    in_custody: String,
    /// What is known to be in these blocks and not posted yet.
    in_flight: String,
    /// What is to be refunded from the chain, or was in the week before: it may be gone from there, all or in part.
    leaving: String,
    /// What the custody accounts of all chains have, and what the house has issued.
    custody: String,
    /// What users, suspense, treasury, fees and refunds have.
    owed: String,
    /// The transactions that may explain a difference.
    named: Vec<NamedBody>,
    /// How many more there are.
    more: u64,
}

/// A transaction that may explain a difference.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NamedBody {
    /// The hash of the transaction.
    tx: String,
    /// `seen`, `found`, `dead_letter`, `uncredited`: on chain and not credited, the last by the rules; `missing`: credited, and the address that it paid
    /// holds less than was credited from it.
    #[schema(example = "missing")]
    part: &'static str,
    /// What it came to in the asset, as a decimal string; left out if that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
}

/// Whether the chains have what the books say.
#[utoipa::path(
    get, path = "/api/v1/escrow/reconciliation", tag = "operators", operation_id = "getReconciliation",
    responses((status = 200, body = ReconciliationsBody), (status = "default", body = Problem))
)]
pub(super) async fn show(State(api): State<Api>) -> Result<Json<ReconciliationsBody>, Problem> {
    let reply = api.bank.query(Query::Reconciliations).await?;
    let Reply::Reconciliations { last, under_way } = reply else {
        return Err(problem_in(reply));
    };
    let shown = last.iter().map(|(chain, one)| api.reconciliation(*chain, one));
    Ok(Json(ReconciliationsBody {
        under_way: under_way.map(ProgressBody::from),
        reconciliations: shown.collect(),
    }))
}

impl From<ReconciliationProgress> for ProgressBody {
    fn from(progress: ReconciliationProgress) -> Self {
        let ReconciliationProgress {
            chain,
            block,
            counted,
            of,
        } = progress;
        Self {
            chain: chain.to_string(),
            block,
            counted,
            of,
        }
    }
}

impl Api {
    fn reconciliation(&self, chain: ChainId, one: &Reconciliation) -> ReconciliationBody {
        ReconciliationBody {
            chain: chain.to_string(),
            block: one.block.number,
            block_hash: one.block.hash.to_string(),
            addresses: one.addresses,
            agreement: one.worst().code(),
            ordered: one.is_ordered,
            began: date::write(one.began),
            at: date::write(one.at),
            assets: one.rows.iter().map(|row| self.row(row)).collect(),
        }
    }

    fn row(&self, row: &Row) -> RowBody {
        let amount = |amount| self.amount(row.asset, amount);
        let named = |named: &Named| NamedBody {
            tx: named.tx.tx.to_string(),
            part: named.part.code(),
            amount: named.amount.map(amount),
        };
        RowBody {
            asset: row.asset.to_string(),
            agreement: row.agreement.code(),
            on_chain: row.on_chain.map(amount),
            in_custody: amount(row.in_custody),
            in_flight: amount(row.in_flight),
            leaving: amount(row.leaving),
            custody: amount(row.custody),
            owed: amount(row.owed),
            named: row.named.iter().map(named).collect(),
            more: row.unnamed,
        }
    }
}
