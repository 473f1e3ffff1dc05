//! The cells that can never be, and why: whoever finds a cell empty must know whether it is a gap.
//!
//! A test runs swarms and fails if a cell that is called impossible is struck.

use super::{Condition, Kind};

/// What a cell must be like, and why it can never be struck.
struct Never {
    is_row: fn(&Kind) -> bool,
    conditions: &'static [Condition],
    reason: &'static str,
}

/// Every impossible cell.
const NEVER: &[Never] = &[Never {
    is_row: hits_a_running_process,
    conditions: &[Condition::Down],
    reason: "a process that is not there cannot be hit",
}];

/// Why `kind` and `condition` can never meet, if they cannot.
#[must_use]
pub fn reason(kind: &Kind, condition: Condition) -> Option<&'static str> {
    let mut known = NEVER.iter();
    let found = known.find(|never| (never.is_row)(kind) && never.conditions.contains(&condition));
    found.map(|never| never.reason)
}

fn hits_a_running_process(kind: &Kind) -> bool {
    kind.on == "process" && (kind.name.starts_with("crash") || kind.name == "restart")
}
