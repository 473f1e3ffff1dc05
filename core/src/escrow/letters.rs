//! [`Letters`]: the dead letters, by key, by age and by fingerprint.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Bound::{Excluded, Unbounded};

use super::deposit::TxKey;
use super::letter::{
    History, Letter, LetterFilter, LetterGroup, LetterPage, LetterPlace, LetterView, Proposal, fingerprint,
};
use super::reason::DeadLetterReason;
use crate::id::{AssetId, Fingerprint, UserId};
use crate::limits::LETTERS_LOOKED_AT_MAX;
use crate::money::Amount;
use crate::time::WallClock;

/// The dead letters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Letters {
    by_key: BTreeMap<TxKey, Letter>,
    by_age: BTreeSet<LetterPlace>,
    groups: BTreeMap<Fingerprint, BTreeSet<LetterPlace>>,
}

impl Letters {
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(super) fn get(&self, tx: TxKey) -> Option<&Letter> {
        self.by_key.get(&tx)
    }

    /// Every one, by key.
    pub(super) const fn by_key(&self) -> &BTreeMap<TxKey, Letter> {
        &self.by_key
    }

    /// Those after `after`, oldest first.
    pub(super) fn after(&self, after: Option<LetterPlace>) -> impl Iterator<Item = LetterPlace> + '_ {
        let from = after.map_or(Unbounded, Excluded);
        self.by_age.range((from, Unbounded)).copied()
    }

    /// Adds a letter of which nothing more is known.
    pub(super) fn insert(
        &mut self,
        tx: TxKey,
        reason: DeadLetterReason,
        since: WallClock,
        amounts: Option<Vec<(AssetId, Amount)>>,
    ) {
        let history = History::default();
        let print = fingerprint(tx.chain, reason, &history.classes());
        let letter = Letter {
            reason,
            since,
            history,
            amounts,
            fingerprint: print,
            proposal: None,
        };
        let earlier = self.by_key.insert(tx, letter);
        assert!(earlier.is_none(), "{tx:?} is a dead letter twice");
        let place = LetterPlace { since, tx };
        self.by_age.insert(place);
        self.groups.entry(print).or_default().insert(place);
    }

    /// Adds to the letter of `tx` what was tried.
    pub(super) fn detail(&mut self, tx: TxKey, history: History) {
        let Some(letter) = self.by_key.get_mut(&tx) else {
            unreachable!("{tx:?} is no dead letter")
        };
        assert_eq!(letter.history.count(), 0, "{tx:?} was detailed twice");
        let place = LetterPlace {
            since: letter.since,
            tx,
        };
        let before = letter.fingerprint;
        letter.fingerprint = fingerprint(tx.chain, letter.reason, &history.classes());
        letter.history = history;
        let print = letter.fingerprint;
        self.leave_group(before, place);
        self.groups.entry(print).or_default().insert(place);
    }

    /// Adds to the letter of `tx` that somebody wants it dismissed.
    pub(super) fn propose(&mut self, tx: TxKey, proposal: Proposal) {
        let Some(letter) = self.by_key.get_mut(&tx) else {
            unreachable!("{tx:?} is no dead letter")
        };
        let earlier = letter.proposal.replace(proposal);
        assert!(earlier.is_none(), "{tx:?} was proposed to be dismissed twice");
    }

    /// Takes the letter of `tx` out.
    pub(super) fn remove(&mut self, tx: TxKey) {
        let Some(letter) = self.by_key.remove(&tx) else {
            unreachable!("{tx:?} is no dead letter")
        };
        let place = LetterPlace {
            since: letter.since,
            tx,
        };
        self.by_age.remove(&place);
        self.leave_group(letter.fingerprint, place);
    }

    /// Those that fit `filter` at `now`, from `after` on, at most `limit`.
    pub(super) fn page(
        &self,
        now: WallClock,
        filter: &LetterFilter,
        after: Option<LetterPlace>,
        limit: usize,
        claimed: impl Fn(UserId, TxKey) -> bool,
    ) -> LetterPage {
        let mut letters = Vec::new();
        let mut last = after;
        for (looked_at, place) in self.after(after).enumerate() {
            if letters.len() >= limit || looked_at >= LETTERS_LOOKED_AT_MAX {
                return LetterPage { letters, next: last };
            }
            last = Some(place);
            let letter = &self.by_key[&place.tx];
            if filter.fits(now, place.tx, letter, &claimed) {
                letters.push(LetterView {
                    tx: place.tx,
                    letter: letter.clone(),
                });
            }
        }
        LetterPage { letters, next: None }
    }

    /// The letters by fingerprint, the largest group first, at most `limit`.
    pub(super) fn groups(&self, limit: usize) -> Vec<LetterGroup> {
        let group = |(print, places): (&Fingerprint, &BTreeSet<LetterPlace>)| {
            let oldest = places.first()?;
            let letter = self.by_key.get(&oldest.tx)?;
            Some(LetterGroup {
                fingerprint: *print,
                chain: oldest.tx.chain,
                reason: letter.reason,
                classes: letter.history.classes().into_iter().collect(),
                count: places.len(),
                oldest: oldest.since,
                sample: oldest.tx,
            })
        };
        let mut groups: Vec<LetterGroup> = self.groups.iter().filter_map(group).collect();
        groups.sort_by_key(|group| (core::cmp::Reverse(group.count), group.fingerprint));
        groups.truncate(limit);
        groups
    }

    fn leave_group(&mut self, print: Fingerprint, place: LetterPlace) {
        if let Some(group) = self.groups.get_mut(&print) {
            group.remove(&place);
            if group.is_empty() {
                self.groups.remove(&print);
            }
        }
    }
}

#[cfg(test)]
mod tests;
