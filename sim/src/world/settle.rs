//! Liveness: what is not settled once the plan's time is over, and may it wait?
//!
//! Everything must come to rest: every client answered, every valid and final deposit posted, everything else that
//! the bank watches decided, nothing waiting for a commit. A transaction that no block holds may be watched for ever.
//! A dead letter is at rest, since a person must look at it, unless the scanner is still to find it and revive it. What
//! needs something that the plan took away for ever may wait for ever, and says for what: see `excuse`.

use core::time::Duration;

use plimsoll_core::time::Instant;

use super::event::Happening;
use super::excuse::{Dependency, Excuses, Waiting};
use super::outcome::Verdict;
use super::plan::Deed;
use super::progress::Standing;
use super::{PROBE_INTERVAL, World};
use crate::model::chain::{Due, Truth, TxIndex};
use crate::model::users::{Message, Purpose};
use crate::sometimes;

/// The most findings in a liveness failure.
const FINDINGS_MAX: usize = 10;

/// Something that is not settled, and what it may wait for.
struct Finding {
    what: String,
    needs: &'static [Dependency],
}

impl World<'_> {
    /// Ends the run if everything is settled or the time to settle is over.
    pub(super) fn on_probe(&mut self) {
        let now = self.schedule.now();
        let over_at = Duration::from_millis(self.plan.duration_ms);
        if now.since(Instant::ZERO) == over_at {
            self.leave_core();
        }
        if self.is_settled() {
            let is_limping = self.plan.core.is_some() && self.troubles.iter().any(|one| one.is_on);
            sometimes!(
                self.reached(),
                is_limping,
                "everything settled though endpoints stayed broken"
            );
            self.verdict = Some(Verdict::Passed);
            return;
        }
        if now.since(Instant::ZERO) < over_at + Duration::from_millis(self.plan.converge_ms) {
            return self.schedule.after(PROBE_INTERVAL, Happening::Probe);
        }
        self.classify();
    }

    /// Whatever is left must wait for something that is gone for ever.
    fn classify(&mut self) {
        let excuses = Excuses::of(self.plan, &self.troubles);
        let (mut waiting, mut stuck) = (Vec::new(), Vec::new());
        for Finding { what, needs } in self.findings() {
            match excuses.for_want_of(needs) {
                Some(reason) => waiting.push(Waiting { what, reason }),
                None => stuck.push(what),
            }
        }
        self.verdict = Some(if stuck.is_empty() {
            Verdict::Passed
        } else {
            stuck.truncate(FINDINGS_MAX);
            Verdict::Liveness(stuck)
        });
        self.stats.waiting = waiting;
    }

    /// Whether there are no [`findings`](Self::findings), of which none is put into words.
    fn is_settled(&self) -> bool {
        self.outstanding == 0
            && self.host.is_idle()
            && self.open_calls().next().is_none()
            && !self.chain.transactions().any(|index| self.is_unsettled(index))
    }

    /// Everything that is not settled.
    fn findings(&self) -> impl Iterator<Item = Finding> {
        use Dependency::{Endpoints, Finality, Store, Users};
        let outstanding = (self.outstanding > 0).then(|| Finding {
            what: format!("{} deeds or blocks are still to come", self.outstanding),
            needs: &[Users, Store],
        });
        let busy = (!self.host.is_idle()).then(|| {
            let what = if self.host.process.is_running() {
                "waits for a commit"
            } else {
                "is down"
            };
            Finding {
                what: format!("the process {what}"),
                needs: &[Store],
            }
        });
        let calls = self.open_calls().map(|(purpose, message)| Finding {
            what: format!("nobody answered {message:?}"),
            needs: match purpose {
                Purpose::Attribute { .. } => &[Users, Store, Endpoints, Finality],
                Purpose::Register { .. }
                | Purpose::Pay { .. }
                | Purpose::ListDeadLetters { .. }
                | Purpose::Order { .. }
                | Purpose::Nothing => &[Users, Store],
            },
        });
        let transactions = self
            .chain
            .transactions()
            .filter_map(|index| self.unsettled(index));
        // What an operator ordered to rest may wait until they can be heard again.
        let has_orders = self.plan.workload.iter().any(Deed::is_lasting_order);
        let transactions = transactions.map(move |what| Finding {
            what,
            needs: if has_orders {
                &[Store, Endpoints, Finality, Users]
            } else {
                &[Store, Endpoints, Finality]
            },
        });
        outstanding
            .into_iter()
            .chain(busy)
            .chain(calls)
            .chain(transactions)
    }

    /// Calls that are not answered and may yet be.
    fn open_calls(&self) -> impl Iterator<Item = (Purpose, &Message)> {
        let calls = self.users.unsettled();
        calls
            .filter(|(purpose, _, is_refused)| !(*is_refused && self.is_moot(*purpose)))
            .map(|(purpose, message, _)| (purpose, message))
    }

    /// Why the bank is not done with a transaction, if it is not.
    pub(super) fn unsettled(&self, index: TxIndex) -> Option<String> {
        self.is_unsettled(index).then(|| {
            let now = self.schedule.now();
            let is_mined = self.chain.block_of(index, now).is_some();
            let where_ = match (self.chain.is_final(index, now), is_mined) {
                (true, _) => "final",
                (false, true) => "in a block",
                (false, false) => "in no block",
            };
            let standing = self.progress.standing(index);
            format!(
                "{} is {where_} on the chain and {standing:?} in the journal",
                self.chain.hash_of(index)
            )
        })
    }

    /// Whether a transaction stands otherwise in the journal than it must in the end.
    pub(super) fn is_unsettled(&self, index: TxIndex) -> bool {
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
        !is_settled
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
        !can_be_given || self.progress.is_attributed(&deposit) || self.progress.is_refunded(&deposit)
    }
}
