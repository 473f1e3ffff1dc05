use crate::ledger::Ledger;
use crate::ledger::script::run;
use crate::money::Amount;

fn ledger() -> Ledger {
    let script = run("
        post custody>alice 10            -> transaction-1
        hold alice>bob 4                 -> transaction-2
        limits alice 1..20               -> set
    ");
    script.ledger
}

#[test]
#[should_panic(expected = "the totals are not those of the accounts")]
fn totals_that_drifted_are_found() {
    let mut ledger = ledger();
    let totals = &mut ledger.books.list[0].totals;
    totals.debits_posted = Amount::from_minor(11);
    totals.credits_posted = Amount::from_minor(11);
    ledger.check();
}

#[test]
#[should_panic(expected = "debits and credits of USDT differ")]
fn money_from_nowhere_is_found() {
    let mut ledger = ledger();
    let bob = ledger.books.list[0].counters.last_mut().unwrap();
    bob.credits_posted = Amount::from_minor(1);
    ledger.check();
}

#[test]
#[should_panic(expected = "an account stands where it may not")]
fn an_overdrawn_account_is_found() {
    let mut ledger = ledger();
    let bob = ledger.books.list[0].counters.last_mut().unwrap();
    bob.debits_posted = Amount::from_minor(1);
    ledger.check();
}

#[test]
#[should_panic(expected = "an account stands where it may not")]
fn a_broken_limit_is_found() {
    let mut ledger = ledger();
    for limits in ledger.books.list[0].limits.values_mut() {
        limits.minimum = Amount::from_minor(7);
    }
    ledger.check();
}

#[test]
#[should_panic(expected = "every account is listed once")]
fn an_account_that_is_not_listed_is_found() {
    let mut ledger = ledger();
    ledger.books.owners.pop_first();
    ledger.check();
}

#[test]
#[should_panic(expected = "every account is found once")]
fn an_account_that_cannot_be_looked_up_is_found() {
    let mut ledger = ledger();
    let owner = ledger.books.list[0].owners[0];
    ledger.books.list[0].slots.remove(&owner);
    ledger.check();
}
