//! What a replay prints.

use std::io::{self, Write};

use plimsoll_core::bank::Bank;
use plimsoll_core::escrow::Stage;
use plimsoll_core::machine::Machine as _;

use super::play::{Ending, Found, Place, Played, Player, Tail};
use super::redrive::{Divergence, Redrive};
use crate::http::write_date;

/// What was played, and how it ended.
pub(super) fn write_report(out: &mut dyn Write, player: &Player<'_>, ending: &Ending) -> io::Result<()> {
    for played in &player.played {
        write_played(out, played)?;
    }
    match ending {
        Ending::End => writeln!(out, "replayed {} inputs: as recorded", player.inputs)?,
        Ending::Stopped(place) => writeln!(
            out,
            "replayed {} inputs: as recorded, stopped after {}",
            player.inputs,
            shown(place)
        )?,
        Ending::Found(found) => write_found(out, found)?,
    }
    if let Some(life) = player.redrive() {
        let (life, digest) = (life.inputs(), life.digest());
        writeln!(out, "the last life has had {life} inputs, digest {digest:032x}")?;
    }
    writeln!(out, "judged by {}", player.judges().join(", "))
}

fn write_played(out: &mut dyn Write, played: &Played) -> io::Result<()> {
    if let Tail::Empty(at) = played.tail {
        return writeln!(
            out,
            "{}: cut off at byte {at}, before anything was recorded in it",
            played.file
        );
    }
    let Played {
        file,
        life,
        before,
        inputs,
        digest,
        ..
    } = played;
    if played.lost > 0 {
        writeln!(
            out,
            "a gap of {} inputs: the disk did not keep up, and they were not recorded",
            played.lost
        )?;
    }
    let start = if played.is_from_beginning {
        "from its beginning".to_owned()
    } else {
        format!("after {before} inputs")
    };
    let end = match played.tail {
        Tail::Closed => "closed".to_owned(),
        Tail::Open => "not closed".to_owned(),
        Tail::CutOff(at) => format!("cut off at byte {at} in the middle of a frame, as by a kill"),
        Tail::Empty(_) => String::new(),
    };
    let after = before + inputs;
    writeln!(
        out,
        "{file}: life {life} {start}, {inputs} inputs, then {after} and digest {digest:032x}, {end}"
    )
}

fn write_found(out: &mut dyn Write, found: &Found) -> io::Result<()> {
    match found {
        Found::Diverged {
            place,
            divergence: divergence @ Divergence::Panicked(_),
            ..
        } => writeln!(out, "at {}: {divergence}", shown(place)),
        Found::Diverged {
            place,
            divergence,
            version,
        } => {
            writeln!(out, "diverged at {}: {divergence}", shown(place))?;
            let ours = env!("CARGO_PKG_VERSION");
            writeln!(out, "recorded by plimsoll {version}, replayed by {ours}")
        }
        Found::Broken { place, violation } => writeln!(out, "at {}: {violation}", shown(place)),
    }
}

/// A place, as `--until` takes it.
fn shown(place: &Place) -> String {
    let Place {
        file,
        segment,
        input,
        offset,
        wall,
    } = place;
    let date = write_date(*wall);
    format!("input {segment}:{input} ({file}, byte {offset}, {date})")
}

/// The state of a life, for people. Texts about persons are redacted in it.
pub(super) fn write_state(out: &mut dyn Write, life: &Redrive) -> io::Result<()> {
    let bank = life.bank();
    let state = bank.state();
    let (head, waiting) = (life.head(), life.uncommitted().len());
    writeln!(
        out,
        "state {:032x}: journal at {} with {waiting} records waiting",
        state.digest(),
        head.position
    )?;
    writeln!(
        out,
        "{} users, {} transactions",
        state.users().len(),
        state.ledger().transaction_count()
    )?;
    for (account, counters) in state.ledger().accounts() {
        let Some(scale) = state.scale(account.asset) else {
            continue;
        };
        let balance = counters.balance(account.owner);
        writeln!(
            out,
            "{account} available {} held {} incoming {}",
            balance.available.display(scale),
            balance.held.display(scale),
            balance.incoming.display(scale)
        )?;
    }
    for (tx, watch) in state.escrow().watches() {
        if !matches!(watch.stage, Stage::Final { .. } | Stage::Rejected { .. }) {
            writeln!(out, "{} {} {}", tx.chain, tx.tx, watch.stage.name())?;
        }
    }
    write_endpoints(out, bank)?;
    if let Some(deadline) = bank.next_deadline() {
        writeln!(out, "next due at {} ns: {}", deadline.at.as_nanos(), deadline.why)?;
    }
    Ok(())
}

fn write_endpoints(out: &mut dyn Write, bank: &Bank) -> io::Result<()> {
    for chain in bank.chains() {
        let height = |height: Option<u64>| height.map_or_else(|| "-".to_owned(), |height| height.to_string());
        let (scanned, finalized) = (height(chain.scanned), height(chain.finalized));
        writeln!(out, "{} scanned {scanned} finalized {finalized}", chain.chain)?;
        for one in &chain.endpoints {
            let cordon = one
                .cordon
                .map_or("none", plimsoll_core::resilience::CordonReason::code);
            let (name, breaker, verified) = (&one.name, one.breaker.code(), one.verified);
            writeln!(
                out,
                "  {name} breaker {breaker} verified {verified} cordon {cordon}"
            )?;
        }
    }
    Ok(())
}
