//! The attempts under way at one endpoint: as many as there are places, each of which frees itself in the end.
//!
//! An owner that loses a lease (a task that was cancelled, a request that was dropped) must not take a place for ever, so
//! every place has an instant at which it is free again, whatever the owner does. A lease that comes back after that is
//! recognised by its number. Whose fault a lost lease is cannot be known, so it is held against nobody.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::time::Instant;

/// The most attempts under way at one endpoint.
pub(super) const IN_FLIGHT_MAX: u8 = 64;

/// A taken place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    number: u64,
    expires: Instant,
}

/// What a lease keeps to give its place back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Hold {
    number: u64,
}

/// The places of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Leases {
    max: u8,
    /// The places that are taken, oldest first: most of the time few or none.
    held: Vec<Held>,
    first_expiry: Option<Instant>,
    numbered: u64,
    lost: u64,
}

impl Leases {
    /// `in_flight_max` free places.
    pub(super) const fn new(in_flight_max: u8) -> Self {
        Self {
            max: in_flight_max,
            held: Vec::new(),
            first_expiry: None,
            numbered: 0,
            lost: 0,
        }
    }

    /// Takes a place that frees itself at `expires`, if there is one.
    pub(super) fn take(&mut self, expires: Instant) -> Option<Hold> {
        if self.is_full() {
            return None;
        }
        self.numbered += 1;
        let number = self.numbered;
        self.held.push(Held { number, expires });
        self.note_first_expiry();
        Some(Hold { number })
    }

    /// Frees the place of `hold`, unless it has freed itself by `now`.
    pub(super) fn give_back(&mut self, now: Instant, hold: &Hold) {
        self.expire(now);
        if let Some(place) = self.held.iter().position(|held| held.number == hold.number) {
            self.held.remove(place);
            self.note_first_expiry();
        }
    }

    /// Frees every place whose time has come.
    pub(super) fn expire(&mut self, now: Instant) {
        if self.first_expiry.is_some_and(|first| first <= now) {
            let before = self.held.len();
            self.held.retain(|held| held.expires > now);
            self.lost += (before - self.held.len()) as u64;
            self.note_first_expiry();
        }
    }

    /// When the next place frees itself.
    pub(super) const fn first_expiry(&self) -> Option<Instant> {
        self.first_expiry
    }

    /// Whether every place is taken.
    pub(super) fn is_full(&self) -> bool {
        self.held.len() == usize::from(self.max)
    }

    /// How many places are taken.
    pub(super) fn in_flight(&self) -> u8 {
        u8::try_from(self.held.len()).unwrap_or(u8::MAX)
    }

    /// How many places had to free themselves.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }

    fn note_first_expiry(&mut self) {
        self.first_expiry = self.held.iter().map(|held| held.expires).min();
    }
}
