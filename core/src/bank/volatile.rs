//! [`Volatile`]: what a bank holds beside what is durable, so that somebody can go on from the middle of its life.
//!
//! A restart never does: it begins anew from the journal. A recording does, because it is bounded: what was recorded
//! first is dropped, and what is left must still be enough to drive the same bank bit for bit.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::dispatch::Dispatch;
use super::due::Backlog;
use super::recheck::Looks;
use super::reconcile::Reconciler;
use super::{Bank, BankConfig, OpenError, State};
use crate::chaos::Chaos;
use crate::escrow::verifier::{Out, Verifier};
use crate::escrow::{History, LetterPlace, TxKey};
use crate::machine::Deadline;
use crate::time::{Instant, WallClock};

/// What a bank holds beside its configuration and its durable state. Only a bank of the same configuration and state
/// can go on from it, and only at the clock of the same process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volatile {
    verifier: Verifier,
    out: Out,
    histories: BTreeMap<TxKey, History>,
    looks: Looks,
    reconciler: Reconciler,
    replay_from: Option<LetterPlace>,
    replay_due: Instant,
    verifier_due: Option<Instant>,
    now: Instant,
    wall: WallClock,
    backlog: Backlog,
    dispatch: Dispatch,
}

impl Bank {
    /// What it holds beside its configuration and its durable state, between two inputs.
    #[must_use]
    pub fn volatile(&self) -> Volatile {
        Volatile {
            verifier: self.verifier.clone(),
            out: self.out.clone(),
            histories: self.histories.clone(),
            looks: self.looks.clone(),
            reconciler: self.reconciler.clone(),
            replay_from: self.replay_from,
            replay_due: self.replay_due,
            verifier_due: self.verifier_due.map(|deadline| deadline.at),
            now: self.now,
            wall: self.wall,
            backlog: self.backlog.clone(),
            dispatch: self.dispatch.clone(),
        }
    }

    /// A bank that goes on where another one was when it held `volatile` beside `config` and `state`: whatever both are
    /// told from there on, they do the same.
    ///
    /// # Errors
    /// As [`Bank::open`], and [`OpenError::Volatile`] when `volatile` is of another configuration.
    pub fn resume(config: BankConfig, state: State, volatile: Volatile) -> Result<Self, Vec<OpenError>> {
        let errors = config.check_against(&state);
        if !errors.is_empty() {
            return Err(errors);
        }
        if !volatile.verifier.is_of(&config.escrow) {
            return Err(vec![OpenError::Volatile]);
        }
        let due = |at| Deadline {
            at,
            why: "it was due when the process was left",
        };
        Ok(Self {
            config,
            state,
            verifier: volatile.verifier,
            out: volatile.out,
            histories: volatile.histories,
            looks: volatile.looks,
            reconciler: volatile.reconciler,
            replay_from: volatile.replay_from,
            replay_due: volatile.replay_due,
            verifier_due: volatile.verifier_due.map(due),
            now: volatile.now,
            recorded: 0,
            wall: volatile.wall,
            backlog: volatile.backlog,
            dispatch: volatile.dispatch,
            chaos: Chaos::off(),
        })
    }
}
