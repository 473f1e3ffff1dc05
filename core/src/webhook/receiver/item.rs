//! One parcel that was tried, or is to be delivered again.

use super::{Backoff, Instant};
use crate::resilience::Permit;

/// Where a parcel comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The journal: the cursor waits for it.
    Journal,
    /// An operator's order.
    Redelivery,
    /// The monitor.
    Alert,
}

/// What is happening with it.
#[derive(Debug, Clone)]
pub(super) enum Stand {
    /// It is being sent.
    Calling {
        since: Instant,
        /// When the call counts as lost.
        deadline: Instant,
        permit: Permit,
    },
    /// It is sent again, not before then.
    Waiting { due: Instant },
}

/// A parcel under way.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) origin: Origin,
    pub(super) stand: Stand,
    pub(super) backoff: Backoff,
}

impl Item {
    /// The number of the attempt under way, or of the next one.
    pub(super) const fn attempts(&self) -> u32 {
        self.backoff.attempts() + 1
    }

    /// When its call counts as lost, while there is one.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self.stand {
            Stand::Calling { deadline, .. } => Some(deadline),
            Stand::Waiting { .. } => None,
        }
    }

    /// When it is due, while it waits.
    pub(super) const fn due(&self) -> Option<Instant> {
        match self.stand {
            Stand::Waiting { due } => Some(due),
            Stand::Calling { .. } => None,
        }
    }

    /// The same, being sent.
    pub(super) fn calling(self, stand: Stand) -> Self {
        Self { stand, ..self }
    }

    /// Makes it due, if it waits.
    pub(super) fn hurry(&mut self, now: Instant) {
        if let Stand::Waiting { due } = &mut self.stand {
            *due = now.min(*due);
        }
    }
}
