//! The attempts under way at one endpoint: a fixed number of slots, each of which frees itself in the end.
//!
//! An owner that loses a lease (a task that was cancelled, a request that was dropped) must not take a place for ever, so
//! every slot has an instant at which it is free again, whatever the owner does. A lease that comes back after that is
//! recognised by its number. Whose fault a lost lease is cannot be known, so it is held against nobody.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::time::Instant;

/// The most attempts under way at one endpoint.
pub(super) const IN_FLIGHT_MAX: u8 = 64;

/// A taken slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    number: u64,
    expires: Instant,
}

/// What a lease keeps to give its slot back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Hold {
    slot: usize,
    number: u64,
}

/// The slots of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Leases {
    slots: Vec<Option<Held>>,
    in_flight: u8,
    numbered: u64,
    lost: u64,
}

impl Leases {
    /// `in_flight_max` free slots.
    pub(super) fn new(in_flight_max: u8) -> Self {
        Self {
            slots: vec![None; usize::from(in_flight_max)],
            in_flight: 0,
            numbered: 0,
            lost: 0,
        }
    }

    /// Takes a slot that frees itself at `expires`, if there is one.
    pub(super) fn take(&mut self, expires: Instant) -> Option<Hold> {
        let slot = self.slots.iter().position(Option::is_none)?;
        self.numbered += 1;
        self.in_flight += 1;
        let number = self.numbered;
        self.slots[slot] = Some(Held { number, expires });
        Some(Hold { slot, number })
    }

    /// Frees the slot of `hold`, unless it has freed itself by `now`.
    pub(super) fn give_back(&mut self, now: Instant, hold: &Hold) {
        self.expire(now);
        let slot = &mut self.slots[hold.slot];
        if slot.is_some_and(|held| held.number == hold.number) {
            *slot = None;
            self.in_flight -= 1;
        }
    }

    /// Frees every slot whose time has come.
    pub(super) fn expire(&mut self, now: Instant) {
        for slot in &mut self.slots {
            if slot.is_some_and(|held| held.expires <= now) {
                *slot = None;
                self.in_flight -= 1;
                self.lost += 1;
            }
        }
    }

    /// When the next slot frees itself.
    pub(super) fn first_expiry(&self) -> Option<Instant> {
        self.slots.iter().flatten().map(|held| held.expires).min()
    }

    /// Whether every slot is taken.
    pub(super) fn is_full(&self) -> bool {
        usize::from(self.in_flight) == self.slots.len()
    }

    /// How many slots are taken.
    pub(super) const fn in_flight(&self) -> u8 {
        self.in_flight
    }

    /// How many slots had to free themselves.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }
}
