//! What the product has acknowledged to its clients, and what they are still to do.

use std::collections::BTreeMap;
use std::time::Instant;

use plimsoll_core::id::{Address, TxHash, UserId};
use serde_json::Value;

use super::payments::Kind;

/// Everything that was acknowledged. None of it may ever be lost or change.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Who was registered.
    pub(super) users: Vec<User>,
    /// What was claimed.
    pub(super) claims: Vec<Claim>,
    /// What was moved, or refused.
    pub(super) transfers: Vec<Transfer>,
    /// What was paid on the chain, whether or not a block holds it in the end.
    pub(super) payments: BTreeMap<TxHash, Kind>,
}

/// A registered user.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) key: String,
    pub(super) id: UserId,
    pub(super) name: String,
    pub(super) address: Address,
}

/// A claim that was filed.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) key: String,
    pub(super) user: UserId,
    pub(super) tx: TxHash,
    pub(super) id: String,
}

/// A transaction between users that was decided.
#[derive(Debug, Clone)]
pub(super) struct Transfer {
    pub(super) key: String,
    /// As it was sent.
    pub(super) body: Value,
    /// Its movements.
    pub(super) legs: Vec<Leg>,
    /// The transaction that was made, or the code of the refusal.
    pub(super) outcome: Result<String, String>,
}

/// One movement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leg {
    pub(super) debit: UserId,
    pub(super) credit: UserId,
    pub(super) asset: &'static str,
    /// In minor units of the ledger.
    pub(super) amount: i128,
}

/// A claim that somebody is to file.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) user: UserId,
    pub(super) tx: TxHash,
    /// How often at once, by as many threads.
    pub(super) times: usize,
    /// Not before.
    pub(super) due: Instant,
}
