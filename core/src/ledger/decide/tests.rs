use std::vec;

use crate::ledger::script::{key_number, run, transfers};
use crate::ledger::{Command, LedgerRecord, Refusal, Request, Rules, Verdict};
use crate::limits::TRANSFERS_MAX;
use crate::time::WallClock;

#[test]
fn money_moves_from_account_to_account() {
    run("
        post custody>alice 10            -> transaction-1
        post alice>bob 4                 -> transaction-2
        balance custody                  -> 10 available, 0 held, 0 incoming
        balance alice                    -> 6 available, 0 held, 0 incoming
        balance bob                      -> 4 available, 0 held, 0 incoming
        post alice>bob 7                 -> insufficient_funds
        post alice>custody 11            -> insufficient_funds
        balance alice                    -> 6 available, 0 held, 0 incoming
        state 1                          -> Posted
    ");
}

#[test]
fn the_form_of_a_transaction_is_judged_first() {
    run("
        post nothing                     -> no_transfers
        hold nothing                     -> no_transfers
        post custody>alice 0             -> amount_not_positive
        post custody>alice -1            -> amount_not_positive
        post alice>alice 1               -> same_account
        hold custody>alice 1, bob>bob 1  -> same_account
        user post alice>bob 5 NONE       -> unknown_asset
        user post alice>bob 5 OLD        -> asset_disabled
        user post alice>bob 1            -> amount_below_min
        user post alice>bob 51           -> amount_above_max
        user post alice>bob 2            -> insufficient_funds
        user post alice>bob 50           -> insufficient_funds
        post custody>alice 1 NONE        -> transaction-1
        post custody>alice 1 OLD         -> transaction-2
        post custody>alice 51            -> transaction-3
        user post alice>bob 50, alice>bob 1 OLD -> asset_disabled
    ");
}

#[test]
fn the_registry_has_no_say_in_ending_what_it_once_admitted() {
    run("
        post custody>alice 10 OLD        -> transaction-1
        hold alice>bob 10 OLD            -> transaction-2
        user post-hold 2 1               -> transaction-2
        user reverse 2                   -> transaction-3
        hold alice>bob 10 OLD            -> transaction-4
        user void 4                      -> transaction-4
    ");
}

#[test]
fn the_legs_of_a_transaction_are_judged_together() {
    run("
        post custody>alice 10                                  -> transaction-1
        post alice>bob 10, bob>fees 1                          -> transaction-2
        post bob>treasury 12, alice>bob 3, custody>alice 3     -> transaction-3
        balance bob                                            -> 0 available, 0 held, 0 incoming
        post treasury>alice 7, treasury>bob 6                  -> insufficient_funds
        post alice>bob 5, bob>alice 5                          -> transaction-4
        hold alice>bob 5, bob>alice 5                          -> insufficient_funds
        post treasury>alice 12, alice>bob 1 GOLD               -> insufficient_funds
        balance treasury                                       -> 12 available, 0 held, 0 incoming
        balance alice                                          -> 0 available, 0 held, 0 incoming
    ");
}

#[test]
fn a_transaction_has_a_bounded_number_of_transfers() {
    let mut script = run("post custody>alice 1000 -> transaction-1");
    let mut post = |key, count| {
        let one = transfers("alice>bob 1")[0];
        let request = Request {
            key: key_number(key),
            command: Command::Post {
                transfers: vec![one; count],
            },
        };
        let wall = WallClock::from_micros(0);
        let Verdict::Fresh(record) = script.ledger.decide(Rules::Internal, wall, request) else {
            panic!("key {key} is new")
        };
        script.ledger.apply(&record);
        record
    };
    assert!(matches!(post(1, TRANSFERS_MAX), LedgerRecord::Posted { .. }));
    let LedgerRecord::Refused { refusal, .. } = post(2, TRANSFERS_MAX + 1) else {
        panic!("it has too many transfers")
    };
    assert_eq!(refusal, Refusal::TooManyTransfers);
    script.go_on("balance bob -> 256 available, 0 held, 0 incoming");
}

#[test]
fn no_counter_leaves_its_range() {
    run("
        post custody>alice max                       -> transaction-1
        post custody>alice 1                         -> overflow
        hold custody>bob 1                           -> overflow
        post alice>bob 1                             -> overflow
        reverse 1                                    -> overflow
        post custody>alice 1 GOLD, custody>bob 1     -> overflow
        post custody>alice 1 GOLD                    -> transaction-2
    ");
    run("
        hold custody>alice max                       -> transaction-1
        post custody>bob 1                           -> overflow
        post-hold 1                                  -> transaction-1
        balance alice                                -> 170141183460469231731687303715884105727 available, 0 held, 0 incoming
    ");
    run("
        post custody>alice max, custody>bob max      -> overflow
        hold custody>alice max                       -> transaction-1
        void 1                                       -> transaction-1
        post custody>alice max                       -> transaction-2
    ");
}

#[test]
fn what_was_posted_is_reversed_once() {
    run("
        post custody>alice 10, alice>fees 1          -> transaction-1
        reverse 1                                    -> transaction-2
        balance alice                                -> 0 available, 0 held, 0 incoming
        balance fees                                 -> 0 available, 0 held, 0 incoming
        state 1                                      -> Posted, reversed by transaction-2
        state 2                                      -> Posted, reverses transaction-1
        reverse 1                                    -> already_reversed
        reverse 2                                    -> transaction-3
        state 2                                      -> Posted, reverses transaction-1, reversed by transaction-3
        balance alice                                -> 9 available, 0 held, 0 incoming
        reverse 4                                    -> unknown_transaction
        reverse 0                                    -> unknown_transaction
        post alice>bob 9                             -> transaction-4
        reverse 3                                    -> insufficient_funds
    ");
}
