//! The bank: single-leg transfers between 10,000 users, and deposits from claim to credit, digest and invariants on.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;

use plimsoll_benches::house::House;
use plimsoll_benches::script::{Player, Script};
use plimsoll_benches::suite::{Suite, Unit, sized};
use plimsoll_benches::took::{Took, timed};
use plimsoll_core::bank::{Command, Event, Input};
use plimsoll_core::ledger::{self, Owner, Transfer};
use plimsoll_core::time::Instant;

/// How many transfers one iteration makes: the first of a new journal.
const TRANSFERS: u64 = 1_000_000;
const TRANSFERS_TRIED: u64 = READY;
/// How many of them are made ready at once, outside the measured time.
const READY: u64 = 10_000;
/// The deposits of one iteration.
const BLOCKS: u64 = 20;
const BLOCKS_TRIED: u64 = 2;
const DEPOSITS_PER_BLOCK: u64 = 100;

const TRANSFER_RATE: Unit = Unit::PerSecond {
    what: "transfers",
    goal: Some(1e6),
};

fn main() {
    let mut suite = Suite::new("bank");
    transfers(&mut suite);
    bare_maps(&mut suite);
    deposits(&mut suite);
    suite.finish();
}

fn transfers(suite: &mut Suite) {
    let house = House::new();
    let count = sized(TRANSFERS, TRANSFERS_TRIED);
    suite.measure("transfer", 10, count, TRANSFER_RATE, |iterations| {
        let one = |_| transfers_of_one_journal(house.clone(), count);
        (0..iterations).map(one).sum()
    });
}

fn transfers_of_one_journal(mut house: House, count: u64) -> Took {
    let mut player = Player::new(house.bank().clone());
    let before = player.bank.state().ledger().transaction_count();
    let took = (0..count / READY)
        .map(|_| player.play(house.transfers(READY)))
        .sum();
    let made = player.bank.state().ledger().transaction_count() - before;
    assert_eq!(made, count, "a transfer was refused");
    black_box(player.digest);
    took
}

/// What no ledger can be faster than: two balances in a map, without key, record, refusal or check.
fn bare_maps(suite: &mut Suite) {
    let unit = Unit::PerSecond {
        what: "transfers",
        goal: None,
    };
    let moves: Vec<Transfer> = House::new()
        .transfers(READY)
        .iter()
        .filter_map(transfer_in)
        .collect();
    suite.measure("bare_hash_map", 100, READY, unit, |iterations| {
        let mut balances: HashMap<Owner, i128> = HashMap::new();
        repeat(iterations, || {
            for one in &moves {
                *balances.entry(one.debit).or_default() -= one.amount.minor();
                *balances.entry(one.credit).or_default() += one.amount.minor();
            }
        })
    });
    suite.measure("bare_btree_map", 100, READY, unit, |iterations| {
        let mut balances: BTreeMap<Owner, i128> = BTreeMap::new();
        repeat(iterations, || {
            for one in &moves {
                *balances.entry(one.debit).or_default() -= one.amount.minor();
                *balances.entry(one.credit).or_default() += one.amount.minor();
            }
        })
    });
    suite.compare("transfer", "bare_hash_map");
    suite.compare("transfer", "bare_btree_map");
}

fn transfer_in((_, input): &(Instant, Input)) -> Option<Transfer> {
    let Event::Command { command, .. } = &input.event else {
        return None;
    };
    let Command::Transact(request) = command else {
        return None;
    };
    let ledger::Command::Post { transfers } = &request.command else {
        return None;
    };
    transfers.first().copied()
}

fn deposits(suite: &mut Suite) {
    let blocks = sized(BLOCKS, BLOCKS_TRIED);
    let mut house = House::new();
    let before = house.bank().clone();
    let script: Script = house.deposits(blocks, DEPOSITS_PER_BLOCK);
    let is_answer = |step: &&(Instant, Input)| matches!(step.1.event, Event::Answered { .. });
    let answers = script.iter().filter(is_answer).count() as u64;
    let rate = |what| Unit::PerSecond { what, goal: None };
    let count = blocks * DEPOSITS_PER_BLOCK;
    suite.measure("deposit", 20, count, rate("deposits"), |iterations| {
        let one = |_| {
            let mut player = Player::new(before.clone());
            let took = player.play(script.clone());
            assert_eq!(
                player.bank.state().digest(),
                house.bank().state().digest(),
                "the script did not do what it did when it was recorded"
            );
            took
        };
        (0..iterations).map(one).sum()
    });
    suite.also("deposit_step", "deposit", answers, rate("answers"));
}

fn repeat(iterations: u64, mut work: impl FnMut()) -> Took {
    let (took, ()) = timed(|| (0..iterations).for_each(|_| work()));
    took
}
