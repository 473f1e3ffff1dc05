//! Refunds: whole, once, from whoever has the money, and back to them if nobody pays.

use core::time::Duration;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::{House, key, named};
use crate::bank::{ActDone, AdminAct, Command, Query, Refusal, Reply};
use crate::escrow::testing::{CHAIN, PAYER, asset};
use crate::escrow::{DepositKey, RefundAct, RefundStage};
use crate::id::{Address, RefundId, TransactionId, TxHash, UserId};
use crate::ledger::{self, AccountKey, Owner, Transfer};
use crate::money::Amount;

const PAID: TxHash = TxHash::Evm([0xee; 32]);

fn deposit(n: u8) -> DepositKey {
    DepositKey {
        tx: named(n),
        ordinal: 0,
    }
}

fn asked(n: u8, to: Address) -> RefundAct {
    let deposit = deposit(n);
    RefundAct::Request { deposit, to }
}

fn settled(refund: u64) -> RefundAct {
    RefundAct::Settle {
        refund: RefundId::new(refund),
        paid_by: PAID,
    }
}

fn withdrawn(refund: u64) -> RefundAct {
    RefundAct::Withdraw {
        refund: RefundId::new(refund),
    }
}

fn command(name: &str, actor: &str, act: RefundAct) -> Command {
    Command::Administer {
        key: key(name),
        act: AdminAct::Refund(act),
        actor: actor.into(),
        reason: "asked".into(),
    }
}

/// What came of an act under a key of its own: the refund that moved, that it was proposed, or why not.
fn act_as(house: &mut House, actor: &str, act: RefundAct) -> String {
    let name = std::format!("{act:?} {}", house.requests);
    let reply = house.command(command(&name, actor, act));
    house.audit();
    if let Reply::Refused(refusal) = reply {
        return refusal.code().into();
    }
    let Reply::Administered {
        done,
        replayed: false,
    } = reply
    else {
        panic!("{reply:?}")
    };
    match done {
        ActDone::Refund { refund, .. } => std::format!("{refund}"),
        ActDone::RefundProposed => "proposed".into(),
        ActDone::Ordered { .. }
        | ActDone::Breaker { .. }
        | ActDone::Swept { .. }
        | ActDone::Processing { .. } => panic!("{done:?}"),
    }
}

fn act(house: &mut House, act: RefundAct) -> String {
    act_as(house, "ops", act)
}

/// USDT in custody, suspense, treasury and the account of refunds.
fn house_has(house: &House) -> [i128; 4] {
    [
        Owner::Custody(CHAIN),
        Owner::Suspense,
        Owner::Treasury,
        Owner::Refunds,
    ]
    .map(|owner| {
        let asset = asset("USDT");
        let balance = house.bank.state().ledger().balance(AccountKey { owner, asset });
        balance.available.minor()
    })
}

fn spend(house: &mut House, from: UserId, to: UserId, symbol: &str, units: i128) {
    let transfer = Transfer {
        debit: Owner::User(from),
        credit: Owner::User(to),
        asset: asset(symbol),
        amount: Amount::from_minor(units),
    };
    let request = ledger::Request {
        key: key(&std::format!("spend {}", house.requests)),
        command: ledger::Command::Post {
            transfers: vec![transfer],
        },
    };
    let reply = house.command(Command::Transact(request));
    let is_accepted = matches!(
        &reply,
        Reply::Outcome {
            outcome: ledger::Outcome::Accepted(_),
            ..
        }
    );
    assert!(is_accepted, "{reply:?}");
}

#[test]
fn a_credited_deposit_goes_back_whole_with_what_it_bought_and_leaves_custody_once_paid() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 1_201)]);
    house.mine(4);
    assert_eq!(house.balances(alice), (1, 0, 4));
    assert_eq!(act(&mut house, asked(1, PAYER)), "refund-1");
    assert_eq!(house.balances(alice), (0, 0, 0));
    assert_eq!(house_has(&house), [1_201, 0, 0, 1_201]);
    assert_eq!(act(&mut house, asked(1, PAYER)), "already_refunded");
    assert_eq!(act(&mut house, settled(1)), "refund-1");
    assert_eq!(house_has(&house), [0, 0, 0, 0]);
    for again in [settled(1), withdrawn(1)] {
        assert_eq!(act(&mut house, again), "refund_ended");
    }
    assert_eq!(act(&mut house, asked(1, PAYER)), "already_refunded");
    assert_eq!(act(&mut house, settled(2)), "unknown_refund");
}

#[test]
fn a_withdrawn_refund_is_undone_and_may_be_asked_for_again() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 1_201)]);
    house.mine(4);
    act(&mut house, asked(1, PAYER));
    assert_eq!(act(&mut house, withdrawn(1)), "refund-1");
    assert_eq!(
        house.balances(alice),
        (1, 0, 4),
        "what it had bought is bought again"
    );
    assert_eq!(house_has(&house), [1_201, 0, 1_200, 0]);
    assert_eq!(act(&mut house, settled(1)), "refund_ended");
    assert_eq!(act(&mut house, asked(1, PAYER)), "refund-2");
    assert_eq!(house_has(&house), [1_201, 0, 0, 1_201]);
}

#[test]
fn what_is_spent_is_not_there_to_be_refunded() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    let (bob, _) = house.register("bob");
    house.mine(1);
    house.pay(1, &[(address, 1_201)]);
    house.mine(4);
    spend(&mut house, alice, bob, "GOLD", 1);
    let before = house.records.len();
    assert_eq!(act(&mut house, asked(1, PAYER)), "spent");
    assert_eq!(house.records.len(), before, "a refusal leaves no trace");
    spend(&mut house, bob, alice, "GOLD", 1);
    assert_eq!(act(&mut house, asked(1, PAYER)), "refund-1");
}

#[test]
fn what_is_nobodys_goes_back_from_suspense_and_returns_there() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 900)]);
    house.mine(4);
    assert_eq!(house_has(&house), [900, 900, 0, 0]);
    assert_eq!(act(&mut house, asked(1, PAYER)), "refund-1");
    assert_eq!(house_has(&house), [900, 0, 0, 900]);
    house.pay(2, &[(address, 900)]);
    house.mine(4);
    assert_eq!(
        house_has(&house),
        [1_800, 900, 0, 900],
        "what goes back counts for nothing"
    );
    assert_eq!(act(&mut house, withdrawn(1)), "refund-1");
    house.pass(Duration::from_secs(1));
    house.audit();
    assert_eq!(
        house.balances(alice),
        (0, 0, 6),
        "and together it has reached the minimum"
    );
    // They bought 6 units together, which neither undoes alone.
    assert_eq!(act(&mut house, asked(1, PAYER)), "spent");
}

#[test]
fn what_an_operator_gave_to_a_user_goes_back_from_that_user() {
    let mut house = House::new();
    let (_, address) = house.register("alice");
    let (bob, _) = house.register("bob");
    house.mine(1);
    house.pay(1, &[(address, 900)]);
    house.mine(4);
    let given = Command::AttributeSuspense {
        deposit: deposit(1),
        user: bob,
        actor: "ops".into(),
        reason: "asked".into(),
    };
    assert_eq!(house.command(given), Reply::Done);
    assert_eq!(house.balances(bob), (0, 0, 3));
    assert_eq!(act(&mut house, asked(1, PAYER)), "refund-1");
    assert_eq!(
        (house.balances(bob), house_has(&house)),
        ((0, 0, 0), [900, 0, 0, 900])
    );
    assert_eq!(act(&mut house, withdrawn(1)), "refund-1");
    assert_eq!(house.balances(bob), (0, 0, 3));
}

#[test]
fn above_the_amount_another_operator_must_order_the_same() {
    let mut house = House::with(|config| {
        config.escrow.dismiss_alone_max = Some(vec![(asset("USDT"), Amount::from_minor(1_200))]);
    });
    let (_, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 1_201)]);
    house.pay(2, &[(address, 1_200)]);
    house.mine(4);
    let other = Address::Evm([0x77; 20]);
    let table = [
        ("ann", asked(2, PAYER), "refund-1"),
        ("ann", asked(1, other), "proposed"),
        ("ann", asked(1, other), "same_approver"),
        ("bob", asked(1, PAYER), "proposed"), // another address is another proposal
        ("bob", asked(1, PAYER), "same_approver"),
        ("ann", asked(1, PAYER), "refund-2"),
        ("ann", withdrawn(2), "refund-2"),
        ("ann", asked(1, PAYER), "proposed"),
    ];
    for (actor, wish, expected) in table {
        assert_eq!(act_as(&mut house, actor, wish), expected, "{actor} {wish:?}");
    }
    let Reply::Refunds { refunds, proposed } = house.query(Query::Refunds {
        is_pending: true,
        after: None,
        limit: 10,
    }) else {
        panic!("no refunds")
    };
    let ids: Vec<_> = refunds.iter().map(|one| one.id.number()).collect();
    assert_eq!((ids, proposed.len()), (vec![1], 1));
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let mut house = House::new();
    let (_, address) = house.register("alice");
    let (_, to_bob) = house.register("bob");
    house.mine(1);
    house.pay(1, &[(address, 1_201)]);
    house.mine(1);
    house.claim(UserId::new(1), 1);
    assert_eq!(
        act(&mut house, asked(1, PAYER)),
        "not_credited",
        "it is not final"
    );
    house.mine(3);
    assert_eq!(act(&mut house, asked(9, PAYER)), "not_credited");
    assert_eq!(act(&mut house, asked(1, to_bob)), "refund_to_ourselves");
    assert_eq!(act(&mut house, asked(1, PAYER)), "refund-1");
    let table = [TxHash::Solana([1; 64]), named(1).tx];
    for paid_by in table {
        let refund = RefundId::new(1);
        assert_eq!(
            act(&mut house, RefundAct::Settle { refund, paid_by }),
            "not_its_payment"
        );
    }
    let taken = house
        .bank
        .state()
        .escrow()
        .refund(RefundId::new(1))
        .unwrap()
        .transaction;
    let reversal = Command::Transact(ledger::Request {
        key: key("reverse"),
        command: ledger::Command::Reverse { transaction: taken },
    });
    assert_eq!(house.command(reversal), Reply::Refused(Refusal::NotPermitted));
}

#[test]
fn a_repeated_request_gives_the_first_answer_through_a_restart() {
    let mut house = House::new();
    let (_, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 1_201)]);
    house.mine(4);
    let asking = command("once", "ops", asked(1, PAYER));
    let Reply::Administered {
        done,
        replayed: false,
    } = house.command(asking.clone())
    else {
        panic!("it was not done")
    };
    assert_eq!(
        done,
        ActDone::Refund {
            refund: RefundId::new(1),
            transaction: TransactionId::new(3)
        }
    );
    house.restart(|_| {});
    let before = house.records.len();
    assert_eq!(
        house.command(asking),
        Reply::Administered { done, replayed: true }
    );
    let other = command("once", "ops", asked(1, Address::Evm([0x77; 20])));
    assert_eq!(house.command(other), Reply::Conflict { field: "act" });
    assert_eq!(house.records.len(), before);
    house.audit();
    let refund = house.bank.state().escrow().refund_of(&deposit(1)).unwrap();
    assert_eq!(refund.stage, RefundStage::Pending);
}
