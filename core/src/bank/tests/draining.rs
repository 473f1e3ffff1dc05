//! A bank that takes nothing new in.

use super::orders::{changed, order};
use super::{House, key};
use crate::bank::{AdminAct, Command, Query, Refusal, Reply};
use crate::escrow::testing::asset;
use crate::id::UserId;
use crate::ledger::{self, Owner, Request, Transfer};
use crate::money::Amount;

fn pay(name: &str, from: UserId, to: UserId) -> Command {
    let transfer = Transfer {
        debit: Owner::User(from),
        credit: Owner::User(to),
        asset: asset("GOLD"),
        amount: Amount::from_minor(1),
    };
    Command::Transact(Request {
        key: key(name),
        command: ledger::Command::Hold {
            transfers: std::vec![transfer],
            expires_at: None,
        },
    })
}

#[test]
fn while_it_drains_nothing_new_is_taken_in_and_what_is_open_goes_on() {
    let mut house = House::new();
    let ((alice, address), (bob, _)) = (house.register("alice"), house.register("bob"));
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.mine(4);
    let Reply::Outcome { outcome, .. } = house.command(pay("hold", alice, bob)) else {
        panic!()
    };
    let ledger::Outcome::Accepted(hold) = outcome else {
        panic!("{outcome:?}")
    };
    house.claim(alice, 2);
    assert_eq!(order(&mut house, AdminAct::Drain), changed());
    house.restart(|_| {});

    let draining = Reply::Refused(Refusal::Draining);
    let register = |name: &str| Command::RegisterUser {
        key: key(name),
        name: name.into(),
    };
    assert_eq!(house.command(register("carol")), draining);
    assert_eq!(house.claim(alice, 3), draining);
    assert_eq!(house.command(pay("another", alice, bob)), draining);
    // What was answered before is answered as before.
    assert!(matches!(
        house.command(register("bob")),
        Reply::User { replayed: true, .. }
    ));
    assert!(matches!(
        house.claim(alice, 2),
        Reply::Claim { replayed: true, .. }
    ));
    assert!(matches!(
        house.command(pay("hold", alice, bob)),
        Reply::Outcome { replayed: true, .. }
    ));
    // Open work ends.
    let post = ledger::Command::PostHold { hold, amounts: None };
    let post = Command::Transact(Request {
        key: key("post"),
        command: post,
    });
    assert!(matches!(
        house.command(post),
        Reply::Outcome { replayed: false, .. }
    ));
    house.pay(2, &[(address, 3_000)]);
    house.mine(6);
    assert_eq!(house.stage(2), "final");
    let Reply::Status(status) = house.query(Query::Status) else {
        panic!()
    };
    assert!(status.is_draining);

    assert_eq!(order(&mut house, AdminAct::Undrain), changed());
    assert!(matches!(house.command(register("carol")), Reply::User { .. }));
    assert!(matches!(
        house.command(pay("another", alice, bob)),
        Reply::Outcome { replayed: false, .. }
    ));
    house.audit();
}
