use std::string::ToString;

use super::{ChainId, Family};
use crate::id::BlockHash;

const GENESIS: &str = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";

#[test]
fn a_cluster_is_called_by_the_start_of_its_genesis_hash() {
    let chain = ChainId::of_cluster(&GENESIS.parse().unwrap()).unwrap();
    assert_eq!(chain.to_string(), "solana:5eykt4UsFv");
    assert_eq!("solana:5eykt4UsFv".parse(), Ok(chain));
    assert_eq!("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp".parse(), Ok(chain));
    assert_eq!(chain.family(), Family::Solana);
    assert_eq!(ChainId::of_cluster(&BlockHash::Evm([1; 32])), None);
}

#[test]
fn the_names_of_all_clusters_are_printed_whole() {
    for text in ["solana:1111111111", "solana:zzzzzzzzzz", "solana:1z1z1z1z1z"] {
        assert_eq!(text.parse::<ChainId>().unwrap().to_string(), text);
    }
    let zero = ChainId::of_cluster(&BlockHash::Solana([0; 32])).unwrap();
    assert_eq!(zero.to_string(), "solana:1111111111");
    assert!(zero.number() > ChainId::EIP155_MAX);
}

#[test]
fn what_is_no_chain_is_refused() {
    for text in [
        "",
        "56",
        "eip155:",
        "eip155:056",
        "eip155:9223372036854775808",
        "solana:",
        "solana:5eykt4UsF",
        "solana:5eykt4UsFv8",
        "solana:5eykt4UsF0",
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvd0",
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpK",
        "Solana:5eykt4UsFv",
        "bip122:5eykt4UsFv",
    ] {
        assert!(text.parse::<ChainId>().is_err(), "{text}");
    }
    let largest: ChainId = "eip155:9223372036854775807".parse().unwrap();
    assert_eq!(
        (largest.number(), largest.family()),
        (ChainId::EIP155_MAX, Family::Evm)
    );
}

#[test]
#[should_panic(expected = "an EIP-155 id above the largest")]
fn no_eip155_id_is_taken_for_a_cluster() {
    let _ = ChainId::new(1 << 63);
}
