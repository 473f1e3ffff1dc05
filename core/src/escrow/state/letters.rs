//! The dead letters among what is durable of the escrow, and the replay of them.

use alloc::vec::Vec;

use super::{EscrowState, Watch};
use crate::escrow::deposit::{Stage, TxKey};
use crate::escrow::letter::{Letter, LetterFilter, LetterGroup, LetterPage, LetterPlace};
use crate::escrow::record::Resolution;
use crate::escrow::replay::{Replay, ReplayPlan};
use crate::id::ReplayId;
use crate::time::WallClock;

impl EscrowState {
    /// How many dead letters stand.
    #[must_use]
    pub fn dead_letter_count(&self) -> usize {
        self.letters.len()
    }

    /// Since when the oldest dead letter is one.
    #[must_use]
    pub fn oldest_dead_letter(&self) -> Option<WallClock> {
        self.letters.after(None).next().map(|place| place.since)
    }

    /// The dead letter that `tx` is.
    #[must_use]
    pub fn dead_letter(&self, tx: TxKey) -> Option<&Letter> {
        self.letters.get(tx)
    }

    /// The dead letters that fit `filter` at `now`, oldest first, those after the place `after`, at most `limit`.
    #[must_use]
    pub fn dead_letters(
        &self,
        now: WallClock,
        filter: &LetterFilter,
        after: Option<LetterPlace>,
        limit: usize,
    ) -> LetterPage {
        let claimed = |user, tx| self.claim_of.contains_key(&(user, tx));
        self.letters.page(now, filter, after, limit, claimed)
    }

    /// The places of the dead letters, the oldest first.
    pub fn dead_letter_places(&self) -> impl Iterator<Item = LetterPlace> + '_ {
        self.letters.after(None)
    }

    /// The places after `after`, the oldest first.
    pub(crate) fn dead_letter_places_after(
        &self,
        after: Option<LetterPlace>,
    ) -> impl Iterator<Item = LetterPlace> + '_ {
        self.letters.after(after)
    }

    /// Whether `tx` is a dead letter that fits `filter` at `now`.
    pub(crate) fn letter_fits(&self, now: WallClock, filter: &LetterFilter, tx: TxKey) -> bool {
        let claimed = |user, tx| self.claim_of.contains_key(&(user, tx));
        let letter = self.letters.get(tx);
        letter.is_some_and(|letter| filter.fits(now, tx, letter, claimed))
    }

    /// The last replay of dead letters, if there ever was one.
    #[must_use]
    pub const fn replay(&self) -> Option<&Replay> {
        self.replay.as_ref()
    }

    /// The dead letters by fingerprint, the largest group first, at most `limit`.
    #[must_use]
    pub fn dead_letter_groups(&self, limit: usize) -> Vec<LetterGroup> {
        self.letters.groups(limit)
    }

    pub(super) fn apply_resolution(&mut self, tx: TxKey, resolution: Resolution, at: WallClock) {
        let dead = matches!(
            self.watches.get(&tx),
            Some(Watch {
                stage: Stage::DeadLetter { .. },
                ..
            })
        );
        assert!(dead, "{tx:?} was resolved and is not a dead letter");
        match resolution {
            Resolution::Retry => self.revive(tx, at),
            Resolution::Dismiss => self.enter(tx, Stage::Dismissed),
        }
    }

    pub(super) fn apply_replay(&mut self, id: ReplayId, plan: ReplayPlan, began: WallClock) {
        let under_way = self.replay.is_some_and(|last| last.is_under_way());
        assert!(!under_way, "{id} began while another replay was under way");
        self.replay = Some(Replay {
            id,
            plan,
            began,
            done: 0,
            place: None,
            end: None,
        });
    }

    pub(super) fn apply_replayed(&mut self, tx: TxKey, id: ReplayId, at: WallClock) {
        let since = self.letters.get(tx).map(|letter| letter.since);
        self.apply_resolution(tx, Resolution::Retry, at);
        let replay = self.replay_mut(id);
        replay.done += 1;
        replay.place = since.map(|since| LetterPlace { since, tx });
    }

    /// The replay called `id`, which is under way.
    pub(super) fn replay_mut(&mut self, id: ReplayId) -> &mut Replay {
        let found = self
            .replay
            .as_mut()
            .filter(|one| one.id == id && one.is_under_way());
        let Some(replay) = found else {
            unreachable!("{id} is not under way")
        };
        replay
    }
}
