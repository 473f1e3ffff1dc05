//! The encoder against the example of the Solidity ABI specification.

use plimsoll_tests::evm::abi::{Arg, encode};
use plimsoll_tests::evm::{bytes, hex};

#[test]
fn words_and_tails_are_laid_out_as_specified() {
    // ABI specification, "Use of Dynamic Types": f(0x123, [0x456, 0x789], "1234567890", "Hello, world!") with the
    // bytes10 written as a word.
    let mut digits = [0; 32];
    digits[..10].copy_from_slice(b"1234567890");
    let args = [
        Arg::Uint(0x123),
        Arg::List(vec![Arg::Uint(0x456), Arg::Uint(0x789)]),
        Arg::Word(digits),
        Arg::from("Hello, world!"),
    ];
    let words = [
        "0000000000000000000000000000000000000000000000000000000000000123",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "3132333435363738393000000000000000000000000000000000000000000000",
        "00000000000000000000000000000000000000000000000000000000000000e0",
        "0000000000000000000000000000000000000000000000000000000000000002",
        "0000000000000000000000000000000000000000000000000000000000000456",
        "0000000000000000000000000000000000000000000000000000000000000789",
        "000000000000000000000000000000000000000000000000000000000000000d",
        "48656c6c6f2c20776f726c642100000000000000000000000000000000000000",
    ];
    assert_eq!(hex(&encode(&args)), format!("0x{}", words.concat()));
}

#[test]
fn hexadecimal_goes_both_ways() {
    assert_eq!(bytes("0x00fF10"), [0, 255, 16]);
    assert_eq!(hex(&[0, 255, 16]), "0x00ff10");
    assert!(bytes("0x").is_empty());
}
