//! The assets of every world, with what the chain and the ledger must agree on about them.

use std::sync::LazyLock;

use plimsoll_core::id::{Address, AssetId};
use plimsoll_core::money::Amount;

use crate::world::plan::{ChainKind, Token};

/// The house's collecting address on an EVM chain: what comes here belongs to no user.
pub const COLLECT: Address = Address::Evm([0xc0; 20]);
/// The contract of a counterfeit token there, with the name of the real one (trap E3).
pub const COUNTERFEIT: Address = Address::Evm([0xbb; 20]);

/// The house's collecting address, on Solana a wallet: what comes here belongs to no user.
#[must_use]
pub const fn collect(kind: ChainKind) -> Address {
    match kind {
        ChainKind::Evm => COLLECT,
        ChainKind::Solana => Address::Solana([0xc0; 32]),
    }
}

/// The contract or mint of a counterfeit token with the name of the real one (traps E3, S4).
#[must_use]
pub const fn counterfeit(kind: ChainKind) -> Address {
    match kind {
        ChainKind::Evm => COUNTERFEIT,
        ChainKind::Solana => Address::Solana([0xbb; 32]),
    }
}

/// What is true of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Its symbol.
    pub id: AssetId,
    /// What people call it.
    pub name: &'static str,
    /// The decimals of the ledger.
    pub scale: u8,
    /// Its contract on an EVM chain and the decimals of that, if it is on chains at all.
    pub contract: Option<(Address, u8)>,
    /// Whether new money may move in it.
    pub is_enabled: bool,
}

impl Token {
    /// Every asset.
    pub const ALL: [Self; 4] = [Self::Usdt, Self::Usdc, Self::Busd, Self::Gold];

    /// What is true of it.
    #[must_use]
    pub fn facts(self) -> Facts {
        match self {
            Self::Usdt => *USDT,
            Self::Usdc => *USDC,
            Self::Busd => *BUSD,
            Self::Gold => *GOLD,
        }
    }

    /// Its contract or mint on a chain of this kind and the decimals of that, if it is on chains at all.
    #[must_use]
    pub fn contract(self, kind: ChainKind) -> Option<(Address, u8)> {
        match kind {
            ChainKind::Evm => self.facts().contract,
            ChainKind::Solana => match self {
                Self::Usdt => Some((*USDT_MINT, 6)),
                Self::Usdc => Some((*USDC_MINT, 6)),
                Self::Busd => Some((Address::Solana([0xb5; 32]), 9)),
                Self::Gold => None,
            },
        }
    }
}

// Read once: they are asked for in every step. The contracts are those on BSC, the mints those on Solana's mainnet.

static USDT: LazyLock<Facts> = LazyLock::new(|| Facts {
    id: asset("USDT"),
    name: "Tether USD",
    scale: 18,
    contract: Some((address("0x55d398326f99059ff775485246999027b3197955"), 18)),
    is_enabled: true,
});
static USDC: LazyLock<Facts> = LazyLock::new(|| Facts {
    id: asset("USDC"),
    name: "USD Coin",
    scale: 8,
    contract: Some((address("0x8ac76a51cc950d9822d68b83fe1ad97b32cd580d"), 6)),
    is_enabled: true,
});
static BUSD: LazyLock<Facts> = LazyLock::new(|| Facts {
    id: asset("BUSD"),
    name: "Binance USD",
    scale: 18,
    contract: Some((address("0xe9e7cea3dedca5984780bafc599bd69add087d56"), 18)),
    is_enabled: false,
});
static GOLD: LazyLock<Facts> = LazyLock::new(|| Facts {
    id: asset("GOLD"),
    name: "Gold, in grams",
    scale: 8,
    contract: None,
    is_enabled: true,
});
static USDT_MINT: LazyLock<Address> =
    LazyLock::new(|| address("Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"));
static USDC_MINT: LazyLock<Address> =
    LazyLock::new(|| address("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"));

/// The least that may be deposited or moved, in thousandths of a whole unit, of every asset: one whole unit.
pub const MIN_MILLI: u64 = 1_000;

/// `milli` thousandths of a whole unit in minor units of `scale` decimals, of which there are at least three.
///
/// # Panics
/// When the result does not fit, which no sound plan asks for.
#[must_use]
pub fn minor_units(milli: u64, scale: u8) -> Amount {
    assert!(
        (3..=24).contains(&scale),
        "an asset of the world has {scale} decimals"
    );
    Amount::from_minor(i128::from(milli) * 10i128.pow(u32::from(scale) - 3))
}

fn asset(symbol: &str) -> AssetId {
    symbol
        .parse()
        .unwrap_or_else(|error| unreachable!("{symbol}: {error}"))
}

fn address(text: &str) -> Address {
    text.parse()
        .unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

#[cfg(test)]
mod tests;
