//! Idempotency: the first outcome under a key is the outcome for ever, and another body under it is a conflict.
//!
//! A body is remembered as one 32-bit digest for each of its fields, so that a conflict can name the field. Should
//! two bodies collide (one in 2^32 of the client's mistakes), the client gets the frozen first outcome and nothing
//! moves, which is why short, unkeyed digests are enough.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::command::{Command, Outcome};
use super::refusal::Refusal;
use super::transfer::Transfer;
use crate::digest::Digest;
use crate::id::{IdempotencyKey, TransactionId};
use crate::money::Amount;
use crate::table::Table;
use crate::time::WallClock;

/// A part of a command's body, as a conflict names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Which command it is.
    Kind,
    /// The transaction that it is about.
    Target,
    /// Who is debited and credited.
    Accounts,
    /// What is moved.
    Assets,
    /// How much is moved.
    Amounts,
    /// When the hold expires.
    Expiry,
}

impl Field {
    /// In the order in which differences are reported.
    const ALL: [Self; 6] = [
        Self::Kind,
        Self::Target,
        Self::Accounts,
        Self::Assets,
        Self::Amounts,
        Self::Expiry,
    ];

    /// The field's stable name, for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Target => "target",
            Self::Accounts => "accounts",
            Self::Assets => "assets",
            Self::Amounts => "amounts",
            Self::Expiry => "expiry",
        }
    }
}

/// A command's body in short: one digest for each [`Field`], in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fingerprint([[u8; 4]; 6]);

impl Fingerprint {
    /// The fingerprint of `command`.
    pub(super) fn of(command: &Command) -> Self {
        match command {
            Command::Post { transfers } => Self::of_transfers(0, transfers, None),
            Command::Hold {
                transfers,
                expires_at,
            } => Self::of_transfers(1, transfers, *expires_at),
            Command::PostHold { hold, amounts } => Self::of_target(2, *hold, amounts.as_deref()),
            Command::VoidHold { hold } => Self::of_target(3, *hold, None),
            Command::Reverse { transaction } => Self::of_target(4, *transaction, None),
        }
    }

    /// The first field in which two bodies differ, if any.
    fn difference(&self, other: &Self) -> Option<Field> {
        let pairs = self.0.iter().zip(&other.0);
        let differs = Field::ALL.iter().zip(pairs).find(|(_, (a, b))| a != b);
        differs.map(|(field, _)| *field)
    }

    fn of_transfers(kind: u8, transfers: &[Transfer], expires_at: Option<WallClock>) -> Self {
        let (mut accounts, mut assets, mut amounts) = (Digest::new(), Digest::new(), Digest::new());
        for transfer in transfers {
            transfer.debit.hash(&mut accounts);
            transfer.credit.hash(&mut accounts);
            transfer.asset.hash(&mut assets);
            transfer.amount.hash(&mut amounts);
        }
        let expiry = expires_at.map_or([0; 4], |at| short(&at));
        Self([
            [kind, 0, 0, 0],
            [0; 4],
            cut(accounts),
            cut(assets),
            cut(amounts),
            expiry,
        ])
    }

    fn of_target(kind: u8, target: TransactionId, amounts: Option<&[Amount]>) -> Self {
        let amounts = amounts.map_or([0; 4], short);
        Self([[kind, 0, 0, 0], short(&target), [0; 4], [0; 4], amounts, [0; 4]])
    }
}

/// Which request a record answers: its key, and its body in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Receipt {
    /// The client's name for the request.
    pub key: IdempotencyKey,
    /// What the request said.
    pub fingerprint: Fingerprint,
}

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

fn short<T: Hash + ?Sized>(value: &T) -> [u8; 4] {
    let mut digest = Digest::new();
    value.hash(&mut digest);
    cut(digest)
}

fn cut(digest: Digest) -> [u8; 4] {
    let [a, b, c, d, ..] = digest.finish().to_le_bytes();
    [a, b, c, d]
}
