//! What people may do, and what they may not.

use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::{House, key, named};
use crate::bank::{Bank, BankConfig, Command, OpenError, Query, Refusal, Reply, State};
use crate::escrow::TxKey;
use crate::escrow::testing::{asset, block, receipt, tx};
use crate::id::{ChainId, ClaimId, UserId};
use crate::ledger::{self, Outcome, Owner, Request, Transfer};
use crate::limits::OPEN_CLAIMS_PER_USER_MAX;
use crate::money::Amount;

fn funded() -> (House, UserId, UserId) {
    let mut house = House::with(|config: &mut BankConfig| config.escrow.products.clear());
    let (alice, address) = house.register("alice");
    let (bob, _) = house.register("bob");
    house.mine(1);
    house.pay(1, &[(address, 10_000)]);
    house.mine(4);
    assert_eq!(house.balances(alice).0, 10_000);
    (house, alice, bob)
}

fn post(name: &str, debit: Owner, credit: Owner, units: i128) -> Command {
    let transfer = Transfer {
        debit,
        credit,
        asset: asset("USDT"),
        amount: Amount::from_minor(units),
    };
    Command::Transact(Request {
        key: key(name),
        command: ledger::Command::Post {
            transfers: vec![transfer],
        },
    })
}

fn on(name: &str, command: ledger::Command) -> Command {
    Command::Transact(Request {
        key: key(name),
        command,
    })
}

#[test]
fn the_same_key_and_body_give_the_same_answer_and_another_body_is_a_conflict() {
    let (mut house, alice, bob) = funded();
    let pay = |units| post("rent", Owner::User(alice), Owner::User(bob), units);
    let first = house.command(pay(4_000));
    assert!(
        matches!(
            first,
            Reply::Outcome {
                outcome: Outcome::Accepted(_),
                replayed: false
            }
        ),
        "{first:?}"
    );
    assert!(matches!(
        house.command(pay(4_000)),
        Reply::Outcome {
            outcome: Outcome::Accepted(_),
            replayed: true
        }
    ));
    assert!(matches!(
        house.command(pay(4_001)),
        Reply::Conflict { field: "amounts" }
    ));
    assert_eq!((house.balances(alice).0, house.balances(bob).0), (6_000, 4_000));
    house.audit();
}

#[test]
fn money_of_the_house_is_not_for_people_to_move() {
    let (mut house, alice, bob) = funded();
    let custody = Owner::Custody(ChainId::new(56));
    for (index, (debit, credit)) in [
        (custody, Owner::User(bob)),
        (Owner::Issuance, Owner::User(bob)),
        (Owner::Treasury, Owner::User(bob)),
        (Owner::Suspense, Owner::User(bob)),
        (Owner::Fees, Owner::User(bob)),
        (Owner::User(alice), custody),
        (Owner::User(alice), Owner::Issuance),
    ]
    .into_iter()
    .enumerate()
    {
        let reply = house.command(post(&index.to_string(), debit, credit, 2_000));
        assert_eq!(
            reply,
            Reply::Refused(Refusal::NotPermitted),
            "{debit:?} {credit:?}"
        );
    }
    let deposit = ledger::Command::Reverse {
        transaction: crate::id::TransactionId::new(1),
    };
    assert_eq!(
        house.command(on("undo", deposit)),
        Reply::Refused(Refusal::NotPermitted)
    );
    house.audit();
}

#[test]
fn the_hold_of_a_deposit_is_not_for_people_to_resolve() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    assert_eq!(house.stage(1), "seen");
    let hold = crate::id::TransactionId::new(1);
    for (name, command) in [
        ("a", ledger::Command::VoidHold { hold }),
        ("b", ledger::Command::PostHold { hold, amounts: None }),
    ] {
        assert_eq!(
            house.command(on(name, command)),
            Reply::Refused(Refusal::NotPermitted)
        );
    }
    house.mine(3);
    assert_eq!(house.stage(1), "final");
    house.audit();
}

#[test]
fn nobody_is_paid_who_is_not_registered() {
    let (mut house, alice, _) = funded();
    let nobody = UserId::new(99);
    let reply = house.command(post("x", Owner::User(alice), Owner::User(nobody), 2_000));
    assert_eq!(reply, Reply::Refused(Refusal::UnknownUser(nobody)));
    assert_eq!(
        house.query(Query::Balances(nobody)),
        Reply::Refused(Refusal::UnknownUser(nobody))
    );
}

#[test]
fn a_hold_expires_by_itself() {
    let (mut house, alice, bob) = funded();
    let transfer = Transfer {
        debit: Owner::User(alice),
        credit: Owner::User(bob),
        asset: asset("USDT"),
        amount: Amount::from_minor(4_000),
    };
    let expires_at = Some(house.wall().after(core::time::Duration::from_secs(90)));
    house.command(on(
        "hold",
        ledger::Command::Hold {
            transfers: vec![transfer],
            expires_at,
        },
    ));
    assert_eq!(house.balances(alice), (6_000, 4_000, 0));
    house.mine(91);
    assert_eq!(house.balances(alice), (10_000, 0, 0));
    house.audit();
}

#[test]
fn registering_and_claiming_twice_is_doing_it_once() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    assert_eq!(house.register("alice"), (alice, address));
    let other = Command::RegisterUser {
        key: key("alice"),
        name: "Alice".into(),
    };
    assert_eq!(house.command(other), Reply::Conflict { field: "name" });
    let nameless = Command::RegisterUser {
        key: key("nobody"),
        name: "".into(),
    };
    assert_eq!(
        house.command(nameless),
        Reply::Refused(Refusal::Text { field: "name" })
    );

    let id = |reply| {
        let Reply::Claim { claim, replayed } = reply else {
            panic!("{reply:?}")
        };
        (claim.id, replayed)
    };
    assert_eq!(id(house.claim(alice, 1)), (ClaimId::new(1), false));
    assert_eq!(id(house.claim(alice, 1)), (ClaimId::new(1), true));
    let again = Command::Claim {
        key: key("another key"),
        user: alice,
        tx: named(1),
    };
    assert_eq!(id(house.command(again)), (ClaimId::new(1), true));
    let moved = Command::Claim {
        key: key("claim user-1 1"),
        user: alice,
        tx: named(2),
    };
    assert_eq!(house.command(moved), Reply::Conflict { field: "tx" });
    house.audit();
}

#[test]
fn claims_are_bounded_and_for_known_users_and_chains() {
    let mut house = House::new();
    let (alice, _) = house.register("alice");
    let elsewhere = TxKey {
        chain: ChainId::new(97),
        tx: tx(1),
    };
    let reply = house.command(Command::Claim {
        key: key("x"),
        user: alice,
        tx: elsewhere,
    });
    assert_eq!(reply, Reply::Refused(Refusal::UnknownChain(ChainId::new(97))));
    assert_eq!(
        house.claim(UserId::new(9), 1),
        Reply::Refused(Refusal::UnknownUser(UserId::new(9)))
    );
    for n in 0..OPEN_CLAIMS_PER_USER_MAX {
        assert!(
            matches!(house.claim(alice, u8::try_from(n).unwrap()), Reply::Claim { .. }),
            "{n}"
        );
    }
    assert_eq!(house.claim(alice, 200), Reply::Refused(Refusal::TooManyClaims));
    house.mined.insert(tx(0), receipt(0, block(1), vec![]));
    house.mine(4);
    assert!(
        matches!(house.claim(alice, 200), Reply::Claim { .. }),
        "a settled claim makes room"
    );
}

#[test]
fn a_journal_and_a_configuration_that_disagree_are_refused_by_name() {
    let (house, _, _) = funded();
    let config = house.bank.config().clone();
    let open = |config: BankConfig| Bank::open(config, house.bank.state().clone()).unwrap_err();
    let mut renamed = config.clone();
    let assets: Vec<_> = config
        .registry
        .assets()
        .filter(|one| one.id != asset("GOLD"))
        .cloned()
        .collect();
    renamed.registry = crate::money::Registry::new(assets).unwrap();
    assert_eq!(open(renamed), [OpenError::AssetMissing { asset: asset("GOLD") }]);
    let mut rescaled = config.clone();
    let assets: Vec<_> = config
        .registry
        .assets()
        .cloned()
        .map(|mut one| {
            one.scale = if one.id == asset("GOLD") { 3 } else { one.scale };
            one
        })
        .collect();
    rescaled.registry = crate::money::Registry::new(assets).unwrap();
    assert_eq!(
        open(rescaled),
        [OpenError::ScaleChanged {
            asset: asset("GOLD"),
            journal: 2,
            config: 3
        }]
    );
    assert!(Bank::open(config, State::default()).is_ok());
}
