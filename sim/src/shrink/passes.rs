//! The ways to make a run smaller, and their order.
//!
//! What takes most away comes first: the end of the run, then what can be left out, then what can be made simpler. They
//! are gone through again as long as one of them changes anything. Each change lowers something and raises nothing that
//! comes before it here, so there is an end: what is left out, how strong faults are, how long they last, when things
//! happen, how much is paid.

mod leave_out;
mod plain;
mod settle_down;

use super::Size;
use super::search::{Effort, Search};

/// What is tried, under which name.
struct Pass {
    name: &'static str,
    run: fn(&mut Search<'_>),
    kind: Kind,
}

/// When a pass is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// From the beginning, as long as each run is slow: it takes much away at once.
    TakesMuch,
    /// Once runs are fast. Another seed may help.
    LeavesOut,
    /// At the end. Another seed changes little.
    Simplifies,
}

const fn pass(kind: Kind, name: &'static str, run: fn(&mut Search<'_>)) -> Pass {
    Pass { name, run, kind }
}

const PASSES: [Pass; 19] = [
    pass(Kind::TakesMuch, "cut the end off", settle_down::cut_short),
    pass(Kind::TakesMuch, "cut the beginning off", settle_down::begin_later),
    pass(Kind::TakesMuch, "make the world plain", plain::make_plain),
    pass(Kind::TakesMuch, "leave deeds out", leave_out::deeds),
    pass(Kind::TakesMuch, "leave faults out", leave_out::faults),
    pass(Kind::TakesMuch, "leave endpoints out", leave_out::endpoints),
    pass(Kind::Simplifies, "leave pairs out", leave_out::pairs),
    pass(Kind::LeavesOut, "leave claims out", leave_out::claims),
    pass(Kind::LeavesOut, "leave movements out", leave_out::movements),
    pass(
        Kind::LeavesOut,
        "leave quiet periods out",
        leave_out::quiet_periods,
    ),
    pass(Kind::LeavesOut, "leave users out", leave_out::users),
    pass(Kind::Simplifies, "weaken faults", settle_down::weaken),
    pass(Kind::Simplifies, "shorten faults", settle_down::shorten),
    pass(Kind::Simplifies, "close gaps", settle_down::close_gaps),
    pass(Kind::Simplifies, "cut the end off", settle_down::cut_short),
    pass(Kind::Simplifies, "lower amounts", settle_down::lower_amounts),
    pass(Kind::Simplifies, "simplify deeds", settle_down::simplify),
    pass(
        Kind::Simplifies,
        "bring deeds forward",
        settle_down::bring_forward,
    ),
    pass(Kind::Simplifies, "put in order of time", settle_down::sort),
];

/// With how many other seeds large parts are tried.
const SEEDS_COARSE: u64 = 16;
/// With how many other seeds everything is tried in the end.
const SEEDS: u64 = 32;
/// With how many at the most, while more is left than people like to read.
const SEEDS_MAX: u64 = 512;
/// How many faults and deeds people like to read.
const READABLE: usize = 12;

/// Goes through all passes until none of them changes anything; then tries to leave more out with other seeds, and goes
/// through all of them again if that helped. Before all that large parts go, while each run is slow.
pub(super) fn to_fixpoint(search: &mut Search<'_>) {
    let coarse = |seeds| Effort {
        is_coarse: true,
        seeds,
    };
    while sweep(search, coarse(0)) || sweep(search, coarse(SEEDS_COARSE)) {}
    let mut seeds = SEEDS;
    loop {
        while sweep(search, Effort::FINE) {}
        let has_changed = sweep(
            search,
            Effort {
                is_coarse: false,
                seeds,
            },
        );
        if has_changed {
            seeds = SEEDS;
        } else if seeds < SEEDS_MAX && Size::of(search.plan(), 0).entries() > READABLE {
            seeds *= 4;
        } else {
            return;
        }
    }
}

/// Goes once through the passes that are of use. Says whether anything changed.
fn sweep(search: &mut Search<'_>, effort: Effort) -> bool {
    let before = search.accepted();
    let is_of_use = |pass: &&Pass| match pass.kind {
        Kind::TakesMuch => true,
        Kind::LeavesOut => !effort.is_coarse,
        Kind::Simplifies => effort == Effort::FINE,
    };
    for pass in PASSES.iter().filter(is_of_use) {
        search.begin(pass.name, effort);
        (pass.run)(search);
    }
    search.accepted() > before
}

#[cfg(test)]
mod tests;
