//! [`Teller`]: bank, durability gate and journal, joined as the driver joins them, with batches of a chosen size.

use plimsoll_adapters::driver::Recovered;
use plimsoll_adapters::store::{Journal, SqliteJournal};
use plimsoll_core::bank::{Act, Bank, Effect, Record, Reply};
use plimsoll_core::ledger::Outcome;
use plimsoll_core::machine::{Effects, Machine as _};
use plimsoll_core::outbox::{Outbox, Standing, StoreRequest};
use plimsoll_core::time::{Instant, WallClock};

use crate::script::Script;

/// A bank at its journal.
pub struct Teller {
    bank: Bank,
    outbox: Outbox<Record, Act>,
    fx: Effects<Effect>,
    journal: SqliteJournal,
}

impl Teller {
    /// A teller who goes on where `recovered` ends.
    #[must_use]
    pub fn new(journal: SqliteJournal, recovered: Recovered) -> Self {
        Self {
            bank: recovered.bank,
            outbox: Outbox::new(recovered.head),
            fx: Effects::new(),
            journal,
        }
    }

    /// Has every command of `script` decided, made durable in as few batches as there can be, and answered.
    ///
    /// # Panics
    /// When one is refused, or does not become durable.
    pub async fn serve(&mut self, script: Script) {
        let commands = script.len();
        let mut last = Instant::ZERO;
        for (now, input) in script {
            last = now;
            self.bank.handle(now, input, &mut self.fx);
            self.outbox.accept(&mut self.fx);
        }
        while let Some(request) = self.outbox.store_request(last, WallClock::from_micros(1)) {
            let StoreRequest::Append(batch) = request else {
                unreachable!("no commit of a bench has an unknown outcome")
            };
            let appended = self.journal.append(&batch).await;
            let standing = self.outbox.on_appended(last, appended);
            assert_eq!(standing, Standing::Writer, "somebody else took the journal");
        }
        let mut accepted = 0;
        while let Some(act) = self.outbox.pop() {
            accepted += usize::from(is_acceptance(&act));
        }
        assert_eq!(accepted, commands, "not every transfer was made");
    }

    /// The digest of everything durable.
    #[must_use]
    pub fn digest(&self) -> u128 {
        self.bank.state().digest()
    }

    /// Lets the journal go.
    pub async fn close(self) {
        self.journal.close().await;
    }
}

/// Whether `act` tells somebody that a transfer is made.
fn is_acceptance(act: &Act) -> bool {
    let Act::Reply { reply, .. } = act else {
        return false;
    };
    matches!(
        reply,
        Reply::Outcome {
            outcome: Outcome::Accepted(_),
            ..
        }
    )
}
