//! Hunts planted bugs, one after the other, with the scenarios and tests that everybody runs, and prints who found each.
//! Before that, each run of the corpus must fail with the bug that it is kept for.
//!
//! Exit codes: 0 every bug is found, nothing is found where there is none, and no run of the corpus has rotted; 1 otherwise; 2 it could not be tried.

mod bug;
mod corpus;
mod hunt;
mod smallest;
mod suite;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bug::{Bug, Hunt};
use hunt::{Catch, Rules};
use plimsoll_core::planted;
use plimsoll_sim::scenario::{Expanded, Origin};
use plimsoll_sim::shrink::Size;
use smallest::Smallest;

const USAGE: &str = "\
Hunts planted bugs with the scenarios and tests that everybody runs, and prints who found each.

usage: tests/planted/prove [OPTION]... [BUG]...

  BUG               only these; else all of them
  --list            what there is, and nothing more
  --corpus          only see whether the runs of the corpus still fail with their bugs
  --first-seed N    the first seed of the first hunt (0)
  --hunts N         how many hunts for each bug, each with seeds of its own (5)
  --runs-max N      after how many runs a hunt is given up (3000)
  --in SCENARIO     hunt in this scenario or file instead of those that a bug's head names
  --shrink-for N    for how many seconds the run that found a bug is shrunk at most, 0 for not at all (30)
  --keep FOLDER     write the shrunk run of each bug to this folder
  --clean-seeds N   how many seeds of every scenario must pass while no bug is at work (25)
  --jobs N          how many threads hunt (all there are)
  --detail          tell what was said about each bug

The figures of a bug are medians over its hunts; one that most hunts miss is not found.
";

/// How many deeds and faults people like to read.
const READABLE: usize = 12;

/// What came of the hunts for one bug.
struct Outcome {
    bug: Bug,
    /// Who found it, if somebody did.
    finder: Option<String>,
    /// How many runs it took, when there were runs.
    runs: Option<u64>,
    took: Duration,
    /// How large the plan was that found it, when there was one.
    size: Option<usize>,
    /// What the shrinker left of it.
    smallest: Option<Smallest>,
    /// What was said about it, or why it was not found.
    detail: String,
}

impl Outcome {
    const fn is_found(&self) -> bool {
        self.finder.is_some()
    }

    /// Whether somebody found it who should.
    fn is_as_told(&self) -> bool {
        let told = |finder: &String| {
            self.bug
                .found_by
                .iter()
                .any(|known| finder.starts_with(known.as_str()))
        };
        self.finder.as_ref().is_none_or(told)
    }
}

struct Options {
    rules: Rules,
    names: BTreeSet<String>,
    /// Where to hunt, if not where the heads say.
    hunted_in: Option<String>,
    shrink_for: Duration,
    keep: Option<PathBuf>,
    clean_seeds: u64,
    is_list: bool,
    is_corpus_only: bool,
    is_detailed: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, String> {
    let options = options(std::env::args().skip(1))?;
    let Some(options) = options else {
        print!("{USAGE}");
        return Ok(true);
    };
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let tree = home.join("../..");
    let mut bugs = bug::catalogue(&home.join("bugs"))?;
    if let Some(unknown) = options
        .names
        .iter()
        .find(|name| bugs.iter().all(|bug| bug.name != **name))
    {
        return Err(format!("no bug is called {unknown}: --list names them"));
    }
    bugs.retain(|bug| options.names.is_empty() || options.names.contains(&bug.name));
    if options.is_list {
        bugs.iter()
            .for_each(|bug| println!("{:<34} {:<8} {}", bug.name, bug.area, bug.what));
        return Ok(true);
    }
    if bugs.is_empty() {
        return Err("there is no bug to hunt".to_owned());
    }
    let is_sound = corpus::prove(&tree, &bugs, options.names.is_empty())?;
    if options.is_corpus_only {
        return Ok(is_sound);
    }
    Ok(prove(&tree, bugs, &options)? && is_sound)
}

/// Looks for bugs where there are none, and then for each of `bugs`.
fn prove(tree: &Path, bugs: Vec<Bug>, options: &Options) -> Result<bool, String> {
    let begun = Instant::now();
    if !is_clean(tree, &bugs, options)? {
        return Ok(false);
    }
    let mut outcomes = Vec::new();
    let count = bugs.len();
    for (number, bug) in (1..).zip(bugs) {
        let outcome = try_bug(tree, bug, options)?;
        let finder = outcome.finder.as_deref().unwrap_or("NOBODY");
        eprintln!(
            "{number:>3}/{count} {:<34} found by {finder} in {}",
            outcome.bug.name,
            table::shown(outcome.took)
        );
        if options.is_detailed || !outcome.is_found() {
            eprintln!("        {}", outcome.detail);
        }
        outcomes.push(outcome);
    }
    print!("{}", table::render(&outcomes));
    Ok(report(&outcomes, begun.elapsed()))
}

/// Says what is not as it should be; true when nothing is.
fn report(outcomes: &[Outcome], took: Duration) -> bool {
    let missed = outcomes.iter().filter(|outcome| !outcome.is_found());
    missed
        .clone()
        .for_each(|outcome| eprintln!("NOT FOUND: {}: {}", outcome.bug.name, outcome.bug.what));
    let untold = outcomes.iter().filter(|outcome| !outcome.is_as_told());
    for outcome in untold.clone() {
        let finder = outcome.finder.as_deref().unwrap_or_default();
        eprintln!(
            "{}: found by {finder}, its head says {}: correct it",
            outcome.bug.name,
            outcome.bug.found_by.join(", ")
        );
    }
    let (all, missed, untold) = (outcomes.len(), missed.count(), untold.count());
    let mut runs: Vec<u64> = outcomes.iter().filter_map(|outcome| outcome.runs).collect();
    runs.sort_unstable();
    let median = runs.get(runs.len() / 2).copied().unwrap_or_default();
    println!(
        "\n{} of {all} found; runs to detection, median of all: {median}; all hunts took {}",
        all - missed,
        table::shown(took)
    );
    let are_readable = are_readable(outcomes);
    missed == 0 && untold == 0 && are_readable
}

/// Says how small the runs became that found bugs; true when most of them are readable.
fn are_readable(outcomes: &[Outcome]) -> bool {
    let smallest = || outcomes.iter().filter_map(|outcome| outcome.smallest.as_ref());
    let mut entries: Vec<usize> = smallest().filter_map(Smallest::entries).collect();
    let mut times: Vec<Duration> = smallest().map(|one| one.took).collect();
    entries.sort_unstable();
    times.sort_unstable();
    let (Some(median), Some(most)) = (entries.get(entries.len() / 2), entries.last()) else {
        return true;
    };
    let (usual, longest) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "shrunk to {median} deeds and faults (at most {most}) in {} (at most {}), medians of all",
        table::shown(usual),
        table::shown(longest)
    );
    if *median > READABLE {
        eprintln!("TOO LARGE: the shrinker leaves more than {READABLE} deeds and faults of most runs");
    }
    *median <= READABLE
}

/// Whether nobody complains while no bug is at work.
fn is_clean(tree: &Path, bugs: &[Bug], options: &Options) -> Result<bool, String> {
    let rules = &options.rules;
    planted::plant(None);
    let mut is_clean = true;
    for scenario in hunt::scenarios(tree, &["all".to_owned()])? {
        // One that names a number of seeds itself is long: a week in which the process is restarted all the time takes minutes.
        let (hunts, seeds) = match scenario.seeds() {
            Some(_) => (1, 1),
            None => (rules.jobs.get() as u64, options.clean_seeds),
        };
        let rules = Rules {
            hunts,
            runs_max: seeds.div_ceil(hunts),
            ..*rules
        };
        let caught = hunt::hunt(&rules, &[scenario], false);
        for Catch {
            run, finder, detail, ..
        } in caught.into_iter().flatten()
        {
            let Origin { scenario, seed, .. } = run.origin;
            eprintln!(
                "NO BUG IS AT WORK, and {finder} complains about {scenario} with seed {seed}: {detail}"
            );
            is_clean = false;
        }
    }
    let mut tests = BTreeMap::new();
    for bug in bugs {
        if let Hunt::Tests { package, filter } = &bug.hunt {
            let of_package = tests.entry(package.clone()).or_insert_with(BTreeSet::new);
            of_package.insert(filter.clone());
        }
    }
    for (package, filters) in tests {
        suite::build(tree, &package)?;
        for filter in filters {
            for failed in suite::run(tree, &package, &filter, None)?.failed {
                eprintln!("NO BUG IS AT WORK, and the test {failed} of {package} fails");
                is_clean = false;
            }
        }
    }
    Ok(is_clean)
}

fn try_bug(tree: &Path, bug: Bug, options: &Options) -> Result<Outcome, String> {
    match bug.hunt.clone() {
        Hunt::Runs { scenarios, twice } => {
            let names = options.hunted_in.clone().map_or(scenarios, |one| vec![one]);
            let scenarios = hunt::scenarios(tree, &names)?;
            planted::plant(Some(&bug.name));
            let catches = hunt::hunt(&options.rules, &scenarios, twice);
            let reached = planted::reached();
            let (mut outcome, run) = outcome_of_hunts(bug, catches, reached);
            if let Some(run) = run.filter(|_| !options.shrink_for.is_zero()) {
                outcome.smallest = Some(smallest::shrink(&run, options.shrink_for));
            }
            planted::plant(None);
            if let (Some(folder), Some(smallest)) = (&options.keep, &outcome.smallest) {
                smallest.write(folder, &outcome.bug)?;
            }
            Ok(outcome)
        }
        Hunt::Tests { package, filter } => {
            let tested = suite::run(tree, &package, &filter, Some(&bug.name))?;
            let short = |name: &String| name.rsplit("::").next().unwrap_or(name).to_owned();
            let failed: Vec<String> = tested.failed.iter().map(short).collect();
            let as_told = failed.iter().find(|name| bug.found_by.contains(name));
            let finder = as_told.or(failed.first()).cloned();
            let detail = format!("{} tests failed, {} passed", tested.failed.len(), tested.passed);
            Ok(Outcome {
                bug,
                finder,
                runs: None,
                took: tested.took,
                size: None,
                smallest: None,
                detail,
            })
        }
    }
}

/// The median of the hunts for one bug, of which those that missed it took longest; and the run that tells most of it.
fn outcome_of_hunts(bug: Bug, mut catches: Vec<Option<Catch>>, reached: u64) -> (Outcome, Option<Expanded>) {
    catches.sort_by_key(|caught| caught.as_ref().map_or(u64::MAX, |caught| caught.runs));
    let missed = catches.iter().filter(|caught| caught.is_none()).count();
    let median = catches.get(catches.len() / 2).cloned().flatten();
    let Some(median) = median else {
        let detail = format!(
            "{missed} of {} hunts missed it; its line was run {reached} times",
            catches.len()
        );
        let missed = Outcome {
            bug,
            finder: None,
            runs: None,
            took: Duration::ZERO,
            size: None,
            smallest: None,
            detail,
        };
        return (missed, None);
    };
    let caught = || catches.iter().flatten();
    let as_told = caught().find(|caught| bug.found_by.contains(&caught.finder));
    let Catch {
        finder,
        invariant,
        detail,
        run,
        ..
    } = as_told.unwrap_or(&median).clone();
    let Origin { scenario, seed, .. } = &run.origin;
    let detail = format!("{scenario}, seed {seed}: {detail} ({missed} hunts missed it)");
    let name = if finder == "assertion" || finder == "liveness" || finder == "determinism" {
        finder
    } else {
        format!("{finder}: {invariant}")
    };
    let found = Outcome {
        bug,
        finder: Some(name),
        runs: Some(median.runs),
        took: median.took,
        size: Some(Size::of(&run.plan, 0).entries()),
        smallest: None,
        detail,
    };
    (found, Some(run))
}

fn options(arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let jobs = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let rules = Rules {
        first_seed: 0,
        hunts: 5,
        runs_max: 3_000,
        jobs,
    };
    let mut options = Options {
        rules,
        names: BTreeSet::new(),
        hunted_in: None,
        shrink_for: Duration::from_secs(30),
        keep: None,
        clean_seeds: 25,
        is_list: false,
        is_corpus_only: false,
        is_detailed: false,
    };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let mut text = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        let mut number = || {
            let text = text()?;
            text.parse::<u64>()
                .map_err(|_| format!("{argument}: `{text}` is no number"))
        };
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--list" => options.is_list = true,
            "--corpus" => options.is_corpus_only = true,
            "--detail" => options.is_detailed = true,
            "--first-seed" => options.rules.first_seed = number()?,
            "--hunts" => options.rules.hunts = number()?.max(1),
            "--runs-max" => options.rules.runs_max = number()?.max(1),
            "--in" => options.hunted_in = Some(text()?),
            "--shrink-for" => options.shrink_for = Duration::from_secs(number()?),
            "--keep" => options.keep = Some(text()?.into()),
            "--clean-seeds" => options.clean_seeds = number()?.max(1),
            "--jobs" => {
                let jobs = usize::try_from(number()?).ok().and_then(NonZeroUsize::new);
                options.rules.jobs = jobs.ok_or("--jobs: at least one thread must hunt")?;
            }
            unknown if unknown.starts_with('-') => {
                return Err(format!("unknown option {unknown}: --help lists them"));
            }
            name => drop(options.names.insert(name.to_owned())),
        }
    }
    Ok(Some(options))
}
