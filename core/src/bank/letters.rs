//! Dead letters: what is kept of the attempts at a transaction, and what operators are shown.

use alloc::boxed::Box;

use super::query::LIST_MAX;
use super::{Bank, Refusal, Reply};
use crate::escrow::verifier::Heard;
use crate::escrow::{Attempt, LetterFilter, LetterPlace, LetterView, Tried, TxKey};
use crate::time::WallClock;

impl Bank {
    /// Adds what endpoints said to the histories of the transactions that are open.
    pub(super) fn keep_what_was_heard(&mut self) {
        let mut heard = core::mem::take(&mut self.out.heard);
        for Heard {
            tx,
            endpoint,
            class,
            height,
        } in heard.drain(..)
        {
            let attempt = Attempt {
                at: self.wall,
                endpoint,
                class,
                height,
            };
            if self.is_open(tx) {
                self.histories.entry(tx).or_default().push(attempt);
            } else if let Some(look) = self.looks.under_way.get_mut(&tx) {
                look.hear(attempt);
            }
        }
        self.out.heard = heard;
    }

    /// Adds what a worker tried to the history of `tx`, if that is open. Dates are of this clock, and never go back: a worker
    /// only knows how long ago something was.
    pub(super) fn keep_what_was_tried(&mut self, tx: TxKey, tried: &[Tried]) {
        if !self.is_open(tx) {
            return;
        }
        for one in tried {
            let ago = i64::try_from(one.ago_micros).unwrap_or(i64::MAX);
            let at = WallClock::from_micros(self.wall.as_micros().saturating_sub(ago));
            let history = self.histories.entry(tx).or_default();
            let last = history.last().last().map_or(at, |last| last.at);
            history.push(Attempt {
                at: at.max(last),
                endpoint: one.endpoint,
                class: one.class,
                height: one.height,
            });
        }
    }

    /// Ends the work on `tx`: automation is done with it, or gave it up.
    pub(super) fn close(&mut self, tx: TxKey) {
        self.verifier.unwatch(tx);
        self.histories.remove(&tx);
    }

    pub(super) fn dead_letters(
        &self,
        filter: &LetterFilter,
        after: Option<LetterPlace>,
        limit: usize,
    ) -> Reply {
        let limit = limit.clamp(1, LIST_MAX);
        Reply::DeadLetters(self.state.escrow().dead_letters(self.wall, filter, after, limit))
    }

    pub(super) fn dead_letter_reply(&self, tx: TxKey) -> Result<Reply, Refusal> {
        let letter = self
            .state
            .escrow()
            .dead_letter(tx)
            .ok_or(Refusal::NotADeadLetter)?;
        Ok(Reply::DeadLetter(Box::new(LetterView {
            tx,
            letter: letter.clone(),
        })))
    }
}
