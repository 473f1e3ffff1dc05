//! `turmoil-world`: one run of a plan in the turmoil world, the same in every process.
//!
//! A seed decides the whole run here, and here alone: this binary takes over the entropy and the clocks of its process
//! (mad-turmoil), from which hash maps, tokio's choices and the date would otherwise come. That is done once in a process
//! and for all of it, so there is one run in each.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use mad_turmoil::time::SimClocksGuard;
use plimsoll_sim::scenario::Scenario;
use plimsoll_sim::scenario::library::{self, LibraryError};
use plimsoll_sim::world::plan::Plan;
use plimsoll_turmoil::{Course, Failure, Packets, Report, run};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// A wrong argument or scenario: nothing was run.
const EXIT_USAGE: u8 = 2;

/// This world cannot do what the plan says.
const EXIT_INEXPRESSIBLE: u8 = 3;

/// What the exit code tells, for `--help`.
const EXIT_CODES: &str = "Exit codes:\n  \
     0   the run passed\n  \
     2   a wrong argument or scenario: nothing was run\n  \
     3   this world cannot do what the plan says: each entry is named, and nothing was run\n  \
     10  the code under test panicked, or ended by itself\n  \
     11  an oracle found an invariant broken\n  \
     12  the world did not settle\n\n\
     The same run twice gives the same digest, in any process. See scenarios/README.md, \"The same plan elsewhere\".";

/// Run one plan with the real driver, HTTP server and JSON-RPC client on a simulated network, and print what came of
/// everything.
#[derive(Debug, Parser)]
#[command(name = "turmoil-world", version, after_help = EXIT_CODES)]
struct Args {
    /// Which scenario: a name such as escrow/reorg, or a file.
    #[arg(value_name = "SCENARIO")]
    selector: String,
    /// Which seed. An expanded scenario has its own.
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Print the digest of the run to standard output, and nothing else.
    #[arg(long)]
    digest: bool,
}

/// Why nothing was run; the text is a sentence of its own.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error("`{selector}` names {found} scenarios, and one is run at a time")]
    NotOne { selector: String, found: usize },
    #[error("which run of `{0}`? It draws from a seed: add --seed, for example --seed 0")]
    NoSeed(String),
    #[error("`{handle}` is expanded and runs with its own seed {own}, not with {given}: leave --seed out")]
    OtherSeed { handle: String, given: u64, own: u64 },
    #[error("failed to start a thread")]
    Thread(#[from] io::Error),
}

fn main() -> ExitCode {
    // Before anything may draw: the seed is not known yet, and the run has a thread of its own, which draws anew.
    mad_turmoil::rand::set_rng(StdRng::seed_from_u64(0));
    let args = Args::parse();
    let done = told(&args).unwrap_or_else(|error| {
        tell(&format!("error: {error}"));
        EXIT_USAGE
    });
    ExitCode::from(done)
}

fn told(args: &Args) -> Result<u8, Refusal> {
    let (plan, seed) = expand(args)?;
    let course = Course::default();
    let noted = course.clone();
    let ended = thread::Builder::new()
        .name("world".to_owned())
        .spawn(move || in_world(&plan, seed, &noted))?
        .join();
    let digest = match &ended {
        Ok(Err(Failure::Inexpressible(_))) => String::new(),
        Ok(_) | Err(_) => format!("; digest {:032x}", course.digest()),
    };
    let (text, code) = match ended {
        Ok(Ok(report)) => {
            tell(&format!(
                "seed {seed} passed: {:?} simulated, {} batches, {} claims, {} answers given again{digest}",
                report.simulated, report.batches, report.claims, report.replayed
            ));
            (report.fates.to_string(), 0)
        }
        Ok(Err(failure)) => {
            tell(&format!("seed {seed}: {failure}{digest}"));
            (String::new(), code_of(&failure))
        }
        Err(_) => {
            tell(&format!("seed {seed}: it panicked{digest}"));
            (String::new(), 10)
        }
    };
    if !args.digest {
        print(&text);
    } else if code != EXIT_INEXPRESSIBLE {
        print(&format!("{:032x}\n", course.digest()));
    }
    Ok(code)
}

/// Runs the plan, in a thread that drew nothing yet.
fn in_world(plan: &Plan, seed: u64, course: &Course) -> Result<Report, Failure> {
    *mad_turmoil::rand::get_rng() = StdRng::seed_from_u64(seed);
    let _clocks = SimClocksGuard::init();
    tracing::subscriber::with_default(Packets::noted_in(course.clone()), || run(plan, seed, course))
}

/// The run that `args` name.
fn expand(args: &Args) -> Result<(Plan, u64), Refusal> {
    let mut found = library::find(".".as_ref(), &args.selector)?;
    let (Some(scenario), true) = (found.pop(), found.is_empty()) else {
        return Err(Refusal::NotOne {
            selector: args.selector.clone(),
            found: found.len() + 1,
        });
    };
    let Scenario { handle, .. } = &scenario;
    match (scenario.expanded(), args.seed) {
        (Some(expanded), Some(given)) if expanded.seed != given => Err(Refusal::OtherSeed {
            handle: handle.clone(),
            given,
            own: expanded.seed,
        }),
        (Some(expanded), _) => Ok((expanded.plan.clone(), expanded.seed)),
        (None, Some(seed)) => Ok((scenario.expand(seed), seed)),
        (None, None) => Err(Refusal::NoSeed(handle.clone())),
    }
}

const fn code_of(failure: &Failure) -> u8 {
    match failure {
        Failure::Inexpressible(_) => EXIT_INEXPRESSIBLE,
        Failure::Host(_) => 10,
        Failure::Violation(_) => 11,
        Failure::Unsettled(_) => 12,
    }
}

fn print(text: &str) {
    // There is nobody left to tell if this fails.
    drop(io::stdout().lock().write_all(text.as_bytes()));
}

fn tell(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}
