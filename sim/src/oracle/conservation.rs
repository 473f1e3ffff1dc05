//! Conservation: no unit of money is made or destroyed.
//!
//! After every input, per asset, debits equal credits, posted and held; every account stands as a second set of books
//! says; and no account is overdrawn.

use plimsoll_core::bank::{Bank, Record};
use plimsoll_core::id::AssetId;
use plimsoll_core::ledger::{AccountKey, Transfer};
use plimsoll_core::time::Instant;

use super::books::{Books, Line};
use super::broken;
use super::twin::{Follower, Twin};
use crate::world::observe::{End, Observation, Oracle, Violation};

const NAME: &str = "conservation";

/// The oracle.
#[derive(Debug, Default)]
pub struct Conservation {
    twin: Twin<Shadow>,
}

#[derive(Debug, Clone, Default)]
struct Shadow {
    books: Books,
    /// The accounts that the last records moved.
    touched: Vec<AccountKey>,
}

impl Follower for Shadow {
    fn follow<'a>(&mut self, records: impl Iterator<Item = &'a Record>) -> Result<(), Violation> {
        self.touched.clear();
        for record in records {
            if let Record::Ledger(record) = record {
                let entered = self.books.enter(record);
                let moved = entered.map_err(|why| broken(NAME, "impossible_record", why))?;
                let both = |transfer: &Transfer| [transfer.debit_account(), transfer.credit_account()];
                self.touched.extend(moved.iter().flat_map(both));
            }
        }
        Ok(())
    }
}

impl Oracle for Conservation {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Handled { bank, .. } => {
                self.twin.live.touched.clear();
                self.twin.observe(seen)?;
                self.check_touched(bank)
            }
            Observation::Crashed { bank, .. } => {
                self.check_all(bank)?;
                self.twin.observe(seen)
            }
            Observation::Restarted { bank, .. } => {
                self.twin.observe(seen)?;
                self.check_all(bank)
            }
            Observation::Committed { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_)
            | Observation::Chain(_) => self.twin.observe(seen),
        }
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        end.bank.map_or(Ok(()), |bank| self.check_all(bank))
    }
}

impl Conservation {
    fn check_touched(&self, bank: &Bank) -> Result<(), Violation> {
        let Shadow { books, touched } = &self.twin.live;
        for account in touched {
            check_account(bank, *account, &books.line(*account))?;
            check_asset(bank, account.asset)?;
        }
        Ok(())
    }

    fn check_all(&self, bank: &Bank) -> Result<(), Violation> {
        let books = &self.twin.live.books;
        for (account, line) in books.lines() {
            check_account(bank, account, &line)?;
        }
        for (account, counters) in bank.state().ledger().accounts() {
            let is_untouched = counters == Default::default();
            if !is_untouched && books.line(account) == Line::default() {
                let detail = format!("{account} holds {counters:?}, and no record ever moved it");
                return Err(broken(NAME, "balance_differs", detail));
            }
        }
        for (asset, total) in books.totals() {
            if total.debits != total.credits || total.debits_held != total.credits_held {
                return Err(broken(
                    NAME,
                    "unbalanced",
                    format!("the records of {asset} sum up to {total:?}"),
                ));
            }
            check_asset(bank, asset)?;
        }
        Ok(())
    }
}

fn check_account(bank: &Bank, account: AccountKey, line: &Line) -> Result<(), Violation> {
    let balance = bank.state().ledger().balance(account);
    let (available, expected) = (balance.available.minor(), line.available(account.owner));
    if expected < 0 {
        let detail = format!("{account} was left with {expected} minor units available");
        return Err(broken(NAME, "overdraft", detail));
    }
    if available != expected {
        let detail =
            format!("{account} has {available} minor units available, its records come to {expected}");
        return Err(broken(NAME, "balance_differs", detail));
    }
    let (held, incoming) = line.held_and_incoming(account.owner);
    if (balance.held.minor(), balance.incoming.minor()) != (held, incoming) {
        let detail =
            format!("{account} has {balance:?}, its records come to {held} held and {incoming} incoming");
        return Err(broken(NAME, "hold_differs", detail));
    }
    Ok(())
}

fn check_asset(bank: &Bank, asset: AssetId) -> Result<(), Violation> {
    let totals = bank.state().ledger().totals(asset);
    let is_balanced =
        totals.debits_posted == totals.credits_posted && totals.debits_pending == totals.credits_pending;
    if is_balanced {
        Ok(())
    } else {
        Err(broken(
            NAME,
            "unbalanced",
            format!("debits and credits of {asset} differ: {totals:?}"),
        ))
    }
}

#[cfg(test)]
mod tests;
