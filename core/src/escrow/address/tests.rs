use std::string::ToString;
use std::vec;

use super::{check_identity, create2_address, deposit_address};
use crate::escrow::{Answer, ChainConfig, testing};
use crate::id::{BlockHash, UserId};
use crate::resilience::CordonReason;

/// The examples of EIP-1014.
#[test]
fn known_answers_of_eip_1014() {
    let check = |factory: &str, salt: [u8; 32], init_code: &[u8], expected: &str| {
        use sha3::{Digest as _, Keccak256};
        let init_code_hash = Keccak256::digest(init_code).into();
        let factory = factory.parse().unwrap();
        assert_eq!(
            create2_address(&factory, &init_code_hash, &salt).to_string(),
            expected
        );
    };
    let zero = "0x0000000000000000000000000000000000000000";
    check(zero, [0; 32], &[0], "0x4d1a2e2bb4f88f0250f26ffff098b0b30b26bf38");
    let dead = "0xdeadbeef00000000000000000000000000000000";
    check(dead, [0; 32], &[0], "0xb928f69bb1d91cd65274e3c79d8986362984fda3");
    check(
        zero,
        [0; 32],
        &[0xde, 0xad, 0xbe, 0xef],
        "0x70f2b2914a2a4b783faefb75f459a580616fcb5e",
    );
}

#[test]
fn every_user_has_another_address() {
    let from = testing::chain().addresses;
    assert_ne!(
        deposit_address(&from, UserId::new(1)),
        deposit_address(&from, UserId::new(2))
    );
}

#[test]
fn an_endpoint_must_be_who_the_configuration_says() {
    let (chain, registry) = (testing::chain(), testing::registry());
    let good = |chain: &ChainConfig| (chain.id.number(), chain.genesis, vec![Some(18)]);
    let verdict = |(chain_id, genesis, decimals)| {
        check_identity(
            &chain,
            &registry,
            &Answer::Identity {
                chain_id,
                genesis,
                decimals,
            },
        )
    };
    let (id, genesis, decimals) = good(&chain);
    assert_eq!(verdict((id, genesis, decimals.clone())), Ok(()));
    assert_eq!(
        verdict((97, genesis, decimals.clone())),
        Err(CordonReason::WrongChain)
    );
    assert_eq!(
        verdict((id, BlockHash::Evm([9; 32]), decimals)),
        Err(CordonReason::WrongGenesis)
    );
    assert_eq!(
        verdict((id, genesis, vec![Some(6)])),
        Err(CordonReason::WrongDecimals)
    );
    assert_eq!(
        verdict((id, genesis, vec![None])),
        Err(CordonReason::WrongDecimals)
    );
    assert_eq!(verdict((id, genesis, vec![])), Err(CordonReason::WrongDecimals));
}
