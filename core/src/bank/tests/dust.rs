//! E7: what is below the minimum waits in suspense until it has reached it together.

use std::vec;
use std::vec::Vec;

use super::{House, named};
use crate::bank::{Command, Event, Record, Reply};
use crate::escrow::testing::asset;
use crate::escrow::{DepositKey, EscrowRecord, Fault, Question};
use crate::ledger::{AccountKey, Owner};
use crate::limits::DUST_TOGETHER_MAX;
use crate::machine::Machine as _;
use crate::money::{Amount, Registry};

/// What is in suspense.
fn suspense(house: &House) -> i128 {
    let account = AccountKey {
        owner: Owner::Suspense,
        asset: asset("USDT"),
    };
    house.bank.state().ledger().balance(account).available.minor()
}

/// An act in which dust was credited: whose, which deposits by transaction and log, and whether they bought something.
type Act = (u64, Vec<(u8, u32)>, bool);

fn acts(house: &House) -> Vec<Act> {
    let of = |record: &Record| {
        let Record::Escrow(EscrowRecord::DustCredited {
            user,
            deposits,
            purchase,
            ..
        }) = record
        else {
            return None;
        };
        let short = |key: &DepositKey| (key.tx.tx.bytes()[0], key.ordinal);
        let deposits = deposits.iter().map(short).collect();
        Some((user.number(), deposits, purchase.is_some()))
    };
    house.records.iter().filter_map(of).collect()
}

/// The registry with another minimum of USDT.
fn with_minimum(registry: &Registry, min: i128) -> Registry {
    let mut assets: Vec<_> = registry.assets().cloned().collect();
    for one in &mut assets {
        if one.id == asset("USDT") {
            one.min = Amount::from_minor(min);
        }
    }
    Registry::new(assets).unwrap()
}

#[test]
fn e7_what_reaches_the_minimum_together_is_credited_in_one_act() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    let (bob, to_bob) = house.register("bob");
    house.mine(1);
    house.pay(1, &[(address, 400), (to_bob, 999)]);
    house.pay(2, &[(address, 400)]);
    house.mine(4);
    assert_eq!(house.balances(alice), (0, 0, 0));
    assert_eq!(suspense(&house), 1_799, "one user's dust is not another's");
    house.audit();
    house.pay(3, &[(address, 401)]);
    house.mine(4);
    // 1201 / 300 = 4.003…: 4 units cost 1200, and 1 is left over.
    assert_eq!(house.balances(alice), (1, 0, 4));
    assert_eq!((house.balances(bob), suspense(&house)), ((0, 0, 0), 999));
    assert_eq!(acts(&house), [(1, vec![(1, 0), (2, 0), (3, 0)], true)]);
    house.audit();
    house.pay(4, &[(address, 600)]);
    house.mine(4);
    assert_eq!(
        suspense(&house),
        1_599,
        "what was credited counts for nothing more"
    );
    house.audit();
}

#[test]
fn dust_in_one_transaction_is_credited_with_it_and_what_reaches_the_minimum_alone_never_waits() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 999), (address, 1_000), (address, 1)]);
    house.mine(4);
    assert_eq!((house.balances(alice), suspense(&house)), ((200, 0, 6), 0));
    assert_eq!(acts(&house), [(1, vec![(1, 0), (1, 2)], true)]);
    house.audit();
}

#[test]
fn dust_that_an_operator_gave_away_counts_for_nothing() {
    let mut house = House::new();
    let (_, address) = house.register("alice");
    let (bob, _) = house.register("bob");
    house.mine(1);
    house.pay(1, &[(address, 900)]);
    house.mine(4);
    let deposit = DepositKey {
        tx: named(1),
        ordinal: 0,
    };
    let given = Command::AttributeSuspense {
        deposit,
        user: bob,
        actor: "ops".into(),
        reason: "asked".into(),
    };
    assert_eq!(house.command(given), Reply::Done);
    house.pay(2, &[(address, 900)]);
    house.mine(4);
    assert_eq!(acts(&house), []);
    assert_eq!(suspense(&house), 900);
    house.audit();
}

#[test]
fn a_restart_credits_what_a_lower_minimum_lets_through() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 450), (address, 450)]);
    house.mine(4);
    house.restart(|_| {});
    house.mine(1);
    assert_eq!(acts(&house), []);
    house.restart(|config| config.registry = with_minimum(&config.registry, 900));
    house.mine(1);
    assert_eq!((house.balances(alice), suspense(&house)), ((0, 0, 3), 0));
    house.audit();
}

#[test]
fn more_dust_than_one_act_takes_is_credited_in_several() {
    let mut house = House::with(|config| config.registry = with_minimum(&config.registry, 5_000));
    let (alice, address) = house.register("alice");
    let each = 480;
    let transactions = u8::try_from(5_000 / each + 1).unwrap();
    for n in 1..=transactions {
        house.mine(1);
        house.pay(n, &vec![(address, 1); each]);
    }
    house.mine(4);
    let sizes: Vec<usize> = acts(&house)
        .iter()
        .map(|(_, deposits, _)| deposits.len())
        .collect();
    assert_eq!(sizes, [DUST_TOGETHER_MAX, 5_280 - DUST_TOGETHER_MAX]);
    assert_eq!(suspense(&house), 0);
    assert_eq!(house.bank.state().escrow().dust_heaps().count(), 0);
    // 4096 / 300 and 1184 / 300 are 13 and 3 units.
    assert_eq!(house.balances(alice), (5_280 - 16 * 300, 0, 16));
    house.audit();
}

#[test]
fn e7_an_answer_is_acted_upon_while_the_dust_of_many_is_still_to_be_credited() {
    let mut house = House::new();
    let many: Vec<_> = (0..300)
        .map(|n| house.register(&std::format!("user {n}")))
        .collect();
    let pays: Vec<_> = many.iter().map(|(_, address)| (*address, 600)).collect();
    house.mine(1);
    house.pay(1, &pays);
    house.mine(4);
    house.pay(2, &pays);
    house.bend_all(|_, question| {
        let is_other = matches!(question, Question::Receipt { tx } if *tx == named(9).tx);
        is_other.then_some(Err(Fault::Timeout))
    });
    house.mine(1);
    house.unanswered.clear();
    house.claim(many[0].0, 9);
    (house.latest, house.finalized) = (house.latest + 3, house.latest + 1);
    while house.bank.backlog.is_empty() {
        let due = house.bank.next_deadline().unwrap();
        house.now = due.at.max(house.now);
        house.handle(Event::Tick);
    }
    let call = house.unanswered.pop().unwrap();
    let outcome = Err(Fault::Connection);
    house.asked.clear();
    house.handle(Event::Answered { call, outcome });
    assert!(!house.asked.is_empty(), "somebody else is asked at once");
    assert!(!house.bank.backlog.is_empty(), "it came in the middle of it");
    house.mine(4);
    assert_eq!((acts(&house).len(), suspense(&house)), (300, 0));
    house.audit();
}
