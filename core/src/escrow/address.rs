//! Deposit addresses, and who an endpoint really is: the two facts that bind the outside to a chain.

use alloc::vec::Vec;

use sha3::{Digest as _, Keccak256};

use super::config::{ChainConfig, DepositAddresses};
use super::evm::{Answer, Question};
use super::solana::user_wallet;
use crate::id::{Address, BlockHash, UserId};
use crate::money::Registry;
use crate::resilience::CordonReason;

/// The address of the forwarder that `factory` would deploy with `salt`:
/// keccak256(0xff ++ factory ++ salt ++ keccak256(init code)), last 20 bytes (EIP-1014).
#[must_use]
pub fn create2_address(factory: &Address, init_code_hash: &[u8; 32], salt: &[u8; 32]) -> Address {
    let mut hasher = Keccak256::new();
    hasher.update([0xff]);
    hasher.update(factory.bytes());
    hasher.update(salt);
    hasher.update(init_code_hash);
    let mut address = [0u8; 20];
    address.copy_from_slice(&hasher.finalize()[12..]);
    Address::Evm(address)
}

/// The deposit address of `user`: the CREATE2 address whose salt is the user's number, big-endian, or the wallet that the
/// program derives from it.
#[must_use]
pub fn deposit_address(from: &DepositAddresses, user: UserId) -> Address {
    match from {
        DepositAddresses::Factory {
            factory,
            init_code_hash,
        } => {
            let mut salt = [0u8; 32];
            salt[24..].copy_from_slice(&user.number().to_be_bytes());
            create2_address(factory, init_code_hash, &salt)
        }
        DepositAddresses::Program { program } => user_wallet(program, user),
    }
}

/// What an endpoint of `chain` is asked before it is believed.
#[must_use]
pub fn identity_question(chain: &ChainConfig, registry: &Registry) -> Question {
    let tokens: Vec<Address> = registry
        .tokens_of(chain.id)
        .map(|(contract, _)| contract)
        .collect();
    Question::Identity { tokens }
}

/// Whether an endpoint that answered [`identity_question`] serves `chain`, with tokens that count as configured
/// (traps E6, E16, E22).
///
/// # Errors
/// Why it must not be asked.
pub fn check_identity(chain: &ChainConfig, registry: &Registry, answer: &Answer) -> Result<(), CordonReason> {
    let Answer::Identity {
        chain_id,
        genesis,
        decimals,
    } = answer
    else {
        return Err(CordonReason::WrongChain);
    };
    let expected = registry.tokens_of(chain.id).map(|(_, decimals)| decimals);
    judge_identity(chain, expected, *chain_id, *genesis, decimals)
}

/// As [`check_identity`], of an answer taken apart: `expected` are the decimals of the tokens in the order asked.
pub(super) fn judge_identity(
    chain: &ChainConfig,
    expected: impl Iterator<Item = u8>,
    chain_id: u64,
    genesis: BlockHash,
    decimals: &[Option<u8>],
) -> Result<(), CordonReason> {
    if chain_id != chain.id.number() {
        return Err(CordonReason::WrongChain);
    }
    if genesis != chain.genesis {
        return Err(CordonReason::WrongGenesis);
    }
    let equal = expected.map(Some).eq(decimals.iter().copied());
    if equal {
        Ok(())
    } else {
        Err(CordonReason::WrongDecimals)
    }
}

#[cfg(test)]
mod tests;
