//! Idempotency: the first outcome under a key is the outcome for ever, and another body under it is a conflict.
//!
//! Refusals are frozen like successes: a client that repeats a refused request is told the same, whatever has
//! changed since, and takes a new key to ask again.

use alloc::vec::Vec;
use core::hash::Hash;

use super::command::Outcome;
use super::fingerprint::{Field, Fingerprint, Receipt};
use super::refusal::Refusal;
use crate::digest::Digest;
use crate::id::{IdempotencyKey, TransactionId};
use crate::table::Table;

/// Every answered request.
///
/// The table maps keys to places in a list, and the list keeps the rarer refusals elsewhere, so that what grows
/// with each request is small.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Answers {
    places: Table<IdempotencyKey, u32>,
    list: Vec<Answer>,
    refusals: Vec<Refusal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Answer {
    fingerprint: Fingerprint,
    kind: AnswerKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum AnswerKind {
    Accepted(TransactionId),
    /// The place of the reason among the refusals.
    Refused(u32),
}

impl Answers {
    /// How a request with this receipt was answered before, or how its key was used otherwise; `None` if the key
    /// is new.
    pub(super) fn recall(&self, receipt: &Receipt) -> Option<Result<Outcome, Field>> {
        let place = self.places.get(&receipt.key)?;
        let answer = &self.list[*place as usize];
        if let Some(field) = receipt.fingerprint.difference(&answer.fingerprint) {
            return Some(Err(field));
        }
        Some(Ok(match answer.kind {
            AnswerKind::Accepted(transaction) => Outcome::Accepted(transaction),
            AnswerKind::Refused(place) => Outcome::Refused(self.refusals[place as usize]),
        }))
    }

    /// Freezes the answer to a request.
    ///
    /// # Panics
    /// When the key was used before.
    pub(super) fn freeze(&mut self, receipt: Receipt, outcome: Outcome) {
        let kind = match outcome {
            Outcome::Accepted(transaction) => AnswerKind::Accepted(transaction),
            Outcome::Refused(refusal) => {
                self.refusals.push(refusal);
                AnswerKind::Refused(place(self.refusals.len() - 1))
            }
        };
        let before = self.places.insert(receipt.key, place(self.list.len()));
        assert_eq!(before, None, "an idempotency key was answered twice");
        self.list.push(Answer {
            fingerprint: receipt.fingerprint,
            kind,
        });
    }

    pub(super) fn check(&self) {
        assert_eq!(self.places.len(), self.list.len(), "every answer has one key");
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        self.places.digest().hash(digest);
        self.list.hash(digest);
        self.refusals.hash(digest);
    }
}

fn place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or_else(|_| unreachable!("more than 2^32 answers"))
}

#[cfg(test)]
mod tests;
