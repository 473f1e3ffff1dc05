use std::vec;
use std::vec::Vec;

use crate::escrow::assess::{Addresses, Assessment, Recipient, assess};
use crate::escrow::solana::{TOKEN_PROGRAM, token_account, user_wallet};
use crate::escrow::testing::asset;
use crate::escrow::{
    Beneficiary, BlockRef, DeadLetterReason, Deposit, Reason, Receipt, SuspenseReason, TokenBalance,
};
use crate::id::{Address, BlockHash, ChainId, TxHash, UserId};
use crate::money::{Amount, Asset, ChainToken, InForce, Registry};

const GENESIS: BlockHash = BlockHash::Solana([0x45; 32]);
const PROGRAM: Address = Address::Solana([0xfa; 32]);
const MINT: Address = Address::Solana([0x55; 32]);
const COLLECT: Address = Address::Solana([0xcc; 32]);
const PAYER: Address = Address::Solana([0xaa; 32]);
const OTHER_PAYER: Address = Address::Solana([0xab; 32]);
const TOKEN_2022: Address = Address::Solana([0x22; 32]);

struct Ours;

impl Addresses for Ours {
    fn recipient(&self, chain: ChainId, address: Address) -> Option<Recipient> {
        let is_of = |user: &u64| wallet(*user) == address;
        if chain != cluster() {
            None
        } else if address == COLLECT {
            Some(Recipient::Collect)
        } else {
            (1..=2).find(is_of).map(|user| Recipient::User(UserId::new(user)))
        }
    }
}

fn cluster() -> ChainId {
    ChainId::of_cluster(&GENESIS).unwrap()
}

fn wallet(user: u64) -> Address {
    user_wallet(&PROGRAM, UserId::new(user))
}

/// USDT with 6 decimals on the cluster and 8 in the ledger, at least 10 units of the token.
fn registry() -> Registry {
    Registry::new(vec![Asset {
        id: asset("USDT"),
        name: "Tether".into(),
        scale: 8,
        min: Amount::from_minor(1_000),
        max: Amount::from_minor(1_000_000),
        enabled: true,
        tokens: vec![ChainToken {
            chain: cluster(),
            contract: MINT,
            decimals: 6,
            in_force: InForce::ALWAYS,
        }],
    }])
    .unwrap()
}

/// The account of `wallet` for the registered mint: its place, and what it held before and after.
fn held(place: u8, wallet: Address, before: u64, after: u64) -> TokenBalance {
    TokenBalance {
        place,
        account: token_account(&wallet, &MINT),
        mint: MINT,
        wallet,
        program: TOKEN_PROGRAM,
        before,
        after,
    }
}

fn receipt(balances: Vec<TokenBalance>) -> Receipt {
    Receipt {
        tx: TxHash::Solana([1; 64]),
        block: BlockRef {
            number: 7,
            hash: BlockHash::Solana([7; 32]),
        },
        succeeded: true,
        logs: vec![],
        balances,
    }
}

fn judged(balances: Vec<TokenBalance>) -> Assessment {
    assess(cluster(), &receipt(balances), &registry(), &Ours)
}

fn deposit(place: u32, user: u64, from: Address, minor: i128) -> Deposit {
    Deposit {
        ordinal: place,
        asset: asset("USDT"),
        amount: Amount::from_minor(minor),
        from,
        to: wallet(user),
        beneficiary: Beneficiary::User(UserId::new(user)),
    }
}

/// A payment of 50 units to the first user after `edit` of what the user's account is said to be.
fn payment(edit: impl FnOnce(&mut TokenBalance)) -> Vec<TokenBalance> {
    let mut gain = held(2, wallet(1), 0, 50);
    edit(&mut gain);
    vec![held(1, PAYER, 100, 50), gain]
}

#[track_caller]
fn dismissed(balances: Vec<TokenBalance>, why: Reason) {
    assert_eq!(judged(balances), Assessment::Nothing(why));
}

#[test]
fn what_an_account_gained_is_the_deposit() {
    let paid = deposit(2, 1, PAYER, 5_000);
    assert_eq!(judged(payment(|_| {})), Assessment::Deposits(vec![paid]));
    let more = payment(|gain| (gain.before, gain.after) = (1_000, 1_050));
    assert_eq!(
        judged(more),
        Assessment::Deposits(vec![paid]),
        "what was there before is not paid again"
    );
}

#[test]
fn one_signature_pays_several_of_our_accounts() {
    let balances = vec![
        held(1, PAYER, 100, 0),
        held(3, wallet(1), 0, 60),
        held(4, wallet(2), 5, 45),
    ];
    let expected = vec![deposit(3, 1, PAYER, 6_000), deposit(4, 2, PAYER, 4_000)];
    assert_eq!(judged(balances), Assessment::Deposits(expected));
}

#[test]
fn a_failed_transaction_moves_nothing_whatever_its_balances_say() {
    let mut receipt = receipt(payment(|_| {}));
    receipt.succeeded = false;
    let verdict = assess(cluster(), &receipt, &registry(), &Ours);
    assert_eq!(verdict, Assessment::Nothing(Reason::Reverted));
}

#[test]
fn what_is_no_deposit_has_its_reason() {
    dismissed(vec![], Reason::NoTransfer);
    dismissed(vec![held(1, PAYER, 100, 100)], Reason::NoTransfer);
    dismissed(vec![held(1, PAYER, 100, 40)], Reason::NoTransfer);
    dismissed(
        payment(|gain| gain.mint = Address::Solana([0x66; 32])),
        Reason::ForeignContract,
    );
    dismissed(
        vec![held(1, PAYER, 50, 0), held(2, OTHER_PAYER, 0, 50)],
        Reason::NotToUs,
    );
    dismissed(payment(|gain| gain.program = TOKEN_2022), Reason::ForeignProgram);
    dismissed(
        payment(|gain| gain.account = Address::Solana([3; 32])),
        Reason::NotAssociated,
    );
    dismissed(vec![held(2, wallet(1), 0, 50)], Reason::Minted);
    dismissed(
        vec![held(1, wallet(2), 50, 0), held(2, wallet(1), 0, 50)],
        Reason::OwnTransfer,
    );
    dismissed(
        vec![held(1, wallet(1), 50, 0), held(2, COLLECT, 0, 50)],
        Reason::OwnTransfer,
    );
}

#[test]
fn an_associated_account_whose_owner_was_changed_is_not_ours() {
    // The address is still that of the first user's account, and the money somebody else's.
    dismissed(payment(|gain| gain.wallet = OTHER_PAYER), Reason::NotToUs);
}

#[test]
fn an_account_of_ours_for_another_mint_is_not_the_associated_one() {
    let other = Address::Solana([0x66; 32]);
    dismissed(
        payment(|gain| gain.account = token_account(&wallet(1), &other)),
        Reason::NotAssociated,
    );
}

#[test]
fn the_payer_is_who_lost_most_of_the_same_token() {
    let mut other_token = held(5, PAYER, 9_000, 0);
    other_token.mint = Address::Solana([0x66; 32]);
    let balances = vec![
        other_token,
        held(1, PAYER, 100, 80),
        held(2, OTHER_PAYER, 100, 60),
        held(3, wallet(1), 0, 60),
    ];
    let expected = vec![deposit(3, 1, OTHER_PAYER, 6_000)];
    assert_eq!(judged(balances), Assessment::Deposits(expected));
}

#[test]
fn of_two_who_lost_the_same_the_first_is_the_payer() {
    let balances = vec![
        held(1, PAYER, 100, 70),
        held(2, OTHER_PAYER, 100, 70),
        held(3, wallet(1), 0, 60),
    ];
    let expected = vec![deposit(3, 1, PAYER, 6_000)];
    assert_eq!(judged(balances), Assessment::Deposits(expected));
}

#[test]
fn who_lost_nothing_paid_nothing() {
    dismissed(
        vec![held(1, PAYER, 100, 100), held(2, wallet(1), 0, 50)],
        Reason::Minted,
    );
    let mut balances = payment(|_| {});
    balances.push(held(3, wallet(2), 100, 100));
    let expected = vec![deposit(2, 1, PAYER, 5_000)];
    assert_eq!(judged(balances), Assessment::Deposits(expected));
}

#[test]
fn when_ours_and_others_lose_at_once_a_person_must_look() {
    let balances = vec![
        held(1, PAYER, 100, 80),
        held(2, wallet(2), 100, 60),
        held(3, wallet(1), 0, 60),
    ];
    assert_eq!(
        judged(balances),
        Assessment::DeadLetter(DeadLetterReason::MixedPayers)
    );
}

#[test]
fn amounts_have_the_scale_of_the_ledger_and_its_bounds() {
    let verdict = |units| match judged(vec![held(1, PAYER, units, 0), held(2, wallet(1), 0, units)]) {
        Assessment::Deposits(deposits) => (deposits[0].amount.minor(), deposits[0].beneficiary),
        other @ (Assessment::Nothing(_) | Assessment::DeadLetter(_)) => panic!("{units}: {other:?}"),
    };
    let user = Beneficiary::User(UserId::new(1));
    assert_eq!(verdict(10), (1_000, user));
    assert_eq!(
        verdict(9),
        (900, Beneficiary::Suspense(SuspenseReason::BelowMinimum))
    );
    assert_eq!(
        verdict(10_001),
        (1_000_100, Beneficiary::Suspense(SuspenseReason::AboveMaximum))
    );
    let all = i128::from(u64::MAX) * 100;
    assert_eq!(
        verdict(u64::MAX),
        (all, Beneficiary::Suspense(SuspenseReason::AboveMaximum))
    );
}

#[test]
fn what_comes_to_the_collecting_wallet_is_nobodys_yet() {
    let Assessment::Deposits(deposits) = judged(vec![held(1, PAYER, 50, 0), held(2, COLLECT, 0, 50)]) else {
        panic!("no deposit")
    };
    assert_eq!(
        deposits[0].beneficiary,
        Beneficiary::Suspense(SuspenseReason::Unattributed)
    );
    assert_eq!(deposits[0].to, COLLECT);
}
