//! Which landmarks a run reaches, told from what can be seen of it.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::{Act, ActDone, AdminAct, Known, Notice, Record, Reply};
use plimsoll_core::escrow::{
    Agreement, Beneficiary, Booked, DeadLetterReason, EscrowRecord, Reconciliation, RefundRecord, Resolution,
    TxKey,
};
use plimsoll_core::id::{TxHash, UserId};
use plimsoll_core::ledger::{LedgerRecord, Refusal};
use plimsoll_core::monitor::{Alert, News};
use plimsoll_core::resilience::BreakerState;
use plimsoll_core::time::WallClock;

use super::observe::Observation;
use crate::model::chain::ChainEvent;
use crate::sometimes;
use crate::sometimes::{Reached, landmark};

/// What a watcher knows, and what was reached.
#[derive(Debug, Default)]
pub(super) struct Watcher {
    pub(super) reached: Reached,
    /// The transactions that were ever in a block.
    mined: BTreeSet<TxHash>,
    claims: BTreeMap<TxKey, Claims>,
    seen: BTreeSet<TxKey>,
    reorged: BTreeSet<TxKey>,
    dead: BTreeSet<TxKey>,
    retried: BTreeSet<TxKey>,
    /// What was raised and not resolved, in whatever life.
    raised: BTreeSet<Alert>,
    /// The last date that the process had.
    wall: Option<WallClock>,
}

/// Who claimed a transaction.
#[derive(Debug, Default)]
struct Claims {
    by: BTreeSet<UserId>,
    was_early: bool,
}

impl Watcher {
    /// Looks at one observation.
    pub(super) fn observe(&mut self, seen: &Observation<'_>) {
        match seen {
            Observation::Handled { input, bank, .. } => {
                let is_back = self
                    .wall
                    .replace(input.wall)
                    .is_some_and(|before| input.wall < before);
                sometimes!(self.reached, is_back, "a date went back");
                let hedges = bank.hedges();
                sometimes!(self.reached, hedges.sent > 0, "a slow question was hedged");
                sometimes!(
                    self.reached,
                    hedges.won > 0,
                    "a hedge was answered before the slow question"
                );
            }
            Observation::Committed { records, .. } => records.iter().for_each(|record| self.note(record)),
            Observation::Released { act } => self.hear(act),
            Observation::Crashed { uncommitted, .. } => {
                let is_lost = !uncommitted.is_empty();
                sometimes!(
                    self.reached,
                    is_lost,
                    "a crash took records of which nobody had heard"
                );
            }
            Observation::Restarted { bank, .. } => {
                let has_work = bank.state().escrow().open().next().is_some();
                sometimes!(
                    self.reached,
                    has_work,
                    "a process started with transactions under way"
                );
            }
            Observation::Chain(ChainEvent::Mined { tx, .. }) => {
                self.mined.insert(*tx);
            }
            Observation::Looked(look) => self.note_news(look.news),
            Observation::ReplyDelivered { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Disk(_)
            | Observation::Chain(_) => {}
        }
    }

    fn note_news(&mut self, news: &[News]) {
        for news in news {
            match news {
                News::Raised { alert, .. } => {
                    if let Some(place) = told(alert) {
                        self.reached.note(place);
                    }
                    let is_again = !self.raised.insert(alert.clone());
                    sometimes!(
                        self.reached,
                        is_again,
                        "an alert was told again by a process that began anew"
                    );
                }
                News::Resolved { alert, .. } => {
                    self.raised.remove(alert);
                    sometimes!(self.reached, true, "an alert was over");
                }
                News::Repeated { .. } | News::Level { .. } => {}
            }
        }
    }

    fn hear(&mut self, act: &Act) {
        match act {
            Act::Notice(Notice::Breaker { from, to, .. }) => {
                let was_half_open = *from == BreakerState::HalfOpen;
                let fails = was_half_open && *to == BreakerState::Open;
                let closes = was_half_open && *to == BreakerState::Closed;
                sometimes!(
                    self.reached,
                    fails,
                    "a half-open breaker admitted a call that failed"
                );
                sometimes!(self.reached, closes, "a breaker closed again");
            }
            Act::Notice(Notice::Disagreement { .. }) => {
                sometimes!(self.reached, true, "an endpoint was outvoted and shut out");
            }
            Act::Notice(Notice::Cordoned { .. }) => {
                sometimes!(self.reached, true, "an endpoint of another chain was shut out");
            }
            Act::Reply { reply, .. } => {
                let is_repeated = matches!(reply, Reply::Outcome { replayed: true, .. });
                sometimes!(
                    self.reached,
                    is_repeated,
                    "a repeated request got its first outcome"
                );
                let is_conflict = matches!(reply, Reply::Conflict { .. });
                sometimes!(
                    self.reached,
                    is_conflict,
                    "a key was used again for something else"
                );
            }
            Act::Notice(
                Notice::Stage { .. }
                | Notice::Credited { .. }
                | Notice::DeadLettered { .. }
                | Notice::Refund { .. }
                | Notice::Lane { .. },
            )
            | Act::Ask { .. }
            | Act::Queue { .. } => {}
        }
    }

    fn note(&mut self, record: &Record) {
        match record {
            Record::Ledger(record) => self.note_ledger(record),
            Record::Escrow(record) => self.note_escrow(record),
            Record::Administered { act, done, .. } => self.note_act(act, *done),
            Record::Reconciled { reconciliation, .. } => self.note_reconciled(reconciliation),
            Record::AssetRegistered { .. }
            | Record::UserRegistered { .. }
            | Record::AddressAssigned { .. } => {}
        }
    }

    fn note_reconciled(&mut self, reconciliation: &Reconciliation) {
        let worst = reconciliation.worst();
        sometimes!(
            self.reached,
            worst == Agreement::Even,
            "the chain had what the books said"
        );
        sometimes!(
            self.reached,
            worst == Agreement::Open,
            "a reconciliation left open what was not decided yet"
        );
        sometimes!(
            self.reached,
            worst.is_mismatch(),
            "the chain had not what the books said"
        );
    }

    fn note_act(&mut self, act: &AdminAct, done: ActDone) {
        match act {
            AdminAct::Process(tx) => {
                let known = |of| done == ActDone::Processing { known: of };
                sometimes!(
                    self.reached,
                    known(Known::Unnamed),
                    "an operator had a transaction verified that nobody had named"
                );
                let is_revived = known(Known::GivenUp);
                sometimes!(
                    self.reached,
                    is_revived,
                    "an operator had a dead letter verified again"
                );
                if is_revived {
                    self.retried.insert(*tx);
                }
            }
            AdminAct::Breaker { .. } => {
                sometimes!(self.reached, true, "an operator gave a breaker an order");
            }
            AdminAct::Sweep => {
                let is_work = matches!(done, ActDone::Swept { due } if due > 0);
                sometimes!(
                    self.reached,
                    is_work,
                    "an operator made what was open due at once"
                );
            }
            AdminAct::Reconcile(_) | AdminAct::Refund(_) => {}
            AdminAct::PauseChain(_) => sometimes!(self.reached, true, "an operator paused a chain"),
            AdminAct::PauseEndpoint(_) => sometimes!(self.reached, true, "an operator paused an endpoint"),
            AdminAct::Drain => sometimes!(self.reached, true, "an operator let nothing new in"),
            AdminAct::ResumeChain(_) | AdminAct::ResumeEndpoint(_) | AdminAct::Undrain => {}
        }
    }

    fn note_ledger(&mut self, record: &LedgerRecord) {
        match record {
            LedgerRecord::HoldExpired { .. } => sometimes!(self.reached, true, "a hold expired"),
            LedgerRecord::HoldPosted { amounts, .. } => {
                sometimes!(self.reached, amounts.is_some(), "a hold was posted in part");
            }
            LedgerRecord::Reversed { .. } => sometimes!(self.reached, true, "a payment was reversed"),
            LedgerRecord::Refused { refusal, .. } => {
                let is_poor = matches!(refusal, Refusal::InsufficientFunds { .. });
                sometimes!(self.reached, is_poor, "a payment was refused for lack of money");
                let is_late = matches!(
                    refusal,
                    Refusal::HoldAlreadyPosted { .. }
                        | Refusal::HoldAlreadyVoided { .. }
                        | Refusal::HoldExpired { .. }
                );
                sometimes!(self.reached, is_late, "a hold was posted after it was resolved");
            }
            LedgerRecord::Posted { .. }
            | LedgerRecord::Held { .. }
            | LedgerRecord::HoldVoided { .. }
            | LedgerRecord::AccountsOpened { .. }
            | LedgerRecord::LimitsSet { .. } => {}
        }
    }

    fn note_escrow(&mut self, record: &EscrowRecord) {
        match record {
            EscrowRecord::ClaimFiled { user, tx, .. } => {
                let is_mined = self.mined.contains(&tx.tx);
                let claims = self.claims.entry(*tx).or_default();
                claims.by.insert(*user);
                claims.was_early |= !is_mined;
            }
            EscrowRecord::Scanned { chain, found, .. } => {
                let key = |tx: &TxHash| TxKey {
                    chain: *chain,
                    tx: *tx,
                };
                let revives = found.iter().any(|tx| self.dead.contains(&key(tx)));
                sometimes!(self.reached, revives, "the scanner revived a dead letter");
            }
            EscrowRecord::Seen { tx, .. } => {
                let again = self.reorged.contains(tx);
                sometimes!(self.reached, again, "a reorged transaction was seen again");
                self.seen.insert(*tx);
            }
            EscrowRecord::Reorged { tx, .. } => {
                self.reorged.insert(*tx);
            }
            EscrowRecord::Final { tx, deposits, .. } => self.note_final(*tx, deposits),
            EscrowRecord::DeadLettered { tx, reason, .. } => self.note_dead(*tx, *reason),
            EscrowRecord::DeadLetterResolved { tx, resolution, .. } => {
                if *resolution == Resolution::Retry {
                    self.retried.insert(*tx);
                }
            }
            EscrowRecord::SuspenseAttributed { .. } => {
                sometimes!(self.reached, true, "a suspended deposit was given to its owner");
            }
            EscrowRecord::DustCredited { .. } => {
                sometimes!(
                    self.reached,
                    true,
                    "deposits below the minimum were credited together"
                );
            }
            EscrowRecord::Refund(record) => self.note_refund(record),
            EscrowRecord::DeadLetterReplayed { tx, .. } => {
                sometimes!(self.reached, true, "a replay took up a dead letter");
                self.retried.insert(*tx);
            }
            EscrowRecord::DeadLetterReopened { .. } => {
                sometimes!(self.reached, true, "a dead letter closed by itself");
            }
            EscrowRecord::DismissalProposed { .. } => {
                sometimes!(self.reached, true, "a dismissal waited for a second operator");
            }
            EscrowRecord::Rejected { .. }
            | EscrowRecord::DeadLetterDetailed { .. }
            | EscrowRecord::ReplayBegan { .. }
            | EscrowRecord::ReplayEnded { .. }
            | EscrowRecord::ReplayCancelled { .. } => {}
        }
    }

    fn note_refund(&mut self, record: &RefundRecord) {
        match record {
            RefundRecord::Proposed { .. } => {
                sometimes!(self.reached, true, "a refund waited for a second operator");
            }
            RefundRecord::Settled { .. } => sometimes!(self.reached, true, "a deposit was sent back"),
            RefundRecord::Withdrawn { .. } => sometimes!(self.reached, true, "a refund was withdrawn"),
            RefundRecord::Requested { .. } => {}
        }
    }

    fn note_dead(&mut self, tx: TxKey, reason: DeadLetterReason) {
        self.dead.insert(tx);
        let is_huge = reason == DeadLetterReason::AmountOutOfRange;
        sometimes!(
            self.reached,
            is_huge,
            "a person was called for an amount that no ledger can count"
        );
        let is_impatient = matches!(
            reason,
            DeadLetterReason::Unseen | DeadLetterReason::ReorgedOut | DeadLetterReason::NotFinal
        );
        sometimes!(self.reached, is_impatient, "automation lost its patience");
    }

    fn note_final(&mut self, tx: TxKey, deposits: &[Booked]) {
        sometimes!(
            self.reached,
            deposits.len() > 1,
            "a transaction with several deposits was posted"
        );
        let has_product = deposits.iter().any(|booked| booked.purchase.is_some());
        sometimes!(self.reached, has_product, "a deposit bought its product");
        let owner = |booked: &Booked| match booked.deposit.beneficiary {
            Beneficiary::User(user) => Some(user),
            Beneficiary::Suspense(_) => None,
        };
        let owners: BTreeSet<UserId> = deposits.iter().filter_map(owner).collect();
        if owners.is_empty() {
            return;
        }
        let was_reorged = self.reorged.contains(&tx);
        sometimes!(self.reached, was_reorged, "a reorged deposit was credited later");
        let was_unseen = !self.seen.contains(&tx);
        sometimes!(
            self.reached,
            was_unseen,
            "a deposit was credited that was never seen before it was final"
        );
        let was_retried = self.retried.contains(&tx);
        sometimes!(
            self.reached,
            was_retried,
            "a dead letter was retried and credited"
        );
        let claims = self.claims.get(&tx);
        sometimes!(
            self.reached,
            claims.is_none(),
            "a deposit was credited that nobody had claimed"
        );
        let was_early = claims.is_some_and(|claims| claims.was_early);
        sometimes!(
            self.reached,
            was_early,
            "a deposit was credited that was claimed before it was mined"
        );
        let was_stolen = claims.is_some_and(|claims| !claims.by.is_subset(&owners));
        sometimes!(
            self.reached,
            was_stolen,
            "a deposit was credited to its owner and not to the thief of its hash"
        );
    }
}

/// The landmark that `alert` was told. That the scanner is far behind is told in no run: in every world two providers tell
/// everything, and keep it.
const fn told(alert: &Alert) -> Option<usize> {
    Some(match alert {
        Alert::BankSilent => landmark("people were told that the bank says nothing"),
        Alert::JournalFailing => landmark("people were told that the journal fails"),
        Alert::UpstreamsFew(_) => landmark("people were told that a chain has too few upstreams"),
        Alert::BooksDiffer(_) => landmark("people were told that the books differ"),
        Alert::HistoryShort(_) => return None,
        Alert::DeadLetterOld => landmark("people were told of an old dead letter"),
        Alert::DeadLettersMany => landmark("people were told of many dead letters"),
        Alert::QueueDown => landmark("people were told that the queue is down"),
        Alert::FinalityLags(_) => landmark("people were told that finality lags"),
        Alert::PendingOld => landmark("people were told that something waits for long"),
        Alert::PendingMany => landmark("people were told that many wait"),
        Alert::EndpointsDown(_) => landmark("people were told that endpoints are down"),
        Alert::DeadLetterNew => landmark("people were told of a new dead letter"),
    })
}
