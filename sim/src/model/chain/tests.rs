use core::time::Duration;

use plimsoll_core::escrow::SuspenseReason;
use plimsoll_core::id::{Address, UserId};
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;

use super::{Chain, ChainEvent, Due, FIRST_HEIGHT, Moved, Payee, TxIndex};
use crate::model::assets::minor_units;
use crate::world::plan::{ChainPlan, Fate, Movement, Shape, Token, TransferFee};

const USDT: Address = Address::Evm([
    0x55, 0xd3, 0x98, 0x32, 0x6f, 0x99, 0x05, 0x9f, 0xf7, 0x75, 0x48, 0x52, 0x46, 0x99, 0x90, 0x27, 0xb3,
    0x19, 0x79, 0x55,
]);

fn chain(seed: u64) -> Chain {
    Chain::new(&ChainPlan::default(), Rng::from_seed(seed))
}

fn payee(user: u32) -> Payee {
    Payee {
        user: UserId::new(u64::from(user) + 1),
        address: Address::Evm([u8::try_from(user).unwrap() + 1; 20]),
    }
}

fn movement(shape: Shape, user: u32, token: Token, amount_milli: u64) -> Movement {
    Movement {
        shape,
        user,
        token,
        amount_milli,
    }
}

fn ms(ms: u64) -> Instant {
    Instant::from_nanos(ms * 1_000_000)
}

/// Sends and mines a transaction and returns it with the moment it was mined.
fn mined(chain: &mut Chain, at: Instant, movements: &[Movement]) -> (TxIndex, Instant) {
    let tx = chain.announce();
    let when = chain.send(at, tx, (movements, &payee), Fate::Mined, 0).unwrap();
    assert!(matches!(chain.mine(when, tx), ChainEvent::Mined { .. }));
    (tx, when)
}

fn payment() -> Movement {
    movement(Shape::Payment, 0, Token::Usdt, 5_000)
}

#[test]
fn blocks_come_by_the_clock_and_finality_trails_them() {
    let chain = chain(1);
    assert_eq!(chain.height(ms(0)), FIRST_HEIGHT);
    assert_eq!(chain.height(ms(449)), FIRST_HEIGHT);
    assert_eq!(chain.height(ms(4_500)), FIRST_HEIGHT + 10);
    assert_eq!(chain.finalized(ms(4_500)), FIRST_HEIGHT + 7);
}

#[test]
fn finality_stalls_and_catches_up() {
    let mut chain = chain(1);
    chain.stall_finality(1, ms(4_500), Instant::MAX);
    chain.stall_finality(2, ms(5_000), ms(7_000));
    assert_eq!(chain.finalized(ms(60_000)), FIRST_HEIGHT + 7);
    chain.resume_finality(1, ms(6_000));
    assert_eq!(
        chain.finalized(ms(6_500)),
        FIRST_HEIGHT + 8,
        "the other stall goes on"
    );
    assert_eq!(chain.finalized(ms(7_000)), FIRST_HEIGHT + 12);
}

#[test]
fn a_transaction_is_mined_in_the_next_block_and_seen_by_views_from_then_on() {
    let mut chain = chain(1);
    let (tx, at) = mined(&mut chain, ms(1_000), &[payment(), payment()]);
    assert_eq!(at, ms(1_350));
    let hash = chain.hash_of(tx);
    assert_eq!(chain.view(ms(1_349)).receipt(&hash), None);
    let receipt = chain.view(at).receipt(&hash).unwrap();
    assert_eq!(receipt.block, chain.view(at).latest());
    assert!(receipt.succeeded);
    assert_eq!(receipt.logs[0].index + 1, receipt.logs[1].index);
    // A node that is ten blocks behind has neither the block nor the receipt nor the log.
    let later = ms(1_350 + 9 * 450);
    let behind = chain.view_behind(later, 10);
    let number = receipt.block.number;
    assert_eq!((behind.receipt(&hash), behind.header(number)), (None, None));
    assert_eq!(behind.scan(number, number, &[USDT]), []);
    let scanned = chain.view(later).scan(FIRST_HEIGHT, number, &[USDT]);
    assert_eq!(
        scanned.iter().map(|one| one.log).collect::<Vec<_>>(),
        receipt.logs
    );
    assert_eq!(chain.view(later).scan(FIRST_HEIGHT, number, &[]), []);
}

#[test]
fn a_transaction_becomes_final_once() {
    let mut chain = chain(1);
    let (tx, at) = mined(&mut chain, ms(0), &[payment()]);
    assert_eq!(chain.finalize(at, tx), None);
    let due = chain.finality_due(at);
    assert_eq!(due.since(at), Duration::from_millis(1_350));
    assert!(matches!(
        chain.finalize(due, tx),
        Some(ChainEvent::Finalized { .. })
    ));
    assert_eq!(chain.finalize(due, tx), None);
    assert!(chain.is_final(tx, due) && !chain.is_final(tx, at));
    let deposits: Vec<_> = chain
        .deposits(due)
        .map(|(key, truth)| (key.ordinal, truth.due))
        .collect();
    assert_eq!(deposits, [(0, Due::User(UserId::new(1)))]);
}

#[test]
fn a_reorganisation_replaces_blocks_that_are_not_final_and_moves_what_is_in_them() {
    let (mut again, mut later, mut other_index) = (0, 0, 0);
    for seed in 0..50 {
        let mut chain = chain(seed);
        let (tx, at) = mined(&mut chain, ms(9_000), &[payment()]);
        let hash = chain.hash_of(tx);
        let before = chain.view(at).receipt(&hash).unwrap();
        let kept = chain.block(before.block.number - 3, at);
        let (from, moved) = chain.reorganise(at, 2, 0).unwrap();
        assert_eq!(from, before.block.number - 1);
        assert_eq!(
            chain.block(kept.number, at),
            kept,
            "below the fork nothing changes"
        );
        assert_ne!(chain.block(from, at), chain.block(from, ms(9_000)));
        match moved.as_slice() {
            [(index, Moved::Again(block))] if *index == tx => {
                again += 1;
                let after = chain.view(at).receipt(&hash).unwrap();
                assert_eq!(after.block, *block);
                assert_ne!(after.block, before.block);
                other_index += u32::from(after.logs[0].index != before.logs[0].index);
                assert_eq!(chain.truth(tx).len(), after.logs.len());
            }
            [(index, Moved::Later(when))] if *index == tx => {
                later += 1;
                assert_eq!(chain.view(at).receipt(&hash), None);
                chain.mine(*when, tx);
                assert!(chain.view(*when).receipt(&hash).unwrap().block.number > before.block.number);
            }
            other => panic!("{other:?}"),
        }
        let old = chain
            .view(ms(9_449))
            .scan(FIRST_HEIGHT, FIRST_HEIGHT + 100, &[USDT]);
        assert_eq!(old, [], "a view from before still does not have it");
    }
    assert!(
        again > 5 && later > 5 && other_index > 5,
        "{again} {later} {other_index}"
    );
}

#[test]
fn finalized_blocks_are_never_replaced() {
    let mut chain = chain(1);
    let (tx, _) = mined(&mut chain, ms(900), &[payment()]);
    let at = ms(1_350 + 3 * 450);
    let block = chain.block_of(tx, at);
    let (from, moved) = chain.reorganise(at, 1_000, 100).unwrap();
    assert_eq!((from, moved.len()), (chain.finalized(at) + 1, 0));
    assert_eq!(chain.block_of(tx, at), block);
}

#[test]
fn a_stall_lets_deep_reorganisations_through_and_transactions_vanish() {
    let mut chain = chain(1);
    chain.stall_finality(1, ms(900), Instant::MAX);
    let (tx, _) = mined(&mut chain, ms(900), &[payment()]);
    let at = ms(1_350 + 12 * 450);
    let (_, moved) = chain.reorganise(at, 13, 100).unwrap();
    assert_eq!(moved, [(tx, Moved::Gone)]);
    assert_eq!(chain.block_of(tx, at), None);
    chain.resume_finality(1, at);
    assert_eq!(
        chain.finalize(ms(60_000), tx),
        None,
        "what is gone is never final"
    );
}

#[test]
fn what_is_attested_trails_far_behind_and_is_never_replaced_while_finality_stalls() {
    let plan = ChainPlan {
        attested_blocks: Some(20),
        ..ChainPlan::default()
    };
    let mut chain = Chain::new(&plan, Rng::from_seed(1));
    let attested = |chain: &Chain, at| chain.view(at).attested().map(|block| block.number - FIRST_HEIGHT);
    assert_eq!(attested(&chain, ms(30 * 450)), Some(27), "no less than is final");
    chain.stall_finality(1, ms(30 * 450), Instant::MAX);
    for (height, expected) in [(46, 27), (47, 27), (48, 28), (60, 40)] {
        assert_eq!(attested(&chain, ms(height * 450)), Some(expected), "{height}");
    }
    let at = ms(60 * 450);
    let (from, _) = chain.reorganise(at, 1_000, 100).unwrap();
    assert_eq!(from, FIRST_HEIGHT + 41);
    let private = chain.view(at).on_private_fork(3);
    let header =
        |number: u64| private.header(FIRST_HEIGHT + number) == chain.view(at).header(FIRST_HEIGHT + number);
    assert_eq!((header(40), header(41)), (true, false));
    assert_eq!(private.attested(), chain.view(at).attested());
}

#[test]
fn a_private_fork_differs_above_the_finalized_block_only() {
    let mut chain = chain(1);
    let (tx, at) = mined(&mut chain, ms(9_000), &[payment()]);
    let hash = chain.hash_of(tx);
    let (honest, private) = (chain.view(at), chain.view(at).on_private_fork(3));
    assert_eq!(honest.finalized(), private.finalized());
    assert_ne!(honest.latest(), private.latest());
    assert_ne!(honest.receipt(&hash), private.receipt(&hash));
    let final_at = chain.finality_due(at);
    let private = chain.view(final_at).on_private_fork(3);
    assert_eq!(private.receipt(&hash), chain.view(final_at).receipt(&hash));
}

#[track_caller]
fn check_due(shape: Shape, token: Token, milli: u64, expected: Due) {
    let mut chain = chain(1);
    let (tx, _) = mined(&mut chain, ms(0), &[movement(shape, 2, token, milli)]);
    assert_eq!(chain.truth(tx)[0].due, expected, "{shape:?} of {milli} {token:?}");
}

#[test]
fn the_chain_says_what_is_due_for_every_shape() {
    let user = Due::User(UserId::new(3));
    check_due(Shape::Payment, Token::Usdt, 1_000, user);
    check_due(Shape::Payment, Token::Usdc, 1_000, user);
    check_due(
        Shape::Payment,
        Token::Usdc,
        999,
        Due::Suspense(SuspenseReason::BelowMinimum),
    );
    check_due(
        Shape::Payment,
        Token::Busd,
        1_000,
        Due::Suspense(SuspenseReason::AssetDisabled),
    );
    check_due(
        Shape::ToCollect,
        Token::Usdt,
        1_000,
        Due::Suspense(SuspenseReason::Unattributed),
    );
    check_due(Shape::Huge, Token::Usdt, 1_000, Due::Person);
    for shape in Shape::ALL {
        match shape {
            Shape::Payment | Shape::ToCollect | Shape::Huge => {}
            Shape::ToStranger
            | Shape::FakeToken
            | Shape::Erc721
            | Shape::DirtyTopic
            | Shape::LongData
            | Shape::Native
            | Shape::ZeroValue
            | Shape::SelfTransfer
            | Shape::OwnSweep
            | Shape::Minted
            | Shape::Approval => check_due(shape, Token::Usdt, 1_000, Due::Nothing(shape)),
        }
    }
}

#[test]
fn amounts_are_those_of_the_ledger() {
    let mut chain = chain(1);
    let (tx, at) = mined(
        &mut chain,
        ms(0),
        &[movement(Shape::Payment, 0, Token::Usdc, 1_234)],
    );
    assert_eq!(chain.truth(tx)[0].amount, minor_units(1_234, 8));
    let receipt = chain.view(at).receipt(&chain.hash_of(tx)).unwrap();
    assert_eq!(receipt.logs[0].word[24..], 1_234_000u64.to_be_bytes());
}

#[test]
fn a_reverted_transaction_has_no_logs_and_a_dropped_one_no_block() {
    let mut chain = chain(1);
    let reverted = chain.announce();
    let at = chain
        .send(ms(0), reverted, (&[payment()], &payee), Fate::Reverted, 2)
        .unwrap();
    assert_eq!(at, ms(3 * 450));
    chain.mine(at, reverted);
    let receipt = chain.view(at).receipt(&chain.hash_of(reverted)).unwrap();
    assert_eq!(
        (receipt.succeeded, receipt.logs.len(), chain.truth(reverted).len()),
        (false, 0, 0)
    );
    let dropped = chain.announce();
    assert_eq!(
        chain.send(ms(0), dropped, (&[payment()], &payee), Fate::NeverMined, 0),
        None
    );
}

#[test]
fn a_neighbour_that_needs_a_person_holds_up_the_whole_transaction() {
    let mut chain = chain(1);
    let huge = movement(Shape::Huge, 0, Token::Usdt, 1_000);
    let (tx, at) = mined(&mut chain, ms(0), &[payment(), huge]);
    let due = chain.finality_due(at);
    assert!(chain.finalize(due, tx).is_some());
    assert!(chain.needs_person(tx));
    assert_eq!(chain.deposits(due).count(), 0);
}

#[test]
fn a_token_that_keeps_a_part_logs_all_of_it() {
    let plan = ChainPlan {
        usdc_fee: Some(TransferFee {
            after_blocks: 10,
            percent: 3,
        }),
        ..ChainPlan::default()
    };
    let mut chain = Chain::new(&plan, Rng::from_seed(1));
    let (usdc, _) = Token::Usdc.facts().contract.unwrap();
    let pay = |user, token| movement(Shape::Payment, user, token, 50_000);
    let before = [pay(0, Token::Usdc)];
    let after = [pay(1, Token::Usdc)];
    let other = [pay(2, Token::Usdt)];
    mined(&mut chain, ms(500), &before);
    for (at, movements) in [(6_000, &after), (7_000, &other)] {
        let (tx, _) = mined(&mut chain, ms(at), movements);
        let (_, truth) = chain.deposits_of(tx).next().unwrap();
        assert!(matches!(truth.due, Due::User(_)), "{truth:?}");
    }
    let house = chain.house(FIRST_HEIGHT + 30, ms(20_000));
    let held = |token, user| house[&(token, payee(user).address)].units;
    let whole = minor_units(50_000, 6).minor();
    assert_eq!(held(usdc, 0), whole);
    assert_eq!(held(usdc, 1), whole / 100 * 97);
    assert_eq!(held(USDT, 2), minor_units(50_000, 18).minor());
}
