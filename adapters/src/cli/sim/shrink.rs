//! `plimsoll sim shrink`.

use core::fmt;
use core::ops::ControlFlow;
use core::time::Duration;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_core::time::Instant;
use plimsoll_sim::report;
use plimsoll_sim::scenario::{Expanded, Origin};
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
    /// Write the smallest run to this file [default: scenarios/corpus/<fingerprint>.toml].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// When shrinking ends at the latest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) longest: Duration,
    pub(super) runs: u64,
}

pub(super) fn run(args: &ShrinkArgs, out: &mut dyn Write) -> Result<u8, SimError> {
    let scenario = replay::only(&args.selector)?;
    let expanded = replay::expand(&scenario, args.seed)?;
    let bounds = Bounds {
        longest: args.longest,
        runs: args.runs,
    };
    let shrunk = match attempt(&scenario.name, &expanded, bounds)? {
        Ok(shrunk) => shrunk,
        Err(refusal) => {
            writeln!(out, "nothing is shrunk: {refusal}")?;
            return Ok(EXIT_NOTHING);
        }
    };
    let path = keep(&shrunk, args.out.as_deref())?;
    write!(
        out,
        "{}",
        Told {
            shrunk: &shrunk,
            path: &path
        }
    )?;
    Ok(if shrunk.is_minimal { 0 } else { EXIT_STOPPED })
}

/// Shrinks `expanded`, with a bar on standard error, until nothing more can be left out, the time is over, or somebody
/// interrupts it.
pub(super) fn attempt(
    name: &str,
    expanded: &Expanded,
    bounds: Bounds,
) -> Result<Result<Shrunk, Refusal>, SimError> {
    let mut stop = Stop::listen()?;
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
    Ok(shrunk)
}

/// Writes the smallest run to `path`, or else to the corpus. Gives the file's name.
pub(super) fn keep(shrunk: &Shrunk, path: Option<&Path>) -> Result<PathBuf, SimError> {
    let fingerprint = shrunk.failure.fingerprint();
    let path = path.map_or_else(
        || Path::new(CORPUS).join(format!("{fingerprint}.toml")),
        Path::to_path_buf,
    );
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
    let failed = |source| SimError::Write {
        path: path.clone(),
        source,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(&path, expanded.to_toml(&story)).map_err(failed)?;
    Ok(path)
}

/// What came of it, for people.
pub(super) struct Told<'a> {
    pub(super) shrunk: &'a Shrunk,
    pub(super) path: &'a Path,
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
