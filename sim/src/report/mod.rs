//! What people read after a run: a table of scenarios, and each failure with the command that shows it again.

mod coverage;
mod heat_map;
mod table;

use core::fmt::{self, Write as _};
use core::time::Duration;

pub use coverage::coverage;
pub use heat_map::heat_map;
pub use table::Table;

use crate::coverage::Matrix;
use crate::oracle::expectation::percentile;
use crate::run::{Ending, Failure, Finding, Single, State, Tally};
use crate::shrink::Shrunk;
use crate::sometimes::Landmarks;
use crate::world::BadLuck;

/// The table of many scenarios.
#[must_use]
pub fn summary(tallies: &[Tally]) -> Table {
    let mut table = Table::new(&[
        "scenario",
        "seeds",
        "simulated",
        "speed-up",
        "faults",
        "deposits",
        "credited",
        "dead letters",
        "p50",
        "p99",
        "MTTR",
        "result",
    ]);
    for tally in tallies {
        let [p50, p99] = [50, 99].map(|percent| tally.times_to_credit.percentile(percent));
        table.row(vec![
            tally.scenario.clone(),
            tally.seeds.to_string(),
            long(tally.simulated),
            format!("{} x", thousands(tally.speed_up())),
            tally.faults.to_string(),
            tally.deposits.to_string(),
            tally.credited.to_string(),
            tally.dead_lettered.to_string(),
            short(p50),
            short(p99),
            short(tally.mean_recovery()),
            result(tally),
        ]);
    }
    table
}

/// In how many runs each landmark was reached, of all scenarios together.
#[must_use]
pub fn landmarks(tallies: &[Tally]) -> Table {
    let mut table = Table::new(&["sometimes", "runs", "of"]);
    let runs: u64 = tallies.iter().map(|tally| tally.seeds).sum();
    for (name, count) in reached(tallies).counts() {
        let count = if count == 0 {
            "NEVER".to_owned()
        } else {
            count.to_string()
        };
        table.row(vec![name.to_owned(), count, runs.to_string()]);
    }
    table
}

/// In how many runs each landmark was reached.
#[must_use]
pub fn reached(tallies: &[Tally]) -> Landmarks {
    let mut all = Landmarks::default();
    tallies.iter().for_each(|tally| all.merge(&tally.landmarks));
    all
}

/// What each fault met, of all scenarios together.
#[must_use]
pub fn met(tallies: &[Tally]) -> Matrix {
    let mut all = Matrix::default();
    tallies.iter().for_each(|tally| all.merge(&tally.coverage));
    all
}

/// The bad luck that the bank had on purpose, of all scenarios together.
#[must_use]
pub fn bad_luck(tallies: &[Tally]) -> Table {
    let mut all = BadLuck::default();
    tallies.iter().for_each(|tally| all.add(&tally.bad_luck));
    let mut table = Table::new(&["site", "active in runs", "fired"]);
    for (name, luck) in all.sites() {
        table.row(vec![
            name.to_owned(),
            luck.runs.to_string(),
            luck.fired.to_string(),
        ]);
    }
    table
}

/// How large a run was, and what the shrinker left of it.
#[must_use]
pub fn sizes(shrunk: &Shrunk) -> Table {
    let heading = ["", "faults", "deeds", "endpoints", "users", "events", "duration"];
    let mut table = Table::new(&heading);
    for (name, size) in [("before", shrunk.before), ("after", shrunk.after)] {
        table.row(vec![
            name.to_owned(),
            size.faults.to_string(),
            size.deeds.to_string(),
            size.endpoints.to_string(),
            size.users.to_string(),
            size.events.to_string(),
            format!("{} ms", size.duration_ms),
        ]);
    }
    table
}

/// One failure, as people need it: what, where, and how to see it again.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The scenario.
    pub scenario: &'a str,
    /// The seed that fails.
    pub seed: u64,
    /// How.
    pub failure: &'a Failure,
    /// How many runs fail like this, this one included.
    pub count: u64,
    /// The commit.
    pub commit: &'a str,
    /// The command that shows it again.
    pub replay: &'a str,
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scenario,
            seed,
            failure,
            commit,
            replay,
            count,
        } = self;
        let others = match count - 1 {
            0 => String::new(),
            1 => ", and 1 other seed alike".to_owned(),
            others => format!(", and {others} other seeds alike"),
        };
        writeln!(f, "FAILED  {scenario}  ({}{others})", failure.kind())?;
        writeln!(f, "  seed       {seed}")?;
        writeln!(f, "  commit     {commit}")?;
        writeln!(f, "  oracle     {}", failure.oracle())?;
        writeln!(f, "  invariant  {}", failure.invariant())?;
        writeln!(f, "  detail     {}", failure.detail())?;
        writeln!(f, "  replay     {replay}")
    }
}

/// One failure among those of `tally`.
#[must_use]
pub fn failure(tally: &Tally, finding: &Finding, commit: &str) -> String {
    let Finding { seed, failure, count } = finding;
    let Tally { scenario, handle, .. } = tally;
    let which = if tally.is_expanded {
        handle.clone()
    } else {
        format!("{handle} --seed {seed}")
    };
    let told = Told {
        scenario,
        seed: *seed,
        failure,
        count: *count,
        commit,
        replay: &format!("plimsoll sim replay {which} --trace trace.jsonl"),
    };
    told.to_string()
}

/// Every failure that a soak keeps, by fingerprint.
#[must_use]
pub fn found(state: &State) -> Table {
    let mut table = Table::new(&["failure", "kind", "runs", "found in", "seed", "commit"]);
    for known in &state.findings {
        table.row(vec![
            known.fingerprint.clone(),
            known.kind.clone(),
            known.count.to_string(),
            known.scenario.clone(),
            known.seed.to_string(),
            known.commit.clone(),
        ]);
    }
    table
}

/// One run, line by line.
#[must_use]
pub fn single(scenario: &str, run: &Single) -> String {
    let stats = &run.stats;
    let mut times = stats.times_to_credit.clone();
    times.sort_unstable();
    let recoveries = stats.recoveries.iter().map(|recovery| recovery.took);
    let count = u32::try_from(stats.recoveries.len()).unwrap_or(u32::MAX);
    let mttr = recoveries.sum::<Duration>().checked_div(count);
    let outcome = match &run.ending {
        Ending::Passed => "passed".to_owned(),
        Ending::Failed(failure) => format!("failed ({}): {failure}", failure.kind()),
    };
    let lines = [
        ("scenario", scenario.to_owned()),
        ("seed", run.seed.to_string()),
        ("digest", format!("{:032x}", run.digest)),
        ("outcome", outcome),
        ("simulated", long(stats.simulated)),
        (
            "steps",
            format!("{} inputs of {} events", stats.steps, stats.events),
        ),
        (
            "journal",
            format!("{} records in {} commits", stats.records, stats.commits),
        ),
        ("questions", stats.questions.to_string()),
        (
            "faults",
            format!("{}, of which {} ended the process", stats.faults, stats.crashes),
        ),
        ("deposits", stats.deposits.to_string()),
        ("credited", stats.credited.to_string()),
        ("suspended", stats.suspended.to_string()),
        ("rejected", stats.rejected.to_string()),
        ("dead letters", stats.dead_lettered.to_string()),
        (
            "to credit",
            format!(
                "p50 {}, p99 {}",
                short(percentile(&times, 50)),
                short(percentile(&times, 99))
            ),
        ),
        ("MTTR", short(mttr)),
        (
            "disk",
            format!(
                "{} times damaged, {} starts refused",
                stats.damages, stats.refused_starts
            ),
        ),
        ("bad luck", luck_of(&stats.bad_luck)),
    ];
    let waits = stats.waiting.iter().map(|waiting| {
        let told = format!("{}, for {}", waiting.what, waiting.reason);
        ("waits", told)
    });
    let mut text = String::new();
    for (name, value) in lines.into_iter().chain(waits) {
        let written = writeln!(text, "{name:<13}{value}");
        assert!(written.is_ok(), "a string takes everything");
    }
    text
}

/// Where bad luck struck, and how often.
fn luck_of(luck: &BadLuck) -> String {
    let struck = luck.sites().filter(|(_, luck)| luck.fired > 0);
    let struck: Vec<String> = struck
        .map(|(site, luck)| format!("{site} {}", luck.fired))
        .collect();
    if struck.is_empty() {
        return "none".to_owned();
    }
    struck.join(", ")
}

fn result(tally: &Tally) -> String {
    if tally.failed == 0 {
        "ok".to_owned()
    } else {
        format!("{} FAILED", tally.failed)
    }
}

/// A long time: `1 h 40 min`, `12 min`, `7 s`.
fn long(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3_600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// A short time, to three digits; a dash for none.
fn short(time: Option<Duration>) -> String {
    let Some(time) = time else { return "-".to_owned() };
    let ms = time.as_millis();
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{}.{:02} s", ms / 1_000, ms % 1_000 / 10),
        _ => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
    }
}

/// A count with spaces between the thousands.
fn thousands(count: u128) -> impl fmt::Display {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests;
