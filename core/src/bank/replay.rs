//! Resolving dead letters: one by an operator, some after a second one approved, many by a replay.

use core::time::Duration;

use super::command::check_text;
use super::{Bank, Effect, Refusal, Reply};
use crate::escrow::{EscrowRecord, LetterPlace, Replay, ReplayEnd, ReplayPlan, Resolution, TxKey};
use crate::id::{AssetId, ReplayId, Text};
use crate::limits::{LETTERS_LOOKED_AT_MAX, REPLAY_RATE_MAX};
use crate::machine::{Deadline, Effects};
use crate::money::Amount;

impl Bank {
    pub(super) fn resolve(
        &mut self,
        tx: TxKey,
        resolution: Resolution,
        actor: Text,
        reason: Text,
        fx: &mut Effects<Effect>,
    ) -> Result<Reply, Refusal> {
        check_text("actor", &actor)?;
        check_text("reason", &reason)?;
        let letter = self
            .state
            .escrow()
            .dead_letter(tx)
            .ok_or(Refusal::NotADeadLetter)?;
        let at = self.wall;
        match resolution {
            Resolution::Retry => self.check_chain(tx.chain)?,
            Resolution::Dismiss => {
                let proposer = letter.proposal.as_ref().map(|proposal| &proposal.actor);
                if !self.may_decide(letter.amounts.as_deref(), proposer, &actor)? {
                    let record = EscrowRecord::DismissalProposed {
                        tx,
                        actor,
                        reason,
                        at,
                    };
                    self.escrow(record, fx);
                    return Ok(Reply::Proposed);
                }
            }
        }
        let record = EscrowRecord::DeadLetterResolved {
            tx,
            resolution,
            actor,
            reason,
            at,
        };
        self.escrow(record, fx);
        match resolution {
            Resolution::Retry => self.watch(tx),
            Resolution::Dismiss => {}
        }
        Ok(Reply::Done)
    }

    /// Whether `actor` may give `amounts` away: alone if they are small, otherwise once `proposer` proposed it, who is
    /// somebody else. False if it is a proposal.
    pub(super) fn may_decide(
        &self,
        amounts: Option<&[(AssetId, Amount)]>,
        proposer: Option<&Text>,
        actor: &Text,
    ) -> Result<bool, Refusal> {
        match proposer {
            _ if !self.config.escrow.needs_approval(amounts) => Ok(true),
            None => Ok(false),
            Some(proposer) if proposer == actor => Err(Refusal::SameApprover),
            Some(_) => Ok(true),
        }
    }

    pub(super) fn begin_replay(
        &mut self,
        plan: ReplayPlan,
        actor: Text,
        reason: Text,
        fx: &mut Effects<Effect>,
    ) -> Result<Reply, Refusal> {
        check_text("actor", &actor)?;
        check_text("reason", &reason)?;
        if !(1..=REPLAY_RATE_MAX).contains(&plan.rate) || plan.stop_after == Some(0) {
            return Err(Refusal::ReplayPlan);
        }
        if self.replay_under_way().is_some() {
            return Err(Refusal::ReplayUnderWay);
        }
        if let Some(only) = plan.only {
            self.check_chain(only.chain)?;
            self.state
                .escrow()
                .dead_letter(only)
                .ok_or(Refusal::NotADeadLetter)?;
        }
        let replay = self
            .state
            .escrow()
            .replay()
            .map_or(ReplayId::new(1), |last| last.id.next());
        let record = EscrowRecord::ReplayBegan {
            replay,
            plan,
            actor,
            reason,
            at: self.wall,
        };
        self.escrow(record, fx);
        self.replay_from = None;
        self.replay_due = self.now;
        self.replay_reply()
    }

    pub(super) fn cancel_replay(
        &mut self,
        replay: ReplayId,
        actor: Text,
        reason: Text,
        fx: &mut Effects<Effect>,
    ) -> Result<Reply, Refusal> {
        check_text("actor", &actor)?;
        check_text("reason", &reason)?;
        if self.replay_under_way().is_none_or(|one| one.id != replay) {
            return Err(Refusal::NoSuchReplay);
        }
        let at = self.wall;
        let record = EscrowRecord::ReplayCancelled {
            replay,
            actor,
            reason,
            at,
        };
        self.escrow(record, fx);
        self.replay_reply()
    }

    fn replay_reply(&self) -> Result<Reply, Refusal> {
        let replay = self.state.escrow().replay().ok_or(Refusal::NoSuchReplay)?;
        Ok(Reply::Replay(*replay))
    }

    fn replay_under_way(&self) -> Option<Replay> {
        self.state.escrow().replay().copied().filter(Replay::is_under_way)
    }

    /// Takes the next letter of the replay, if that is due.
    pub(super) fn replay_on(&mut self, fx: &mut Effects<Effect>) {
        let Some(replay) = self.replay_under_way().filter(|_| self.replay_due <= self.now) else {
            return;
        };
        if replay.is_at_its_stop(self.wall) {
            return self.end_replay(replay.id, ReplayEnd::Stopped, fx);
        }
        match self.next_to_replay(&replay) {
            Next::Letter(place) => {
                let (tx, at) = (place.tx, self.wall);
                let replay_id = replay.id;
                let record = EscrowRecord::DeadLetterReplayed {
                    tx,
                    replay: replay_id,
                    at,
                };
                self.escrow(record, fx);
                self.watch(tx);
                self.replay_from = Some(place);
                let pause = Duration::from_secs(1) / replay.plan.rate;
                self.replay_due = self.now.after(pause);
            }
            // The rest is looked at with the next input, which is due at once.
            Next::LookOn(place) => self.replay_from = Some(place),
            Next::Nothing => self.end_replay(replay.id, ReplayEnd::Done, fx),
        }
    }

    fn end_replay(&mut self, replay: ReplayId, end: ReplayEnd, fx: &mut Effects<Effect>) {
        let at = self.wall;
        self.escrow(EscrowRecord::ReplayEnded { replay, end, at }, fx);
    }

    /// The oldest letter that was dead when `replay` began, fits, is on a chain that is asked about, and was not taken yet.
    fn next_to_replay(&self, replay: &Replay) -> Next {
        let escrow = self.state.escrow();
        if let Some(tx) = replay.plan.only {
            let still = escrow.dead_letter(tx).filter(|_| replay.done == 0);
            return still.map_or(Next::Nothing, |letter| {
                Next::Letter(LetterPlace {
                    since: letter.since,
                    tx,
                })
            });
        }
        let from = self.replay_from.max(replay.place);
        let mut last = from;
        for (looked_at, place) in escrow.dead_letter_places_after(from).enumerate() {
            if place.since > replay.began {
                return Next::Nothing;
            }
            if let Some(last) = last.filter(|_| looked_at >= LETTERS_LOOKED_AT_MAX) {
                return Next::LookOn(last);
            }
            last = Some(place);
            let fits = escrow.letter_fits(replay.began, &replay.plan.filter, place.tx);
            let chain = place.tx.chain;
            let is_asked = self.config.escrow.has_chain(chain) && !self.state.orders().is_chain_paused(chain);
            if fits && is_asked {
                return Next::Letter(place);
            }
        }
        Next::Nothing
    }

    /// When the next letter of a replay is due.
    pub(super) fn next_replay(&self) -> Option<Deadline> {
        self.replay_under_way().map(|_| Deadline {
            at: self.replay_due,
            why: "a dead letter is replayed",
        })
    }
}

/// What a replay does next.
enum Next {
    /// Takes the letter at this place.
    Letter(LetterPlace),
    /// Has looked at many letters up to this place, none of which fits.
    LookOn(LetterPlace),
    /// It is through.
    Nothing,
}
