//! `plimsoll sim explain`.

use std::fs::File;
use std::io::{Read as _, Write};
use std::path::Path;

use clap::Args;
use plimsoll_sim::run;
use plimsoll_sim::scenario::Expanded;
use plimsoll_sim::trace::{Beside, Body, Transcript};

use super::{SimError, replay};

/// With `--diff`: there is no failing run and passing neighbour to show.
const EXIT_NOTHING: u8 = 1;

/// What helps with the command, for `--help`.
pub(super) const AFTER_HELP: &str = "Examples:\n  \
     plimsoll sim explain escrow/reorg --seed 7               the deposit to which the most happened\n  \
     plimsoll sim explain escrow/reorg --seed 7 --deposit 3   another one\n  \
     plimsoll sim explain scenarios/corpus/FOUND.toml --diff  beside the nearest run that passes\n  \
     plimsoll sim explain trace.jsonl                         what `sim replay --trace` wrote\n\n\
     A line that begins with `!` tells of something around the deposit: a fault, a crash, a reorganisation.\n\n\
     Exit codes:\n  \
     0   the story is told, whether the run failed or passed\n  \
     1   --diff, and the run passes, or fails without any one of its faults too\n  \
     2   a wrong argument, scenario or trace, or no such deposit: nothing is told";

/// `plimsoll sim explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Which scenario, a scenario file, or a trace.
    #[arg(value_name = "SCENARIO")]
    selector: String,
    /// Which seed. An expanded scenario and a trace have their own.
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Which deposit, by its number in the order of sending, from 1 [default: the one that the failure is about, or else
    /// the one to which the most happened].
    #[arg(long, value_name = "N")]
    deposit: Option<usize>,
    /// Show a failing run beside its nearest passing neighbour, which is the same run without one of its faults: the
    /// deposit's story in both, from where they part.
    #[arg(long)]
    diff: bool,
}

pub(super) fn run(args: &ExplainArgs, out: &mut dyn Write) -> Result<u8, SimError> {
    let path = Path::new(&args.selector);
    if is_trace(path) {
        let refused = |option| SimError::OneRun {
            path: path.to_path_buf(),
            option,
        };
        if args.seed.is_some() {
            return Err(refused("--seed"));
        }
        if args.diff {
            return Err(refused("--diff"));
        }
        write!(out, "{}", Transcript::read(path)?.story(args.deposit)?)?;
        return Ok(0);
    }
    let scenario = replay::only(&args.selector)?;
    let expanded = replay::expand(&scenario, args.seed)?;
    let (single, told) = run::traced(&expanded.plan, expanded.seed)
        .unwrap_or_else(|faults| unreachable!("an expanded plan is sound: {faults:?}"));
    if !args.diff {
        write!(out, "{}", told.story(args.deposit)?)?;
        return Ok(0);
    }
    if single.ending.is_passed() {
        writeln!(out, "this run passes: there is no failure to compare")?;
        return Ok(EXIT_NOTHING);
    }
    compare(args, &expanded, &told, out)
}

/// Shows the failing run `told` beside its nearest passing neighbour.
fn compare(
    args: &ExplainArgs,
    expanded: &Expanded,
    told: &Transcript,
    out: &mut dyn Write,
) -> Result<u8, SimError> {
    let story = told.story(args.deposit)?;
    let found = run::neighbour(&expanded.plan, expanded.seed, told)
        .unwrap_or_else(|faults| unreachable!("a plan with a fault less is sound: {faults:?}"));
    let Some(found) = found else {
        let count = expanded.plan.faults.len();
        writeln!(
            out,
            "it fails without any one of its {count} faults too: no neighbour passes"
        )?;
        return Ok(EXIT_NOTHING);
    };
    let other = found.told.story(story.deposit())?;
    let without = words(told, found.without);
    write!(
        out,
        "{}",
        Beside::of((told, &story), (&found.told, &other), &without, found.common)
    )?;
    Ok(0)
}

/// The fault at `place` of the plan, in words.
fn words(told: &Transcript, place: usize) -> String {
    let is_it = |fault: u32| usize::try_from(fault).is_ok_and(|fault| fault == place);
    let what = told
        .events
        .iter()
        .find_map(|event| match (&event.body, event.ids.fault) {
            (Body::FaultBegan(began), Some(fault)) if is_it(fault) => {
                Some(format!("fault {place}, {}", began.what))
            }
            (_, Some(_) | None) => None,
        });
    what.unwrap_or_else(|| format!("fault {place}"))
}

/// Whether a file begins as traces do, and scenarios never.
fn is_trace(path: &Path) -> bool {
    let mut first = [0_u8];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && first == *b"{"
}
