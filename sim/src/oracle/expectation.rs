//! What the scenario expects of its run, beyond what must be so in every run.

use std::collections::{BTreeMap, BTreeSet};

use core::time::Duration;

use plimsoll_core::bank::{Act, AdminAct, Notice, Record};
use plimsoll_core::escrow::{Beneficiary, DepositKey, EscrowRecord, TxKey};
use plimsoll_core::id::EndpointId;
use plimsoll_core::monitor::News;
use plimsoll_core::time::Instant;

use super::broken;
use crate::model::chain::Due;
use crate::world::observe::{End, Observation, Oracle, Violation};
use crate::world::plan::{AlertName, Expectations};
use crate::world::{Part, Stats};

/// The oracle's name: a run that breaks an expectation alone is neither unsafe nor stuck.
pub const NAME: &str = "expectation";

const FOUND: &str = ", found ";
const FOUND_ONLY: &str = ", found only ";

/// The oracle.
#[derive(Debug, Default)]
pub struct Expectation {
    /// When each deposit of a user became durable.
    credited: BTreeMap<DepositKey, Instant>,
    reorged: BTreeSet<TxKey>,
    dead_letters: BTreeSet<TxKey>,
    cordoned: BTreeSet<EndpointId>,
    /// How often custody was reconciled, and how often the chain had not what the books say.
    reconciled: u64,
    mismatches: u64,
    /// What was raised in any life of the process.
    raised: BTreeSet<AlertName>,
}

impl Oracle for Expectation {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Committed { records, .. } => records.iter().for_each(|record| self.note(at, record)),
            Observation::Released {
                act: Act::Notice(Notice::Cordoned { endpoint, .. } | Notice::Disagreement { endpoint }),
            } => {
                self.cordoned.insert(*endpoint);
            }
            Observation::Looked(look) => look.news.iter().for_each(|news| {
                if let News::Raised { alert, .. } = news {
                    self.raised.insert(AlertName::of(alert));
                }
            }),
            Observation::Released { .. }
            | Observation::Handled { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Crashed { .. }
            | Observation::Restarted { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Disk(_)
            | Observation::Chain(_) => {}
        }
        Ok(())
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        let expect = &end.plan.expect;
        self.check_credits(expect, end)?;
        if let Some(expected) = expect.alerts.as_ref().filter(|alerts| **alerts != self.raised) {
            let detail = format!("expected {expected:?}, raised were {:?}", self.raised);
            return Err(broken(NAME, "alerts", detail));
        }
        check_times(expect, end.stats)?;
        self.check_counts(expect, end.stats)
    }
}

impl Expectation {
    fn note(&mut self, at: Instant, record: &Record) {
        if let Record::Administered {
            act: AdminAct::Process(tx),
            ..
        } = record
        {
            self.dead_letters.remove(tx);
        }
        if let Record::Reconciled { reconciliation, .. } = record {
            self.reconciled += 1;
            self.mismatches += u64::from(reconciliation.worst().is_mismatch());
        }
        let Record::Escrow(record) = record else { return };
        match record {
            EscrowRecord::Final { tx, deposits, .. } => {
                let is_users = |beneficiary| matches!(beneficiary, Beneficiary::User(_));
                for booked in deposits
                    .iter()
                    .filter(|booked| is_users(booked.deposit.beneficiary))
                {
                    let ordinal = booked.deposit.ordinal;
                    self.credited.insert(DepositKey { tx: *tx, ordinal }, at);
                }
            }
            EscrowRecord::Reorged { tx, .. } => {
                self.reorged.insert(*tx);
            }
            EscrowRecord::DeadLettered { tx, .. } => {
                self.dead_letters.insert(*tx);
            }
            EscrowRecord::DeadLetterResolved { tx, .. }
            | EscrowRecord::DeadLetterReopened { tx, .. }
            | EscrowRecord::DeadLetterReplayed { tx, .. } => {
                self.dead_letters.remove(tx);
            }
            EscrowRecord::Scanned { chain, found, .. } => {
                for tx in found {
                    self.dead_letters.remove(&TxKey {
                        chain: *chain,
                        tx: *tx,
                    });
                }
            }
            EscrowRecord::ClaimFiled { .. }
            | EscrowRecord::Seen { .. }
            | EscrowRecord::Rejected { .. }
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

    fn check_credits(&self, expect: &Expectations, end: &End<'_>) -> Result<(), Violation> {
        if expect.all_credited {
            let is_users = |due: Due| matches!(due, Due::User(_));
            let due = end
                .chain
                .deposits(end.at)
                .filter(|(_, truth)| is_users(truth.due))
                .count();
            if due == 0 {
                let detail = "nothing was due to anybody".to_owned();
                return Err(broken(NAME, "all_credited", detail));
            }
            let missing = due.saturating_sub(self.credited.len());
            if missing > 0 {
                let detail = format!("{missing} of {due} deposits are not credited");
                return Err(broken(NAME, "all_credited", detail));
            }
        }
        let Some((from, until)) = expect.none_credited_between_ms else {
            return Ok(());
        };
        let [from, until] = [from, until].map(|ms| Instant::ZERO.after(Duration::from_millis(ms)));
        let early = self.credited.iter().find(|(_, at)| (from..until).contains(*at));
        early.map_or(Ok(()), |(key, at)| {
            let ms = at.as_nanos() / 1_000_000;
            let detail = format!("log {} of {} was credited at {ms} ms", key.ordinal, key.tx.tx);
            Err(broken(NAME, "none_credited_between_ms", detail))
        })
    }

    fn check_counts(&self, expect: &Expectations, stats: &Stats) -> Result<(), Violation> {
        let exact = [
            ("dead_letters", expect.dead_letters, stats.dead_lettered),
            (
                "dead_letters_left",
                expect.dead_letters_left,
                self.dead_letters.len() as u64,
            ),
            ("rejected", expect.rejected, stats.rejected),
            ("suspended", expect.suspended, stats.suspended),
        ];
        for (name, expected, found) in exact {
            if expected.is_some_and(|expected| expected != found) {
                return Err(missed(name, expected, found));
            }
        }
        let least = [
            ("reorged_min", expect.reorged_min, self.reorged.len() as u64),
            ("cordoned_min", expect.cordoned_min, self.cordoned.len() as u64),
            ("reported_min", expect.reported_min, stats.reported),
            ("reconciled_min", expect.reconciled_min, self.reconciled),
            ("mismatches_min", expect.mismatches_min, self.mismatches),
        ];
        for (name, expected, found) in least {
            if expected.is_some_and(|expected| found < expected) {
                return Err(missed(name, expected, found));
            }
        }
        Ok(())
    }
}

fn check_times(expect: &Expectations, stats: &Stats) -> Result<(), Violation> {
    let mut times = stats.times_to_credit.clone();
    times.sort_unstable();
    let p99 = percentile(&times, 99).unwrap_or_default();
    let recovery = stats
        .recoveries
        .iter()
        .filter(|one| one.part == Part::Process)
        .map(|one| one.took)
        .max();
    let most = [
        ("credit_p99_ms_max", expect.credit_p99_ms_max, p99),
        (
            "recovered_within_ms",
            expect.recovered_within_ms,
            recovery.unwrap_or_default(),
        ),
    ];
    for (name, expected, found) in most {
        if expected.is_some_and(|expected| found > Duration::from_millis(expected)) {
            return Err(missed(name, expected, found.as_millis()));
        }
    }
    Ok(())
}

/// The least of `sorted` that `percent` of a hundred of them do not exceed; `None` of nothing.
#[must_use]
pub fn percentile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied()
}

fn missed(name: &'static str, expected: Option<u64>, found: impl Into<u128>) -> Violation {
    let (expected, found) = (u128::from(expected.unwrap_or_default()), found.into());
    let found_word = if found < expected { FOUND_ONLY } else { FOUND };
    broken(NAME, name, format!("expected {expected}{found_word}{found}"))
}

/// Whether fewer of something were counted than expected. That says something about the scenario as a whole alone: in
/// any smaller one there are fewer.
#[must_use]
pub fn is_shortfall(violation: &Violation) -> bool {
    violation.oracle == NAME && violation.detail.contains(FOUND_ONLY)
}

#[cfg(test)]
mod tests;
