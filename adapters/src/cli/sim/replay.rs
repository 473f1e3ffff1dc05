//! `plimsoll sim replay`.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use plimsoll_sim::report;
use plimsoll_sim::run::{self, Ending};
use plimsoll_sim::scenario::{Scenario, library};
use plimsoll_sim::world::Tracing;

use super::trace::TraceFile;
use super::{SimError, commit, exit_code};

/// `plimsoll sim replay`.
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Which scenario, or a scenario file.
    #[arg(value_name = "SCENARIO")]
    selector: String,
    /// Which seed.
    #[arg(long, value_name = "SEED")]
    seed: u64,
    /// Write everything that happens to this file, as one JSON object a line.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Show what the seed drew, as TOML, and run nothing.
    #[arg(long, conflicts_with = "trace")]
    plan: bool,
}

pub(super) fn run(args: &ReplayArgs, out: &mut dyn Write) -> Result<u8, SimError> {
    let scenario = only(&args.selector)?;
    let plan = scenario.expand(args.seed);
    if args.plan {
        write!(out, "{}", toml::to_string_pretty(&plan)?)?;
        return Ok(0);
    }
    let file = args.trace.as_deref().map(TraceFile::create).transpose()?;
    let tracing = file.as_ref().map(|file| Tracing {
        out: file.writer(),
        build: commit::build(),
    });
    let single = run::replay(&plan, args.seed, tracing);
    let single = single.unwrap_or_else(|faults| unreachable!("an expanded plan is sound: {faults:?}"));
    if let Some(file) = file {
        file.finish(single.trace_error.as_deref())?;
    }
    write!(out, "{}", report::single(&scenario.name, &single))?;
    Ok(match &single.ending {
        Ending::Passed => 0,
        Ending::Failed(failure) => exit_code(failure),
    })
}

/// The one scenario that `selector` names.
fn only(selector: &str) -> Result<Scenario, SimError> {
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
