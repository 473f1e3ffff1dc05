//! Dead letters as operators see them.

use plimsoll_core::bank::{DryRun, DryRunOutcome};
use plimsoll_core::escrow::{
    Attempt, Beneficiary, Deposit, Letter, LetterGroup, LetterView, Proposal, Replay, ReplayEnd, Vote,
};
use plimsoll_core::id::{AssetId, ChainId};
use plimsoll_core::money::Amount;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Api, date};

/// A transaction on chain that automation gave up on.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct DeadLetterBody {
    /// The chain, by its CAIP-2 name.
    chain: String,
    /// The hash of the transaction.
    tx: String,
    /// Why: a stable code.
    #[schema(example = "unseen")]
    reason: &'static str,
    /// The same for all letters of one chain, one reason and one set of outcomes of attempts.
    #[schema(example = "0x640f58849f")]
    fingerprint: String,
    /// Since when.
    since: String,
    /// How often an endpoint was asked for it, or none could be.
    attempts: u32,
    /// The last of these, oldest first, at most 16.
    last_attempts: Vec<AttemptBody>,
    /// What its deposits came to when it was last seen in a block; left out when it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    amounts: Option<Vec<AmountBody>>,
    /// That it be dismissed, when somebody proposed that and somebody else must approve.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<ProposalBody>,
}

/// That a dead letter be dismissed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ProposalBody {
    /// Who proposes it.
    actor: String,
    /// Why.
    reason: String,
    /// When it was proposed.
    at: String,
}

/// What a replay of a dead letter would come to now.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct DryRunBody {
    /// The chain, by its CAIP-2 name.
    chain: String,
    /// The hash of the transaction.
    tx: String,
    /// `credited`, `locked` (it is in a block that is not final), `rejected`, `dead_letter` or `undecided`.
    #[schema(example = "credited")]
    outcome: &'static str,
    /// Why it would be rejected, or a dead letter again: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What would be credited or locked.
    deposits: Vec<WouldBeBody>,
    /// The independent endpoints that agree: on the transaction, or that there is none.
    votes: Vec<VoteBody>,
    /// What every endpoint said that was asked.
    attempts: Vec<AttemptBody>,
}

/// A deposit that would be credited or locked.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct WouldBeBody {
    /// The place of its log in the receipt, from 0; on Solana of the token account among those that the transaction names.
    ordinal: u32,
    /// The asset.
    asset: String,
    /// How much, as a decimal string.
    amount: String,
    /// Whom it would go to; left out when it would wait in suspense.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// Why it would wait in suspense, if it would: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspense: Option<&'static str>,
}

/// An endpoint that agrees.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct VoteBody {
    /// Its name.
    endpoint: String,
    /// The height that it calls final.
    finalized: u64,
    /// By which rule it says what is final: `finalized`, or `attested` while that stalled.
    #[schema(example = "finalized")]
    rule: &'static str,
}

/// How far a replay is.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ReplayBody {
    /// Its identifier.
    #[schema(example = "replay-1")]
    id: String,
    /// When it began.
    began: String,
    /// How many letters it takes in a second.
    rate: u32,
    /// How many it took.
    done: u64,
    /// `under_way`, `done`, `stopped` or `cancelled`.
    #[schema(example = "under_way")]
    status: &'static str,
}

/// One endpoint was asked for a transaction.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct AttemptBody {
    /// When the answer came, or was given up.
    at: String,
    /// The endpoint's name; left out when none could be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// What came of it: `shown`, `absent`, or the class of an error.
    #[schema(example = "absent")]
    outcome: &'static str,
    /// The height (on Solana the slot) of the block that holds the transaction, or else of the block that the endpoint calls
    /// final.
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u64>,
}

/// An amount of an asset.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct AmountBody {
    /// The asset.
    #[schema(example = "USDT")]
    asset: String,
    /// How much, as a decimal string.
    #[schema(example = "12.5")]
    amount: String,
}

/// Dead letters that came of the same trouble.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct GroupBody {
    /// Their fingerprint.
    #[schema(example = "0x640f58849f")]
    fingerprint: String,
    /// Their chain, by its CAIP-2 name.
    chain: String,
    /// Why they are dead letters: a stable code.
    reason: &'static str,
    /// What the attempts at them came to.
    outcomes: Vec<&'static str>,
    /// How many they are.
    count: usize,
    /// Since when the oldest is one.
    oldest: String,
    /// The hash of the oldest.
    sample: String,
}

impl Api {
    pub(super) fn dead_letter(&self, view: &LetterView) -> DeadLetterBody {
        let LetterView { tx, letter } = view;
        let Letter {
            reason,
            since,
            history,
            amounts,
            fingerprint,
            proposal,
        } = letter;
        let attempt = |attempt: &Attempt| self.attempt(tx.chain, attempt);
        let amounts = amounts.as_ref().map(|amounts| self.amounts(amounts));
        DeadLetterBody {
            chain: tx.chain.to_string(),
            tx: tx.tx.to_string(),
            reason: reason.code(),
            fingerprint: fingerprint.to_string(),
            since: date::write(*since),
            attempts: history.count(),
            last_attempts: history.last().iter().map(attempt).collect(),
            amounts,
            proposal: proposal.as_ref().map(ProposalBody::of),
        }
    }

    pub(super) fn dry_run(&self, dry_run: &DryRun) -> DryRunBody {
        let DryRun {
            tx,
            outcome,
            votes,
            attempts,
            evidence: _,
        } = dry_run;
        let (reason, deposits) = match outcome {
            DryRunOutcome::Credited(deposits) | DryRunOutcome::Locked(deposits) => {
                (None, deposits.as_slice())
            }
            DryRunOutcome::Rejected(reason) => (Some(reason.code()), [].as_slice()),
            DryRunOutcome::DeadLetter(reason) => (Some(reason.code()), [].as_slice()),
            DryRunOutcome::Undecided => (None, [].as_slice()),
        };
        let vote = |vote: &Vote| VoteBody {
            endpoint: self.endpoint_name(tx.chain, vote.endpoint),
            finalized: vote.finalized.number,
            rule: vote.rule.code(),
        };
        let attempt = |attempt: &Attempt| self.attempt(tx.chain, attempt);
        DryRunBody {
            chain: tx.chain.to_string(),
            tx: tx.tx.to_string(),
            outcome: outcome.code(),
            reason,
            deposits: deposits.iter().map(|deposit| self.would_be(deposit)).collect(),
            votes: votes.iter().map(vote).collect(),
            attempts: attempts.iter().map(attempt).collect(),
        }
    }

    fn would_be(&self, deposit: &Deposit) -> WouldBeBody {
        let (user, suspense) = match deposit.beneficiary {
            Beneficiary::User(user) => (Some(user.to_string()), None),
            Beneficiary::Suspense(reason) => (None, Some(reason.code())),
        };
        WouldBeBody {
            ordinal: deposit.ordinal,
            asset: deposit.asset.to_string(),
            amount: self.amount(deposit.asset, deposit.amount),
            user,
            suspense,
        }
    }

    fn attempt(&self, chain: ChainId, attempt: &Attempt) -> AttemptBody {
        AttemptBody {
            at: date::write(attempt.at),
            endpoint: attempt.endpoint.map(|index| self.endpoint_name(chain, index)),
            outcome: attempt.class.code(),
            height: attempt.height,
        }
    }

    fn amounts(&self, amounts: &[(AssetId, Amount)]) -> Vec<AmountBody> {
        let amount = |(asset, amount): &(AssetId, Amount)| AmountBody {
            asset: asset.to_string(),
            amount: self.amount(*asset, *amount),
        };
        amounts.iter().map(amount).collect()
    }
}

impl ProposalBody {
    fn of(proposal: &Proposal) -> Self {
        Self {
            actor: proposal.actor.clone(),
            reason: proposal.reason.clone(),
            at: date::write(proposal.at),
        }
    }
}

impl ReplayBody {
    pub(super) fn of(replay: &Replay) -> Self {
        Self {
            id: replay.id.to_string(),
            began: date::write(replay.began),
            rate: replay.plan.rate,
            done: replay.done,
            status: replay.end.map_or("under_way", ReplayEnd::code),
        }
    }
}

impl GroupBody {
    pub(super) fn of(group: &LetterGroup) -> Self {
        Self {
            fingerprint: group.fingerprint.to_string(),
            chain: group.chain.to_string(),
            reason: group.reason.code(),
            outcomes: group.classes.iter().map(|class| class.code()).collect(),
            count: group.count,
            oldest: date::write(group.oldest),
            sample: group.sample.tx.to_string(),
        }
    }
}
