use plimsoll_core::escrow::{TOKEN_PROGRAM, TokenBalance};
use plimsoll_core::id::{Address, TxHash};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::transaction;

const TX: TxHash = TxHash::Solana([0xaa; 64]);
const MINT: Address = Address::Solana([0x55; 32]);
const OTHER_MINT: Address = Address::Solana([0x56; 32]);
const WALLET: Address = Address::Solana([0x11; 32]);
const THIEF: Address = Address::Solana([0x66; 32]);
const ACCOUNT: Address = Address::Solana([0x22; 32]);

fn side(mint: Address, owner: Address, amount: u64) -> Value {
    json!([{
        "accountIndex": 0, "mint": mint.to_string(), "owner": owner.to_string(),
        "programId": TOKEN_PROGRAM.to_string(), "uiTokenAmount": {"amount": amount.to_string()},
    }])
}

/// The balances of the one account of a transaction, which held `before` and holds `after`.
fn balances(before: Value, after: Value) -> Vec<TokenBalance> {
    let body = json!({
        "slot": 1,
        "meta": {"err": null, "preTokenBalances": before, "postTokenBalances": after},
        "transaction": {"signatures": [TX.to_string()], "message": {"accountKeys": [{"pubkey": ACCOUNT.to_string()}]}},
    });
    let result = to_raw_value(&body).expect("JSON");
    transaction(&result, &TX).expect("sound").expect("there").balances
}

fn held(mint: Address, wallet: Address, before: u64, after: u64) -> TokenBalance {
    TokenBalance {
        place: 0,
        account: ACCOUNT,
        mint,
        wallet,
        program: TOKEN_PROGRAM,
        before,
        after,
    }
}

#[test]
fn an_account_may_be_opened_used_and_closed() {
    let none = || json!([]);
    assert_eq!(
        balances(none(), side(MINT, WALLET, 5)),
        [held(MINT, WALLET, 0, 5)]
    );
    assert_eq!(
        balances(side(MINT, WALLET, 9), side(MINT, WALLET, 5)),
        [held(MINT, WALLET, 9, 5)]
    );
    assert_eq!(
        balances(side(MINT, WALLET, 9), none()),
        [held(MINT, WALLET, 9, 0)]
    );
    assert_eq!(balances(none(), none()), []);
    let most = u64::MAX;
    assert_eq!(
        balances(none(), side(MINT, WALLET, most)),
        [held(MINT, WALLET, 0, most)]
    );
}

#[test]
fn who_owns_an_account_afterwards_counts() {
    let moved = balances(side(MINT, WALLET, 5), side(MINT, THIEF, 7));
    assert_eq!(moved, [held(MINT, THIEF, 5, 7)]);
}

#[test]
fn an_account_of_another_mint_afterwards_had_none_of_it() {
    let other = balances(side(OTHER_MINT, WALLET, 500), side(MINT, WALLET, 7));
    assert_eq!(
        other,
        [held(MINT, WALLET, 0, 7), held(OTHER_MINT, WALLET, 500, 0)]
    );
}
