//! `plimsoll sim soak`.

mod folder;
mod progress;

use core::num::{NonZeroU64, NonZeroUsize};
use core::ops::ControlFlow;
use core::time::Duration;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use plimsoll_core::digest::Digest;
use plimsoll_core::time::Instant;
use plimsoll_sim::coverage::Matrix;
use plimsoll_sim::report;
use plimsoll_sim::run::{Ending, FINDINGS_MAX, Failure, Known, Single, Soak, Soaked, Watch};
use plimsoll_sim::scenario::Scenario;

use super::coverage::CoverageArgs;
use super::run::{select, usual_jobs};
use super::shrink::ShrinkEach;
use super::stop::Stop;
use super::{EXIT_CODES, SimError, commit, exit_code};
use crate::clock::Clock;
use crate::config::parse_duration;
use folder::Folder;
pub(super) use folder::FolderError;
use progress::Progress;

/// How often the state is written, beside at each finding: what a kill costs at the most.
const SAVE_EACH: Duration = Duration::from_secs(5);

/// What `--help` ends with.
pub(super) fn after_help() -> String {
    format!(
        "Each run has a number, which with the soak's seed decides its scenario and its seed, and a \
         state goes on with the number after its last. Each failure is kept once, by fingerprint, as an expanded scenario in the folder of \
         the state, with the command that shows it again. SIGINT and SIGTERM end a soak as its time does: with the table.\n\n\
         {EXIT_CODES}"
    )
}

/// `plimsoll sim soak`.
#[derive(Debug, Args)]
pub(super) struct SoakArgs {
    /// What to run: a scenario or a group such as escrow, a file, a folder, or all. Each is taken as often as its `weight`
    /// says: swarms most.
    #[arg(default_value = "all", value_name = "SCENARIO")]
    selectors: Vec<String>,
    /// How long, such as 90s, 10m or 8h [default: until it is interrupted].
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    time: Option<Duration>,
    /// How many runs at the most.
    #[arg(long, value_name = "N")]
    runs: Option<NonZeroU64>,
    /// How many threads to use [default: one a core]. What is found does not depend on it.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Where to keep how far the soak is and what it found, to go on from there the next time.
    #[arg(long, value_name = "DIR", default_value = "target/soak")]
    state: PathBuf,
    /// Begin with this seed, which an earlier soak told, to repeat it: for a state that is not there yet [default: drawn from
    /// the commit and the date].
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Run each seed twice: both must come to the same digest.
    #[arg(long)]
    twice: bool,
    /// End once so many runs in a row came upon nothing new: no combination of a fault and a state that this session had not
    /// seen.
    #[arg(long, value_name = "RUNS")]
    until_covered: Option<NonZeroU64>,
    #[command(flatten)]
    coverage: CoverageArgs,
    #[command(flatten)]
    shrink: ShrinkEach,
}

pub(super) fn run(args: &SoakArgs, out: &mut dyn Write) -> Result<u8, SimError> {
    let scenarios = select(&args.selectors)?;
    let (clock, commit) = (Clock::start(), commit::describe());
    let seed = args.seed.unwrap_or_else(|| fresh_seed(&clock, &commit));
    let folder = Folder::open(&args.state, seed, args.seed.is_some(), commit)?;
    let soak = Soak {
        scenarios: &scenarios,
        seed: folder.state.seed,
        first: folder.state.runs,
        jobs: args.jobs.unwrap_or_else(usual_jobs),
        watch: Watch {
            twice: args.twice,
            coverage: args.coverage.is_wanted() || args.until_covered.is_some(),
        },
    };
    let mut session = Session {
        args,
        clock,
        stop: Stop::listen()?,
        progress: Progress::new(args.time),
        saved_at: clock.now(),
        folder,
        met: Vec::new(),
        covered: Matrix::default(),
        nothing_new_for: 0,
        done: 0,
        error: None,
    };
    let soaked = soak.run(&mut |scenario, single| session.take(scenario, single))?;
    session.progress.clear();
    if let Some(error) = session.error.take() {
        return Err(error);
    }
    session.folder.save()?;
    session.tell(&soak, &soaked, out)?;
    args.shrink.failures(&scenarios, &soaked.tallies, out)?;
    let codes = session.met.iter().map(|met| exit_code(&met.failure));
    Ok(codes.min().unwrap_or(0))
}

/// A seed that no soak had before.
fn fresh_seed(clock: &Clock, commit: &str) -> u64 {
    let digest = Digest::of(&(commit, clock.wall().as_micros()));
    // Shorter ones are easier to copy.
    u64::try_from(digest >> 80).unwrap_or_default()
}

/// One soak from its beginning to its end.
struct Session<'a> {
    args: &'a SoakArgs,
    clock: Clock,
    stop: Stop,
    progress: Progress,
    saved_at: Instant,
    folder: Folder,
    /// The failures of this session, each fingerprint once.
    met: Vec<Met>,
    covered: Matrix,
    /// How many runs in a row covered nothing new.
    nothing_new_for: u64,
    /// How many runs are done.
    done: u64,
    error: Option<SimError>,
}

/// A failure that this session came upon.
struct Met {
    fingerprint: String,
    scenario: String,
    handle: String,
    seed: u64,
    failure: Failure,
    count: u64,
}

impl Session<'_> {
    /// Takes in one run.
    fn take(&mut self, scenario: &Scenario, single: &Single) -> ControlFlow<()> {
        self.done += 1;
        self.folder.state.runs += 1;
        if let Some(cells) = &single.stats.coverage {
            let is_new = self.covered.add(cells);
            self.nothing_new_for = if is_new { 0 } else { self.nothing_new_for + 1 };
        }
        let noted = match &single.ending {
            Ending::Passed => Ok(()),
            Ending::Failed(failure) => self.note(scenario, single.seed, failure),
        };
        let now = self.clock.now();
        let saved = noted.and_then(|()| self.save_now_and_then(now));
        if let Err(error) = saved {
            self.error = Some(error);
            return ControlFlow::Break(());
        }
        self.progress.show(now, self.done, self.met.len());
        let since_start = now.since(Instant::ZERO);
        let is_enough = self.args.time.is_some_and(|time| since_start >= time)
            || self.args.runs.is_some_and(|runs| self.done >= runs.get())
            || self
                .args
                .until_covered
                .is_some_and(|runs| self.nothing_new_for >= runs.get())
            || self.stop.is_wanted();
        if is_enough {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn note(&mut self, scenario: &Scenario, seed: u64, failure: &Failure) -> Result<(), SimError> {
        let fingerprint = failure.fingerprint().to_string();
        let is_full = self.met.len() >= FINDINGS_MAX;
        match self.met.iter_mut().find(|met| met.fingerprint == fingerprint) {
            Some(met) => met.count += 1,
            None if is_full => {}
            None => self.met.push(Met {
                fingerprint,
                scenario: scenario.name.clone(),
                handle: scenario.handle.clone(),
                seed,
                failure: failure.clone(),
                count: 1,
            }),
        }
        self.folder.note(scenario, seed, failure)
    }

    fn save_now_and_then(&mut self, now: Instant) -> Result<(), SimError> {
        if now.since(self.saved_at) >= SAVE_EACH {
            self.saved_at = now;
            self.folder.save()?;
        }
        Ok(())
    }

    fn tell(&self, soak: &Soak<'_>, soaked: &Soaked, out: &mut dyn Write) -> Result<(), SimError> {
        let Folder {
            path, state, commit, ..
        } = &self.folder;
        write!(out, "{}", report::summary(&soaked.tallies))?;
        if !state.findings.is_empty() {
            write!(out, "\n{}", report::found(state))?;
        }
        self.args
            .coverage
            .tell(&self.covered, &self.args.selectors, out)?;
        for met in &self.met {
            let file = Folder::file(path, &met.fingerprint);
            let is_kept = |known: &&Known| known.fingerprint == met.fingerprint;
            let kept = state.findings.iter().find(is_kept);
            let which = match kept {
                Some(known) if known.seed == met.seed => file.display().to_string(),
                Some(_) | None => format!("{} --seed {}", met.handle, met.seed),
            };
            let replay = format!("plimsoll sim replay {which} --trace trace.jsonl");
            let told = report::Told {
                scenario: &met.scenario,
                seed: met.seed,
                failure: &met.failure,
                count: met.count,
                commit,
                replay: &replay,
            };
            write!(out, "\n{told}")?;
        }
        let (selectors, next) = (self.args.selectors.join(" "), soaked.next);
        let Soak { seed, first, .. } = soak;
        let (done, last, state) = (self.done, next - 1, path.display());
        writeln!(
            out,
            "\n{done} runs, numbers {first} to {last} of the soak with seed {seed}, at commit {commit}; state in {state}\n\
             all its runs again: plimsoll sim soak {selectors} --seed {seed} --runs {next} --state ANOTHER"
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
