use std::string::ToString;

use super::{ASSOCIATED_TOKEN_PROGRAM, TOKEN_PROGRAM, token_account, user_wallet};
use crate::id::{Address, UserId};

/// What @solana/web3.js 1.99 and @solana/spl-token 0.4 derive; the first two wallets have the bump 254, the others 255.
const KNOWN: [(u64, &str, &str); 6] = [
    (
        1,
        "733S9uYb5bDaabwZLLRhMBdT9uK7yDpp71h2jAfHwLpz",
        "VZSKYoj2qZLcukycxm1PcXV8m7f1geEnHm6Mka4KK3X",
    ),
    (
        2,
        "C5PFrzUrfYNNzYmhqvAYuYuoHk7j478M9QrxzmYzZJ8R",
        "EPGjj37jVshyFn5m1PYBeJgGkEqoY2JwU4pUcQcN4RgL",
    ),
    (
        3,
        "Fn2wvQKKvZ1v1HadK1a99bGbHaozq7WcYAN9YgidRjXa",
        "CTR4LCMizJkbDypFwAiNmht9A3fxv4jpLnFfF9xPxV9u",
    ),
    (
        4,
        "B8VRoe5K2NYJptLSGHsa9Ew1Zwa9XBd8dRxPmmR56HVC",
        "CPD2izJXdr2HY3EgWGqta33GNdRraWbDKpSEkZ83Rw43",
    ),
    (
        5,
        "8XFW3FoBV1XmPnc8k8BsmuGWtH4ymeyfMKLNrmgYBa7W",
        "2kXCNgjasnjnsEo83QbUmbGmmNLC2FV56RxZrEGADsLr",
    ),
    (
        300,
        "G74tM9G9BTiitwfrJmDLf9rjSTUQXnP2xK5wFehSdxyu",
        "A2NBGVhzZnYs6Dqf272rTfbTJtQSQe6AzJaR2D4cNuyx",
    ),
];

#[test]
fn wallets_and_token_accounts_are_those_that_solanas_own_library_derives() {
    let program: Address = "BPFLoaderUpgradeab1e11111111111111111111111".parse().unwrap();
    let mint: Address = "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB".parse().unwrap();
    for (user, wallet, account) in KNOWN {
        let derived = user_wallet(&program, UserId::new(user));
        assert_eq!(derived.to_string(), wallet, "user {user}");
        assert_eq!(token_account(&derived, &mint).to_string(), account, "user {user}");
    }
}

#[test]
fn the_programs_are_those_that_everybody_knows() {
    assert_eq!(
        TOKEN_PROGRAM.to_string(),
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
    );
    assert_eq!(
        ASSOCIATED_TOKEN_PROGRAM.to_string(),
        "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"
    );
}

#[test]
#[should_panic(expected = "is not a program of Solana")]
fn a_contract_derives_no_wallet() {
    let _ = user_wallet(&Address::Evm([1; 20]), UserId::new(1));
}
