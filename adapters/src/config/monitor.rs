//! The `[monitor]` table: when somebody is told that something is wrong.

use plimsoll_core::monitor::MonitorPolicy;

use super::fault::Faults;
use super::section::{Section, duration, within};

/// The most of anything that is counted.
const COUNT_MAX: u64 = 1_000_000_000;

/// Reads the table.
pub(super) fn read(mut section: Section, faults: &mut Faults) -> MonitorPolicy {
    let default = MonitorPolicy::default();
    let mut count = |name, default| section.optional(name, within(0, COUNT_MAX), default, faults);
    let pending_max = count("pending_max", default.pending_max);
    let dead_letters_max = count("dead_letters_max", default.dead_letters_max);
    let endpoints_down_max = count("endpoints_down_max", default.endpoints_down_max);
    let finality_lag_max = count("finality_lag_max", default.finality_lag_max);
    let mut time = |name, default| section.optional(name, duration, default, faults);
    let policy = MonitorPolicy {
        pending_max,
        dead_letters_max,
        endpoints_down_max,
        finality_lag_max,
        oldest_pending_max: time("oldest_pending_max", default.oldest_pending_max),
        dead_letter_age_max: time("dead_letter_age_max", default.dead_letter_age_max),
        dead_letter_calm: time("dead_letter_calm", default.dead_letter_calm),
        silence_max: time("silence_max", default.silence_max),
        raise_after: time("raise_after", default.raise_after),
        clear_after: time("clear_after", default.clear_after),
        repeat_after: time("repeat_after", default.repeat_after),
        ..default
    };
    let percent = section.optional(
        "clear_percent",
        within(1, 100),
        default.clear_percent.into(),
        faults,
    );
    let providers_min = section.optional("providers_min", within(1, 32), default.providers_min, faults);
    let history_used_max = section.optional(
        "history_used_max",
        within(1, 99),
        default.history_used_max,
        faults,
    );
    section.finish(faults);
    let policy = MonitorPolicy {
        history_used_max,
        clear_percent: u8::try_from(percent).unwrap_or(default.clear_percent),
        providers_min,
        ..policy
    };
    match policy.check() {
        Ok(()) => policy,
        Err(error) => {
            faults.add(
                format!("monitor.{}", error.setting),
                error.to_string(),
                "leave it out to get the default",
            );
            default
        }
    }
}
