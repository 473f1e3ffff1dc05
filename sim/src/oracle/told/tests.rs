use plimsoll_core::bank::{Act, ClaimStatus, ClaimVerdict, ClaimView, Event, Query, Record, Reply};
use plimsoll_core::escrow::{Booked, EscrowRecord, Reason, Stage};
use plimsoll_core::id::{ClaimId, RequestId};
use plimsoll_core::ledger::Balance;

use super::super::testing::{
    WALL, act, bank, block, booked, claimed, evidence, held, input, judge, judge_records, paid, posted,
    received, settled, tx, units, usdt, user,
};
use super::Told;
use crate::world::observe::Observation;

/// What the oracle says when `reply` is the answer to a look at user 1's balances, after `records`.
fn told(records: &[Record], reply: Reply) -> &'static str {
    let (mut oracle, bank) = (Told::default(), bank(&[]));
    assert_eq!(judge_records(&mut oracle, &bank, records), "fine");
    let request = RequestId::new(1);
    let query = Query::Balances(user(1));
    let seen = Observation::Handled {
        input: &input(Event::Query { request, query }),
        effects: &[act(Act::Reply { request, reply })],
        bank: &bank,
    };
    judge(&mut oracle, &seen)
}

fn balance(available: i128, held: i128) -> Balance {
    Balance {
        available: units(available),
        held: units(held),
        incoming: units(0),
    }
}

/// User 1's claim of transaction 1, as `status`.
fn claim(of: u64, status: ClaimStatus) -> Reply {
    let claim = ClaimView {
        id: ClaimId::new(1),
        user: user(of),
        tx: tx(1),
        filed_at: WALL,
        status,
        attempts: 1,
        finalized_height: None,
        stage: Stage::Observed,
        refunds: Vec::new(),
    };
    Reply::Claim {
        claim: Box::new(claim),
        replayed: false,
    }
}

fn seen(deposits: &[Booked]) -> Record {
    Record::Escrow(EscrowRecord::Seen {
        tx: tx(1),
        evidence: evidence(block(5), &[(0, 4), (1, 4)]),
        deposits: deposits.to_vec(),
        at: WALL,
    })
}

fn finished(deposits: &[Booked]) -> Record {
    settled(tx(1), evidence(block(5), &[(0, 6), (1, 6)]), deposits)
}

/// A deposit of somebody else in the same transaction.
fn others() -> Booked {
    let mut booked = booked(1, 7, Some(2));
    booked.deposit.beneficiary = plimsoll_core::escrow::Beneficiary::User(user(2));
    booked
}

#[test]
fn balances_are_those_of_the_books() {
    let records = [posted(1, &[received(1, 100)]), held(2, &[paid(1, 2, 30)])];
    let shown = |balance| Reply::Balances(vec![(usdt(), balance)]);
    assert_eq!(told(&records, shown(balance(70, 30))), "fine");
    assert_eq!(told(&records, shown(balance(100, 0))), "untrue_reply");
    assert_eq!(told(&records, shown(balance(70, 0))), "untrue_reply");
    assert_eq!(
        told(&records, Reply::Balances(Vec::new())),
        "untrue_reply",
        "left out"
    );
    assert_eq!(told(&[], Reply::Balances(Vec::new())), "fine");
}

#[test]
fn a_claim_shows_its_own_stage_and_its_own_deposits() {
    let (mine, others) = (booked(0, 100, Some(1)), others());
    let start = claimed(1);
    let observed = || claim(1, ClaimStatus::Observed);
    assert_eq!(told(core::slice::from_ref(&start), observed()), "fine");
    assert_eq!(
        told(core::slice::from_ref(&start), claim(2, ClaimStatus::Observed)),
        "untrue_reply"
    );
    let both = [start.clone(), seen(&[mine, others])];
    assert_eq!(told(&both, observed()), "untrue_reply");
    assert_eq!(told(&both, claim(1, ClaimStatus::Seen(vec![mine]))), "fine");
    assert_eq!(
        told(&both, claim(1, ClaimStatus::Seen(vec![mine, others]))),
        "untrue_reply"
    );
    let verdict = |verdict| claim(1, ClaimStatus::Settled(verdict));
    let both = [start.clone(), finished(&[mine, others])];
    assert_eq!(told(&both, verdict(ClaimVerdict::Credited(vec![mine]))), "fine");
    assert_eq!(
        told(&both, verdict(ClaimVerdict::Credited(vec![others]))),
        "untrue_reply"
    );
    let not_yours = || verdict(ClaimVerdict::Rejected(Reason::NotYours));
    assert_eq!(told(&both, not_yours()), "untrue_reply");
    assert_eq!(told(&[start, finished(&[others])], not_yours()), "fine");
}
