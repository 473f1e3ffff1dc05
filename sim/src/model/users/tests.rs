use plimsoll_core::bank::{Event, Query, Refusal, Reply};
use plimsoll_core::escrow::{DepositKey, TxKey};
use plimsoll_core::id::{ChainId, TxHash, UserId};
use plimsoll_core::rng::Rng;

use super::{Heard, Message, Purpose, Users};

fn users() -> Users {
    Users::new(2, Rng::from_seed(1))
}

fn balances() -> Message {
    Message::Query(Query::Balances(UserId::new(1)))
}

#[test]
fn a_client_asks_again_until_it_is_answered() {
    let mut users = users();
    let call = users.call(Purpose::Nothing, balances());
    let first = users.attempt(call).unwrap();
    assert_eq!(users.attempt(call), None, "one request at a time");
    assert!(users.on_failure(first).is_some());
    assert!(users.on_failure(first).is_none(), "a failure counts once");
    let second = users.attempt(call).unwrap();
    assert_ne!(first, second);
    assert!(matches!(users.event(second), Event::Query { request, .. } if request == second));
    assert_eq!(users.waiting().collect::<Vec<_>>(), [second]);
    // The answer to the first attempt was only late.
    assert_eq!(users.on_reply(first, &Reply::Done), Heard::Settled(call));
    assert_eq!(users.on_reply(second, &Reply::Done), Heard::Nothing);
    assert_eq!((users.on_failure(second), users.unsettled().count()), (None, 0));
}

#[test]
fn an_operator_waits_until_the_deposit_is_in_suspense() {
    let mut users = users();
    let tx = TxKey {
        chain: ChainId::new(56),
        tx: TxHash::Evm([1; 32]),
    };
    let deposit = DepositKey { tx, ordinal: 0 };
    let call = users.call(Purpose::Attribute { deposit }, balances());
    let request = users.attempt(call).unwrap();
    let refused = Reply::Refused(Refusal::NotInSuspense);
    assert!(matches!(users.on_reply(request, &refused), Heard::Again(again, _) if again == call));
    assert!(users.unsettled().all(|(_, _, is_refused)| is_refused));
    let request = users.attempt(call).unwrap();
    assert_eq!(users.on_reply(request, &Reply::Done), Heard::Settled(call));
}

#[test]
fn keys_are_apart() {
    let mut users = users();
    let first = users.own_key();
    users.call(Purpose::Nothing, balances());
    assert_ne!(first, users.own_key());
    assert_ne!(first, Users::shared_key(0));
    assert_eq!(Users::shared_key(3), Users::shared_key(3));
}
