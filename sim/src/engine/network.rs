//! One direction of a network link: when, and how often, a message arrives.
//!
//! The links under a call and its answer are two, so a partition may be one-way and an answer may be lost after its
//! effect. A message that is lost is simply never delivered: whoever waits must give up by itself.

use core::time::Duration;

use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;

use super::Latency;
use crate::fault::LinkFault;

/// When a message arrives: not at all, once, or twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
pub struct Delivery {
    /// The first arrival.
    pub first: Option<Instant>,
    /// The arrival of its duplicate. Only when there is a first one, and possibly earlier than that.
    pub second: Option<Instant>,
}

/// One direction of a link.
#[derive(Debug, Clone)]
pub struct Link {
    latency: Latency,
    loss_percent: u8,
    duplicate_percent: u8,
    faults: Vec<Active>,
    rng: Rng,
}

#[derive(Debug, Clone, Copy)]
struct Active {
    id: u32,
    fault: LinkFault,
    until: Instant,
    /// Of a half-open connection: when its sender notices.
    noticed: Option<Instant>,
}

impl Link {
    /// A link that draws from `rng` alone.
    #[must_use]
    pub const fn new(latency: Latency, loss_percent: u8, duplicate_percent: u8, rng: Rng) -> Self {
        Self {
            latency,
            loss_percent,
            duplicate_percent,
            faults: Vec::new(),
            rng,
        }
    }

    /// Sends a message at `now`.
    pub fn send(&mut self, now: Instant) -> Delivery {
        if self.faults.is_empty() && self.loss_percent == 0 && self.duplicate_percent == 0 {
            let first = Some(now.after(self.latency.draw(&mut self.rng)));
            return Delivery { first, second: None };
        }
        self.send_badly(now)
    }

    /// Begins `fault`, which is known as `id` and ends at `until` at the latest ([`Instant::MAX`] if never).
    pub fn begin(&mut self, id: u32, fault: LinkFault, until: Instant) {
        let noticed = None;
        self.faults.push(Active {
            id,
            fault,
            until,
            noticed,
        });
    }

    /// Ends the fault known as `id`.
    pub fn end(&mut self, id: u32) {
        self.faults.retain(|one| one.id != id);
    }

    /// Whether nothing gets through at all.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.faults.iter().any(|one| one.fault == LinkFault::Partition)
    }

    fn send_badly(&mut self, now: Instant) -> Delivery {
        let mut loss = self.loss_percent;
        let mut duplicate = self.duplicate_percent;
        let mut held_until = now;
        let mut extra = Duration::ZERO;
        for one in &mut self.faults {
            match one.fault {
                LinkFault::Partition => loss = 100,
                LinkFault::Hold => held_until = held_until.max(one.until),
                LinkFault::Loss { percent } => loss = loss.max(percent),
                LinkFault::Duplicate { percent } => duplicate = duplicate.max(percent),
                LinkFault::Reorder { spread_ms } => {
                    extra += self
                        .rng
                        .duration(Duration::ZERO, Duration::from_millis(spread_ms));
                }
                LinkFault::Delay { extra: shape } => extra += shape.draw(&mut self.rng),
                LinkFault::HalfOpen { notice_ms } => {
                    let noticed = now.after(Duration::from_millis(notice_ms));
                    if now < *one.noticed.get_or_insert(noticed) {
                        loss = 100;
                    }
                }
            }
        }
        if self.rng.chance(u64::from(loss), 100) {
            return Delivery::default();
        }
        let mut arrival = || Some(held_until.after(extra + self.latency.draw(&mut self.rng)));
        let first = arrival();
        let copy = arrival();
        let second = if self.rng.chance(u64::from(duplicate), 100) {
            copy
        } else {
            None
        };
        Delivery { first, second }
    }
}

#[cfg(test)]
mod tests;
