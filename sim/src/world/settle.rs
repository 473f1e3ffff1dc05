//! Liveness: what is not settled once the plan's time is over, and may it wait?
//!
//! Everything must come to rest: every client answered, every valid and final deposit posted, everything else that
//! the bank watches decided, nothing waiting for a commit. A transaction that no block holds may be watched for ever.
//! A dead letter is at rest, since a person must look at it, unless the scanner is still to find it and revive it. If the plan leaves the bank without what it needs for ever, it may wait for ever.

use core::time::Duration;

use plimsoll_core::time::Instant;

use super::event::Happening;
use super::outcome::Verdict;
use super::progress::Standing;
use super::{PROBE_INTERVAL, World};
use crate::fault::{ChainFault, DiskFault, EndpointFault, Fault, LinkFault, LinkName};
use crate::model::chain::{Due, Truth, TxIndex};
use crate::model::users::Purpose;

/// The most findings in a liveness failure.
const FINDINGS_MAX: usize = 10;

impl World<'_> {
    /// Ends the run if everything is settled or the time to settle is over.
    pub(super) fn on_probe(&mut self) {
        let now = self.schedule.now();
        if self.is_settled() {
            self.verdict = Some(Verdict::Passed);
            return;
        }
        let over_at = Duration::from_millis(self.plan.duration_ms.saturating_add(self.plan.converge_ms));
        if now.since(Instant::ZERO) < over_at {
            return self.schedule.after(PROBE_INTERVAL, Happening::Probe);
        }
        self.verdict = Some(if self.may_wait_for_ever() {
            Verdict::Passed
        } else {
            Verdict::Liveness(self.findings().take(FINDINGS_MAX).collect())
        });
    }

    fn is_settled(&self) -> bool {
        self.outstanding == 0 && self.host.is_idle() && self.findings().next().is_none()
    }

    /// Everything that is not settled, in words.
    fn findings(&self) -> impl Iterator<Item = String> {
        let outstanding =
            (self.outstanding > 0).then(|| format!("{} deeds or blocks are still to come", self.outstanding));
        let busy = (!self.host.is_idle()).then(|| {
            let what = if self.host.process.is_running() {
                "waits for a commit"
            } else {
                "is down"
            };
            format!("the process {what}")
        });
        let calls = self
            .users
            .unsettled()
            .filter(|(purpose, _, is_refused)| !(*is_refused && self.is_moot(*purpose)));
        let calls = calls.map(|(_, message, _)| format!("nobody answered {message:?}"));
        let transactions = self
            .chain
            .transactions()
            .filter_map(|index| self.unsettled(index));
        outstanding
            .into_iter()
            .chain(busy)
            .chain(calls)
            .chain(transactions)
    }

    /// Why the bank is not done with a transaction, if it is not.
    fn unsettled(&self, index: TxIndex) -> Option<String> {
        let now = self.schedule.now();
        let standing = self.progress.standing(index);
        let is_final = self.chain.is_final(index, now);
        let is_mined = self.chain.block_of(index, now).is_some();
        let is_for_person = is_final && self.chain.needs_person(index);
        let is_due = is_final && self.chain.deposits_of(index).next().is_some();
        let is_settled = match standing {
            Standing::Unnamed => !is_due && !is_for_person && (is_final || !is_mined),
            Standing::Observed | Standing::Reorged => !is_mined,
            Standing::Seen => false,
            Standing::Final => is_due,
            Standing::Rejected => is_final && !is_due,
            Standing::DeadLetter | Standing::Dismissed if is_due => {
                self.progress.is_found(&self.chain.hash_of(index))
            }
            Standing::DeadLetter | Standing::Dismissed => is_final || !is_mined,
        };
        (!is_settled).then(|| {
            let where_ = match (is_final, is_mined) {
                (true, _) => "final",
                (false, true) => "in a block",
                (false, false) => "in no block",
            };
            format!(
                "{} is {where_} on the chain and {standing:?} in the journal",
                self.chain.hash_of(index)
            )
        })
    }

    /// Whether what an operator wants can never be: the deposit is not there to be given to anybody.
    fn is_moot(&self, purpose: Purpose) -> bool {
        let Purpose::Attribute { deposit } = purpose else {
            return false;
        };
        let can_be_given = self.chain.find(&deposit.tx.tx).is_some_and(|index| {
            let mut deposits = self.chain.deposits_of(index);
            let is_final = self.chain.is_final(index, self.schedule.now());
            let is_suspended = |truth: &Truth| matches!(truth.due, Due::Suspense(_));
            let is_dead = match self.progress.standing(index) {
                Standing::DeadLetter | Standing::Dismissed => true,
                Standing::Unnamed
                | Standing::Observed
                | Standing::Seen
                | Standing::Reorged
                | Standing::Final
                | Standing::Rejected => false,
            };
            is_final && !is_dead && deposits.any(|(key, truth)| key == deposit && is_suspended(truth))
        });
        !can_be_given || self.progress.is_attributed(&deposit)
    }

    /// Whether a fault that never ends leaves the bank without what it needs.
    fn may_wait_for_ever(&self) -> bool {
        let for_ever = || {
            self.plan
                .faults
                .iter()
                .filter(|fault| fault.until_ms.is_none())
                .map(|one| &one.fault)
        };
        let starves = |fault: &Fault| match fault {
            Fault::Network { link, fault, .. } => {
                *fault == LinkFault::Partition && matches!(link, LinkName::AllEndpoints | LinkName::Users)
            }
            Fault::Store { .. } => true,
            Fault::Disk { fault } => matches!(fault, DiskFault::SyncFailed { .. }),
            // A process comes back, or the plan is refused.
            Fault::Process { .. } | Fault::Endpoint { .. } => false,
            Fault::Chain { fault } => *fault == ChainFault::FinalityStall,
        };
        let silences = |fault: &Fault, number: usize| match fault {
            Fault::Endpoint { endpoint, fault, .. } => {
                usize::from(*endpoint) == number && !matches!(fault, EndpointFault::Slow { .. })
            }
            Fault::Network {
                link: LinkName::Endpoint { endpoint },
                fault,
                ..
            } => usize::from(*endpoint) == number && *fault == LinkFault::Partition,
            Fault::Network { .. }
            | Fault::Store { .. }
            | Fault::Disk { .. }
            | Fault::Process { .. }
            | Fault::Chain { .. } => false,
        };
        let is_hit = |number: usize| for_ever().any(|fault| silences(fault, number));
        let endpoints = self.plan.topology.endpoints.iter().enumerate();
        let mut sound = endpoints
            .filter(|(number, _)| !is_hit(*number))
            .map(|(_, one)| &one.provider);
        let first = sound.next();
        let has_quorum = sound.any(|provider| Some(provider) != first);
        for_ever().any(starves) || !has_quorum
    }
}
