use std::vec;
use std::vec::Vec;

use super::{Addresses, Assessment, NATIVE_TRANSFER_EMITTER, Recipient, assess, concerns_us};
use crate::escrow::testing::{CHAIN, COLLECT, PAYER, block, receipt, registry, topic, transfer};
use crate::escrow::{Beneficiary, DeadLetterReason, Log, Reason, SuspenseReason};
use crate::id::{Address, ChainId, UserId};
use crate::limits::{DEPOSIT_MAX, DEPOSITS_PER_TX_MAX};
use crate::money::{Amount, Asset, ChainToken, InForce, Registry};

const ALICE: Address = Address::Evm([0xa1; 20]);
const BOB: Address = Address::Evm([0xb0; 20]);
const STRANGER: Address = Address::Evm([0x99; 20]);

struct Ours;

impl Addresses for Ours {
    fn recipient(&self, chain: ChainId, address: Address) -> Option<Recipient> {
        let known = [
            (ALICE, Recipient::User(UserId::new(1))),
            (BOB, Recipient::User(UserId::new(2))),
            (COLLECT, Recipient::Collect),
        ];
        let mut known = known.into_iter().filter(|_| chain == CHAIN);
        known.find_map(|(ours, whose)| (ours == address).then_some(whose))
    }
}

fn judged(logs: Vec<Log>) -> Assessment {
    assess(CHAIN, &receipt(1, block(5), logs), &registry(), &Ours)
}

#[track_caller]
fn dismissed(log: Log, why: Reason) {
    assert_eq!(judged(vec![log]), Assessment::Nothing(why));
}

#[track_caller]
fn owners(assessment: Assessment) -> Vec<(u32, i128, Beneficiary)> {
    let Assessment::Deposits(deposits) = assessment else {
        panic!("{assessment:?}")
    };
    deposits
        .iter()
        .map(|one| (one.ordinal, one.amount.minor(), one.beneficiary))
        .collect()
}

#[test]
fn one_deposit_a_log_and_the_ordinal_counts_every_log() {
    let mut approval = transfer(PAYER, ALICE, 7_000);
    approval.topics[0] = [7; 32];
    let logs = vec![
        approval,
        transfer(PAYER, ALICE, 5_000),
        transfer(PAYER, STRANGER, 5_000),
        transfer(PAYER, BOB, 6_000),
        transfer(PAYER, ALICE, 5_000),
        transfer(PAYER, COLLECT, 1),
    ];
    let user = |n| Beneficiary::User(UserId::new(n));
    let unattributed = Beneficiary::Suspense(SuspenseReason::Unattributed);
    assert_eq!(
        owners(judged(logs)),
        [
            (1, 5_000, user(1)),
            (3, 6_000, user(2)),
            (4, 5_000, user(1)),
            (5, 1, unattributed)
        ]
    );
}

#[test]
fn e1_a_reverted_transaction_is_worth_nothing() {
    let mut reverted = receipt(1, block(5), vec![transfer(PAYER, ALICE, 5_000)]);
    reverted.succeeded = false;
    assert_eq!(
        assess(CHAIN, &reverted, &registry(), &Ours),
        Assessment::Nothing(Reason::Reverted)
    );
}

#[test]
fn each_trap_has_its_reason() {
    let good = transfer(PAYER, ALICE, 5_000);
    assert_eq!(judged(vec![]), Assessment::Nothing(Reason::NoTransfer));
    dismissed(
        Log {
            address: Address::Evm([0x66; 20]),
            ..good
        },
        Reason::ForeignContract,
    );
    dismissed(
        Log {
            address: NATIVE_TRANSFER_EMITTER,
            ..good
        },
        Reason::NativeTransfer,
    );
    dismissed(transfer(PAYER, STRANGER, 5_000), Reason::NotToUs);
    dismissed(transfer(PAYER, ALICE, 0), Reason::ZeroAmount);
    dismissed(transfer(BOB, ALICE, 5_000), Reason::OwnTransfer);
    dismissed(transfer(COLLECT, ALICE, 5_000), Reason::OwnTransfer);
    dismissed(transfer(ALICE, ALICE, 5_000), Reason::OwnTransfer);
    dismissed(transfer(Address::default(), ALICE, 5_000), Reason::Minted);
}

#[test]
fn e4_odd_layouts_are_malformed() {
    let good = transfer(PAYER, ALICE, 5_000);
    let mut dirty_from = good;
    dirty_from.topics[1][0] = 1;
    let mut dirty_to = good;
    dirty_to.topics[2][11] = 1;
    let erc721 = Log {
        topics: [good.topics[0], good.topics[1], good.topics[2], topic(PAYER)],
        topic_count: 4,
        data_len: 0,
        ..good
    };
    for log in [
        dirty_from,
        dirty_to,
        erc721,
        Log { data_len: 64, ..good },
        Log { data_len: 31, ..good },
        Log {
            topic_count: 1,
            ..good
        },
    ] {
        dismissed(log, Reason::MalformedLog);
    }
}

#[test]
fn another_chain_has_other_tokens_and_addresses() {
    let other = assess(
        ChainId::new(97),
        &receipt(1, block(5), vec![transfer(PAYER, ALICE, 5_000)]),
        &registry(),
        &Ours,
    );
    assert_eq!(other, Assessment::Nothing(Reason::ForeignContract));
}

/// The same judgement where every asset is changed so.
fn judged_with(change: impl Fn(&mut Asset), amounts: &[u128]) -> Vec<(u32, i128, Beneficiary)> {
    let mut assets: Vec<Asset> = registry().assets().cloned().collect();
    assets.iter_mut().for_each(change);
    let logs = amounts.iter().map(|amount| transfer(PAYER, ALICE, *amount));
    let receipt = receipt(1, block(5), logs.collect());
    owners(assess(CHAIN, &receipt, &Registry::new(assets).unwrap(), &Ours))
}

#[test]
fn what_is_too_small_or_too_much_or_disabled_is_held_not_lost() {
    let held = Beneficiary::Suspense;
    let alice = Beneficiary::User(UserId::new(1));
    assert_eq!(
        judged_with(|_| {}, &[999, 1_000]),
        [(0, 999, held(SuspenseReason::BelowMinimum)), (1, 1_000, alice)]
    );
    assert_eq!(
        judged_with(|asset| asset.max = Amount::from_minor(5_000), &[5_000, 5_001]),
        [(0, 5_000, alice), (1, 5_001, held(SuspenseReason::AboveMaximum))]
    );
    assert_eq!(
        judged_with(|asset| asset.enabled = false, &[5_000]),
        [(0, 5_000, held(SuspenseReason::AssetDisabled))]
    );
}

#[test]
fn amounts_and_counts_beyond_the_ledger_need_a_person() {
    let mut huge = transfer(PAYER, ALICE, 1);
    huge.word[0] = 1;
    assert_eq!(
        judged(vec![huge]),
        Assessment::DeadLetter(DeadLetterReason::AmountOutOfRange)
    );
    let most = u128::try_from(DEPOSIT_MAX.minor()).unwrap();
    let alice = Beneficiary::User(UserId::new(1));
    let edge = judged(vec![transfer(PAYER, ALICE, most)]);
    assert_eq!(owners(edge), [(0, DEPOSIT_MAX.minor(), alice)]);
    assert_eq!(
        judged(vec![transfer(PAYER, ALICE, most + 1)]),
        Assessment::DeadLetter(DeadLetterReason::AmountOutOfRange)
    );
    let mut many = vec![transfer(PAYER, ALICE, 5_000); DEPOSITS_PER_TX_MAX];
    assert_eq!(owners(judged(many.clone())).len(), DEPOSITS_PER_TX_MAX);
    many.push(transfer(PAYER, ALICE, 5_000));
    assert_eq!(
        judged(many),
        Assessment::DeadLetter(DeadLetterReason::TooManyDeposits)
    );
}

#[test]
fn the_most_telling_reason_is_reported() {
    let fake = Log {
        address: Address::Evm([0x66; 20]),
        ..transfer(PAYER, ALICE, 5_000)
    };
    let assessment = judged(vec![
        transfer(PAYER, STRANGER, 1),
        fake,
        transfer(PAYER, STRANGER, 1),
    ]);
    assert_eq!(assessment, Assessment::Nothing(Reason::ForeignContract));
}

#[test]
fn a_scan_looks_for_registered_tokens_to_our_addresses() {
    let concerns = |log: &Log| concerns_us(CHAIN, log, &registry(), &Ours);
    assert!(concerns(&transfer(PAYER, ALICE, 5_000)));
    assert!(concerns(&transfer(PAYER, COLLECT, 5_000)));
    assert!(!concerns(&transfer(PAYER, STRANGER, 5_000)));
    assert!(!concerns(&Log {
        address: Address::Evm([0x66; 20]),
        ..transfer(PAYER, ALICE, 5_000)
    }));
}

#[test]
fn e21_a_token_is_worth_something_in_its_blocks_alone() {
    let mut usdt = registry().assets().find(|one| one.scale == 18).unwrap().clone();
    let after = ChainToken {
        contract: Address::Evm([0x56; 20]),
        in_force: InForce {
            from: 100,
            until: None,
        },
        ..usdt.tokens[0]
    };
    usdt.tokens[0].in_force.until = Some(100);
    usdt.tokens.push(after);
    let registry = Registry::new(vec![usdt]).unwrap();
    let refused = Some(Reason::TokenNotInForce);
    for (contract, to, number, expected) in [
        (usual(), ALICE, 99, None),
        (usual(), ALICE, 100, refused),
        (after.contract, ALICE, 99, refused),
        (after.contract, ALICE, 100, None),
        (usual(), COLLECT, 100, refused),
        (usual(), STRANGER, 100, Some(Reason::NotToUs)),
    ] {
        let mut log = transfer(PAYER, to, 5_000);
        log.address = contract;
        let found = assess(CHAIN, &receipt(1, block(number), vec![log]), &registry, &Ours);
        let reason = match found {
            Assessment::Nothing(reason) => Some(reason),
            Assessment::Deposits(_) => None,
            Assessment::DeadLetter(why) => panic!("{why}"),
        };
        assert_eq!(reason, expected, "{contract} in {number}");
        assert!(
            to == STRANGER || concerns_us(CHAIN, &log, &registry, &Ours),
            "a scan finds it"
        );
    }
}

fn usual() -> Address {
    crate::escrow::testing::TOKEN
}
