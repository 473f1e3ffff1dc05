use plimsoll_core::escrow::TxKey;
use plimsoll_core::id::{ChainId, TxHash};

use super::{name, parse};

#[test]
fn names_are_read_back_and_nothing_else_is() {
    let evm = TxKey {
        chain: ChainId::new(56),
        tx: TxHash::Evm([0xab; 32]),
    };
    let solana = TxKey {
        chain: "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp".parse().unwrap(),
        tx: TxHash::Solana([7; 64]),
    };
    assert_eq!(name(&evm), format!("eip155:56/0x{}", "ab".repeat(32)));
    for job in [evm, solana] {
        assert_eq!(parse(&name(&job)), Some(job));
    }
    let crossed = TxKey {
        chain: solana.chain,
        ..evm
    };
    for bad in [
        "",
        "/",
        "eip155:56",
        "eip155:56/",
        "eip155:56/0x",
        "eip155:x/0xab",
        &name(&crossed),
    ] {
        assert_eq!(parse(bad), None, "{bad}");
    }
}
