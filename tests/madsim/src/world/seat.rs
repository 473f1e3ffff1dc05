//! [`Seat`]: where the simulator's oracles watch the driver from.

use plimsoll_core::bank::{Act, Bank, Effect, Input, Record};
use plimsoll_core::digest::Digest;
use plimsoll_core::outbox::{Appended, Outbox, StoreRequest};
use plimsoll_core::time::{Instant, WallClock};

use super::stage::Shared;
use crate::driver::Witness;
use crate::recorder::{Answered, HeadSeen};

/// The seat of the panel in the driver.
pub(super) struct Seat(pub(super) Shared);

impl Witness for Seat {
    fn handling(&mut self, now: Instant, input: &Input) {
        let mut stage = self.0.lock();
        stage.note(now, input);
        stage.panel.handling(input);
    }

    fn handled(&mut self, now: Instant, effects: &[Effect], bank: &Bank) {
        let mut stage = self.0.lock();
        stage.note(now, &effects);
        stage.panel.handled(now, effects, bank);
    }

    fn released(&mut self, now: Instant, act: &Act) {
        let mut stage = self.0.lock();
        if let Act::Reply { reply, .. } = act {
            *stage.released.entry(Digest::of(reply)).or_default() += 1;
        }
        stage.panel.released(now, act);
    }

    fn asked(&mut self, _now: Instant, _wall: WallClock, request: &StoreRequest) {
        self.0.lock().panel.asked(request);
    }

    fn answered(&mut self, now: Instant, answer: Answered) {
        let is_committed = match answer {
            Answered::Appended(appended) => appended == Appended::Committed,
            Answered::Head(seen) => seen == HeadSeen::Committed,
        };
        self.0.lock().panel.answered(now, is_committed);
    }

    fn turned(&mut self, now: Instant, _wall: WallClock, bank: &Bank, outbox: &Outbox<Record, Act>) {
        self.0.lock().panel.turned(now, bank, outbox);
    }
}
