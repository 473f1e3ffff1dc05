//! [`Fingerprint`]: a command's body in short, field by field, so that a conflict can name the field that differs.
//!
//! Fingerprints are journalled, so their words are written out here and depend on no derived hash. Should two bodies
//! collide (one in 2^32 of a client's mistakes), the client gets the frozen first outcome and nothing moves, which is
//! why 32 bits a field and an unkeyed digest are enough.

use core::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::account::Owner;
use super::command::Command;
use super::transfer::Transfer;
use crate::digest::Digest;
use crate::id::{AssetId, IdempotencyKey, TransactionId};
use crate::money::Amount;
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

/// Which request a record answers: its key, and its body in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Receipt {
    /// The client's name for the request.
    pub key: IdempotencyKey,
    /// What the request said.
    pub fingerprint: Fingerprint,
}

/// A command's body in short. What a command does not have is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fingerprint {
    kind: u8,
    target: Short,
    accounts: Short,
    assets: Short,
    amounts: Short,
    expiry: Short,
}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let word = |a: Short, b: Short| u64::from_le_bytes([a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]]);
        hasher.write_u64(word([self.kind, 0, 0, 0], self.target));
        hasher.write_u64(word(self.accounts, self.assets));
        hasher.write_u64(word(self.amounts, self.expiry));
    }
}

type Short = [u8; 4];

impl Fingerprint {
    /// The fingerprint of `command`.
    pub(super) fn of(command: &Command) -> Self {
        match command {
            Command::Post { transfers } => Self::of_transfers(1, transfers),
            Command::Hold {
                transfers,
                expires_at,
            } => Self {
                expiry: expires_at.map_or([0; 4], Part::of_date),
                ..Self::of_transfers(2, transfers)
            },
            Command::PostHold { hold, amounts } => Self {
                amounts: amounts.as_deref().map_or([0; 4], Part::of_amounts),
                ..Self::of_target(3, *hold)
            },
            Command::VoidHold { hold } => Self::of_target(4, *hold),
            Command::Reverse { transaction } => Self::of_target(5, *transaction),
        }
    }

    /// The first field in which two bodies differ, if any.
    pub(super) fn difference(&self, other: &Self) -> Option<Field> {
        let fields = [
            (self.kind == other.kind, Field::Kind),
            (self.target == other.target, Field::Target),
            (self.accounts == other.accounts, Field::Accounts),
            (self.assets == other.assets, Field::Assets),
            (self.amounts == other.amounts, Field::Amounts),
            (self.expiry == other.expiry, Field::Expiry),
        ];
        let differing = fields.into_iter().find(|(same, _)| !same);
        differing.map(|(_, field)| field)
    }

    fn of_transfers(kind: u8, transfers: &[Transfer]) -> Self {
        let (mut accounts, mut assets, mut amounts) = (Part::default(), Part::default(), Part::default());
        for transfer in transfers {
            accounts.owner(transfer.debit);
            accounts.owner(transfer.credit);
            assets.asset(transfer.asset);
            amounts.amount(transfer.amount);
        }
        Self {
            kind,
            accounts: accounts.short(),
            assets: assets.short(),
            amounts: amounts.short(),
            ..Self::default()
        }
    }

    fn of_target(kind: u8, target: TransactionId) -> Self {
        let mut part = Part::default();
        part.0.write_u64(target.number());
        Self {
            kind,
            target: part.short(),
            ..Self::default()
        }
    }
}

/// The digest of one field in the making: whole words only, each kind of value always as many of them.
#[derive(Default)]
struct Part(Digest);

impl Part {
    fn of_date(date: WallClock) -> Short {
        let mut part = Self::default();
        part.0
            .write_u64(u64::from_le_bytes(date.as_micros().to_le_bytes()));
        part.short()
    }

    fn of_amounts(amounts: &[Amount]) -> Short {
        let mut part = Self::default();
        for amount in amounts {
            part.amount(*amount);
        }
        part.short()
    }

    fn owner(&mut self, owner: Owner) {
        let (kind, number) = match owner {
            Owner::User(user) => (1, user.number()),
            Owner::Custody(chain) => (2, chain.number()),
            Owner::Suspense => (3, 0),
            Owner::Treasury => (4, 0),
            Owner::Issuance => (5, 0),
            Owner::Fees => (6, 0),
            Owner::Refunds => (7, 0),
        };
        self.0.write_u64(kind);
        self.0.write_u64(number);
    }

    fn asset(&mut self, asset: AssetId) {
        let mut padded = [0u8; 16];
        padded[..12].copy_from_slice(asset.as_bytes());
        self.0.write_u128(u128::from_le_bytes(padded));
    }

    fn amount(&mut self, amount: Amount) {
        self.0
            .write_u128(u128::from_le_bytes(amount.minor().to_le_bytes()));
    }

    fn short(self) -> Short {
        let [a, b, c, d, ..] = self.0.finish().to_le_bytes();
        [a, b, c, d]
    }
}

#[cfg(test)]
mod tests;
