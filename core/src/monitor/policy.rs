//! The thresholds of a monitor.

use core::time::Duration;

use super::alert::Alert;
use super::condition::Pace;
use crate::resilience::PolicyError;

/// When what is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MonitorPolicy {
    /// The most transactions that may be unsettled.
    pub pending_max: u64,
    /// The longest that one may be unsettled, in whole seconds.
    pub oldest_pending_max: Duration,
    /// The most dead letters that may stand.
    pub dead_letters_max: u64,
    /// The longest that a dead letter may stand, in whole seconds.
    pub dead_letter_age_max: Duration,
    /// For how long a new dead letter is news. Longer than zero.
    pub dead_letter_calm: Duration,
    /// How many endpoints of a chain may be down.
    pub endpoints_down_max: u64,
    /// How many independent providers a chain needs. At least 1.
    pub providers_min: u64,
    /// By how many blocks finality may trail the head of a chain.
    pub finality_lag_max: u64,
    /// How much of the history that endpoints keep the scanner may be behind, in hundredths: 1 to 99.
    pub history_used_max: u64,
    /// The longest without a reading. Longer than zero.
    pub silence_max: Duration,
    /// How long something must be wrong before it is raised, where waiting helps against false alarms.
    pub raise_after: Duration,
    /// How long something must be well before it is resolved.
    pub clear_after: Duration,
    /// What is well: at most so many hundredths of the threshold, 1 to 100.
    pub clear_percent: u8,
    /// After how long an alert is repeated. Longer than zero.
    pub repeat_after: Duration,
}

impl Default for MonitorPolicy {
    /// The contract of the design: more than 10 unsettled, one for over a minute, more than 10 dead letters, any new one, one
    /// for over a day.
    fn default() -> Self {
        Self {
            pending_max: 10,
            oldest_pending_max: Duration::from_secs(60),
            dead_letters_max: 10,
            dead_letter_age_max: Duration::from_secs(24 * 60 * 60),
            dead_letter_calm: Duration::from_secs(15 * 60),
            endpoints_down_max: 0,
            providers_min: 2,
            finality_lag_max: 20,
            history_used_max: 50,
            silence_max: Duration::from_secs(10),
            raise_after: Duration::from_secs(15),
            clear_after: Duration::from_secs(60),
            clear_percent: 80,
            repeat_after: Duration::from_secs(4 * 60 * 60),
        }
    }
}

impl MonitorPolicy {
    /// Refuses a policy that could not do what it says.
    ///
    /// # Errors
    /// The first setting that is out of its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        let require = |holds, setting, expected| {
            if holds {
                Ok(())
            } else {
                Err(PolicyError { setting, expected })
            }
        };
        for (setting, time) in [
            ("dead_letter_calm", self.dead_letter_calm),
            ("silence_max", self.silence_max),
            ("repeat_after", self.repeat_after),
        ] {
            require(!time.is_zero(), setting, "longer than zero")?;
        }
        require(self.providers_min >= 1, "providers_min", "at least 1")?;
        let share = (1..=99).contains(&self.history_used_max);
        require(share, "history_used_max", "1 to 99")?;
        let percent = (1..=100).contains(&self.clear_percent);
        require(percent, "clear_percent", "1 to 100")
    }

    /// How steady `alert` must be. What is counted over time or is certain when it is seen need not be steady.
    pub(super) const fn pace_of(&self, alert: &Alert) -> Pace {
        let raise_after = match alert {
            Alert::UpstreamsFew(_)
            | Alert::EndpointsDown(_)
            | Alert::FinalityLags(_)
            | Alert::HistoryShort(_)
            | Alert::JournalFailing
            | Alert::QueueDown
            | Alert::PendingMany => self.raise_after,
            Alert::BankSilent
            | Alert::BooksDiffer(_)
            | Alert::DeadLetterOld
            | Alert::DeadLettersMany
            | Alert::PendingOld
            | Alert::DeadLetterNew => Duration::ZERO,
        };
        Pace {
            raise_after,
            clear_after: self.clear_after,
            repeat_after: self.repeat_after,
        }
    }
}
