//! True alerts: what the monitor is told is so, what should be told is told once and in time, and nothing else is.
//!
//! `figures` holds each status of the bank against the records and against what it told of the lane to workers. `causes` holds
//! it against the faults: what never was disturbed is well, and what surely is broken is seen to be. `rules` says what follows
//! from the figures: what is raised, repeated and resolved at this very look, and how the whole is. All three are silent where
//! the truth is uncertain: an endpoint that a fault hits now and then may be up or down, a status that had to wait for a commit
//! is of an earlier moment, and what an endpoint that was ever disturbed says of heights is for others to judge.
//!
//! A process that begins anew has told nothing yet: what holds still is told once more, and what ended meanwhile is not.

mod causes;
mod figures;
mod rules;

use plimsoll_core::monitor::Input;
use plimsoll_core::time::Instant;

use super::twin::Twin;
use crate::world::observe::{End, Look, Observation, Oracle, Violation};
use crate::world::plan::Plan;
use causes::Causes;
use figures::{Lane, Picture};
use rules::Rules;

pub(super) const NAME: &str = "alerts";

/// The oracle.
#[derive(Debug)]
pub struct Alerts {
    picture: Twin<Picture>,
    lane: Lane,
    causes: Causes,
    rules: Rules,
}

impl Alerts {
    /// The oracle for a run of `plan`.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            picture: Twin::default(),
            lane: Lane::default(),
            causes: Causes::new(plan),
            rules: Rules::default(),
        }
    }

    fn look(&mut self, at: Instant, look: &Look<'_>) -> Result<(), Violation> {
        if let Input::Reading(reading) = look.input {
            if look.asked_at == at {
                self.picture.live.judge(reading, look.wall)?;
                self.lane.judge(reading)?;
            }
            self.causes.judge_reading(at, reading)?;
        }
        if let Input::NoReading { is_journal_failing } = look.input {
            self.causes.judge_silence(at, *is_journal_failing)?;
        }
        self.rules.judge(at, look)?;
        self.causes.judge_told(at, &self.rules)
    }
}

impl Oracle for Alerts {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Looked(look) => return self.look(at, look),
            Observation::Handled { effects, .. } => {
                self.lane.follow(effects);
                self.causes.follow(at, effects);
            }
            Observation::Restarted { .. } => {
                (self.lane, self.rules) = (Lane::default(), Rules::default());
                self.causes.started(at);
            }
            Observation::Fault { fault, is_over } => self.causes.fault(at, fault, *is_over),
            Observation::Committed { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Crashed { .. }
            | Observation::Told { .. }
            | Observation::Disk(_)
            | Observation::Chain(_) => {}
        }
        self.picture.observe(seen)
    }

    fn finish(&mut self, _end: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
