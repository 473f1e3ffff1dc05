//! What can be seen of a run, and who may judge it.
//!
//! The world tells every oracle everything, in the order in which it happens. Oracles only look: they hold their own
//! picture of what must be so, and the first one that finds it broken ends the run.

use core::cell::OnceCell;

use plimsoll_core::bank::{Act, Bank, Effect, Input, Record, Reply};
use plimsoll_core::escrow::Answer;
use plimsoll_core::id::{EndpointId, RequestId, TxHash};
use plimsoll_core::journal::{Batch, BatchError, Head};
use plimsoll_core::monitor::{self, Monitor, News};
use plimsoll_core::time::{Instant, WallClock};

use super::Stats;
use super::excuse::{Dependency, Waiting};
use super::plan::Plan;
use crate::fault::Fault;
use crate::model::chain::{Chain, ChainEvent};
use crate::model::store::Store;

/// One thing that happened.
#[derive(Debug, Clone, Copy)]
pub enum Observation<'a> {
    /// The bank took an input. Its effects are decided and have not left.
    Handled {
        /// What it was told.
        input: &'a Input,
        /// What it wishes for, in causal order.
        effects: &'a [Effect],
        /// The bank as it is after that.
        bank: &'a Bank,
    },
    /// A batch became durable, whether or not anybody was told. Read back from the stored bytes.
    Committed {
        /// Its records, oldest first.
        records: &'a [Record],
        /// The head of the journal after it.
        head: &'a Head,
    },
    /// An act left the process: the outbox says that every record before it is committed.
    Released {
        /// The act.
        act: &'a Act,
    },
    /// A reply reached the one who asked. Replies may arrive twice, late, or never.
    ReplyDelivered {
        /// Who asked. Every attempt of a client is a request of its own.
        request: RequestId,
        /// What they were told.
        reply: &'a Reply,
    },
    /// The process died.
    Crashed {
        /// The bank as it was.
        bank: &'a Bank,
        /// What was decided and is not durable, oldest first: it is gone, and nobody may have heard of it.
        uncommitted: &'a [Record],
        /// What is durable, after whatever the crash did to unsynced bytes.
        durable: &'a Head,
    },
    /// The process is up again, its state rebuilt from the journal alone.
    Restarted {
        /// The bank, before its first input.
        bank: &'a Bank,
        /// The head that it opened, with its new epoch.
        durable: &'a Head,
    },
    /// The answer of an endpoint reached a worker.
    Told {
        /// Whose it is.
        endpoint: EndpointId,
        /// The transaction that was asked for, if one was.
        tx: Option<TxHash>,
        /// What was said.
        answer: &'a Answer,
    },
    /// A fault began or ended.
    Fault {
        /// Which.
        fault: &'a Fault,
        /// Whether it ended.
        is_over: bool,
    },
    /// Something happened to what is durable on the disk.
    Disk(&'a DiskEvent),
    /// Something happened on the chain.
    Chain(&'a ChainEvent),
    /// The monitor was told something.
    Looked(Look<'a>),
}

/// What the monitor was told, and what it told.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// When the bank was asked how it stands; earlier than now if its answer had to wait.
    pub asked_at: Instant,
    /// The date that the process has.
    pub wall: WallClock,
    /// What it was told.
    pub input: &'a monitor::Input,
    /// What a person must hear of.
    pub news: &'a [News],
    /// The monitor as it is after that.
    pub monitor: &'a Monitor,
}

/// Something that happened to what is durable on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiskEvent {
    /// The disk damaged the journal, silently.
    Damaged {
        /// The first byte that is not what was written.
        offset: usize,
    },
    /// The journal was read and is not what was written, or cannot be read: no process starts from it.
    Refused {
        /// Where the batch begins that is wrong.
        offset: usize,
        /// What is wrong.
        why: String,
    },
    /// The journal was restored from a copy that has everything that was ever durable.
    Restored,
}

/// Somebody who knows what must be so.
pub trait Oracle {
    /// Its name, for reports and fingerprints. Never changes its meaning.
    fn name(&self) -> &'static str;

    /// Looks at one observation.
    ///
    /// # Errors
    /// The invariant that it breaks.
    fn observe(&mut self, at: Instant, seen: &Observation<'_>) -> Result<(), Violation>;

    /// Looks at the end of the run, once. Only called when nothing was found before.
    ///
    /// # Errors
    /// The invariant that is broken.
    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation>;
}

/// An invariant that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which oracle found it.
    pub oracle: &'static str,
    /// Which invariant, by its stable name: part of the fingerprint of a failure.
    pub invariant: &'static str,
    /// What was found.
    pub detail: String,
}

impl core::fmt::Display for Violation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}: {}", self.oracle, self.invariant, self.detail)
    }
}

/// The end of a run.
pub struct End<'a> {
    /// The time.
    pub at: Instant,
    /// What was planned.
    pub plan: &'a Plan,
    /// The chain, which knows what is due.
    pub chain: &'a Chain,
    /// The bank, unless it is down.
    pub bank: Option<&'a Bank>,
    /// The store, which holds the journal.
    pub store: &'a Store,
    /// What was counted.
    pub stats: &'a Stats,
    /// The journal, once somebody has read it.
    pub(crate) read: OnceCell<Result<Vec<Record>, BatchError>>,
}

impl End<'_> {
    /// Whether deposits may be missing from the books: something that posting one needs is gone for ever.
    #[must_use]
    pub fn may_lack_deposits(&self) -> bool {
        let is_needed = |waiting: &Waiting| waiting.reason.dependency != Dependency::Users;
        self.stats.waiting.iter().any(is_needed)
    }

    /// Every durable record, oldest first, read back from the stored bytes.
    ///
    /// # Errors
    /// Where the journal is not a journal.
    pub fn journal(&self) -> Result<&[Record], &BatchError> {
        self.read.get_or_init(|| self.read()).as_deref()
    }

    fn read(&self) -> Result<Vec<Record>, BatchError> {
        let mut head = Head::default();
        let mut records = Vec::new();
        for (hash, bytes) in self.store.batches() {
            records.extend(Batch::open::<Record>(&mut head, hash, bytes)?.records);
        }
        Ok(records)
    }
}
