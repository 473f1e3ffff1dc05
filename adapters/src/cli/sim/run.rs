//! `plimsoll sim run`.

use core::num::NonZeroUsize;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::thread;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_sim::report;
use plimsoll_sim::run::{Campaign, Tally, Watch};
use plimsoll_sim::scenario::{Scenario, library};

use super::coverage::CoverageArgs;
use super::shrink::ShrinkEach;
use super::{EXIT_NEVER, SimError, commit, exit_code};

/// The commit of the sources.
const BUILT_FROM: &str = "HEAD";

/// `plimsoll sim run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// What to run: a scenario or a group such as escrow, a file, a folder, or all.
    #[arg(default_value = "all", value_name = "SCENARIO")]
    selectors: Vec<String>,
    /// How many seeds each scenario gets [default: 100, swarms 1000].
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// The first seed.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    first_seed: u64,
    /// Begin with a seed that a commit decides, so that each commit sees fresh ones: of the sources that this program was
    /// built from, or of this commit.
    #[arg(long, value_name = "COMMIT", num_args = 0..=1, require_equals = true, default_missing_value = BUILT_FROM)]
    #[arg(conflicts_with = "first_seed")]
    seeds_from_commit: Option<String>,
    /// How many threads to use [default: one a core]. The result does not depend on it.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Run each seed twice: both must come to the same digest.
    #[arg(long)]
    twice: bool,
    #[command(flatten)]
    shrink: ShrinkEach,
    /// Write the scenario, the seed and the digest of every run to this file, a line for each. Any other process, build
    /// profile and machine comes to the same file.
    #[arg(long, value_name = "FILE")]
    digests: Option<PathBuf>,
    /// Show in how many runs each landmark was reached: what must come about now and then, or the runs prove little.
    #[arg(long)]
    sometimes: bool,
    /// Fail if a landmark was never reached.
    #[arg(long)]
    require_sometimes: bool,
    /// Show the sites of deliberate bad luck: in how many runs each was active, and how often it fired.
    #[arg(long)]
    sites: bool,
    #[command(flatten)]
    coverage: CoverageArgs,
}

pub(super) fn run(args: &RunArgs, out: &mut dyn Write) -> Result<u8, SimError> {
    let scenarios = select(&args.selectors)?;
    let of_commit = args.seeds_from_commit.as_deref().map(seed_of).transpose()?;
    let campaign = Campaign {
        scenarios: &scenarios,
        first_seed: of_commit.as_ref().map_or(args.first_seed, |(_, seed)| *seed),
        seeds: args.seeds,
        jobs: args.jobs.unwrap_or_else(usual_jobs),
        watch: Watch {
            twice: args.twice,
            coverage: args.coverage.is_wanted(),
        },
    };
    let size = campaign.size()?;
    // A file that cannot be made is told of before anything is run.
    let digests = args.digests.as_deref().map(DigestsFile::create).transpose()?;
    let bar = progress(size);
    let tallies = campaign.run(&|scenario, passed| {
        bar.inc(1);
        bar.set_message(scenario.name.clone());
        if !passed {
            bar.set_prefix("failures found  ");
        }
    })?;
    bar.finish_and_clear();
    if let Some(digests) = digests {
        digests.write(&tallies)?;
    }
    write!(out, "{}", report::summary(&tallies))?;
    if let Some((commit, seed)) = of_commit {
        writeln!(out, "\nseeds from {seed} on: --seeds-from-commit={commit}")?;
    }
    if args.sites {
        write!(out, "\n{}", report::bad_luck(&tallies))?;
    }
    let missed: Vec<&str> = report::reached(&tallies).missed().collect();
    if args.sometimes || (args.require_sometimes && !missed.is_empty()) {
        write!(out, "\n{}", report::landmarks(&tallies))?;
    }
    args.coverage.tell(&report::met(&tallies), &args.selectors, out)?;
    write_failures(&tallies, out)?;
    args.shrink.failures(&scenarios, &tallies, out)?;
    if args.require_sometimes && !missed.is_empty() {
        writeln!(out, "\nFAILED  never reached: {}", missed.join("; "))?;
    }
    let codes = tallies
        .iter()
        .flat_map(|tally| &tally.findings)
        .map(|finding| exit_code(&finding.failure));
    let never = (args.require_sometimes && !missed.is_empty()).then_some(EXIT_NEVER);
    Ok(codes.chain(never).min().unwrap_or(0))
}

/// The first digits of `commit`, and the first of its seeds.
fn seed_of(commit: &str) -> Result<(String, u64), SimError> {
    let built_from = commit == BUILT_FROM;
    let commit = if built_from {
        commit::describe()
    } else {
        commit.to_owned()
    };
    let Some(digits) = commit::digits(&commit) else {
        return Err(SimError::NoCommit { commit });
    };
    let seed = commit::first_seed(&digits);
    Ok((digits, seed))
}

/// The scenarios that any of `selectors` names, each once.
pub(super) fn select(selectors: &[String]) -> Result<Vec<Scenario>, SimError> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    for selector in selectors {
        let found = library::find(Path::new("."), selector)?;
        let known = |one: &Scenario| scenarios.iter().any(|other| other.name == one.name);
        let fresh: Vec<Scenario> = found.into_iter().filter(|one| !known(one)).collect();
        scenarios.extend(fresh);
    }
    Ok(scenarios)
}

/// One thread a core.
pub(super) fn usual_jobs() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn write_failures(tallies: &[Tally], out: &mut dyn Write) -> Result<(), SimError> {
    if tallies.iter().all(|tally| tally.findings.is_empty()) {
        return Ok(());
    }
    let commit = commit::describe();
    for tally in tallies {
        for finding in &tally.findings {
            write!(out, "\n{}", report::failure(tally, finding, &commit))?;
        }
    }
    Ok(())
}

/// Where the digests go.
struct DigestsFile<'a> {
    path: &'a Path,
    file: File,
}

impl<'a> DigestsFile<'a> {
    fn create(path: &'a Path) -> Result<Self, SimError> {
        let file = File::create(path).map_err(|source| failed(path, source))?;
        Ok(Self { path, file })
    }

    fn write(self, tallies: &[Tally]) -> Result<(), SimError> {
        let mut out = BufWriter::new(self.file);
        let written = tallies.iter().try_for_each(|tally| {
            let name = &tally.scenario;
            let mut digests = tally.digests.iter();
            digests.try_for_each(|(seed, digest)| writeln!(out, "{name} {seed} {digest:032x}"))
        });
        written
            .and_then(|()| out.flush())
            .map_err(|source| failed(self.path, source))
    }
}

fn failed(path: &Path, source: io::Error) -> SimError {
    SimError::Digests {
        path: path.to_path_buf(),
        source,
    }
}

/// A bar on standard error; nothing when that is no terminal.
fn progress(runs: u64) -> ProgressBar {
    let bar = ProgressBar::new(runs);
    let style =
        ProgressStyle::with_template("{bar:32} {pos}/{len} runs  {per_sec:>12}  {eta:>4}  {prefix}{msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

#[cfg(test)]
mod tests;
