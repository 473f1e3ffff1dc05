//! A claim as clients see it.
//!
//! It shows the claimant's own deposits only: a transaction may pay several users, and a claim on somebody else's
//! must not reveal what they got.

use plimsoll_core::bank::{ClaimStatus, ClaimVerdict, ClaimView};
use plimsoll_core::escrow::{Beneficiary, BlockRef, Booked, Evidence, Refund, Stage, Vote};
use plimsoll_core::id::ChainId;
use serde::Serialize;
use utoipa::ToSchema;

use super::refunds::RefundOfDeposit;
use super::{Api, date};

/// A claim and how it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClaimBody {
    /// Its identifier.
    #[schema(example = "claim-1")]
    id: String,
    /// Who claims.
    #[schema(example = "user-1")]
    user: String,
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The hash of the transaction.
    tx: String,
    /// When it was filed.
    filed_at: String,
    /// How it stands.
    status: StatusBody,
    /// Why it was rejected, is in suspense or needs a person: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "not_yours")]
    reason: Option<&'static str>,
    /// How often the transaction was verified since the service started.
    attempts: u32,
    /// How far the transaction is from being final.
    finality: Finality,
    /// Why the transaction is believed, once it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceBody>,
    /// The claimant's deposits in the transaction.
    deposits: Vec<DepositBody>,
}

/// How a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StatusBody {
    /// Filed; the search has not begun.
    Observed,
    /// Being looked for.
    Verifying,
    /// In a block that is not final; the deposits are locked.
    Seen,
    /// It was in a block that is gone; it may come back.
    Reorged,
    /// The deposits are available.
    Credited,
    /// The deposits are valid and nobody's yet.
    Suspense,
    /// There is nothing for the claimant.
    Rejected,
    /// A person must look at it.
    DeadLetter,
    /// A person looked, and found it worthless.
    Dismissed,
}

/// How far a transaction is from being final.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Finality {
    /// The height of the transaction's block, once it is in one; on Solana its slot, as in all heights below.
    block: Option<u64>,
    /// The height that two independent upstreams have finalized.
    finalized_height: Option<u64>,
    /// How many blocks, or slots, are missing; zero once it is final.
    blocks_missing: Option<u64>,
    /// Whether it is final on every upstream that vouched for it.
    is_final: bool,
}

/// Why a transaction is believed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EvidenceBody {
    /// Its block.
    block: BlockBody,
    /// The digest of the receipt, on Solana of what token accounts held before and after; equal on every upstream that vouched
    /// for it.
    receipt_digest: String,
    /// Who vouched for it: at least two independent upstreams.
    votes: Vec<VoteBody>,
    /// The weakest rule by which one of them calls the block final: `finalized`, or `attested` while that stalled.
    #[schema(example = "finalized")]
    rule: &'static str,
}

/// A block.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BlockBody {
    /// Its height; on Solana its slot.
    number: u64,
    /// Its hash.
    hash: String,
}

/// What one upstream said.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VoteBody {
    /// The upstream.
    endpoint: String,
    /// The newest block that was final by its word when it vouched.
    finalized: BlockBody,
    /// By which rule: `finalized`, or `attested` while that stalled.
    #[schema(example = "finalized")]
    rule: &'static str,
}

/// One token movement; on Solana what one token account gained.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DepositBody {
    /// The place of its log in the receipt; on Solana of the token account among those that the transaction names.
    ordinal: u32,
    /// What was paid.
    #[schema(example = "USDT")]
    asset: String,
    /// How much.
    #[schema(example = "25.000000000000000000")]
    amount: String,
    /// Who paid; on Solana the wallet that lost most of the token.
    from: String,
    /// The address that was paid; on Solana the wallet whose associated token account gained it.
    to: String,
    /// The hold while seen, the posting once final.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<String>,
    /// The purchase of the product asset.
    #[serde(skip_serializing_if = "Option::is_none")]
    purchase: Option<String>,
    /// Whether it goes back to the payer.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<RefundOfDeposit>,
}

impl ClaimBody {
    /// Names how the claim stands: equal for two bodies that say the same of it, however often it was looked for and however
    /// far the chain has come since.
    pub(super) fn state(&self) -> String {
        let evidence = self.evidence.as_ref().map(|evidence| &evidence.block);
        let standing = (self.status, self.reason, evidence, &self.deposits);
        let bytes = serde_json::to_vec(&standing).unwrap_or_default();
        let hash = blake3::hash(&bytes).to_hex();
        hash.as_str().chars().take(16).collect()
    }
}

impl Api {
    /// `claim` as clients see it.
    pub(super) fn claim(&self, claim: &ClaimView) -> ClaimBody {
        let (status, reason, deposits) = standing(&claim.status);
        let evidence = evidence_of(&claim.stage);
        ClaimBody {
            id: claim.id.to_string(),
            user: claim.user.to_string(),
            chain: claim.tx.chain.to_string(),
            tx: claim.tx.tx.to_string(),
            filed_at: date::write(claim.filed_at),
            status,
            reason,
            attempts: claim.attempts,
            finality: finality(evidence, claim.finalized_height),
            evidence: evidence.map(|evidence| self.evidence(claim.tx.chain, evidence)),
            deposits: deposits
                .iter()
                .map(|booked| self.deposit(booked, &claim.refunds))
                .collect(),
        }
    }

    fn evidence(&self, chain: ChainId, evidence: &Evidence) -> EvidenceBody {
        let vote = |vote: &Vote| VoteBody {
            endpoint: self.endpoint_name(chain, vote.endpoint),
            finalized: block(vote.finalized),
            rule: vote.rule.code(),
        };
        EvidenceBody {
            block: block(evidence.block),
            receipt_digest: format!("{:032x}", evidence.digest),
            votes: evidence.votes.iter().map(vote).collect(),
            rule: evidence.rule().code(),
        }
    }

    fn deposit(
        &self,
        Booked {
            deposit,
            transaction,
            purchase,
        }: &Booked,
        refunds: &[Refund],
    ) -> DepositBody {
        DepositBody {
            ordinal: deposit.ordinal,
            asset: deposit.asset.to_string(),
            amount: self.amount(deposit.asset, deposit.amount),
            from: deposit.from.to_string(),
            to: deposit.to.to_string(),
            transaction: transaction.map(|id| id.to_string()),
            purchase: purchase.map(|id| id.to_string()),
            refund: RefundOfDeposit::among(refunds, deposit.ordinal),
        }
    }
}

fn standing(status: &ClaimStatus) -> (StatusBody, Option<&'static str>, &[Booked]) {
    match status {
        ClaimStatus::Observed => (StatusBody::Observed, None, &[]),
        ClaimStatus::Verifying => (StatusBody::Verifying, None, &[]),
        ClaimStatus::Seen(deposits) => (StatusBody::Seen, None, deposits),
        ClaimStatus::Reorged => (StatusBody::Reorged, None, &[]),
        ClaimStatus::Settled(ClaimVerdict::Credited(deposits)) => (StatusBody::Credited, None, deposits),
        ClaimStatus::Settled(ClaimVerdict::Suspense(deposits)) => {
            (StatusBody::Suspense, suspense_reason(deposits), deposits)
        }
        ClaimStatus::Settled(ClaimVerdict::Rejected(reason)) => {
            (StatusBody::Rejected, Some(reason.code()), &[])
        }
        ClaimStatus::DeadLetter(reason) => (StatusBody::DeadLetter, Some(reason.code()), &[]),
        ClaimStatus::Dismissed => (StatusBody::Dismissed, None, &[]),
    }
}

fn suspense_reason(deposits: &[Booked]) -> Option<&'static str> {
    deposits
        .iter()
        .find_map(|booked| match booked.deposit.beneficiary {
            Beneficiary::Suspense(reason) => Some(reason.code()),
            Beneficiary::User(_) => None,
        })
}

fn evidence_of(stage: &Stage) -> Option<&Evidence> {
    match stage {
        Stage::Seen { evidence, .. } | Stage::Final { evidence, .. } | Stage::Rejected { evidence, .. } => {
            Some(evidence)
        }
        Stage::Observed | Stage::Reorged { .. } | Stage::DeadLetter { .. } | Stage::Dismissed => None,
    }
}

fn finality(evidence: Option<&Evidence>, finalized_height: Option<u64>) -> Finality {
    let block = evidence.map(|evidence| evidence.block.number);
    let is_final = evidence.is_some_and(Evidence::is_final);
    let missing = block
        .zip(finalized_height)
        .map(|(block, finalized)| block.saturating_sub(finalized));
    Finality {
        block,
        finalized_height,
        blocks_missing: if is_final { Some(0) } else { missing },
        is_final,
    }
}

fn block(block: BlockRef) -> BlockBody {
    BlockBody {
        number: block.number,
        hash: block.hash.to_string(),
    }
}
