use plimsoll_core::bank::Record;
use plimsoll_core::escrow::{Beneficiary, Booked, DeadLetterReason, EscrowRecord, Resolution};
use plimsoll_core::ledger::{Owner, Transfer};
use plimsoll_core::money::Amount;

use super::super::testing::{Ending, WALL, block, evidence, id, posted, received, settled, units, user};
use super::{ZeroLoss, units_and_cost};
use crate::model::chain::TxIndex;
use crate::world::plan::{PricePlan, Shape, Token};

const PRICE: PricePlan = PricePlan {
    numerator: 1,
    denominator: 3_000_000_000_000,
};

/// A world in which user 1 paid 100 USDT.
fn paid() -> (Ending, TxIndex) {
    let mut ending = Ending::new();
    let index = ending.pay(Shape::Payment, 100_000);
    (ending, index)
}

/// The right records for the deposit of `index`, with `change` made to its booking.
fn credit(ending: &Ending, index: TxIndex, change: impl FnOnce(&mut Booked)) -> Vec<Record> {
    let mut booked = ending.booking(index, 1);
    change(&mut booked);
    let amount = booked.deposit.amount.minor();
    let tx = ending.chain.key_of(index);
    let evidence = evidence(block(5), &[(0, 5), (1, 5)]);
    vec![
        posted(1, &[received(1, amount)]),
        settled(tx, evidence, &[booked]),
    ]
}

fn dead_letter(ending: &Ending, index: TxIndex) -> Record {
    Record::Escrow(EscrowRecord::DeadLettered {
        tx: ending.chain.key_of(index),
        reason: DeadLetterReason::AmountOutOfRange,
        at: WALL,
    })
}

#[test]
fn books_that_hold_what_the_chain_says_are_fine() {
    let (ending, index) = paid();
    assert_eq!(
        ending.judge(&mut ZeroLoss::default(), &credit(&ending, index, |_| {})),
        "fine"
    );
    assert_eq!(Ending::new().judge(&mut ZeroLoss::default(), &[]), "fine");
}

#[test]
fn a_deposit_that_was_never_posted_is_found() {
    let (ending, _) = paid();
    assert_eq!(ending.judge(&mut ZeroLoss::default(), &[]), "lost");
}

#[test]
fn a_deposit_that_a_person_has_is_not_lost_until_automation_has_it_again() {
    let (ending, index) = paid();
    let retried = Record::Escrow(EscrowRecord::DeadLetterResolved {
        tx: ending.chain.key_of(index),
        resolution: Resolution::Retry,
        actor: "operator".to_owned(),
        reason: "test".to_owned(),
        at: WALL,
    });
    let dead = dead_letter(&ending, index);
    assert_eq!(
        ending.judge(&mut ZeroLoss::default(), core::slice::from_ref(&dead)),
        "fine"
    );
    assert_eq!(ending.judge(&mut ZeroLoss::default(), &[dead, retried]), "lost");
}

#[test]
fn a_posting_that_the_chain_does_not_know_is_found() {
    let (elsewhere, index) = paid();
    let records = credit(&elsewhere, index, |_| {});
    assert_eq!(
        Ending::new().judge(&mut ZeroLoss::default(), &records),
        "invented"
    );
    let mut ending = Ending::new();
    let fake = ending.pay(Shape::FakeToken, 100_000);
    assert_eq!(
        ending.judge(&mut ZeroLoss::default(), &credit(&ending, fake, |_| {})),
        "invented"
    );
}

#[test]
fn another_amount_payer_or_owner_is_found() {
    let (ending, index) = paid();
    let judge =
        |change: fn(&mut Booked)| ending.judge(&mut ZeroLoss::default(), &credit(&ending, index, change));
    assert_eq!(judge(|booked| booked.deposit.amount = units(1)), "differs");
    assert_eq!(
        judge(|booked| booked.deposit.asset = Token::Usdc.facts().id),
        "differs"
    );
    assert_eq!(
        judge(|booked| booked.deposit.beneficiary = Beneficiary::User(user(2))),
        "wrong_owner"
    );
}

#[test]
fn a_ledger_posting_that_differs_from_its_booking_is_found() {
    let (ending, index) = paid();
    let mut records = credit(&ending, index, |_| {});
    records[0] = posted(1, &[received(1, 5)]);
    assert_eq!(
        ending.judge(&mut ZeroLoss::default(), &records),
        "posting_differs"
    );
    let records = credit(&ending, index, |booked| booked.transaction = Some(id(9)));
    assert_eq!(
        ending.judge(&mut ZeroLoss::default(), &records),
        "posting_differs"
    );
}

#[test]
fn a_deposit_booked_twice_is_found() {
    let (ending, index) = paid();
    let mut records = credit(&ending, index, |_| {});
    records.push(records[1].clone());
    assert_eq!(ending.judge(&mut ZeroLoss::default(), &records), "booked_twice");
}

#[test]
fn a_purchase_must_match_the_price_with_its_remainder() {
    let (mut ending, index) = paid();
    ending.plan.topology.bank.price = Some(PRICE);
    // 100 USDT at 3 x 10^12 minor units for one of GOLD: 33333333 units and a third, of which the user keeps the cost.
    let (gold, cost) = (33_333_333, 99_999_999_000_000_000_000);
    let purchase = |gold, cost| {
        let give = Transfer {
            debit: Owner::Issuance,
            credit: Owner::User(user(1)),
            asset: Token::Gold.facts().id,
            amount: Amount::from_minor(gold),
        };
        let take = Transfer {
            debit: Owner::User(user(1)),
            credit: Owner::Treasury,
            asset: Token::Usdt.facts().id,
            amount: Amount::from_minor(cost),
        };
        posted(2, &[take, give])
    };
    let judge = |gold, cost| {
        let mut records = credit(&ending, index, |booked| booked.purchase = Some(id(2)));
        records.insert(1, purchase(gold, cost));
        ending.judge(&mut ZeroLoss::default(), &records)
    };
    assert_eq!(judge(gold, cost), "fine");
    assert_eq!(judge(gold + 1, cost), "posting_differs");
    assert_eq!(judge(gold, cost - 1), "posting_differs");
    assert_eq!(
        ending.judge(&mut ZeroLoss::default(), &credit(&ending, index, |_| {})),
        "posting_differs",
        "bought nothing"
    );
    ending.plan.topology.bank.price = None;
    let for_nothing = credit(&ending, index, |booked| booked.purchase = Some(id(2)));
    assert_eq!(
        ending.judge(&mut ZeroLoss::default(), &for_nothing),
        "bought_nothing"
    );
}

#[test]
fn units_are_rounded_down_and_their_cost_up() {
    let price = |numerator, denominator| PricePlan {
        numerator,
        denominator,
    };
    assert_eq!(units_and_cost(10, price(1, 3)), Some((3, 9)));
    assert_eq!(units_and_cost(2, price(1, 3)), None);
    assert_eq!(units_and_cost(10, price(3, 2)), Some((15, 10)));
    assert_eq!(units_and_cost(1, price(3, 2)), Some((1, 1)));
}

#[test]
fn a_payment_that_needs_a_person_must_call_one_and_is_not_posted() {
    let mut ending = Ending::new();
    let huge = ending.pay(Shape::Huge, 100_000);
    assert_eq!(ending.judge(&mut ZeroLoss::default(), &[]), "nobody_called");
    assert_eq!(
        ending.judge(&mut ZeroLoss::default(), &[dead_letter(&ending, huge)]),
        "fine"
    );
    let posted = [credit(&ending, huge, |_| {}), vec![dead_letter(&ending, huge)]].concat();
    assert_eq!(ending.judge(&mut ZeroLoss::default(), &posted), "invented");
}
