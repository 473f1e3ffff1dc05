//! What the bank can wish for, beside records: replies, questions to endpoints, notices.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::time::Duration;

use super::orders::{ActDone, EndpointOrders};
use super::record::Record;
use super::refusal::Refusal;
use crate::escrow::{
    Abilities, Agreement, Attempt, Backfill, Booked, DeadLetterReason, Deposit, DepositKey, Evidence,
    LetterGroup, LetterPage, LetterView, Question, Reason, Reconciliation, Refund, RefundProposal, Replay,
    Service, Stage, Suspended, Taken, TxKey, Vote,
};
use crate::id::{
    Address, AssetId, CallId, ChainId, ClaimId, EndpointId, ErrandId, RefundId, RequestId, Text, UserId,
};
use crate::ledger::{Balance, Outcome, TransactionView};
use crate::machine::{DependsOnFacts, Intent};
use crate::queue::{Lane, QueueRequest};
use crate::resilience::{BreakerState, CordonReason, Hedges};
use crate::time::WallClock;

/// What leaves the bank.
pub type Effect = Intent<Record, Act>;

/// An act, done once the records before it are committed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Act {
    /// Answers whoever waits.
    Reply {
        /// Who waits.
        request: RequestId,
        /// The answer.
        reply: Reply,
    },
    /// Asks an endpoint. The bank counts the time itself; after `timeout` the adapter should let the call go.
    Ask {
        /// The call, which the answer must name.
        call: CallId,
        /// Whom.
        endpoint: EndpointId,
        /// What.
        question: Question,
        /// How long the answer is worth waiting for.
        timeout: Duration,
    },
    /// Hands jobs over to workers.
    Queue {
        /// The call, which the answer must name.
        errand: ErrandId,
        /// By which queue.
        lane: Lane,
        /// What.
        request: QueueRequest,
        /// How long the answer is worth waiting for.
        timeout: Duration,
    },
    /// Tells people and metrics.
    Notice(Notice),
}

impl DependsOnFacts for Act {
    fn depends_on_facts(&self) -> bool {
        match self {
            Self::Reply { .. } | Self::Notice(_) => true,
            Self::Ask { .. } | Self::Queue { .. } => false,
        }
    }
}

/// What the one who asked is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reply {
    /// A user was made, now or when the key was first used, or was asked for.
    User {
        /// The user.
        user: UserId,
        /// The name.
        name: Text,
        /// Their deposit addresses.
        addresses: Vec<(ChainId, Address)>,
        /// Whether this repeats an earlier reply.
        replayed: bool,
    },
    /// A claim was filed, now or earlier, or was asked for.
    Claim {
        /// How it stands.
        claim: Box<ClaimView>,
        /// Whether this repeats an earlier reply.
        replayed: bool,
    },
    /// A transaction was decided, now or when the key was first used.
    Outcome {
        /// The decision.
        outcome: Outcome,
        /// Whether this repeats an earlier reply.
        replayed: bool,
    },
    /// A transaction.
    Transaction(TransactionView),
    /// A user's balances.
    Balances(Vec<(AssetId, Balance)>),
    /// Dead letters.
    DeadLetters(LetterPage),
    /// A dead letter.
    DeadLetter(Box<LetterView>),
    /// The dead letters by fingerprint.
    DeadLetterGroups(Vec<LetterGroup>),
    /// What a replay would come to.
    DryRun(Box<DryRun>),
    /// A replay began or ended.
    Replay(Replay),
    /// A dismissal was proposed: another operator must approve it.
    Proposed,
    /// What a worker found out was taken in, and this is what it is told.
    Reported(Taken),
    /// Deposits in suspense.
    Suspense(Vec<(DepositKey, Suspended)>),
    /// Refunds.
    Refunds {
        /// By number.
        refunds: Vec<Refund>,
        /// What waits for a second operator, by deposit.
        proposed: Vec<(DepositKey, RefundProposal)>,
    },
    /// A decision of an operator was taken.
    Done,
    /// An operator's act was done, now or when the key was first used.
    Administered {
        /// What it did.
        done: ActDone,
        /// Whether this repeats an earlier reply.
        replayed: bool,
    },
    /// How everything stands.
    Status(Box<Status>),
    /// Whether the chains have what the books say.
    Reconciliations {
        /// The last reconciliation of each chain that was reconciled.
        last: Vec<(ChainId, Reconciliation)>,
        /// How far the one under way is.
        under_way: Option<ReconciliationProgress>,
    },
    /// The key was used before with another body.
    Conflict {
        /// The first field that differs.
        field: &'static str,
    },
    /// It cannot be done.
    Refused(Refusal),
}

/// How far a reconciliation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReconciliationProgress {
    /// The chain.
    pub chain: ChainId,
    /// The block that upstreams are asked about.
    pub block: u64,
    /// How many balances are known.
    pub counted: usize,
    /// Of how many. Once all are known, it waits for the scanner.
    pub of: usize,
}

/// What a replay of a dead letter would come to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DryRun {
    /// The transaction.
    pub tx: TxKey,
    /// What would become of it.
    pub outcome: DryRunOutcome,
    /// Why it is believed to be in a block, if it is.
    pub evidence: Option<Evidence>,
    /// The independent upstreams that agree, on a receipt or that there is none; none when they do not.
    pub votes: Vec<Vote>,
    /// What each endpoint said that was asked.
    pub attempts: Vec<Attempt>,
}

/// What would become of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DryRunOutcome {
    /// It is final, and these deposits would be credited.
    Credited(Vec<Deposit>),
    /// It is in a block that is not final, and these deposits would be locked.
    Locked(Vec<Deposit>),
    /// It is final, and would be rejected.
    Rejected(Reason),
    /// It would be a dead letter again.
    DeadLetter(DeadLetterReason),
    /// Nothing could be decided yet.
    Undecided,
}

impl DryRunOutcome {
    /// The stable code that the API shows.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Credited(_) => "credited",
            Self::Locked(_) => "locked",
            Self::Rejected(_) => "rejected",
            Self::DeadLetter(_) => "dead_letter",
            Self::Undecided => "undecided",
        }
    }
}

/// A claim, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClaimView {
    /// Its name.
    pub id: ClaimId,
    /// Who claims.
    pub user: UserId,
    /// What is claimed.
    pub tx: TxKey,
    /// When it was filed.
    pub filed_at: WallClock,
    /// How it stands.
    pub status: ClaimStatus,
    /// How often the transaction was verified since the start of the process.
    pub attempts: u32,
    /// The height that two independent upstreams have finalized, if known.
    pub finalized_height: Option<u64>,
    /// The stage of the transaction, with its evidence.
    pub stage: Stage,
    /// The last refund of each deposit of the transaction, whosever it is.
    pub refunds: Vec<Refund>,
}

/// How a claim stands, which is not how the transaction stands: a final deposit may be somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ClaimStatus {
    /// Nothing is known of the transaction yet, and it was not looked for since the start of the process.
    Observed,
    /// It is being looked for.
    Verifying,
    /// It is in a block that is not final; the deposits of the claimant are locked.
    Seen(Vec<Booked>),
    /// It was in a block that is gone.
    Reorged,
    /// It is decided.
    Settled(ClaimVerdict),
    /// A person must look at it.
    DeadLetter(DeadLetterReason),
    /// A person looked, and found it worthless.
    Dismissed,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ClaimVerdict {
    /// The claimant's deposits are available.
    Credited(Vec<Booked>),
    /// The deposits are valid and nobody's yet.
    Suspense(Vec<Booked>),
    /// There is nothing for the claimant.
    Rejected(Reason),
}

/// What people and metrics are told. Nothing depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Notice {
    /// A transaction moved to another stage.
    Stage {
        /// The transaction.
        tx: TxKey,
        /// The name of the stage.
        stage: &'static str,
    },
    /// A deposit was posted.
    Credited {
        /// The deposit.
        deposit: DepositKey,
        /// What it was and what the ledger did.
        booked: Booked,
        /// Why it is believed.
        evidence: Box<Evidence>,
        /// How long after it was first named.
        took: Duration,
    },
    /// A refund moved on.
    Refund {
        /// The deposit that goes back, or does not.
        deposit: DepositKey,
        /// The refund.
        refund: RefundId,
        /// The code of its stage.
        stage: &'static str,
    },
    /// The immediate lane to workers is down, is tried, or is back.
    Lane {
        /// From which state of its breaker.
        from: BreakerState,
        /// To which state.
        to: BreakerState,
    },
    /// Two upstreams contradict each other about one transaction or range; the odd one out was cordoned.
    Disagreement {
        /// Who was outvoted.
        endpoint: EndpointId,
    },
    /// A transaction became a dead letter.
    DeadLettered {
        /// The transaction.
        tx: TxKey,
        /// Why.
        reason: DeadLetterReason,
    },
    /// An endpoint is not asked any more for now.
    Cordoned {
        /// Which.
        endpoint: EndpointId,
        /// Why.
        reason: CordonReason,
    },
    /// A breaker changed its state.
    Breaker {
        /// Whose.
        endpoint: EndpointId,
        /// From which state.
        from: BreakerState,
        /// To which state.
        to: BreakerState,
    },
}

/// How everything stands: what health and metrics are made from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Status {
    /// How many users there are.
    pub users: usize,
    /// How many transactions were posted or refused.
    pub transactions: u64,
    /// How many watched transactions are in each stage, by stage name.
    pub stages: Vec<(&'static str, usize)>,
    /// How many transactions are not settled.
    pub open: usize,
    /// When the oldest of them was named.
    pub oldest_open: Option<WallClock>,
    /// How many dead letters stand.
    pub dead_letters: usize,
    /// Since when the oldest of them is one.
    pub oldest_dead_letter: Option<WallClock>,
    /// How many refunds operators are to pay.
    pub refunds_pending: usize,
    /// When the oldest of them was asked for.
    pub oldest_refund: Option<WallClock>,
    /// Whether nothing new is taken in, by order.
    pub is_draining: bool,
    /// The last replay of dead letters, if there ever was one.
    pub replay: Option<Replay>,
    /// What is known of the immediate lane to workers; `None` when there is none.
    pub immediate: Option<BreakerState>,
    /// The chains.
    pub chains: Vec<ChainStatus>,
}

/// How a chain stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChainStatus {
    /// The chain.
    pub chain: ChainId,
    /// Whether nobody is asked about it, by order.
    pub is_paused: bool,
    /// When it was last reconciled, and the worst that came of it.
    pub reconciled: Option<(WallClock, Agreement)>,
    /// The last block scanned.
    pub scanned: Option<u64>,
    /// The height that two independent upstreams have finalized.
    pub finalized: Option<u64>,
    /// How far the scanner is behind, while it is far behind.
    pub backfill: Option<Backfill>,
    /// The endpoints, in order.
    pub endpoints: Vec<EndpointStatus>,
}

impl ChainStatus {
    /// By how many blocks what is agreed to be final trails the latest block that two providers know.
    #[must_use]
    pub fn finality_lag(&self) -> Option<u64> {
        let latest = self.second_by_provider(|one| one.heights.map(|(latest, _)| Reverse(latest)))?;
        Some(latest.0.saturating_sub(self.finalized?))
    }

    /// How much of the history from which blocks can be read the scanner is behind, in hundredths: at 100 it is missing
    /// blocks. Two providers must hold what is read.
    #[must_use]
    pub fn history_used(&self) -> Option<u64> {
        let (finalized, scanned) = (self.finalized?, self.scanned?);
        let reads = |one: &EndpointStatus| {
            let from = one.abilities.history_from.unwrap_or(0);
            (one.abilities.logs != Service::Refused).then_some(from)
        };
        let behind = finalized.saturating_sub(scanned);
        match self.second_by_provider(reads) {
            None => Some(100),
            Some(0) => Some(0),
            Some(from) => {
                let depth = finalized.saturating_sub(from).saturating_add(1);
                Some((behind.saturating_mul(100) / depth).min(100))
            }
        }
    }

    /// The second least of what the providers have, each by its best endpoint.
    fn second_by_provider<T: Ord + Copy>(&self, of: impl Fn(&EndpointStatus) -> Option<T>) -> Option<T> {
        let mut best: BTreeMap<&str, T> = BTreeMap::new();
        for one in &self.endpoints {
            if let Some(value) = of(one) {
                let known = best.entry(&one.provider).or_insert(value);
                *known = value.min(*known);
            }
        }
        let mut values: Vec<T> = best.into_values().collect();
        values.sort_unstable();
        values.get(1).copied()
    }
}

/// How an endpoint stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndpointStatus {
    /// Its name.
    pub name: Text,
    /// Who runs it.
    pub provider: Text,
    /// What holds for it by order.
    pub orders: EndpointOrders,
    /// The state of its breaker.
    pub breaker: BreakerState,
    /// Whether it proved to serve the chain.
    pub verified: bool,
    /// Why it is not asked, if it is not.
    pub cordon: Option<CordonReason>,
    /// Its usual time to answer, once it has answered.
    pub latency: Option<Duration>,
    /// Its latest and finalized heights.
    pub heights: Option<(u64, u64)>,
    /// Whether it is rested, because it fails far more often than the others.
    pub is_ejected: bool,
    /// What it can be asked.
    pub abilities: Abilities,
    /// What hedges that were put to it came to.
    pub hedges: Hedges,
}

impl EndpointStatus {
    /// Whether it may be asked: it proved to be what it should be, and nothing shuts it out.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        let lets_through = match self.breaker {
            BreakerState::Closed | BreakerState::HalfOpen | BreakerState::Disabled => true,
            BreakerState::Open | BreakerState::ForcedOpen => false,
        };
        self.verified && self.cordon.is_none() && lets_through && !self.orders.is_paused
    }
}
