//! From a journal to a bank: replay, verify, go on.

use std::error::Error;

use plimsoll_core::bank::{Bank, BankConfig, OpenError, Record, State};
use plimsoll_core::journal::{Head, OpenedBatch};

use crate::store::{Journal, Progress};

/// A bank that is where its journal ends.
#[derive(Debug)]
pub struct Recovered {
    /// The bank.
    pub bank: Bank,
    /// The journal's end, with this writer's epoch.
    pub head: Head,
}

/// Why there is no bank.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError<E: Error + 'static> {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] E),
    /// The configuration contradicts itself or the journal. Each fault has its own line.
    #[error("open the bank:{}", list(.0))]
    Config(Vec<OpenError>),
}

fn list(errors: &[OpenError]) -> String {
    errors.iter().map(|error| format!("\n- {error}")).collect()
}

/// Replays `journal` and opens the bank behind it, telling `progress` after each batch.
///
/// # Errors
/// [`RecoverError`]: nothing was written, and the journal is as before.
pub async fn recover<J: Journal>(
    journal: &mut J,
    config: BankConfig,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Recovered, RecoverError<J::Error>> {
    let mut state = State::default();
    let each = |opened: OpenedBatch<Record>, reached| {
        opened.records.iter().for_each(|record| state.apply(record));
        progress(reached);
    };
    let head = journal.replay(each).await?;
    let bank = Bank::open(config, state).map_err(RecoverError::Config)?;
    Ok(Recovered { bank, head })
}
