use std::string::ToString;
use std::vec::Vec;

use super::{Address, BlockHash, Family, TxHash};
use crate::digest::Digest;

const MINT: &str = "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB";

#[test]
fn capital_letters_mean_the_same_in_hex_and_not_in_base58() {
    let (small, capital) = (
        "0x00000000000000000000000000000000000000ff",
        "0x00000000000000000000000000000000000000FF",
    );
    assert_eq!(capital.parse::<Address>().unwrap().to_string(), small);
    let mint: Address = MINT.parse().unwrap();
    assert_eq!(mint.to_string(), MINT);
    assert_ne!(MINT.to_lowercase().parse(), Ok(mint));
}

#[test]
fn each_family_has_its_own_names() {
    let evm = TxHash::Evm([0xab; 32]);
    let solana = TxHash::Solana([0xab; 64]);
    assert_eq!((evm.family(), solana.family()), (Family::Evm, Family::Solana));
    assert_eq!((evm.bytes().len(), solana.bytes().len()), (32, 64));
    for name in [evm, solana] {
        assert_eq!(name.to_string().parse(), Ok(name));
    }
    assert!(TxHash::evm_from_str(&solana.to_string()).is_err());
    assert!(TxHash::solana_from_str(&evm.to_string()).is_err());
    assert!(Address::evm_from_str(MINT).is_err());
    assert!(Address::solana_from_str(MINT).is_ok());
    assert_ne!(BlockHash::Evm([1; 32]), BlockHash::Solana([1; 32]));
}

#[test]
fn what_is_no_name_is_refused() {
    for text in [
        "",
        "0x",
        "00",
        "0xzz00000000000000000000000000000000000000",
        "0X00000000000000000000000000000000000000ff",
    ] {
        assert!(text.parse::<Address>().is_err(), "{text}");
    }
    assert!("0x00".parse::<TxHash>().is_err());
    assert!(MINT.parse::<TxHash>().is_err(), "an address is no signature");
}

#[test]
fn names_are_stored_and_read_back() {
    let mut signature = [0; 64];
    signature
        .iter_mut()
        .zip(0u8..)
        .for_each(|(byte, place)| *byte = place);
    for name in [TxHash::Evm([7; 32]), TxHash::Solana(signature)] {
        let stored: Vec<u8> = postcard::to_allocvec(&name).unwrap();
        assert_eq!(stored.len(), 1 + name.bytes().len());
        assert_eq!(postcard::from_bytes(&stored), Ok(name));
    }
    assert_ne!(
        Digest::of(&TxHash::Solana(signature)),
        Digest::of(&TxHash::Solana([0; 64]))
    );
}
