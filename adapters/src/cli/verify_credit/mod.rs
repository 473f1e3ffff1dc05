//! `plimsoll verify-credit`: is this credit what it should be, and why is it believed?
//!
//! The evidence is in the credit's own record: the block, the digest of the receipt, who showed it, and what each of them
//! called final at that moment. `proof` holds it against the journal, which is audited to its end first; `witness` asks
//! the endpoints of a configuration for the receipt once more.

mod proof;
mod witness;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use plimsoll_core::bank::{Record, State};
use plimsoll_core::escrow::{EscrowRecord, TxKey};
use plimsoll_core::id::{ClaimId, TxHash};
use plimsoll_core::journal::Position;

use super::{CliError, EXIT_CANNOT_BEGIN, block_on};
use crate::config::ServerConfig;
use crate::store::{Report, audited};
use proof::Check;

/// Which credit, and whom to ask about it.
#[derive(Debug, Args)]
#[command(
    after_help = "Nothing is written, and a server may be running on the journal.\n\
                  Exit codes: 0 verified, 1 it is not what it should be, 2 it cannot be looked at.\n\n\
                  Examples:\n  plimsoll verify-credit data/journal.db claim-17\n  \
                  plimsoll verify-credit data/journal.db 0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060\n  \
                  plimsoll verify-credit data/journal.db claim-17 --config plimsoll.toml    asks the endpoints, too"
)]
pub(super) struct VerifyCreditArgs {
    /// The journal's file.
    journal: PathBuf,
    /// The credit: a claim, or the hash of the transaction that paid.
    #[arg(value_name = "CLAIM|TX", value_parser = parse_name)]
    credit: Name,
    /// Ask the endpoints of this configuration for the receipt, and hold it against the evidence.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What people call a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Claim(ClaimId),
    Tx(TxHash),
}

fn parse_name(text: &str) -> Result<Name, String> {
    let claim = text.parse().map(Name::Claim);
    claim.or_else(|_| text.parse().map(Name::Tx)).map_err(|_| {
        "write a claim such as claim-17, or \"0x\" and the 64 hex digits of a transaction".to_owned()
    })
}

/// Where the credit of each final transaction was journalled.
type Positions = std::collections::BTreeMap<TxKey, Position>;

pub(super) fn run(args: &VerifyCreditArgs) -> Result<ExitCode, CliError> {
    let mut positions = Positions::new();
    let look = |position, record: &Record| {
        if let Record::Escrow(EscrowRecord::Final { tx, .. }) = record {
            positions.insert(*tx, position);
        }
    };
    let opened = block_on(audited(&args.journal, look, |progress| {
        tracing::debug!(?progress, "verified");
    }))?;
    let (report, state) = match opened {
        Ok(opened) => opened,
        Err(error) => return Ok(cannot("open the journal", &error)),
    };
    let config = match args
        .config
        .as_deref()
        .map(|file| ServerConfig::load(file, 0))
        .transpose()
    {
        Ok(config) => config,
        Err(error) => return Ok(cannot("read the configuration", &error)),
    };
    let Some(tx) = find(&state, &positions, args.credit) else {
        tracing::error!(
            records = report.verified.count(),
            "no such credit in the journal: it is not claimed, not final, or rejected"
        );
        return Ok(ExitCode::from(EXIT_CANNOT_BEGIN));
    };
    let mut checks = vec![journal(&report, positions.get(&tx))];
    checks.extend(proof::checks(&state, tx));
    if let Some(config) = config {
        checks.extend(block_on(witness::checks(&state, tx, config))?);
    }
    tell(&mut io::stdout().lock(), &state, tx, &checks)
}

fn cannot(what: &str, error: &(dyn std::error::Error + 'static)) -> ExitCode {
    tracing::error!(error, "cannot {what}");
    ExitCode::from(EXIT_CANNOT_BEGIN)
}

/// The transaction that `name` means, if it is final and something in it was credited.
fn find(state: &State, positions: &Positions, name: Name) -> Option<TxKey> {
    match name {
        Name::Claim(claim) => state.escrow().claim(claim).map(|claim| claim.tx),
        Name::Tx(hash) => positions.keys().find(|tx| tx.tx == hash).copied(),
    }
    .filter(|tx| positions.contains_key(tx))
}

fn journal(report: &Report, position: Option<&Position>) -> Check {
    let what = format!(
        "every record of the journal follows from those before it ({} of {}; this credit is record {})",
        report.verified.count(),
        report.head.position.count(),
        position.map_or(0, |position| position.count()),
    );
    let why = report.findings.first().map(ToString::to_string);
    Check::new(report.is_sound(), what).because(why)
}

fn tell(out: &mut impl Write, state: &State, tx: TxKey, checks: &[Check]) -> Result<ExitCode, CliError> {
    proof::describe(out, state, tx)?;
    writeln!(out, "checks")?;
    for check in checks {
        writeln!(out, "  {check}")?;
    }
    let is_verified = checks.iter().all(|check| !check.has_failed());
    writeln!(out, "{}", if is_verified { "verified" } else { "NOT verified" })?;
    Ok(if is_verified {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests;
