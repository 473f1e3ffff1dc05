//! The audit of a journal: everything is read and derived again, nothing is believed.
//!
//! The file is opened for reading only and no lock is taken, so a running server may go on; it sees one snapshot.
//! Chain and positions are verified batch by batch, every record is applied to an empty state, and that state's own
//! audit (double entry, balances, holds, deposits against postings) is run at the end. The verdict says how far
//! the audit came: a journal that cannot be read to its end is not sound.

mod rule;

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;

use plimsoll_core::bank::{Record, State};
use plimsoll_core::journal::{Head, OpenedBatch, Position};
use plimsoll_core::ledger::{AccountKey, Owner};
use plimsoll_core::money::Amount;
use sqlx::{Connection as _, SqliteConnection};

use super::error::StoreError;
use super::journal::Progress;
use super::sqlite::{self, open_read_only, read_head};
use rule::broken_rule;

/// What an audit came to.
#[derive(Debug)]
pub struct Report {
    /// Where the journal says that it ends.
    pub head: Head,
    /// The position up to which everything was verified.
    pub verified: Position,
    /// How many batches were verified.
    pub batches: u64,
    /// How many terms of office left a batch.
    pub epochs: u64,
    /// The digest of the state that the records lead to, if they could be read to the end: equal journals have
    /// equal ones.
    pub digest: Option<u128>,
    /// What the house's own accounts come to, by owner and asset, if the records could be read to the end: what is
    /// in custody must be what the house's addresses hold on chain.
    pub house: Vec<HouseBalance>,
    /// Everything that is wrong, in the order found.
    pub findings: Vec<Finding>,
}

/// What one account of the house comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HouseBalance {
    /// The account.
    pub account: AccountKey,
    /// What is in it, in the account's own direction.
    pub available: Amount,
    /// The decimals of its asset.
    pub scale: u8,
}

impl Report {
    /// Whether the whole journal was read and nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty() && self.verified == self.head.position
    }
}

/// Something that is wrong.
#[derive(Debug)]
pub enum Finding {
    /// SQLite's own check of the file's structure found damage.
    Structure(String),
    /// The chain is broken here, and nothing after it can be verified.
    Chain(StoreError),
    /// A record does not follow from those before it; nothing after it can be verified.
    Record {
        /// The position of the record.
        position: Position,
        /// The rule that it breaks.
        rule: String,
    },
    /// The state that the records lead to breaks an invariant.
    Invariant(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Structure(what) => write!(f, "the file is damaged: {what}"),
            Self::Chain(error) => write_chain(f, error),
            Self::Record { position, rule } => write!(f, "record {position} does not follow: {rule}"),
            Self::Invariant(rule) => write!(f, "an invariant does not hold: {rule}"),
        }
    }
}

/// Audits the journal at `path` and tells `progress` after each batch.
///
/// # Errors
/// The journal cannot even be opened: it is missing, not a journal, from a newer version.
pub async fn audit(path: &Path, mut progress: impl FnMut(Progress)) -> Result<Report, StoreError> {
    let each = |_: Position, _: &Record| {};
    let (report, _) = audited(path, each, &mut progress).await?;
    Ok(report)
}

/// The same, with a look at each record that follows from those before it, and with the state that they lead to.
///
/// # Errors
/// As [`audit`].
pub async fn audited(
    path: &Path,
    mut each: impl FnMut(Position, &Record),
    mut progress: impl FnMut(Progress),
) -> Result<(Report, State), StoreError> {
    let read = |source| StoreError::Read {
        path: path.to_owned(),
        source,
    };
    let mut connection = open_read_only(path).await?;
    // One snapshot for everything: a writer may append meanwhile.
    sqlx::raw_sql("BEGIN")
        .execute(&mut connection)
        .await
        .map_err(read)?;
    let head = read_head(&mut connection).await.map_err(read)?;
    let findings = structure(&mut connection)
        .await
        .into_iter()
        .map(Finding::Structure)
        .collect();
    let mut report = Report {
        head,
        verified: Position::ZERO,
        batches: 0,
        epochs: 0,
        digest: None,
        house: Vec::new(),
        findings,
    };
    let mut state = State::default();
    let (told, looked) = (&mut progress, &mut each);
    let broken = follow(&mut connection, path, &mut state, &mut report, told, looked).await;
    report.findings.extend(broken);
    if report.verified == head.position {
        report.digest = Some(state.digest());
        report.house = house(&state);
        report
            .findings
            .extend(broken_rule(|| state.check()).map(Finding::Invariant));
    }
    // Nothing was written, so a failure to close loses nothing.
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "the audited journal did not close cleanly");
    }
    Ok((report, state))
}

/// Applies batch after batch until the end or the first thing that is wrong, which it returns.
async fn follow(
    connection: &mut SqliteConnection,
    path: &Path,
    state: &mut State,
    report: &mut Report,
    progress: &mut impl FnMut(Progress),
    look: &mut impl FnMut(Position, &Record),
) -> Option<Finding> {
    let head = report.head;
    let mut epoch = None;
    let take = |opened: OpenedBatch<Record>, _: &Head| {
        for record in &opened.records {
            if let Some(rule) = broken_rule(|| state.apply(record)) {
                return ControlFlow::Break(Finding::Record {
                    position: report.verified.after(1),
                    rule,
                });
            }
            report.verified = report.verified.after(1);
            look(report.verified, record);
        }
        report.batches += 1;
        report.epochs += u64::from(epoch.replace(opened.epoch) != Some(opened.epoch));
        progress(Progress {
            position: report.verified,
            of: head.position,
        });
        ControlFlow::Continue(())
    };
    match sqlite::read(connection, path, Head::default(), &head, take).await {
        Ok(ControlFlow::Continue(())) => None,
        Ok(ControlFlow::Break(finding)) => Some(finding),
        Err(error) => Some(Finding::Chain(error)),
    }
}

fn house(state: &State) -> Vec<HouseBalance> {
    let of_house = |account: &AccountKey| !matches!(account.owner, Owner::User(_));
    let accounts = state.ledger().accounts().filter(|(account, _)| of_house(account));
    let balances = accounts.filter_map(|(account, counters)| {
        Some(HouseBalance {
            account,
            available: counters.balance(account.owner).available,
            scale: state.scale(account.asset)?,
        })
    });
    balances.collect()
}

/// What SQLite's structural check complains of; a check that cannot be run is a complaint too.
async fn structure(connection: &mut SqliteConnection) -> Vec<String> {
    match sqlx::query_scalar::<_, String>("PRAGMA quick_check(16)")
        .fetch_all(connection)
        .await
    {
        Ok(lines) if lines == ["ok"] => Vec::new(),
        Ok(lines) => lines,
        Err(error) => vec![error.to_string()],
    }
}

fn write_chain(f: &mut fmt::Formatter<'_>, error: &StoreError) -> fmt::Result {
    write!(f, "{error}")?;
    match std::error::Error::source(error) {
        Some(source) => write!(f, ": {source}"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
