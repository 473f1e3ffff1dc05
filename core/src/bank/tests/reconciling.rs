//! Custody held against the books: what is even, what is found, and what is no alarm.

use core::time::Duration;
use std::vec;
use std::vec::Vec;

use super::bends::silent;
use super::orders::order;
use super::{Bend, House};
use crate::bank::{ActDone, AdminAct, BankConfig, Query, Record, Refusal, Reply};
use crate::escrow::testing::{CHAIN, COLLECT, PAYER, asset, block, receipt, transfer, tx};
use crate::escrow::{Agreement, Answer, DepositKey, Part, Question, Reconciliation, RefundAct};
use crate::id::{Address, ChainId, RefundId, UserId};
use crate::limits::HOLDERS_MAX;
use crate::resilience::CordonReason;

const SECOND: Duration = Duration::from_secs(1);

fn by_order(config: &mut BankConfig) {
    config.escrow.reconcile = None;
}

fn all(house: &House) -> Vec<Reconciliation> {
    let of = |record: &Record| {
        let Record::Reconciled { reconciliation, .. } = record else {
            return None;
        };
        Some(reconciliation.clone())
    };
    house.records.iter().filter_map(of).collect()
}

/// What reconciling by order comes to, within a while.
#[track_caller]
fn reconciled(house: &mut House) -> Reconciliation {
    let before = all(house).len();
    assert_eq!(
        order(house, AdminAct::Reconcile(CHAIN)),
        ActDone::Ordered { changed: true }
    );
    house.mine(3);
    let after = all(house);
    assert_eq!(after.len(), before + 1, "{after:?}");
    house.audit();
    after.last().cloned().unwrap()
}

/// In short: on chain, in custody, in flight, how they agree, and what is named, by transaction and part.
fn short(one: &Reconciliation) -> (Option<i128>, i128, i128, Agreement, Vec<(u8, Part)>) {
    let [row] = one.rows.as_slice() else {
        panic!("{one:?}")
    };
    assert_eq!(row.asset, asset("USDT"));
    assert_eq!(row.custody, row.owed);
    let named = row.named.iter().map(|one| (one.tx.tx.bytes()[0], one.part));
    (
        row.on_chain.map(|amount| amount.minor()),
        row.in_custody.minor(),
        row.in_flight.minor(),
        row.agreement,
        named.collect(),
    )
}

/// Two users, of whom one was paid 3,000 by transaction 1 and the house 500 by transaction 2.
fn paid() -> (House, Address, Address) {
    let mut house = House::with(by_order);
    let (_, to_alice) = house.register("alice");
    let (_, to_bob) = house.register("bob");
    house.mine(1);
    house.pay(1, &[(to_alice, 3_000)]);
    house.pay(2, &[(COLLECT, 500)]);
    house.mine(4);
    (house, to_alice, to_bob)
}

#[test]
fn what_is_on_chain_is_in_the_books() {
    let (mut house, _, _) = paid();
    let one = reconciled(&mut house);
    assert_eq!(short(&one), (Some(3_500), 3_500, 0, Agreement::Even, vec![]));
    assert_eq!(
        (one.addresses, one.is_ordered, one.worst()),
        (3, true, Agreement::Even)
    );
    assert!(one.began <= one.at);
    let Reply::Reconciliations { last, under_way } = house.query(Query::Reconciliations) else {
        panic!("no reconciliations")
    };
    assert_eq!((last, under_way), (vec![(CHAIN, one.clone())], None));
    let Reply::Status(status) = house.query(Query::Status) else {
        panic!("no status")
    };
    assert_eq!(status.chains[0].reconciled, Some((one.at, Agreement::Even)));
}

#[test]
fn a_sweep_of_our_own_changes_nothing() {
    let (mut house, to_alice, to_bob) = paid();
    let moved = vec![transfer(to_alice, COLLECT, 2_000), transfer(COLLECT, to_bob, 100)];
    house.mined.insert(tx(3), receipt(3, block(house.latest), moved));
    house.mine(4);
    assert_eq!(short(&reconciled(&mut house)).3, Agreement::Even);
}

#[test]
fn a_thief_is_found_and_what_is_gone_is_named() {
    let (mut house, to_alice, to_bob) = paid();
    house.pay(3, &[(to_bob, 1_000), (to_alice, 1_000)]);
    let theft = vec![transfer(to_bob, PAYER, 400)];
    house
        .mined
        .insert(tx(4), receipt(4, block(house.latest + 1), theft));
    house.mine(6);
    let found = (
        Some(5_100),
        5_500,
        0,
        Agreement::Deficit,
        vec![(3, Part::Missing)],
    );
    assert_eq!(short(&reconciled(&mut house)), found);
}

#[test]
fn what_was_minted_to_us_is_found_and_named() {
    let (mut house, to_alice, _) = paid();
    let minted = vec![transfer(Address::default(), to_alice, 70)];
    house.mined.insert(tx(3), receipt(3, block(house.latest), minted));
    house.mine(4);
    assert_eq!(house.stage(3), "rejected");
    let found = (
        Some(3_570),
        3_500,
        0,
        Agreement::Surplus,
        vec![(3, Part::Uncredited)],
    );
    assert_eq!(short(&reconciled(&mut house)), found);
}

/// Nobody shows a receipt of transaction 3.
fn third_is_hidden(house: &House, question: &Question) -> Option<Result<Answer, crate::escrow::Fault>> {
    match (question, house.honest(question)) {
        (Question::Receipt { tx: asked }, Answer::Receipt { finalized, .. }) if *asked == tx(3) => {
            Some(Ok(Answer::Receipt {
                finalized,
                receipt: None,
            }))
        }
        (_, _) => None,
    }
}

#[test]
fn what_is_found_and_not_decided_is_no_alarm_and_is_looked_at_again() {
    let (mut house, to_alice, _) = paid();
    house.bend_all(third_is_hidden);
    house.pay(3, &[(to_alice, 900)]);
    house.mine(4);
    assert_eq!(house.stage(3), "observed");
    let open = (Some(4_400), 3_500, 0, Agreement::Open, vec![(3, Part::Found)]);
    assert_eq!(short(&reconciled(&mut house)), open);
    house.bends.clear();
    house.mine(12);
    let last = all(&house).last().cloned().unwrap();
    // The minimum is 1,000: it is in suspense, which is custody's, too.
    assert_eq!(short(&last), (Some(4_400), 4_400, 0, Agreement::Even, vec![]));
    assert!(last.is_ordered);
}

#[test]
fn what_a_paid_refund_lacks_may_be_filled_by_what_is_not_decided() {
    // More than everything that is to be refunded is gone in the second case: nothing fills that.
    for (gone, on_chain, agreement) in [
        ([3_000, 0], 1_400, Agreement::Open),
        ([3_900, 1], 499, Agreement::Deficit),
    ] {
        let (mut house, to_alice, _) = paid();
        let (tx_of, ordinal) = (super::named(1), 0);
        let deposit = DepositKey { tx: tx_of, ordinal };
        refund(&mut house, RefundAct::Request { deposit, to: PAYER });
        house.bend_all(third_is_hidden);
        house.pay(3, &[(to_alice, 900)]);
        let gone = vec![
            transfer(to_alice, PAYER, gone[0]),
            transfer(COLLECT, PAYER, gone[1]),
        ];
        house.mined.insert(tx(8), receipt(8, block(house.latest), gone));
        house.mine(4);
        let (told, in_custody, _, verdict, _) = short(&reconciled(&mut house));
        assert_eq!((told, in_custody, verdict), (Some(on_chain), 3_500, agreement));
    }
}

#[test]
fn a_dead_letter_of_a_known_amount_explains_just_that_amount() {
    let mut house = House::with(|config| {
        by_order(config);
        config.escrow.patience = SECOND * 20;
        config.escrow.recheck = SECOND * 1_000;
    });
    let (alice, to_alice) = house.register("alice");
    house.mine(1);
    house.pay(3, &[(to_alice, 5_000)]);
    house.claim(alice, 3);
    assert_eq!(house.stage(3), "seen");
    house.bend_all(third_is_hidden);
    house.mine(25);
    assert_eq!(house.stage(3), "dead_letter");
    assert_eq!(
        short(&reconciled(&mut house)),
        (Some(5_000), 0, 5_000, Agreement::Even, vec![])
    );
    let minted = vec![transfer(Address::default(), to_alice, 70)];
    house.mined.insert(tx(4), receipt(4, block(house.latest), minted));
    house.mine(3);
    let (on_chain, .., agreement, named) = short(&reconciled(&mut house));
    assert_eq!((on_chain, agreement), (Some(5_070), Agreement::Open));
    assert_eq!(named, [(3, Part::DeadLetter), (4, Part::Uncredited)]);
}

#[test]
fn what_is_posted_from_younger_blocks_while_it_waits_for_the_scanner_does_not_count() {
    let (mut house, to_alice, _) = paid();
    let unread: Bend = |house, question| match question {
        Question::Scan { .. } if house.latest < 40 => Some(Err(crate::escrow::Fault::NotReady)),
        Question::Identity { .. }
        | Question::Heads
        | Question::Attested
        | Question::Receipt { .. }
        | Question::Scan { .. }
        | Question::Balances { .. } => None,
    };
    house.bend_all(unread);
    house.mine(3);
    let pinned = house.finalized;
    order(&mut house, AdminAct::Reconcile(CHAIN));
    house.mine(1);
    house.pay(3, &[(to_alice, 9_000)]);
    house.claim(UserId::new(1), 3);
    house.mine(6);
    assert_eq!((house.stage(3), all(&house).len()), ("final", 0));
    house.mine(20);
    let [done] = all(&house).try_into().unwrap();
    assert_eq!(done.block.number, pinned);
    assert_eq!(short(&done), (Some(3_500), 3_500, 0, Agreement::Even, vec![]));
    house.audit();
    assert_eq!(short(&reconciled(&mut house)).0, Some(12_500));
}

#[test]
fn a_liar_changes_nothing_and_is_shut_out() {
    let (mut house, _, _) = paid();
    let lie: Bend = |house, question| match house.honest(question) {
        Answer::Balances {
            finalized,
            at,
            mut balances,
        } => {
            balances[0][31] ^= 1;
            Some(Ok(Answer::Balances {
                finalized,
                at,
                balances,
            }))
        }
        Answer::Identity { .. }
        | Answer::Heads { .. }
        | Answer::Attested { .. }
        | Answer::Receipt { .. }
        | Answer::Scan { .. } => None,
    };
    house.bends.insert(0, lie);
    house.bends.insert(1, silent);
    for _ in 0..6 {
        assert_eq!(short(&reconciled(&mut house)).3, Agreement::Even);
    }
    let Reply::Status(status) = house.query(Query::Status) else {
        panic!("no status")
    };
    assert_eq!(
        status.chains[0].endpoints[0].cordon,
        Some(CordonReason::Disagreed)
    );
}

#[test]
fn state_that_nobody_keeps_any_more_is_asked_for_at_a_younger_block() {
    let (mut house, _, _) = paid();
    // Nodes keep the state of their last four blocks.
    let pruned: Bend = |house, question| match (question, house.honest(question)) {
        (Question::Balances { block, .. }, Answer::Balances { finalized, .. })
            if block + 4 <= house.latest =>
        {
            Some(Ok(Answer::Balances {
                finalized,
                at: None,
                balances: vec![],
            }))
        }
        (_, _) => None,
    };
    house.bend_all(pruned);
    house.latest += 4; // finality lags behind
    order(&mut house, AdminAct::Reconcile(CHAIN));
    house.pass(SECOND);
    assert_eq!(all(&house).len(), 0);
    house.mine(12);
    assert_eq!(all(&house).len(), 1);
    assert_eq!(short(&all(&house)[0]).3, Agreement::Even);
    house.audit();
}

#[test]
fn many_addresses_are_asked_for_page_by_page() {
    let mut house = House::with(by_order);
    let users = HOLDERS_MAX * 2 + 5;
    let addresses: Vec<Address> = (0..users)
        .map(|n| house.register(&std::format!("user {n}")).1)
        .collect();
    house.mine(1);
    for (n, address) in (1..).zip(addresses.iter().step_by(9)) {
        house.pay(n, &[(*address, 1_000)]);
    }
    house.mine(4);
    house.asked.clear();
    let one = reconciled(&mut house);
    assert_eq!(
        (one.addresses, short(&one).3),
        (users as u64 + 1, Agreement::Even)
    );
    let sizes = house.asked.iter().filter_map(|(_, question)| match question {
        Question::Balances { holders, .. } => Some(holders.len()),
        Question::Identity { .. }
        | Question::Heads
        | Question::Attested
        | Question::Receipt { .. }
        | Question::Scan { .. } => None,
    });
    let sizes: Vec<usize> = sizes.collect();
    assert_eq!(sizes, [32, 32, 32, 32, 6, 6], "each page is put to two upstreams");
}

#[test]
fn it_is_done_on_a_schedule_and_by_order_and_restarts_do_not_mind() {
    let mut house = House::with(|config| config.escrow.reconcile = Some(SECOND * 60));
    let (_, to_alice) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(to_alice, 3_000)]);
    house.mine(130);
    // After 6, 66 and 126 seconds.
    assert_eq!(all(&house).len(), 3);
    assert!(all(&house).iter().all(|one| !one.is_ordered));
    assert!(all(&house).iter().all(|one| one.worst() == Agreement::Even));
    house.audit();
    house.restart(|_| {});
    house.mine(15);
    assert_eq!(all(&house).len(), 4);
    house.audit();
}

#[test]
fn what_cannot_be_reconciled_is_refused_by_name() {
    let mut house = House::with(by_order);
    house.mine(1);
    let mut refusal = |act: AdminAct| {
        let command = super::orders::ordered(&house, act);
        let Reply::Refused(refusal) = house.command(command) else {
            return None;
        };
        Some(refusal)
    };
    let unknown = ChainId::new(97);
    assert_eq!(
        refusal(AdminAct::Reconcile(unknown)),
        Some(Refusal::UnknownChain(unknown))
    );
    assert_eq!(refusal(AdminAct::PauseChain(CHAIN)), None);
    assert_eq!(
        refusal(AdminAct::Reconcile(CHAIN)),
        Some(Refusal::ChainPaused(CHAIN))
    );
}

/// An operator says something about a refund.
#[track_caller]
fn refund(house: &mut House, act: RefundAct) {
    let done = order(house, AdminAct::Refund(act));
    assert!(matches!(done, ActDone::Refund { .. }), "{done:?}");
}

/// What is to be refunded or was lately, and how chain and books agree.
fn leaving(one: &Reconciliation) -> (i128, i128, i128, Agreement) {
    let (on_chain, in_custody, _, agreement, _) = short(one);
    (
        one.rows[0].leaving.minor(),
        on_chain.unwrap(),
        in_custody,
        agreement,
    )
}

#[test]
fn what_is_to_be_refunded_may_be_gone_or_not_and_nothing_else_may() {
    let (mut house, to_alice, _) = paid();
    house.pay(3, &[(to_alice, 1_200)]);
    house.mine(4);
    for n in [1, 3] {
        let (tx, ordinal) = (super::named(n), 0);
        let deposit = DepositKey { tx, ordinal };
        refund(&mut house, RefundAct::Request { deposit, to: PAYER });
    }
    let settle = |refund| RefundAct::Settle {
        refund: RefundId::new(refund),
        paid_by: tx(9),
    };
    let even = Agreement::Even;
    assert_eq!(leaving(&reconciled(&mut house)), (4_200, 4_700, 4_700, even));
    let pay = |house: &mut House, n: u8, from, amount| {
        let paid = vec![transfer(from, PAYER, amount)];
        house.mined.insert(tx(n), receipt(n, block(house.latest), paid));
        house.mine(4);
    };
    pay(&mut house, 8, to_alice, 3_000);
    assert_eq!(
        leaving(&reconciled(&mut house)),
        (4_200, 1_700, 4_700, even),
        "the first is paid"
    );
    refund(&mut house, settle(2));
    assert_eq!(
        leaving(&reconciled(&mut house)),
        (4_200, 1_700, 3_500, even),
        "the other may be paid in a younger block"
    );
    refund(&mut house, settle(1));
    pay(&mut house, 9, to_alice, 1_200);
    assert_eq!(leaving(&reconciled(&mut house)), (4_200, 500, 500, even));
    pay(&mut house, 10, COLLECT, 7);
    assert_eq!(
        leaving(&reconciled(&mut house)),
        (4_200, 493, 500, Agreement::Deficit)
    );
    house.pass(SECOND * 8 * 86_400);
    assert_eq!(
        leaving(&reconciled(&mut house)).0,
        0,
        "what was paid long ago is paid"
    );
}
