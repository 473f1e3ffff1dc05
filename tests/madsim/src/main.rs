//! `madsim-world`: one run of a plan in the madsim world.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use plimsoll_madsim::world::{Failure, run};
use plimsoll_sim::scenario::library;
use plimsoll_sim::world::plan::Plan;

const HELP: &str = "\
Run one plan with the real driver, in an order of tasks that the seed draws, and print what came of everything.

Usage: tests/madsim/world SCENARIO [--seed SEED]

  SCENARIO     a name such as escrow/reorg, or a file
  --seed SEED  which run of the scenario; one that is expanded has its own

Exit codes:
  0    the run passed, each of the three times that it was repeated
  2    a wrong argument or scenario: nothing was run
  3    this world cannot do what the plan says: each entry is named, and nothing was run
  11   an oracle found an invariant broken
  12   the world did not settle, or the driver did not stop in the end
  101  the code under test panicked, or the run was not repeated as it was

See scenarios/README.md, \"The same plan elsewhere\".
";

/// A wrong argument or scenario.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|one| one == "--help" || one == "-h") {
        print(HELP);
        return ExitCode::SUCCESS;
    }
    let (plan, seed) = match named(&arguments) {
        Ok(named) => named,
        Err(refusal) => {
            tell(&format!("error: {refusal}"));
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match run(&plan, seed) {
        Ok(report) => {
            tell(&format!(
                "seed {seed} passed: {:?} simulated, {} batches, {:?}; course {:032x}",
                report.simulated, report.batches, report.tally, report.course
            ));
            print(&report.fates.to_string());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            tell(&format!("seed {seed}: {failure}"));
            ExitCode::from(code_of(&failure))
        }
    }
}

const fn code_of(failure: &Failure) -> u8 {
    match failure {
        Failure::Inexpressible(_) => 3,
        Failure::Violation(_) => 11,
        Failure::Unsettled(_) | Failure::Stop(_) => 12,
    }
}

/// The run that the arguments name.
fn named(arguments: &[String]) -> Result<(Plan, u64), String> {
    let (selector, given) = match arguments {
        [selector] => (selector, None),
        [selector, option, seed] | [option, seed, selector] if option == "--seed" => {
            let number = seed.parse::<u64>();
            let number = number.map_err(|error| format!("`{seed}` is no seed: {error}"))?;
            (selector, Some(number))
        }
        _ => return Err("name one scenario, and perhaps --seed SEED: see --help".to_owned()),
    };
    let mut found = library::find(Path::new("."), selector).map_err(|error| error.to_string())?;
    let (Some(scenario), true) = (found.pop(), found.is_empty()) else {
        return Err(format!(
            "`{selector}` names several scenarios, and one is run at a time"
        ));
    };
    match (scenario.expanded(), given) {
        (Some(expanded), Some(given)) if expanded.seed != given => Err(format!(
            "`{selector}` is expanded and runs with its own seed {}, not with {given}: leave --seed out",
            expanded.seed
        )),
        (Some(expanded), _) => Ok((expanded.plan.clone(), expanded.seed)),
        (None, Some(seed)) => Ok((scenario.expand(seed), seed)),
        (None, None) => Err(format!(
            "which run of `{selector}`? It draws from a seed: add --seed, for example --seed 1"
        )),
    }
}

fn print(text: &str) {
    // There is nobody left to tell if this fails.
    drop(io::stdout().lock().write_all(text.as_bytes()));
}

fn tell(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}
