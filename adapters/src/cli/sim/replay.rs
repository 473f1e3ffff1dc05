//! `plimsoll sim replay`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use plimsoll_sim::report;
use plimsoll_sim::run::{self, Ending, Failure};
use plimsoll_sim::scenario::{Expanded, Origin, Scenario, library};
use plimsoll_sim::world::Tracing;

use super::trace::TraceFile;
use super::{SimError, commit, exit_code, export};

/// `plimsoll sim replay`.
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Which scenario, or a scenario file.
    #[arg(value_name = "SCENARIO")]
    selector: String,
    /// Which seed. An expanded scenario has its own.
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Write everything that happens to this file, as one JSON object a line.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write a timeline of the run to this file, as `sim export --html` does.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the run to this file as an expanded scenario, which draws nothing: it stays the same run when the
    /// scenario, or what draws from it, changes.
    #[arg(long, value_name = "FILE")]
    expanded: Option<PathBuf>,
    /// Write what came of the run to this file, if it passes: the fate of each deposit and transaction, by its deed in
    /// the plan, and every balance. The same text comes of the same run in another world.
    #[arg(long, value_name = "FILE")]
    fates: Option<PathBuf>,
    /// Show the expanded scenario, and run nothing.
    #[arg(long, conflicts_with_all = ["trace", "html", "expanded", "fates"])]
    plan: bool,
}

pub(super) fn run(args: &ReplayArgs, out: &mut dyn Write) -> Result<u8, SimError> {
    let scenario = only(&args.selector)?;
    let mut expanded = expand(&scenario, args.seed)?;
    if args.plan {
        write!(
            out,
            "{}",
            expanded.to_toml(&story(&scenario.name, &expanded, None))
        )?;
        return Ok(0);
    }
    let file = args.trace.as_deref().map(TraceFile::create).transpose()?;
    let tracing = file.as_ref().map(|file| Tracing {
        out: file.writer(),
        build: commit::build(),
    });
    // A run is the same each time, so what two outputs need is run twice.
    if let Some(path) = &args.html {
        let (_, told) = run::traced(&expanded.plan, expanded.seed)
            .unwrap_or_else(|faults| unreachable!("an expanded plan is sound: {faults:?}"));
        export::write(path, |file| told.write_html(file))?;
    }
    let single = run::replay(&expanded.plan, expanded.seed, tracing);
    let single = single.unwrap_or_else(|faults| unreachable!("an expanded plan is sound: {faults:?}"));
    if let Some(file) = file {
        file.finish(single.trace_error.as_deref())?;
    }
    write!(out, "{}", report::single(&scenario.name, &single))?;
    let failure = match &single.ending {
        Ending::Passed => None,
        Ending::Failed(failure) => Some(failure),
    };
    if let Some(path) = &args.expanded {
        expanded.origin.fingerprint = failure.map(|failure| failure.fingerprint().to_string());
        let text = expanded.to_toml(&story(&scenario.name, &expanded, failure));
        fs::write(path, text).map_err(|source| SimError::Write {
            path: path.clone(),
            source,
        })?;
    }
    if let (Some(path), None) = (&args.fates, failure) {
        write_fates(path, &expanded)?;
    }
    Ok(failure.map_or(0, exit_code))
}

fn write_fates(path: &Path, expanded: &Expanded) -> Result<(), SimError> {
    let fates = run::fates(&expanded.plan, expanded.seed);
    let fates = fates.unwrap_or_else(|faults| unreachable!("an expanded plan is sound: {faults:?}"));
    let Some(fates) = fates else {
        unreachable!("a run that passes ends with its bank up")
    };
    export::write(path, |file| write!(file, "{fates}"))
}

/// The run of `scenario` that `seed` names.
pub(super) fn expand(scenario: &Scenario, seed: Option<u64>) -> Result<Expanded, SimError> {
    match (scenario.expanded(), seed) {
        (Some(expanded), None) => Ok(expanded.clone()),
        (Some(expanded), Some(given)) if expanded.seed == given => Ok(expanded.clone()),
        (Some(expanded), Some(given)) => Err(SimError::OtherSeed {
            handle: scenario.handle.clone(),
            given,
            own: expanded.seed,
        }),
        (None, None) => Err(SimError::NoSeed {
            handle: scenario.handle.clone(),
        }),
        (None, Some(seed)) => Ok(Expanded {
            proves: scenario.proves().to_owned(),
            seed,
            origin: Origin {
                scenario: scenario.name.clone(),
                seed,
                commit: commit::describe(),
                fingerprint: None,
            },
            plan: scenario.expand(seed),
        }),
    }
}

/// What the comment of an expanded scenario tells.
pub(super) fn story(name: &str, expanded: &Expanded, failure: Option<&Failure>) -> String {
    let Origin { seed, commit, .. } = &expanded.origin;
    let mut story = format!("What seed {seed} makes of {name}, at commit {commit}.");
    if let Some(failure) = failure {
        story.push_str(&format!("\nIt fails: {failure}"));
    }
    story
}

/// The one scenario that `selector` names.
pub(super) fn only(selector: &str) -> Result<Scenario, SimError> {
    let mut found = library::find(Path::new("."), selector)?;
    match found.pop() {
        Some(scenario) if found.is_empty() => Ok(scenario),
        last => {
            let names: Vec<String> = found
                .into_iter()
                .chain(last)
                .map(|scenario| scenario.name)
                .collect();
            Err(SimError::NotOne {
                selector: selector.to_owned(),
                found: names.len(),
                names: names.join(", "),
            })
        }
    }
}
