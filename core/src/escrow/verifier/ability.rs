//! [`Ability`]: what one endpoint can be asked, beyond who it is and how far its chain is.
//!
//! Public endpoints may refuse to search logs (trap E14), and most nodes forget old ones (trap E17). Both are no fault of
//! theirs: such an endpoint still tells heads and receipts, and is merely not asked for what it has not got. What it can
//! do is asked at the start, and again now and then; what it refuses in between is remembered, too.
//!
//! How far back its logs go is found by halving between a block that it holds and one that it does not, one question at a
//! time. A node that forgets keeps so many blocks below its head, so a depth stays true while the head moves.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::machine::Deadline;
use crate::time::Instant;

/// How long what is known of an endpoint is taken for true before it is asked about again.
const ASK_AGAIN: Duration = Duration::from_secs(10 * 60);
/// The same of a refusal: some endpoints refuse for a moment what they serve otherwise.
const REFUSED_FOR: Duration = Duration::from_secs(60);
/// How long after a question that brought no answer the next one follows.
const TRY_AGAIN: Duration = Duration::from_secs(5);
/// A depth is known well enough within one part in so many of it.
const DEPTH_PARTS: u64 = 64;

/// A question that shows what an endpoint can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Probe {
    /// Whether it tells receipts.
    Receipts,
    /// Whether it searches logs, those of this block.
    Logs {
        /// The block.
        at: u64,
    },
}

/// Whether an endpoint does what is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Service {
    /// Nobody knows yet.
    #[default]
    Unknown,
    /// It does.
    Served,
    /// It does not.
    Refused,
}

impl Service {
    /// The name in bodies and logs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Served => "served",
            Self::Refused => "refused",
        }
    }
}

/// What one endpoint can do, for the person on call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Abilities {
    /// Whether it tells receipts.
    pub receipts: Service,
    /// Whether it searches logs.
    pub logs: Service,
    /// The lowest block whose logs it holds, as far as is known; `None` while it lacks none that were asked for.
    pub history_from: Option<u64>,
}

/// One endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Ability {
    receipts: Service,
    logs: Service,
    /// The highest block whose logs it said it has not got any more.
    lacks: Option<u64>,
    /// The lowest block whose logs it is known to hold, once it lacks some.
    holds: Option<u64>,
    /// Whether the first block that is read was asked for since the depth was last known: it may be held again.
    is_begun: bool,
    /// Not before this is it asked again.
    next: Instant,
    is_asked: bool,
}

impl Ability {
    /// Whether it may be asked for receipts.
    pub(super) fn tells_receipts(&self) -> bool {
        self.receipts != Service::Refused
    }

    /// Whether it may be asked for logs from block `from` on.
    pub(super) fn holds_logs(&self, from: u64) -> bool {
        self.logs != Service::Refused && self.lacks.is_none_or(|lacks| lacks < from)
    }

    /// What it should be asked now, whose finalized block is `finalized`, on a chain that is read from `start` on.
    pub(super) fn due(&self, now: Instant, start: u64, finalized: u64) -> Option<Probe> {
        if self.is_asked || now < self.next {
            return None;
        }
        if self.receipts != Service::Served {
            return Some(Probe::Receipts);
        }
        let start = start.min(finalized);
        let at = match (self.lacks, self.holds) {
            _ if self.logs != Service::Served || !self.is_begun => start,
            (None, _) => start,
            (Some(_), None) => finalized,
            (Some(lacks), Some(holds)) if is_close(lacks, holds, finalized) => holds,
            (Some(lacks), Some(holds)) => lacks + (holds - lacks) / 2,
        };
        Some(Probe::Logs { at })
    }

    /// When it should be asked next.
    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        (!self.is_asked).then_some(Deadline {
            at: self.next,
            why: "endpoint is asked what it can do",
        })
    }

    /// It could not be asked: somebody tries again soon, if it is to be asked at all so soon.
    pub(super) fn put_off(&mut self, now: Instant) {
        self.next = self.next.max(now.after(TRY_AGAIN));
    }

    /// It is being asked.
    pub(super) const fn on_asked(&mut self) {
        self.is_asked = true;
    }

    /// A probe came to nothing.
    pub(super) fn on_no_answer(&mut self, now: Instant) {
        self.is_asked = false;
        self.put_off(now);
    }

    /// It told receipts.
    pub(super) const fn on_receipts(&mut self) {
        self.receipts = Service::Served;
    }

    /// It refused receipts.
    pub(super) fn on_receipts_refused(&mut self, now: Instant) {
        self.receipts = Service::Refused;
        self.next = now.after(REFUSED_FOR);
    }

    /// It told the logs of the blocks from `from` on.
    pub(super) fn on_logs(&mut self, from: u64) {
        self.logs = Service::Served;
        if self.lacks.is_some_and(|lacks| from <= lacks) {
            // It was told anew what it had forgotten, or is another node behind the same address.
            self.lacks = None;
            self.holds = None;
        } else if self.lacks.is_some() {
            self.holds = Some(self.holds.map_or(from, |holds| holds.min(from)));
        }
    }

    /// It refused to search logs.
    pub(super) fn on_logs_refused(&mut self, now: Instant) {
        self.logs = Service::Refused;
        self.next = now.after(REFUSED_FOR);
    }

    /// It said that it has not got the logs of block `at` any more: how far back they go is found out at once.
    pub(super) fn on_pruned(&mut self, now: Instant, at: u64) {
        self.logs = Service::Served;
        self.next = self.next.min(now);
        // What was held when the depth was last known may be forgotten since.
        let is_known = self.lacks >= Some(at);
        self.lacks = self.lacks.max(Some(at));
        self.holds = self.holds.filter(|holds| !is_known && Some(*holds) > self.lacks);
    }

    /// A probe was answered, whatever the answer: the next one follows at once while there is something to find out.
    pub(super) fn on_probed(&mut self, now: Instant, finalized: u64) {
        self.is_asked = false;
        self.is_begun |= self.logs == Service::Served;
        let is_found = match (self.lacks, self.holds) {
            (None, _) => self.logs == Service::Served,
            (Some(lacks), Some(holds)) => is_close(lacks, holds, finalized),
            // It lacks its own finalized block: that is not to be found out about.
            (Some(lacks), None) => lacks >= finalized,
        };
        let is_refused = self.logs == Service::Refused || self.receipts == Service::Refused;
        if is_refused {
            self.next = now.after(REFUSED_FOR);
        } else if is_found && self.receipts == Service::Served {
            self.next = now.after(ASK_AGAIN);
            self.is_begun = false;
        }
    }

    /// What it can do.
    pub(super) fn abilities(&self) -> Abilities {
        Abilities {
            receipts: self.receipts,
            logs: self.logs,
            history_from: self.lacks.map(|lacks| self.holds.unwrap_or(lacks + 1)),
        }
    }
}

/// Whether the border between what is lacking and what is held is known well enough.
const fn is_close(lacks: u64, holds: u64, finalized: u64) -> bool {
    holds - lacks <= 1 + finalized.saturating_sub(holds) / DEPTH_PARTS
}

#[cfg(test)]
mod tests;
