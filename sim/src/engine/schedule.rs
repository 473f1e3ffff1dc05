//! Virtual time: what happens next, and a clock that jumps straight to it.
//!
//! Events are ordered by time and, within one instant, by when they were scheduled, so the order never depends on
//! anything else. Idle time costs nothing.

use core::cmp::Reverse;
use core::time::Duration;
use std::collections::BinaryHeap;

use plimsoll_core::time::Instant;

/// An event whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due<E> {
    /// When it happens: now.
    pub at: Instant,
    /// Its number: how many events were scheduled before it.
    pub seq: u64,
    /// What happens.
    pub event: E,
}

/// Everything that is still to happen.
#[derive(Debug, Clone)]
pub struct Schedule<E> {
    now: Instant,
    next_seq: u64,
    /// Time, number, and the slot of the event. The events themselves stay where they are, so that the heap moves
    /// small entries only.
    heap: BinaryHeap<Reverse<(Instant, u64, u32)>>,
    slots: Vec<Option<E>>,
    free: Vec<u32>,
}

impl<E> Default for Schedule<E> {
    fn default() -> Self {
        Self {
            now: Instant::ZERO,
            next_seq: 0,
            heap: BinaryHeap::with_capacity(64),
            slots: Vec::with_capacity(64),
            free: Vec::with_capacity(64),
        }
    }
}

impl<E> Schedule<E> {
    /// Nothing is to happen, and it is [`Instant::ZERO`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The time: that of the last event taken out.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Lets `event` happen at `at`, or now if that is over.
    pub fn at(&mut self, at: Instant, event: E) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            let last = u32::try_from(self.slots.len() - 1);
            last.unwrap_or_else(|_| unreachable!("more than 2^32 events are scheduled"))
        });
        self.slots[slot as usize] = Some(event);
        self.heap.push(Reverse((at.max(self.now), self.next_seq, slot)));
        self.next_seq += 1;
    }

    /// Lets `event` happen `delay` from now.
    pub fn after(&mut self, delay: Duration, event: E) {
        self.at(self.now.after(delay), event);
    }

    /// Jumps to the next event and takes it out; `None` when nothing is to happen any more.
    pub fn pop(&mut self) -> Option<Due<E>> {
        let Reverse((at, seq, slot)) = self.heap.pop()?;
        assert!(self.now <= at, "virtual time went backwards");
        self.now = at;
        self.free.push(slot);
        let event = self.slots[slot as usize].take();
        let event = event.unwrap_or_else(|| unreachable!("an event happened twice"));
        Some(Due { at, seq, event })
    }

    /// When the next event happens.
    #[must_use]
    pub fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// How many events are still to happen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is to happen any more.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests;
