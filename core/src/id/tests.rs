use std::string::ToString;

use super::{AssetId, ChainId, IdempotencyKey, UserId};

#[test]
fn what_is_printed_parses_back() {
    assert_eq!("user-7".parse(), Ok(UserId::new(7)));
    assert_eq!(ChainId::new(56).to_string(), "eip155:56");
    assert_eq!("USDT".parse::<AssetId>().unwrap().to_string(), "USDT");
}

#[test]
fn what_is_not_a_name_is_refused() {
    for text in [
        "",
        "user-",
        "7",
        "user-x",
        "user--1",
        "user-01",
        "user-+1",
        "User-1",
        "user-18446744073709551616",
    ] {
        assert!(text.parse::<UserId>().is_err(), "{text}");
    }
    for text in ["", "usdt", "US DT", "THIRTEENCHARS", "É"] {
        assert!(text.parse::<AssetId>().is_err(), "{text}");
    }
}

#[test]
fn idempotency_scopes_do_not_mix() {
    assert_ne!(
        IdempotencyKey::derive("a", b"bc"),
        IdempotencyKey::derive("ab", b"c")
    );
    assert_eq!(
        IdempotencyKey::derive("a", b"b"),
        IdempotencyKey::derive("a", b"b")
    );
}

#[test]
fn a_fingerprint_is_read_as_it_is_written() {
    let print = super::Fingerprint([0, 1, 0xab, 0xcd, 0xef]);
    assert_eq!(std::format!("{print}"), "0x0001abcdef");
    assert_eq!("0x0001abcdef".parse(), Ok(print));
    for odd in [
        "",
        "0x",
        "0001abcdef",
        "0x0001abcde",
        "0x0001abcdef0",
        "0x0001abcdeg",
    ] {
        assert!(odd.parse::<super::Fingerprint>().is_err(), "{odd}");
    }
}
