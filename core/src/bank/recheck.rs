//! Looking again at dead letters: for an operator who wants to know what a replay would come to, and each of them now and
//! then, because what has become final since is closed without a person.
//!
//! A look is one round of the verifier beside its schedule. It changes nothing by itself: only what a slow sweep finds
//! final is taken up again, and then decided upon like anything else.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Bank, DryRun, DryRunOutcome, Effect, Ours, Refusal, Reply};
use crate::escrow::verifier::Finding;
use crate::escrow::{
    Assessment, Attempt, DeadLetterReason, EscrowRecord, EscrowState, Evidence, Letter, Receipt, Stage,
    TxKey, Vote, assess, sums,
};
use crate::id::RequestId;
use crate::limits::{ATTEMPTS_KEPT_MAX, DRY_RUNS_MAX, RECHECKS_MAX};
use crate::machine::{Deadline, Effects};
use crate::time::Instant;

/// One look at a transaction that automation gave up on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Look {
    /// Who waits for what it comes to.
    requests: Vec<RequestId>,
    /// Whether it is one of the slow sweep: what is final is closed.
    is_sweep: bool,
    /// What endpoints said.
    heard: Vec<Attempt>,
}

impl Look {
    pub(super) fn hear(&mut self, attempt: Attempt) {
        if self.heard.len() < ATTEMPTS_KEPT_MAX {
            self.heard.push(attempt);
        }
    }
}

/// The looks under way, and when each dead letter is due for the next.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Looks {
    pub(super) under_way: BTreeMap<TxKey, Look>,
    /// Those that the verifier was not told of yet.
    fresh: Vec<TxKey>,
    due: BTreeSet<(Instant, TxKey)>,
    due_of: BTreeMap<TxKey, Instant>,
}

impl Looks {
    /// Those of a process that begins: the letters that stand are spread over one `pause`.
    pub(super) fn new(escrow: &EscrowState, pause: Duration) -> Self {
        let mut looks = Self::default();
        let count = u32::try_from(escrow.dead_letter_count()).unwrap_or(u32::MAX);
        let step = pause / count.saturating_add(1);
        let mut at = Instant::ZERO;
        for place in escrow.dead_letter_places() {
            at = at.after(step);
            looks.schedule(place.tx, at);
        }
        looks
    }

    fn schedule(&mut self, tx: TxKey, at: Instant) {
        if let Some(before) = self.due_of.insert(tx, at) {
            self.due.remove(&(before, tx));
        }
        self.due.insert((at, tx));
    }

    fn take_due(&mut self, now: Instant) -> Option<TxKey> {
        let (at, tx) = self.due.first().copied().filter(|(at, _)| *at <= now)?;
        self.due.remove(&(at, tx));
        self.due_of.remove(&tx);
        Some(tx)
    }

    fn has_room(&self) -> bool {
        self.under_way.values().filter(|look| look.is_sweep).count() < RECHECKS_MAX
    }

    /// When the next letter is due, if there is room to look at it.
    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        let (at, _) = self.due.first().filter(|_| self.has_room())?;
        Some(Deadline {
            at: *at,
            why: "a dead letter is looked at again",
        })
    }
}

impl Bank {
    /// Looks at the dead letters that are due, and at those that operators ask about.
    pub(super) fn recheck(&mut self, fx: &mut Effects<Effect>) {
        while self.looks.has_room()
            && let Some(tx) = self.looks.take_due(self.now)
        {
            // What was resolved or found in the meantime is dropped here.
            let is_dead = self.state.escrow().dead_letter(tx).is_some();
            if is_dead && self.config.escrow.has_chain(tx.chain) {
                self.look(tx).is_sweep = true;
            }
        }
        // A chain that is paused is not asked about: what was under way there ended with the pause.
        let is_paused = |tx: &&TxKey| self.state.orders().is_chain_paused(tx.chain);
        let paused: Vec<TxKey> = self.looks.under_way.keys().filter(is_paused).copied().collect();
        for tx in paused {
            self.on_looked(tx, &Finding::Undecided { tx: tx.tx }, fx);
        }
        for tx in core::mem::take(&mut self.looks.fresh) {
            // What is open again is being verified: that will tell as well.
            if !self.is_open(tx) && self.looks.under_way.contains_key(&tx) {
                self.verifier.look(self.now, tx, &mut self.out);
                self.verifier_due = Some(Deadline {
                    at: self.now,
                    why: "a dead letter is looked at",
                });
            }
        }
    }

    /// Has the sweep look at `tx`, which is a dead letter, after a pause.
    pub(super) fn recheck_later(&mut self, tx: TxKey) {
        self.looks
            .schedule(tx, self.now.after(self.config.escrow.recheck));
    }

    /// Begins a dry run for `request`, or refuses it.
    pub(super) fn dry_run(&mut self, request: RequestId, tx: TxKey) -> Result<(), Refusal> {
        self.check_chain(tx.chain)?;
        if self.state.orders().is_chain_paused(tx.chain) {
            return Err(Refusal::ChainPaused(tx.chain));
        }
        let stage = self.state.escrow().watch(tx).map(|watch| &watch.stage);
        if !matches!(stage, Some(Stage::DeadLetter { .. } | Stage::Dismissed)) {
            return Err(Refusal::NotADeadLetter);
        }
        let waiting = self.looks.under_way.values().map(|look| look.requests.len());
        if waiting.sum::<usize>() >= DRY_RUNS_MAX {
            return Err(Refusal::TooManyDryRuns);
        }
        self.look(tx).requests.push(request);
        Ok(())
    }

    fn look(&mut self, tx: TxKey) -> &mut Look {
        self.looks.fresh.push(tx);
        self.looks.under_way.entry(tx).or_default()
    }

    /// A verification ended. If it was a look: tells whoever waits what it comes to, and takes up again what the sweep
    /// found final.
    pub(super) fn on_looked(&mut self, tx: TxKey, finding: &Finding, fx: &mut Effects<Effect>) {
        let Some(look) = self.looks.under_way.remove(&tx) else {
            return;
        };
        let (outcome, evidence, votes) = self.would_be(tx, finding);
        let letter = self.state.escrow().dead_letter(tx);
        let (is_dead, closes) = (letter.is_some(), closes(letter, &outcome));
        if look.is_sweep && is_dead {
            if closes {
                self.escrow(EscrowRecord::DeadLetterReopened { tx, at: self.wall }, fx);
            } else {
                self.recheck_later(tx);
            }
        }
        for request in look.requests {
            let dry_run = DryRun {
                tx,
                outcome: outcome.clone(),
                evidence: evidence.clone(),
                votes: votes.clone(),
                attempts: look.heard.clone(),
            };
            self.reply(request, Reply::DryRun(Box::new(dry_run)), fx);
        }
    }

    /// What would become of `tx` if it were open, by what was found.
    fn would_be(&self, tx: TxKey, finding: &Finding) -> (DryRunOutcome, Option<Evidence>, Vec<Vote>) {
        match finding {
            Finding::Mined { receipt, evidence } => {
                let outcome = self.would_be_of_mined(tx, receipt, evidence);
                (outcome, Some(evidence.clone()), evidence.votes.clone())
            }
            Finding::Absent { votes, .. } => (DryRunOutcome::Undecided, None, votes.clone()),
            Finding::Undecided { .. }
            | Finding::Scanned { .. }
            | Finding::Counted { .. }
            | Finding::Uncounted { .. }
            | Finding::Disagreed { .. }
            | Finding::Cordoned { .. }
            | Finding::Breaker { .. } => (DryRunOutcome::Undecided, None, Vec::new()),
        }
    }

    fn would_be_of_mined(&self, tx: TxKey, receipt: &Receipt, evidence: &Evidence) -> DryRunOutcome {
        match assess(tx.chain, receipt, &self.config.registry, &Ours(self)) {
            Assessment::Deposits(deposits) if !evidence.is_final() => DryRunOutcome::Locked(deposits),
            Assessment::Deposits(deposits) if self.can_count(&deposits) => DryRunOutcome::Credited(deposits),
            Assessment::Deposits(_) => DryRunOutcome::DeadLetter(DeadLetterReason::AmountOutOfRange),
            Assessment::Nothing(reason) if evidence.is_final() => DryRunOutcome::Rejected(reason),
            Assessment::DeadLetter(reason) if evidence.is_final() => DryRunOutcome::DeadLetter(reason),
            Assessment::Nothing(_) | Assessment::DeadLetter(_) => DryRunOutcome::Undecided,
        }
    }
}

/// Whether the sweep closes a letter that would come to `outcome`. One that the rules disowned is a person's to decide,
/// until they recognise all of it again.
fn closes(letter: Option<&Letter>, outcome: &DryRunOutcome) -> bool {
    let disowned = letter.filter(|letter| letter.is_disowned());
    match outcome {
        DryRunOutcome::Credited(deposits) => {
            disowned.is_none_or(|letter| letter.amounts.as_ref() == Some(&sums(deposits)))
        }
        DryRunOutcome::Rejected(_) => disowned.is_none(),
        DryRunOutcome::Locked(_) | DryRunOutcome::DeadLetter(_) | DryRunOutcome::Undecided => false,
    }
}
