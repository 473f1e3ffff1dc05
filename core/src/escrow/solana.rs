//! Accounts of Solana that follow from others: wallets that a program signs for, and the token accounts of a wallet.
//!
//! A derived address is a hash that is no point of the curve, so that no key can exist for it: only the program that it is
//! derived from signs for it. A wallet holds each token in another account, and anybody may open one in its name; the
//! associated one alone, derived from wallet and mint, is a deposit address. The owner of another can be changed behind our
//! back (trap S5).

use curve25519_dalek::edwards::CompressedEdwardsY;
use sha2::{Digest as _, Sha256};

use crate::id::{Address, UserId};

/// The token program: the older one of two (trap S4). Mints of the other, Token-2022, may withhold fees, hide amounts, take
/// tokens back or freeze accounts from the start (trap S11), so they are not accepted.
pub const TOKEN_PROGRAM: Address = Address::Solana([
    0x06, 0xdd, 0xf6, 0xe1, 0xd7, 0x65, 0xa1, 0x93, 0xd9, 0xcb, 0xe1, 0x46, 0xce, 0xeb, 0x79, 0xac, 0x1c,
    0xb4, 0x85, 0xed, 0x5f, 0x5b, 0x37, 0x91, 0x3a, 0x8c, 0xf5, 0x85, 0x7e, 0xff, 0x00, 0xa9,
]);

/// The program that opens associated token accounts: `ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL`.
const ASSOCIATED_TOKEN_PROGRAM: Address = Address::Solana([
    0x8c, 0x97, 0x25, 0x8f, 0x4e, 0x24, 0x89, 0xf1, 0xbb, 0x3d, 0x10, 0x29, 0x14, 0x8e, 0x0d, 0x83, 0x0b,
    0x5a, 0x13, 0x99, 0xda, 0xff, 0x10, 0x84, 0x04, 0x8e, 0x7b, 0xd8, 0xdb, 0xe9, 0xf8, 0x59,
]);

/// What comes before a user's number among the seeds of their wallet.
const USER_SEED: &[u8] = b"user";

/// The wallet of `user` below `program`: the address that it derives from `"user"` and the user's number, big-endian.
///
/// # Panics
/// When `program` is not of Solana.
#[must_use]
pub fn user_wallet(program: &Address, user: UserId) -> Address {
    program_address(&[USER_SEED, &user.number().to_be_bytes()], program)
}

/// The associated token account of `wallet` for `mint`, a mint of [`TOKEN_PROGRAM`].
#[must_use]
pub fn token_account(wallet: &Address, mint: &Address) -> Address {
    program_address(
        &[wallet.bytes(), TOKEN_PROGRAM.bytes(), mint.bytes()],
        &ASSOCIATED_TOKEN_PROGRAM,
    )
}

/// The address that `program` derives from `seeds`: the first of SHA-256(seeds ++ bump ++ program ++
/// "ProgramDerivedAddress"), with the bump from 255 down, that is no point of the curve.
///
/// # Panics
/// When `program` is not of Solana, or none of the 256 hashes is an address, which nobody has seen.
#[must_use]
pub fn program_address(seeds: &[&[u8]], program: &Address) -> Address {
    assert_eq!(program.bytes().len(), 32, "{program} is not a program of Solana");
    let mut hasher = Sha256::new();
    for seed in seeds {
        hasher.update(seed);
    }
    for bump in (0..=u8::MAX).rev() {
        let mut hasher = hasher.clone();
        hasher.update([bump]);
        hasher.update(program.bytes());
        hasher.update(b"ProgramDerivedAddress");
        let hash: [u8; 32] = hasher.finalize().into();
        if CompressedEdwardsY(hash).decompress().is_none() {
            return Address::Solana(hash);
        }
    }
    unreachable!("{program} derives no address from {seeds:?}")
}

#[cfg(test)]
mod tests;
