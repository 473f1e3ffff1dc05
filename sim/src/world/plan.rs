//! The plan of one run, fully expanded: topology, workload, faults and expectations, as plain data.
//!
//! Scenario files and the swarm generator produce plans; the world reads nothing else but a seed. Every time is absolute
//! virtual time in milliseconds, so leaving one entry out moves no other.

mod check;
mod topology;
mod workload;

use std::collections::BTreeSet;

use plimsoll_core::monitor::Alert;
use serde::{Deserialize, Serialize};

pub use check::PlanError;
pub(crate) use check::{ENTRIES_MAX, QUOTA_CALLS};
pub use topology::{
    BankPlan, BuggifyPlan, ChainKind, ChainPlan, EndpointPlan, LinkPlan, PoolPlan, PricePlan, QuotaPlan,
    StorePlan, Theft, Topology, TransferFee, WorkersPlan,
};
pub use workload::{
    ClaimPlan, Deed, Fate, Handling, HoldEnd, HoldPlan, Movement, OrderPlan, Paid, Shape, Token,
};

use crate::fault::{Fault, Trigger};

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What people call it.
    pub name: String,
    /// How long users act and faults strike. When it is over, every fault that ends at all has ended.
    pub duration_ms: u64,
    /// How long the world may run on after that until everything is settled. Left out, it is 150 s: an endpoint that
    /// contradicted the others is shut out for 60 s, and a breaker may open once more before it closes.
    #[serde(default = "converge_ms")]
    pub converge_ms: u64,
    /// When everything that lasts is suspended until all that was open then is settled, which takes `converge_ms` at the
    /// most.
    #[serde(default)]
    pub quiet_at_ms: Vec<u64>,
    /// The endpoints that work once the plan's time is over: whatever ever hit another one, or the way to it, is there again
    /// then, for ever. Left out, all of them work.
    #[serde(default)]
    pub core: Option<Vec<u8>>,
    /// What the world is made of.
    #[serde(default)]
    pub topology: Topology,
    /// What users and operators do.
    #[serde(default)]
    pub workload: Vec<Deed>,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<ScheduledFault>,
    /// What must come out, beyond what the oracles demand of every run.
    #[serde(default)]
    pub expect: Expectations,
}

const fn converge_ms() -> u64 {
    150_000
}

impl Plan {
    /// A run of `duration_ms` in the default topology in which nobody does anything and nothing goes wrong.
    #[must_use]
    pub fn calm(name: &str, duration_ms: u64) -> Self {
        Self {
            name: name.to_owned(),
            duration_ms,
            converge_ms: converge_ms(),
            quiet_at_ms: Vec::new(),
            core: None,
            topology: Topology::default(),
            workload: Vec::new(),
            faults: Vec::new(),
            expect: Expectations::default(),
        }
    }
}

/// A fault, and when it is there: at absolute times, or counted from the moment when something has happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduledFault {
    /// What it waits for. Its times then count from that moment, and once the plan's `duration_ms` is over it begins no
    /// more and has ended.
    #[serde(default)]
    pub after: Option<Trigger>,
    /// When it begins.
    pub from_ms: u64,
    /// When it ends, at most the plan's `duration_ms`; left out, it never heals.
    #[serde(default)]
    pub until_ms: Option<u64>,
    /// What is wrong.
    pub fault: Fault,
}

/// What must come out of a run. What is left out is not asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expectations {
    /// Every valid deposit of a user is credited to that user.
    pub all_credited: bool,
    /// The longest time to credit of 99 in a hundred deposits: from the finality of the block to the committed credit.
    pub credit_p99_ms_max: Option<u64>,
    /// How much longer any deposit is waited for than in the same run without faults, from the moment when its block was
    /// final and, if it is claimed, the first claim was due.
    pub failover_added_ms_max: Option<u64>,
    /// The longest time from the end of the process to its first committed record afterwards.
    pub recovered_within_ms: Option<u64>,
    /// How many transactions ever became dead letters.
    pub dead_letters: Option<u64>,
    /// How many dead letters are left at the end.
    pub dead_letters_left: Option<u64>,
    /// How many transactions are rejected.
    pub rejected: Option<u64>,
    /// How many deposits are in suspense at the end.
    pub suspended: Option<u64>,
    /// The fewest transactions that were seen and then found gone from the chain.
    pub reorged_min: Option<u64>,
    /// The fewest endpoints that are cordoned at some time.
    pub cordoned_min: Option<u64>,
    /// The fewest transactions that become final by the report of a worker.
    pub reported_min: Option<u64>,
    /// The fewest times that custody is reconciled.
    pub reconciled_min: Option<u64>,
    /// The fewest of these times that the chain has not what the books say.
    pub mismatches_min: Option<u64>,
    /// What is raised at some time: these alerts and no others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<BTreeSet<AlertName>>,
    /// Nothing is credited from the first of these times to the second.
    pub none_credited_between_ms: Option<(u64, u64)>,
    /// The failure that the run must come to, on purpose: it shows that failures are still found.
    pub canary: Option<Canary>,
}

/// An alert, without what it is about: the names of [`Alert::code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are those of `Alert`")]
pub enum AlertName {
    BankSilent,
    JournalFailing,
    UpstreamsFew,
    BooksDiffer,
    HistoryShort,
    DeadLetterOld,
    DeadLettersMany,
    QueueDown,
    FinalityLags,
    PendingOld,
    PendingMany,
    EndpointsDown,
    DeadLetterNew,
}

impl AlertName {
    /// The name of `alert`.
    #[must_use]
    pub const fn of(alert: &Alert) -> Self {
        match alert {
            Alert::BankSilent => Self::BankSilent,
            Alert::JournalFailing => Self::JournalFailing,
            Alert::UpstreamsFew(_) => Self::UpstreamsFew,
            Alert::BooksDiffer(_) => Self::BooksDiffer,
            Alert::HistoryShort(_) => Self::HistoryShort,
            Alert::DeadLetterOld => Self::DeadLetterOld,
            Alert::DeadLettersMany => Self::DeadLettersMany,
            Alert::QueueDown => Self::QueueDown,
            Alert::FinalityLags(_) => Self::FinalityLags,
            Alert::PendingOld => Self::PendingOld,
            Alert::PendingMany => Self::PendingMany,
            Alert::EndpointsDown(_) => Self::EndpointsDown,
            Alert::DeadLetterNew => Self::DeadLetterNew,
        }
    }
}

/// A failure on purpose. What each is brought about by is told in [`canary`](crate::oracle::canary).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Canary {
    /// An oracle complains.
    Safety,
    /// The code under test panics.
    Crash,
    /// The world does not settle.
    Liveness,
}
