//! `real-world SCENARIO [--seed N]`: runs one plan in the real world, and prints the fate of everything.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use plimsoll_sim::scenario::library;
use plimsoll_sim::world::plan::Plan;
use plimsoll_tests::world::{Failure, run};

const HELP: &str = "\
Runs one scenario in real processes: the release binary, a private EVM node, proxies that fail as the plan says, kill -9.

usage: real-world SCENARIO [--seed N]     an expanded scenario has its own seed

Prints the fate of everything to standard output, as `plimsoll sim replay --fates` does. Takes as long as the plan says.
Exit codes: 0 everything is as it must be, 2 there is no such run, 3 the plan cannot be run here (each entry is named),
10 the process ended, 11 a violation, 12 not settled in time.
";

#[expect(clippy::print_stderr, reason = "it is a program")]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        eprint!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let (plan, seed) = match expand(&args) {
        Ok(expanded) => expanded,
        Err(why) => {
            eprintln!("error: {why}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(&plan, seed) {
        Ok(report) => {
            eprintln!(
                "{} {seed} passed in {:?}: {} deposits, {} kills, {} pieces lost, {} requests repeated, faults never met: {:?}",
                plan.name,
                report.took,
                report.deposits.len(),
                report.kills,
                report.lost,
                report.repetitions,
                report.unmet
            );
            let text = report.fates.to_string();
            // There is nobody left to tell if this fails.
            drop(std::io::stdout().lock().write_all(text.as_bytes()));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{} {seed}: {failure}", plan.name);
            ExitCode::from(code_of(&failure))
        }
    }
}

/// The run that the arguments name.
fn expand(args: &[String]) -> Result<(Plan, u64), String> {
    let (selector, seed) = match args {
        [selector] => (selector, None),
        [selector, flag, seed] if flag == "--seed" => {
            let seed = seed
                .parse::<u64>()
                .map_err(|error| format!("--seed {seed}: {error}"))?;
            (selector, Some(seed))
        }
        _ => return Err("which scenario, and which seed?".to_owned()),
    };
    let mut found = library::find(Path::new("."), selector).map_err(|error| error.to_string())?;
    let (Some(scenario), true) = (found.pop(), found.is_empty()) else {
        return Err(format!("{selector} is not one scenario"));
    };
    match (scenario.expanded(), seed) {
        (Some(own), given) if given.is_none_or(|given| given == own.seed) => Ok((own.plan.clone(), own.seed)),
        (Some(own), _) => Err(format!("{selector} has a seed of its own: {}", own.seed)),
        (None, Some(seed)) => Ok((scenario.expand(seed), seed)),
        (None, None) => Err(format!("{selector} needs --seed N")),
    }
}

const fn code_of(failure: &Failure) -> u8 {
    match failure {
        Failure::Inexpressible(_) => 3,
        Failure::Ended(_) => 10,
        Failure::Violation(_) => 11,
        Failure::Unsettled(_) => 12,
    }
}
