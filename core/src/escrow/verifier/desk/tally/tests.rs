use std::vec;
use std::vec::Vec;

use super::super::tests::{ask, at, desk};
use super::{Desk, Finding, Out, Page};
use crate::escrow::testing::{COLLECT, PAYER, TOKEN, block};
use crate::escrow::{Answer, Fault};
use crate::id::CallId;

/// A page of two holders at block 10.
fn page(number: u64) -> Page {
    Page {
        number,
        block: 10,
        token: TOKEN,
        holders: vec![PAYER, COLLECT],
    }
}

/// What a node that has finalized `finalized` says of block 10: that both have so much, or that it has not got the block.
fn balances(finalized: u64, balance: Option<u8>) -> Answer {
    Answer::Balances {
        finalized: block(finalized),
        at: balance.map(|_| block(10)),
        balances: balance.map_or(vec![], |balance| vec![[balance; 32]; 2]),
    }
}

/// What is found of a page when all of it is the same.
fn counted(number: u64, balance: u8) -> Finding {
    Finding::Counted {
        number,
        block: block(10),
        balances: vec![[balance; 32]; 2],
    }
}

/// Asks for a page, and gives the calls.
fn tally(desk: &mut Desk, number: u64, out: &mut Out) -> Vec<CallId> {
    desk.tally(at(0), page(number), out);
    out.asks.drain(..).map(|ask| ask.call).collect()
}

/// What was found since it was taken last.
fn found(out: &mut Out) -> Vec<Finding> {
    out.findings.drain(..).map(|(_, finding)| finding).collect()
}

#[test]
fn a_page_is_what_two_say_that_have_finalized_its_block() {
    for (finalized, expected) in [(9, vec![]), (10, vec![counted(1, 7)]), (11, vec![counted(1, 7)])] {
        let (mut desk, mut out) = (desk(), Out::default());
        for call in tally(&mut desk, 1, &mut out) {
            desk.on_answer(at(1), call, Ok(balances(finalized, Some(7))), &mut out);
        }
        assert_eq!(found(&mut out), expected, "{finalized}");
    }
}

#[test]
fn a_page_cannot_be_had_when_nobody_of_all_has_it() {
    let (mut desk, mut out) = (desk(), Out::default());
    let mut calls = tally(&mut desk, 1, &mut out);
    assert_eq!(calls.len(), 2);
    // How many more are asked once so many have not got it, and what is found.
    for (asked, expected) in [
        (0, vec![]),
        (1, vec![]),
        (1, vec![]),
        (0, vec![Finding::Uncounted { number: 1 }]),
    ] {
        desk.on_answer(at(1), calls.remove(0), Ok(balances(9, None)), &mut out);
        assert_eq!(out.asks.len(), asked);
        assert_eq!(found(&mut out), expected);
        calls.extend(out.asks.drain(..).map(|ask| ask.call));
    }
}

#[test]
fn what_is_said_of_a_page_that_is_no_longer_wanted_counts_for_no_other() {
    let (mut desk, mut out) = (desk(), Out::default());
    let [first, second] = [1, 2].map(|number| tally(&mut desk, number, &mut out));
    for (calls, balance, expected) in [(first, 7, vec![]), (second, 8, vec![counted(2, 8)])] {
        assert_eq!(calls.len(), 2);
        for call in calls {
            desk.on_answer(at(1), call, Ok(balances(10, Some(balance))), &mut out);
        }
        assert_eq!(found(&mut out), expected);
    }
}

#[test]
fn a_page_waits_while_everybody_is_busy() {
    let (mut desk, mut out) = (desk(), Out::default());
    while ask(&mut desk, 4).0.len() == 4 {}
    let busy = desk.calls.keys().next().copied();
    assert_eq!(tally(&mut desk, 1, &mut out), []);
    assert_eq!(found(&mut out), []);
    desk.on_answer(at(1), busy.unwrap(), Err(Fault::NotReady), &mut out);
    assert_eq!(out.asks.len(), 1);
    assert_eq!(found(&mut out), []);
}
