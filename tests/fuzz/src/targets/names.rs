//! Short texts: amounts, addresses, hashes, chains, ids, addresses of services.

use core::fmt::{Debug, Display};
use core::str::FromStr;

use plimsoll_adapters::chain::EndpointUrl;
use plimsoll_adapters::queue::RedisUrl;
use plimsoll_core::id::{Address, AssetId, BlockHash, ChainId, TxHash};
use plimsoll_core::limits::SCALE_MAX;
use plimsoll_core::money::Amount;

use super::choice;

/// What is read is written in a form that is read as the same.
pub(super) fn run(data: &[u8]) -> bool {
    let Some((scale, text)) = choice(data) else {
        return false;
    };
    let Ok(text) = core::str::from_utf8(text) else {
        return false;
    };
    amount(text, scale % (SCALE_MAX + 1))
        | round::<Address>(text)
        | round::<AssetId>(text)
        | round::<BlockHash>(text)
        | round::<ChainId>(text)
        | round::<TxHash>(text)
        | RedisUrl::from_str(text).is_ok()
        | url(text)
}

fn round<T: FromStr<Err: Debug> + Display + PartialEq + Debug>(text: &str) -> bool {
    let Ok(read) = text.parse::<T>() else {
        return false;
    };
    let written = read.to_string();
    assert_eq!(
        written.parse::<T>().expect("what was written is read"),
        read,
        "{text:?}"
    );
    true
}

fn amount(text: &str, scale: u8) -> bool {
    let Ok(read) = Amount::parse(text, scale) else {
        return false;
    };
    let written = read.display(scale).to_string();
    assert_eq!(
        Amount::parse(&written, scale),
        Ok(read),
        "{text:?} at scale {scale}"
    );
    true
}

/// What may be logged of an address has no password.
fn url(text: &str) -> bool {
    let Ok(url) = EndpointUrl::from_str(text) else {
        return false;
    };
    assert!(!url.to_string().contains('@'), "{url}");
    true
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let hash = "0x".to_owned() + &"7a".repeat(32);
    let texts = [
        "12.000000000000000001",
        "0.5",
        "USDT",
        "0x55d398326f99059fF775485246999027B3197955",
        &hash,
        "eip155:56",
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",
        "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
        "https://node.example:8545/key/abc?x=1",
        "redis://:secret@[::1]:6379/3",
    ];
    texts
        .iter()
        .map(|text| [b"\x12", text.as_bytes()].concat())
        .collect()
}
