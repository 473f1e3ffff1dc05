//! What people are told is so: balances and claims are those of the records so far.
//!
//! A claim shows its claimant's own deposits, in the stage in which their transaction is, and nobody else's: a hash that
//! was stolen tells the thief nothing (trap E19).

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::{Act, AdminAct, ClaimStatus, ClaimVerdict, ClaimView, Event, Query, Record, Reply};
use plimsoll_core::escrow::{Beneficiary, Booked, DeadLetterReason, EscrowRecord, Reason, Resolution, TxKey};
use plimsoll_core::id::{AssetId, ClaimId, RequestId, UserId};
use plimsoll_core::ledger::{AccountKey, Balance, Owner};
use plimsoll_core::machine::Intent;
use plimsoll_core::time::Instant;

use super::books::Books;
use super::broken;
use super::twin::{Follower, Twin};
use crate::world::observe::{End, Observation, Oracle, Violation};

const NAME: &str = "told";

/// The oracle.
#[derive(Debug, Default)]
pub struct Told {
    twin: Twin<Picture>,
}

#[derive(Debug, Clone, Default)]
struct Picture {
    books: Books,
    claims: BTreeMap<ClaimId, (UserId, TxKey)>,
    stages: BTreeMap<TxKey, Stage>,
}

#[derive(Debug, Clone)]
enum Stage {
    Observed,
    Seen(Vec<Booked>),
    Reorged,
    Final(Vec<Booked>),
    Rejected(Reason),
    DeadLetter(DeadLetterReason),
    Dismissed,
}

impl Oracle for Told {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        let Observation::Handled { input, effects, .. } = seen else {
            return self.twin.observe(seen);
        };
        for effect in *effects {
            match effect {
                Intent::Record(record) => self.twin.live.follow(std::iter::once(record))?,
                Intent::Act(Act::Reply { request, reply }) => {
                    self.judge(*request, reply, &input.event)
                        .map_err(|why| broken(NAME, "untrue_reply", why))?;
                }
                Intent::Act(Act::Ask { .. } | Act::Queue { .. } | Act::Notice(_)) => {}
            }
        }
        Ok(())
    }

    fn finish(&mut self, _end: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

impl Told {
    /// Whether a reply is true by the records before it, or why not.
    fn judge(&self, request: RequestId, reply: &Reply, event: &Event) -> Result<(), String> {
        let picture = &self.twin.live;
        match reply {
            Reply::Balances(balances) => match event {
                Event::Query {
                    request: asked,
                    query: Query::Balances(user),
                } if *asked == request => picture.judge_balances(*user, balances),
                Event::Query { .. }
                | Event::Command { .. }
                | Event::Tick
                | Event::Answered { .. }
                | Event::Queued { .. } => {
                    Err(format!("{request} was told balances and did not ask for them"))
                }
            },
            Reply::Claim { claim, .. } => picture.judge_claim(claim),
            Reply::User { .. }
            | Reply::Outcome { .. }
            | Reply::Transaction(_)
            | Reply::DeadLetters(_)
            | Reply::DeadLetter(_)
            | Reply::DeadLetterGroups(_)
            | Reply::DryRun(_)
            | Reply::Replay(_)
            | Reply::Proposed
            | Reply::Suspense(_)
            | Reply::Refunds { .. }
            | Reply::Done
            | Reply::Reported { .. }
            | Reply::Administered { .. }
            | Reply::Status(_)
            | Reply::Reconciliations { .. }
            | Reply::Conflict { .. }
            | Reply::Refused(_) => Ok(()),
        }
    }
}

impl Picture {
    fn judge_balances(&self, user: UserId, told: &[(AssetId, Balance)]) -> Result<(), String> {
        let owner = Owner::User(user);
        let moved = self.books.lines().filter(|(account, _)| account.owner == owner);
        let moved: BTreeSet<AssetId> = moved.map(|(account, _)| account.asset).collect();
        let shown: BTreeSet<AssetId> = told.iter().map(|(asset, _)| *asset).collect();
        if let Some(asset) = moved.difference(&shown).next() {
            return Err(format!("{user} was not told of {asset}"));
        }
        for (asset, balance) in told {
            let line = self.books.line(AccountKey { owner, asset: *asset });
            let (held, incoming) = line.held_and_incoming(owner);
            let found = [balance.available, balance.held, balance.incoming].map(|amount| amount.minor());
            let so = [line.available(owner), held, incoming];
            if found != so {
                return Err(format!(
                    "{user} was told of {found:?} {asset} available, held and incoming: it is {so:?}"
                ));
            }
        }
        Ok(())
    }

    fn judge_claim(&self, claim: &ClaimView) -> Result<(), String> {
        let ClaimView { id, user, tx, .. } = *claim;
        if self.claims.get(&id) != Some(&(user, tx)) {
            return Err(format!("{id} is not {user}'s claim of {}", tx.tx));
        }
        let stage = self.stages.get(&tx);
        let mine = |deposits: &[Booked]| -> Vec<Booked> {
            let is_mine = |booked: &&Booked| booked.deposit.beneficiary == Beneficiary::User(user);
            deposits.iter().filter(is_mine).copied().collect()
        };
        let is_so = match (&claim.status, stage) {
            (ClaimStatus::Observed | ClaimStatus::Verifying, Some(Stage::Observed))
            | (ClaimStatus::Reorged, Some(Stage::Reorged))
            | (ClaimStatus::Dismissed, Some(Stage::Dismissed)) => true,
            (ClaimStatus::Seen(shown), Some(Stage::Seen(deposits))) => *shown == mine(deposits),
            (ClaimStatus::DeadLetter(shown), Some(Stage::DeadLetter(reason))) => shown == reason,
            (ClaimStatus::Settled(verdict), Some(Stage::Rejected(reason))) => {
                *verdict == ClaimVerdict::Rejected(*reason)
            }
            (ClaimStatus::Settled(verdict), Some(Stage::Final(deposits))) => {
                is_verdict(verdict, &mine(deposits), deposits)
            }
            (_, _) => false,
        };
        if is_so {
            return Ok(());
        }
        Err(format!(
            "{user} was told that {} is {:?}: it is {stage:?}",
            tx.tx, claim.status
        ))
    }
}

/// Whether a claimant whose deposits are `mine` among those of a final transaction is told what it is to them.
fn is_verdict(verdict: &ClaimVerdict, mine: &[Booked], all: &[Booked]) -> bool {
    let is_nobodys = |booked: &&Booked| matches!(booked.deposit.beneficiary, Beneficiary::Suspense(_));
    let nobodys: Vec<Booked> = all.iter().filter(is_nobodys).copied().collect();
    match verdict {
        ClaimVerdict::Credited(shown) => !shown.is_empty() && shown == mine,
        ClaimVerdict::Suspense(shown) => mine.is_empty() && !shown.is_empty() && *shown == nobodys,
        ClaimVerdict::Rejected(reason) => {
            mine.is_empty() && nobodys.is_empty() && *reason == Reason::NotYours
        }
    }
}

impl Follower for Picture {
    fn follow<'a>(&mut self, records: impl Iterator<Item = &'a Record>) -> Result<(), Violation> {
        for record in records {
            match record {
                Record::Ledger(record) => {
                    let entered = self.books.enter(record);
                    entered.map_err(|why| broken(NAME, "impossible_record", why))?;
                }
                Record::Escrow(record) => self.follow_escrow(record),
                Record::Administered {
                    act: AdminAct::Process(tx),
                    ..
                } => self.take_up(*tx),
                Record::Administered { .. }
                | Record::AssetRegistered { .. }
                | Record::UserRegistered { .. }
                | Record::Reconciled { .. }
                | Record::AddressAssigned { .. } => {}
            }
        }
        Ok(())
    }
}

impl Picture {
    /// Automation begins with a transaction, or begins again.
    fn take_up(&mut self, tx: TxKey) {
        let stage = self.stages.entry(tx).or_insert(Stage::Observed);
        if matches!(stage, Stage::DeadLetter(_) | Stage::Dismissed) {
            *stage = Stage::Observed;
        }
    }

    fn follow_escrow(&mut self, record: &EscrowRecord) {
        let (tx, stage) = match record {
            EscrowRecord::ClaimFiled { claim, user, tx, .. } => {
                self.claims.insert(*claim, (*user, *tx));
                self.stages.entry(*tx).or_insert(Stage::Observed);
                return;
            }
            EscrowRecord::Scanned { chain, found, .. } => {
                for tx in found.iter().map(|tx| TxKey {
                    chain: *chain,
                    tx: *tx,
                }) {
                    self.take_up(tx);
                }
                return;
            }
            EscrowRecord::DeadLetterDetailed { .. }
            | EscrowRecord::DismissalProposed { .. }
            | EscrowRecord::ReplayBegan { .. }
            | EscrowRecord::ReplayEnded { .. }
            | EscrowRecord::ReplayCancelled { .. }
            | EscrowRecord::DustCredited { .. }
            | EscrowRecord::Refund(_)
            | EscrowRecord::SuspenseAttributed { .. } => return,
            EscrowRecord::DeadLetterReopened { tx, .. } | EscrowRecord::DeadLetterReplayed { tx, .. } => {
                (tx, Stage::Observed)
            }
            EscrowRecord::Seen { tx, deposits, .. } => (tx, Stage::Seen(deposits.clone())),
            EscrowRecord::Reorged { tx, .. } => (tx, Stage::Reorged),
            EscrowRecord::Final { tx, deposits, .. } => (tx, Stage::Final(deposits.clone())),
            EscrowRecord::Rejected { tx, reason, .. } => (tx, Stage::Rejected(*reason)),
            EscrowRecord::DeadLettered { tx, reason, .. } => (tx, Stage::DeadLetter(*reason)),
            EscrowRecord::DeadLetterResolved { tx, resolution, .. } => match resolution {
                Resolution::Retry => (tx, Stage::Observed),
                Resolution::Dismiss => (tx, Stage::Dismissed),
            },
        };
        self.stages.insert(*tx, stage);
    }
}

#[cfg(test)]
mod tests;
