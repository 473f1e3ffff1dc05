//! The figures of a status, made from records alone: what waits and since when, what is dead, and what the last reconciliation
//! came to; and how the lane to workers stands, by what the bank told of it.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::{Act, AdminAct, Effect, Notice, Record};
use plimsoll_core::escrow::{Agreement, EscrowRecord, Resolution, TxKey};
use plimsoll_core::id::ChainId;
use plimsoll_core::machine::Intent;
use plimsoll_core::monitor::Reading;
use plimsoll_core::resilience::BreakerState;
use plimsoll_core::time::WallClock;

use super::super::broken;
use super::super::twin::Follower;
use super::NAME;
use crate::world::observe::Violation;

/// Where a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// Since when.
    Dead(WallClock),
    Dismissed,
    Settled,
}

#[derive(Debug, Clone, Copy)]
struct Life {
    /// When it was first named.
    named: WallClock,
    stage: Stage,
}

/// Everything that was named, and what is open or dead of it, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Picture {
    lives: BTreeMap<TxKey, Life>,
    open: BTreeSet<(WallClock, TxKey)>,
    dead: BTreeSet<(WallClock, TxKey)>,
    off: BTreeMap<ChainId, bool>,
}

impl Picture {
    /// Holds a status of this very moment against the records.
    pub(super) fn judge(&self, reading: &Reading, wall: WallClock) -> Result<(), Violation> {
        let age = |first: Option<&(WallClock, TxKey)>| {
            let age = first.map(|(since, _)| wall.since(*since));
            age.unwrap_or_default()
        };
        let is = (
            reading.pending,
            reading.oldest_pending,
            reading.dead_letters,
            reading.oldest_dead_letter,
        );
        let should_be = (
            self.open.len() as u64,
            age(self.open.first()),
            self.dead.len() as u64,
            age(self.dead.first()),
        );
        if is != should_be {
            let detail = format!("pending, oldest, dead, oldest: {should_be:?}, the monitor was told {is:?}");
            return Err(broken(NAME, "false_figures", detail));
        }
        for chain in &reading.chains {
            let is_off = self.off.get(&chain.chain).copied().unwrap_or(false);
            if chain.is_off != is_off {
                let detail = format!("the books of {} differ: {is_off}", chain.chain);
                return Err(broken(NAME, "false_figures", detail));
            }
        }
        Ok(())
    }

    /// Automation works on it, unless it is settled.
    fn take_up(&mut self, tx: TxKey, at: WallClock) {
        let stage = self.lives.get(&tx).map(|life| life.stage);
        match stage {
            None => {
                let (named, stage) = (at, Stage::Open);
                self.lives.insert(tx, Life { named, stage });
                self.open.insert((at, tx));
            }
            Some(Stage::Dead(_) | Stage::Dismissed) => self.enter(tx, Stage::Open),
            Some(Stage::Open | Stage::Settled) => {}
        }
    }

    fn enter(&mut self, tx: TxKey, stage: Stage) {
        let Some(life) = self.lives.get_mut(&tx) else {
            return; // what nobody named is for others to find
        };
        match core::mem::replace(&mut life.stage, stage) {
            Stage::Open => self.open.remove(&(life.named, tx)),
            Stage::Dead(since) => self.dead.remove(&(since, tx)),
            Stage::Dismissed | Stage::Settled => true,
        };
        match stage {
            Stage::Open => self.open.insert((life.named, tx)),
            Stage::Dead(since) => self.dead.insert((since, tx)),
            Stage::Dismissed | Stage::Settled => true,
        };
    }

    fn follow_escrow(&mut self, record: &EscrowRecord) {
        match record {
            EscrowRecord::ClaimFiled { tx, at, .. } => {
                if !self.lives.contains_key(tx) {
                    self.take_up(*tx, *at);
                }
            }
            EscrowRecord::Scanned { chain, found, at, .. } => {
                for tx in found {
                    let (chain, tx) = (*chain, *tx);
                    self.take_up(TxKey { chain, tx }, *at);
                }
            }
            EscrowRecord::Final { tx, .. } | EscrowRecord::Rejected { tx, .. } => {
                self.enter(*tx, Stage::Settled);
            }
            EscrowRecord::DeadLettered { tx, at, .. } => self.enter(*tx, Stage::Dead(*at)),
            EscrowRecord::DeadLetterResolved { tx, resolution, .. } => {
                let stage = match resolution {
                    Resolution::Retry => Stage::Open,
                    Resolution::Dismiss => Stage::Dismissed,
                };
                self.enter(*tx, stage);
            }
            EscrowRecord::DeadLetterReopened { tx, .. } | EscrowRecord::DeadLetterReplayed { tx, .. } => {
                self.enter(*tx, Stage::Open);
            }
            EscrowRecord::Seen { .. }
            | EscrowRecord::Reorged { .. }
            | EscrowRecord::DeadLetterDetailed { .. }
            | EscrowRecord::DismissalProposed { .. }
            | EscrowRecord::ReplayBegan { .. }
            | EscrowRecord::ReplayEnded { .. }
            | EscrowRecord::ReplayCancelled { .. }
            | EscrowRecord::DustCredited { .. }
            | EscrowRecord::Refund(_)
            | EscrowRecord::SuspenseAttributed { .. } => {}
        }
    }
}

impl Follower for Picture {
    fn follow<'a>(&mut self, records: impl Iterator<Item = &'a Record>) -> Result<(), Violation> {
        for record in records {
            match record {
                Record::Escrow(record) => self.follow_escrow(record),
                Record::Administered {
                    act: AdminAct::Process(tx),
                    at,
                    ..
                } => self.take_up(*tx, *at),
                Record::Reconciled {
                    chain,
                    reconciliation,
                } => {
                    let mut agreements = reconciliation.rows.iter().map(|row| row.agreement);
                    let is_off = agreements.any(|one| matches!(one, Agreement::Surplus | Agreement::Deficit));
                    self.off.insert(*chain, is_off);
                }
                Record::Administered { .. }
                | Record::Ledger(_)
                | Record::AssetRegistered { .. }
                | Record::UserRegistered { .. }
                | Record::AddressAssigned { .. } => {}
            }
        }
        Ok(())
    }
}

/// How the immediate lane stands, by what this life of the process told of it.
#[derive(Debug, Default)]
pub(super) struct Lane {
    is_down: bool,
}

impl Lane {
    pub(super) fn follow(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Intent::Act(Act::Notice(Notice::Lane { to, .. })) = effect {
                self.is_down = *to != BreakerState::Closed;
            }
        }
    }

    pub(super) fn judge(&self, reading: &Reading) -> Result<(), Violation> {
        if reading.is_queue_down == self.is_down {
            return Ok(());
        }
        let detail = format!("the immediate lane is down: {}", self.is_down);
        Err(broken(NAME, "false_figures", detail))
    }
}
