//! What is kept of a dead letter: every attempt at it, its fingerprint, and the words in which operators ask for it.

use alloc::collections::BTreeSet;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::hash::Hasher as _;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::deposit::TxKey;
use super::evm::Fault;
use super::reason::{AttemptClass, DeadLetterReason};
use crate::digest::Digest;
use crate::id::{AssetId, ChainId, Fingerprint, Text, UserId};
use crate::limits::ATTEMPTS_KEPT_MAX;
use crate::money::Amount;
use crate::time::WallClock;

/// One endpoint was asked for the receipt of a transaction, or none could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attempt {
    /// When the answer came, or was given up.
    pub at: WallClock,
    /// The endpoint's place in the chain's configuration; `None` when nobody could be asked.
    pub endpoint: Option<u8>,
    /// What came of it.
    pub class: AttemptClass,
    /// The height of the block that holds the receipt, or else the endpoint's finalized height, if it answered.
    pub height: Option<u64>,
}

/// The attempts at one transaction: all of them counted, the last [`ATTEMPTS_KEPT_MAX`] kept, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct History {
    count: u32,
    last: Vec<Attempt>,
}

impl History {
    /// How many attempts there were.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The last of them, oldest first.
    #[must_use]
    pub fn last(&self) -> &[Attempt] {
        &self.last
    }

    /// Adds an attempt.
    pub fn push(&mut self, attempt: Attempt) {
        self.count = self.count.saturating_add(1);
        if self.last.len() >= ATTEMPTS_KEPT_MAX {
            self.last.remove(0);
        }
        self.last.push(attempt);
    }

    /// What came of the attempts that are kept, each class once.
    #[must_use]
    pub fn classes(&self) -> BTreeSet<AttemptClass> {
        self.last.iter().map(|attempt| attempt.class).collect()
    }
}

/// What a fault is among the outcomes of an attempt.
pub(crate) const fn class_of(fault: &Fault) -> AttemptClass {
    match fault {
        Fault::Timeout => AttemptClass::Timeout,
        Fault::Connection => AttemptClass::Connection,
        Fault::RateLimited { .. } => AttemptClass::RateLimited,
        Fault::Auth => AttemptClass::Auth,
        Fault::Server { .. } => AttemptClass::Server,
        Fault::NotReady => AttemptClass::NotReady,
        Fault::Malformed { .. } => AttemptClass::Malformed,
        Fault::TooLarge => AttemptClass::TooLarge,
        Fault::Unsupported => AttemptClass::Unsupported,
        Fault::Pruned => AttemptClass::Pruned,
    }
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Letter {
    /// Why it is one.
    pub reason: DeadLetterReason,
    /// Since when.
    pub since: WallClock,
    /// The attempts at it before it became one. Of a letter that an older version of this program wrote there are none.
    pub history: History,
    /// What its deposits came to when it was last seen in a block, by asset; `None` when it never was.
    pub amounts: Option<Vec<(AssetId, Amount)>>,
    /// The same for the letters of one chain, one reason and one set of outcomes.
    pub fingerprint: Fingerprint,
    /// That it be dismissed, if somebody proposed that and nobody else approved yet.
    pub proposal: Option<Proposal>,
}

impl Letter {
    /// Whether the rules disowned some of it after it was seen: only a mistake in the configuration can have done that, so
    /// nothing but a person settles it before they recognise all of it again.
    #[must_use]
    pub fn is_disowned(&self) -> bool {
        self.reason == DeadLetterReason::RulesChanged
    }
}

/// That a dead letter be dismissed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Proposal {
    /// Who proposes it. Somebody else must approve.
    pub actor: Text,
    /// Why.
    pub reason: Text,
    /// When it was proposed.
    pub at: WallClock,
}

/// The fingerprint of letters of `chain` for `reason` whose attempts came to `classes`: a function of their published
/// names, so that it means the same in every version and on every machine.
pub(super) fn fingerprint(
    chain: ChainId,
    reason: DeadLetterReason,
    classes: &BTreeSet<AttemptClass>,
) -> Fingerprint {
    let mut digest = Digest::new();
    digest.write(chain.to_string().as_bytes());
    digest.write(reason.code().as_bytes());
    for class in classes {
        digest.write(class.code().as_bytes());
    }
    let [.., a, b, c, d, e] = digest.value().to_le_bytes();
    Fingerprint([a, b, c, d, e])
}

/// Which dead letters are meant: those that all of what is given fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct LetterFilter {
    /// On this chain.
    pub chain: Option<ChainId>,
    /// For this reason.
    pub reason: Option<DeadLetterReason>,
    /// With this fingerprint.
    pub fingerprint: Option<Fingerprint>,
    /// That this user claimed.
    pub claimed_by: Option<UserId>,
    /// That have been dead letters for longer than this.
    pub older_than: Option<Duration>,
}

impl LetterFilter {
    /// Whether a letter fits at `now`, `claimed` telling whether a user claimed it.
    pub(super) fn fits(
        &self,
        now: WallClock,
        tx: TxKey,
        letter: &Letter,
        claimed: impl Fn(UserId, TxKey) -> bool,
    ) -> bool {
        self.chain.is_none_or(|chain| chain == tx.chain)
            && self.reason.is_none_or(|reason| reason == letter.reason)
            && self.fingerprint.is_none_or(|print| print == letter.fingerprint)
            && self.older_than.is_none_or(|age| now.since(letter.since) > age)
            && self.claimed_by.is_none_or(|user| claimed(user, tx))
    }
}

/// The place of a dead letter among all: by age, then by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LetterPlace {
    /// Since when it is one.
    pub since: WallClock,
    /// The transaction.
    pub tx: TxKey,
}

/// A dead letter as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LetterView {
    /// The transaction.
    pub tx: TxKey,
    /// What is known of it.
    pub letter: Letter,
}

/// Some of the dead letters that fit, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LetterPage {
    /// The letters.
    pub letters: Vec<LetterView>,
    /// The place after which to go on; `None` when there are no more. Where few letters fit, a page may have none and
    /// still have a next one.
    pub next: Option<LetterPlace>,
}

/// The dead letters with one fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LetterGroup {
    /// What they have in common.
    pub fingerprint: Fingerprint,
    /// Their chain.
    pub chain: ChainId,
    /// Their reason.
    pub reason: DeadLetterReason,
    /// What the attempts at them came to.
    pub classes: Vec<AttemptClass>,
    /// How many they are.
    pub count: usize,
    /// Since when the oldest is one.
    pub oldest: WallClock,
    /// The oldest.
    pub sample: TxKey,
}

#[cfg(test)]
mod tests;
