//! `plimsoll replay`: drives the bank of a recording again, and checks that it does what it did.

mod base;
mod incident;
mod judge;
mod play;
mod redrive;
mod reel;
mod show;
mod until;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use plimsoll_sim::world::plan::PlanError;

use super::{CliError, EXIT_CANNOT_BEGIN};
use crate::dev;
use crate::recorder::Redactor;
use base::{Base, BaseError};
use incident::Incident;
use play::{Ending, PlayError, Player};
use reel::Reel;
use until::Until;

/// The exit code when something was found.
const EXIT_FOUND: u8 = 1;

/// Which recording to replay, and how far.
#[derive(Debug, Args)]
#[command(
    after_help = "Every input is handed to the same machines at the recorded time. What they wish for must have the \
    recorded digest;\nthe first input of which that is not so is named. The oracles of the simulator that need no more \
    than inputs, effects\nand records watch. A recording that was cut off by a kill is played up to there.\n\n\
    Exit codes: 0 as recorded, 1 something was found, 2 the recording cannot be read or begun with.\n\n\
    Examples:\n  \
    plimsoll replay data/recording --journal data/journal.db\n  \
    plimsoll replay data/recording/000003.plmrec --journal copy.db --until 3:1500 --print-state\n  \
    plimsoll replay data/recording --journal copy.db --scenario incident.toml"
)]
pub(super) struct ReplayArgs {
    /// The folder of the recording, or one segment of it.
    #[arg(value_name = "DIR|FILE")]
    recording: PathBuf,
    /// The journal that was recorded, or a later copy. Needed unless the recording begins with an empty one.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Where to stop: after so many inputs, after an input of a segment, or at a date.
    #[arg(long, value_name = "N|SEGMENT:N|DATE")]
    until: Option<Until>,
    /// Print the state at the end: accounts, transactions under way, endpoints.
    #[arg(long)]
    print_state: bool,
    /// Write what was played as a scenario to this file, for `plimsoll sim replay` and `plimsoll sim shrink`: the deeds of
    /// people, and whatever endpoints, journal and process did wrong, at their times.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// The redaction key of the server that recorded, to read its journal with.
    #[arg(long, value_name = "KEY", env = "PLIMSOLL_RECORD__KEY", hide_env_values = true, default_value = dev::RECORD_KEY, hide_default_value = true)]
    key: String,
}

pub(super) fn run(args: &ReplayArgs) -> Result<ExitCode, CliError> {
    let code = answer(args, &mut io::stdout().lock(), &mut io::stderr())?;
    Ok(ExitCode::from(code))
}

/// Says what a replay comes to, and gives the exit code.
pub(super) fn answer(args: &ReplayArgs, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<u8> {
    match replay(args, out) {
        Ok(code) => Ok(code),
        Err(Failure::Output(error)) => Err(error),
        Err(Failure::Play(error)) => {
            writeln!(err, "error: failed to {:#}", anyhow::Error::from(error))?;
            Ok(EXIT_CANNOT_BEGIN)
        }
    }
}

/// Why nothing came of a replay.
enum Failure {
    Play(PlayError),
    Output(io::Error),
}

fn replay(args: &ReplayArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let reel = Reel::find(&args.recording).map_err(|error| Failure::Play(error.into()))?;
    let make_base = || Base::new(args.journal.as_deref(), Redactor::new(&args.key));
    let begin = |source: BaseError| {
        let file = args.recording.display().to_string();
        Failure::Play(PlayError::Base { file, source })
    };
    let mut player = Player::new(&make_base, args.until).map_err(begin)?;
    player.incident = args.scenario.as_ref().map(|_| Incident::default());
    let ending = player.play(reel.segments()).map_err(Failure::Play)?;
    let write = |out: &mut dyn Write| {
        show::write_report(out, &player, &ending)?;
        match player.redrive().filter(|_| args.print_state) {
            Some(life) => show::write_state(out, life),
            None => Ok(()),
        }
    };
    write(out).map_err(Failure::Output)?;
    if let (Some(path), Some(incident)) = (&args.scenario, player.incident.take()) {
        keep(incident, path, out)?;
    }
    Ok(match ending {
        Ending::End | Ending::Stopped(_) => 0,
        Ending::Found(_) => EXIT_FOUND,
    })
}

/// Writes what was played as a scenario.
fn keep(incident: Incident, path: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let failed = |problem: String| {
        let file = path.display().to_string();
        Failure::Play(PlayError::Scenario { file, problem })
    };
    let listed = |faults: Vec<PlanError>| -> String {
        let lines = faults.iter().map(|fault| format!("\n  {fault}"));
        lines.collect()
    };
    let commit = super::sim::commit();
    let (expanded, left_out) = incident
        .finish(&commit)
        .map_err(|faults| failed(format!("no scenario can say it:{}", listed(faults))))?;
    let comment =
        format!("What a flight recorder saw, as far as a scenario can say it; {left_out} things it cannot.");
    std::fs::write(path, expanded.to_toml(&comment)).map_err(|error| failed(error.to_string()))?;
    let (deeds, faults) = (expanded.plan.workload.len(), expanded.plan.faults.len());
    let name = path.display();
    writeln!(
        out,
        "{name}: {deeds} deeds, {faults} faults, {left_out} things left out"
    )
    .map_err(Failure::Output)
}

/// What a replay of all of `recording`, of a development server with this `journal`, comes to.
#[cfg(test)]
pub(super) fn at(recording: &Path, journal: &Path) -> (u8, String) {
    let args = ReplayArgs {
        recording: recording.to_owned(),
        journal: Some(journal.to_owned()),
        until: None,
        print_state: false,
        scenario: None,
        key: dev::RECORD_KEY.to_owned(),
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = answer(&args, &mut out, &mut err).unwrap();
    out.extend(err);
    (code, String::from_utf8(out).unwrap())
}

#[cfg(test)]
mod tests;
