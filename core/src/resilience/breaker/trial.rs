//! The calls that a half-open breaker has let through: a few slots, each with a deadline.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Instant;

/// The most half-open calls that can be under way at once.
pub const HALF_OPEN_PERMITS_MAX: u8 = 16;

/// One try at closing again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Trial {
    /// Calls that succeeded.
    pub(super) successes: u32,
    /// One bit a slot: whether a call is under way in it.
    taken: u16,
    /// When the call of each slot counts as failed; zero in free slots.
    deadlines: [Instant; HALF_OPEN_PERMITS_MAX as usize],
}

impl Trial {
    /// A slot for a call that begins at `now`, if one of the first `permits` is free.
    pub(super) fn take(&mut self, now: Instant, permits: u8, timeout: Duration) -> Option<u8> {
        let slot = (0..permits).find(|slot| self.taken & (1 << slot) == 0)?;
        self.taken |= 1 << slot;
        self.deadlines[usize::from(slot)] = now.after(timeout);
        Some(slot)
    }

    /// Frees a slot.
    pub(super) fn give_back(&mut self, slot: u8) {
        assert!(
            self.taken & (1 << slot) != 0,
            "a permit of another breaker was handed in"
        );
        self.taken &= !(1 << slot);
        self.deadlines[usize::from(slot)] = Instant::ZERO;
    }

    /// Whether another call would get a slot.
    pub(super) fn has_room(&self, permits: u8) -> bool {
        self.taken.count_ones() < u32::from(permits)
    }

    /// When the first call that is under way counts as failed.
    pub(super) fn first_deadline(&self) -> Option<Instant> {
        let taken = |slot: &usize| self.taken & (1 << slot) != 0;
        (0..self.deadlines.len())
            .filter(taken)
            .map(|slot| self.deadlines[slot])
            .min()
    }
}

const _: () = assert!(HALF_OPEN_PERMITS_MAX as u32 <= u16::BITS, "a bit for every slot");
