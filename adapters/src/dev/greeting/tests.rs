use std::path::PathBuf;

use plimsoll_core::bank::State;
use plimsoll_core::escrow::DepositAddresses;
use plimsoll_core::id::Address;

use super::Greeting;

#[test]
fn the_lines_are_ready_to_paste() {
    let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 8080));
    let addresses = DepositAddresses::Factory {
        factory: Address::Evm([0xfa; 20]),
        init_code_hash: [0x1c; 32],
    };
    insta::assert_snapshot!(Greeting::new(
        listen,
        PathBuf::from("data"),
        &State::default(),
        &addresses
    ));
}
