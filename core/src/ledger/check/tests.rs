use crate::id::TransactionId;
use crate::ledger::account::Phase;
use crate::ledger::script::run;
use crate::ledger::{Ledger, TransactionState};
use crate::money::Amount;
use crate::time::WallClock;

fn ledger() -> Ledger {
    let script = run("
        post custody>alice 10            -> transaction-1
        hold alice>bob 4 until 5         -> transaction-2
        reverse 1                        -> insufficient_funds
        post alice>bob 1                 -> transaction-3
        reverse 3                        -> transaction-4
    ");
    script.ledger
}

fn id(number: u64) -> TransactionId {
    TransactionId::new(number)
}

#[test]
#[should_panic(expected = "is not the sum of its transactions")]
fn a_counter_that_no_transaction_explains_is_found() {
    let mut ledger = ledger();
    let leg = ledger.transactions.legs(id(1))[0];
    ledger.books.enter_leg(Phase::Posted, &leg);
    ledger.check();
}

#[test]
#[should_panic(expected = "is not the sum of its transactions")]
fn a_changed_leg_is_found() {
    let mut ledger = ledger();
    ledger.transactions.legs_mut(id(1))[0].amount = Amount::from_minor(11);
    ledger.check();
}

#[test]
#[should_panic(expected = "is not the sum of its transactions")]
fn a_hold_that_was_forgotten_is_found() {
    let mut ledger = ledger();
    ledger.transactions.at_mut(id(2)).state = TransactionState::Voided;
    ledger.expiries.clear();
    ledger.check();
}

#[test]
#[should_panic(expected = "the expiries are not those of the open holds")]
fn a_hold_that_would_never_expire_is_found() {
    let mut ledger = ledger();
    ledger.expiries.clear();
    ledger.check();
}

#[test]
#[should_panic(expected = "the expiries are not those of the open holds")]
fn an_expiry_without_a_hold_is_found() {
    let mut ledger = ledger();
    ledger.expiries.insert((WallClock::from_micros(9), id(1)));
    ledger.check();
}

#[test]
#[should_panic(expected = "was reversed without having been posted")]
fn a_reversal_of_what_was_never_posted_is_found() {
    let mut ledger = ledger();
    ledger.transactions.link(id(1), id(2));
    ledger.check();
}
