//! `plimsoll sim shrink`.

use core::fmt;
use core::iter;
use core::ops::ControlFlow;
use core::time::Duration;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_core::time::Instant;
use plimsoll_sim::report;
use plimsoll_sim::run::{Finding, Tally};
use plimsoll_sim::scenario::{Expanded, Origin, Scenario};
use plimsoll_sim::shrink::{self, Progress, Refusal, Shrunk};

use super::stop::Stop;
use super::{SimError, replay};
use crate::clock::Clock;
use crate::config::parse_duration;

/// Where shrunk runs are kept when nobody says.
const CORPUS: &str = "scenarios/corpus";
/// The run does not fail, or cannot be shrunk.
const EXIT_NOTHING: u8 = 1;
/// It was stopped.
const EXIT_STOPPED: u8 = 3;

/// What the exit code tells, for `--help`.
pub(super) const EXIT_CODES: &str = "Exit codes:\n  \
     0   the smallest run is written: nothing more can be left out\n  \
     1   the run passes, does not fail the same way twice, or cannot be shrunk: nothing is written\n  \
     2   a wrong argument or scenario, or the file cannot be written\n  \
     3   stopped by --for, --runs or Ctrl-C: the smallest run so far is written; shrink that file to go on";

/// `plimsoll sim shrink`.
#[derive(Debug, Args)]
pub(super) struct ShrinkArgs {
    /// Which scenario, or a scenario file.
    #[arg(value_name = "SCENARIO")]
    selector: String,
    /// Which seed. An expanded scenario has its own.
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Stop after so long, such as 30s, 5m or 1h.
    #[arg(long = "for", value_name = "TIME", default_value = "5m", value_parser = parse_duration)]
    longest: Duration,
    /// Stop after so many runs.
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    runs: u64,
    /// Write the smallest run to this file [default: scenarios/corpus/FINGERPRINT.toml].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// When shrinking ends at the latest.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    longest: Duration,
    runs: u64,
}

pub(super) fn run(args: &ShrinkArgs, out: &mut dyn Write) -> Result<u8, SimError> {
    let scenario = replay::only(&args.selector)?;
    let expanded = replay::expand(&scenario, args.seed)?;
    let bounds = Bounds {
        longest: args.longest,
        runs: args.runs,
    };
    let shrunk = match attempt(&scenario.name, &expanded, bounds, &mut Stop::listen()?) {
        Ok(shrunk) => shrunk,
        Err(refusal) => {
            writeln!(out, "nothing is shrunk: {refusal}")?;
            return Ok(EXIT_NOTHING);
        }
    };
    let path = match &args.out {
        Some(path) => write_to(path.clone(), &shrunk)?,
        None => keep(Path::new(CORPUS), (&scenario, &expanded), &shrunk)?,
    };
    let told = Told {
        shrunk: &shrunk,
        path: &path,
    };
    write!(out, "{told}")?;
    Ok(if shrunk.is_minimal { 0 } else { EXIT_STOPPED })
}

/// What is to become of the failures of many runs.
#[derive(Debug, Args)]
pub(super) struct ShrinkEach {
    /// Shrink the first run of each failure, for a minute each or as long as this says, and keep what is left.
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "1m")]
    #[arg(value_parser = parse_duration)]
    shrink: Option<Duration>,
    /// Where to keep what is left.
    #[arg(long, value_name = "DIR", requires = "shrink", default_value = CORPUS)]
    corpus: PathBuf,
}

impl ShrinkEach {
    /// Shrinks the first run of each failure among `tallies` of `scenarios`, if that is wanted. Ctrl-C ends the one that it
    /// is at and begins no other.
    pub(super) fn failures(
        &self,
        scenarios: &[Scenario],
        tallies: &[Tally],
        out: &mut dyn Write,
    ) -> Result<(), SimError> {
        let Some(longest) = self.shrink else { return Ok(()) };
        let bounds = Bounds {
            longest,
            runs: u64::MAX,
        };
        let mut stop = Stop::listen()?;
        let mut known = BTreeSet::new();
        for tally in tallies {
            let of_tally = |scenario: &&Scenario| scenario.name == tally.scenario;
            let Some(scenario) = scenarios.iter().find(of_tally) else {
                unreachable!("a tally is of one of the scenarios that were run")
            };
            for Finding { seed, failure, .. } in &tally.findings {
                if stop.is_wanted() || !known.insert(failure.fingerprint()) {
                    continue;
                }
                writeln!(out, "\nSHRUNK  {}  seed {seed}", scenario.name)?;
                let expanded = replay::expand(scenario, Some(*seed))?;
                match attempt(&scenario.name, &expanded, bounds, &mut stop) {
                    Ok(shrunk) => {
                        let path = keep(&self.corpus, (scenario, &expanded), &shrunk)?;
                        let told = Told {
                            shrunk: &shrunk,
                            path: &path,
                        };
                        write!(out, "{told}")?;
                    }
                    Err(refusal) => writeln!(out, "  not at all: {refusal}")?,
                }
            }
        }
        Ok(())
    }
}

/// Shrinks `expanded`, with a bar on standard error, until nothing more can be left out, the time is over, or somebody
/// interrupts it.
fn attempt(name: &str, expanded: &Expanded, bounds: Bounds, stop: &mut Stop) -> Result<Shrunk, Refusal> {
    let clock = Clock::start();
    let end = Instant::ZERO.after(bounds.longest);
    let entries = expanded.plan.faults.len() + expanded.plan.workload.len();
    let bar = bar(name, entries);
    let shrunk = shrink::shrink(expanded, bounds.runs, &mut |progress| {
        show(&bar, entries, progress);
        if clock.now() >= end || stop.is_wanted() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    shrunk
}

/// Writes the smallest run to `folder`, under the name of its failure. What is there of another run stays. If the run
/// comes from a file there, that file takes it, and stays as it is when nothing could be left out. Gives the file's name.
fn keep(
    folder: &Path,
    (scenario, expanded): (&Scenario, &Expanded),
    shrunk: &Shrunk,
) -> Result<PathBuf, SimError> {
    let own = file_of(scenario).filter(|own| own.parent() == Some(folder));
    let left = &shrunk.expanded;
    if let Some(own) = &own
        && (&left.plan, left.seed) == (&expanded.plan, expanded.seed)
    {
        return Ok(own.clone());
    }
    let fingerprint = shrunk.failure.fingerprint();
    let text = text_of(shrunk);
    let names = (2..).map(|number| format!("{fingerprint}-{number}.toml"));
    let paths = iter::once(format!("{fingerprint}.toml")).chain(names);
    let is_free = |path: &PathBuf| {
        let there = fs::read_to_string(path);
        there.is_ok_and(|there| there == text) || own.as_ref() == Some(path) || !path.exists()
    };
    let path = paths.map(|name| folder.join(name)).find(is_free);
    let path = path.unwrap_or_else(|| unreachable!("there is always another number"));
    write_to(path, shrunk)
}

/// The file that an expanded scenario is.
fn file_of(scenario: &Scenario) -> Option<PathBuf> {
    scenario.expanded()?;
    let named = Path::new("scenarios").join(format!("{}.toml", scenario.handle));
    [PathBuf::from(&scenario.handle), named]
        .into_iter()
        .find(|path| path.is_file())
}

/// Writes the smallest run to `path`.
fn write_to(path: PathBuf, shrunk: &Shrunk) -> Result<PathBuf, SimError> {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = folder.and_then(|()| fs::write(&path, text_of(shrunk)));
    match written {
        Ok(()) => Ok(path),
        Err(source) => Err(SimError::Write { path, source }),
    }
}

/// The smallest run as a file.
fn text_of(shrunk: &Shrunk) -> String {
    let mut expanded = shrunk.expanded.clone();
    let Origin {
        scenario,
        seed,
        commit,
        ..
    } = &expanded.origin;
    let (oracle, invariant) = (shrunk.failure.oracle(), shrunk.failure.invariant());
    let story = format!(
        "Shrunk from seed {seed} of {scenario}, at commit {commit}.\nIt failed: {}",
        shrunk.failure
    );
    expanded.proves = format!("Seed {seed} of {scenario} broke {invariant} once ({oracle}).");
    expanded.to_toml(&story)
}

/// What came of it, for people.
struct Told<'a> {
    shrunk: &'a Shrunk,
    path: &'a Path,
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shrunk, path } = self;
        let (failure, path) = (&shrunk.failure, path.display());
        writeln!(f, "{}", report::sizes(shrunk))?;
        writeln!(f, "  fails as   {}", failure.fingerprint())?;
        writeln!(f, "  detail     {}", failure.detail())?;
        let end = if shrunk.is_minimal {
            "nothing more can be left out"
        } else {
            "stopped before the end: shrink the file to go on"
        };
        writeln!(f, "  runs       {}, {end}", shrunk.runs)?;
        writeln!(f, "  written    {path}")?;
        writeln!(f, "  replay     plimsoll sim replay {path} --trace trace.jsonl")
    }
}

/// A bar on standard error; nothing when that is no terminal.
fn bar(name: &str, entries: usize) -> ProgressBar {
    let bar = ProgressBar::new(entries as u64);
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} left out  {prefix}  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(name.to_owned());
    bar
}

fn show(bar: &ProgressBar, entries: usize, progress: &Progress) {
    let Progress { pass, runs, smallest } = progress;
    bar.set_position(entries.saturating_sub(smallest.entries()) as u64);
    bar.set_message(format!("{runs} runs, {pass}"));
}

#[cfg(test)]
mod tests;
