//! The asset registry: what may be held, within which bounds, and which chain tokens stand for it.
//!
//! It comes from configuration and is checked whole, all faults at once. Adding or disabling an asset is
//! configuration; unknown and disabled assets are refused by name.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Amount, AmountError};
use crate::id::{Address, AssetId, ChainId, Text};
use crate::limits::{SCALE_MAX, TEXT_BYTES_MAX};

/// Something that can be owned and counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Asset {
    /// Its symbol, which is its identity.
    pub id: AssetId,
    /// What people call it.
    pub name: Text,
    /// How many decimals its ledger amounts have, 0 to [`SCALE_MAX`]. Never changes once it was journalled.
    pub scale: u8,
    /// The least amount of one deposit or transfer; at least one minor unit.
    pub min: Amount,
    /// The largest amount of one deposit or transfer.
    pub max: Amount,
    /// Whether new money may move. Money that is there stays, and deposits on chain still are accounted for.
    pub enabled: bool,
    /// The contracts that stand for it on chains, on each chain one at most at any height.
    pub tokens: Vec<ChainToken>,
}

/// A contract that stands for an asset on a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChainToken {
    /// The chain.
    pub chain: ChainId,
    /// The contract. Symbols and names on chain prove nothing (trap E3): this address alone does.
    pub contract: Address,
    /// The decimals that the contract counts in, at most the asset's own (trap E6).
    pub decimals: u8,
    /// The blocks in which it stands for the asset (trap E21). What it moves in others is refused.
    pub in_force: InForce,
}

/// The blocks in which a token stands for its asset: a contract that was migrated, or is being retired, does so for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct InForce {
    /// The first of them.
    pub from: u64,
    /// The first after them; `None` while no end is known.
    pub until: Option<u64>,
}

impl InForce {
    /// Every block.
    pub const ALWAYS: Self = Self { from: 0, until: None };

    /// Whether `block` is one of them.
    #[must_use]
    pub fn has(&self, block: u64) -> bool {
        self.from <= block && self.until.is_none_or(|until| block < until)
    }

    /// Whether there is any.
    #[must_use]
    pub fn is_some(&self) -> bool {
        self.until.is_none_or(|until| self.from < until)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let ends_before = |one: &Self, other: &Self| one.until.is_some_and(|until| until <= other.from);
        !ends_before(self, other) && !ends_before(other, self)
    }
}

/// What a contract is at a height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It stands for this asset, and counts in so many decimals.
    InForce(&'a Asset, u8),
    /// It is registered, for other blocks.
    NotInForce,
    /// It stands for nothing.
    Foreign,
}

/// What is wrong with a registry, or with a use of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AssetError {
    /// Two entries with one symbol.
    #[error("asset {0} is configured twice")]
    Duplicate(AssetId),
    /// More decimals than can be counted.
    #[error("asset {0}: scale is above {SCALE_MAX}")]
    Scale(AssetId),
    /// `min` must be positive and not above `max`.
    #[error("asset {0}: min must be at least one minor unit and at most max")]
    Bounds(AssetId),
    /// The name is empty or too long.
    #[error("asset {0}: name must have 1 to {TEXT_BYTES_MAX} bytes")]
    Name(AssetId),
    /// A token counts more finely than the ledger could.
    #[error("asset {asset}: its token on {chain} has more decimals than the asset's scale: raise the scale")]
    TokenDecimals {
        /// The asset.
        asset: AssetId,
        /// The chain.
        chain: ChainId,
    },
    /// A token that is never in force.
    #[error(
        "asset {asset}: its token {contract} on {chain} is in force in no block: effective_until must be above effective_from"
    )]
    TokenNever {
        /// The asset.
        asset: AssetId,
        /// The chain.
        chain: ChainId,
        /// The contract.
        contract: Address,
    },
    /// Two tokens of one chain for one asset at one height, or one contract for two assets.
    #[error("asset {asset}: its token {contract} on {chain} is configured twice")]
    TokenDuplicate {
        /// The asset.
        asset: AssetId,
        /// The chain.
        chain: ChainId,
        /// The contract.
        contract: Address,
    },
}

/// Every asset that is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Registry {
    assets: BTreeMap<AssetId, Asset>,
    tokens: BTreeMap<(ChainId, Address), (AssetId, u8, InForce)>,
}

impl Registry {
    /// A registry of `assets`.
    ///
    /// # Errors
    /// Every fault found, not the first alone.
    pub fn new(assets: Vec<Asset>) -> Result<Self, Vec<AssetError>> {
        let mut registry = Self::default();
        let mut errors = Vec::new();
        for asset in assets {
            registry.check(&asset, &mut errors);
            registry.assets.insert(asset.id, asset);
        }
        if errors.is_empty() {
            Ok(registry)
        } else {
            Err(errors)
        }
    }

    /// The asset called `id`, enabled or not.
    #[must_use]
    pub fn asset(&self, id: AssetId) -> Option<&Asset> {
        self.assets.get(&id)
    }

    /// Every asset, by symbol.
    pub fn assets(&self) -> impl Iterator<Item = &Asset> {
        self.assets.values()
    }

    /// Which asset `contract` stands for on `chain` in some blocks, and in how many decimals it counts.
    #[must_use]
    pub fn token(&self, chain: ChainId, contract: Address) -> Option<(&Asset, u8)> {
        let (id, decimals, _) = self.tokens.get(&(chain, contract))?;
        self.assets.get(id).map(|asset| (asset, *decimals))
    }

    /// What `contract` is on `chain` in `block`.
    #[must_use]
    pub fn token_in(&self, chain: ChainId, contract: Address, block: u64) -> Standing<'_> {
        match (self.tokens.get(&(chain, contract)), self.token(chain, contract)) {
            (Some((_, _, in_force)), Some((asset, decimals))) if in_force.has(block) => {
                Standing::InForce(asset, decimals)
            }
            (Some(_), _) => Standing::NotInForce,
            (None, _) => Standing::Foreign,
        }
    }

    /// Every token of `chain`, by contract, with its decimals.
    pub fn tokens_of(&self, chain: ChainId) -> impl Iterator<Item = (Address, u8)> + '_ {
        let of_chain = move |entry: &(&(ChainId, Address), &(AssetId, u8, InForce))| entry.0.0 == chain;
        self.tokens
            .iter()
            .filter(of_chain)
            .map(|((_, contract), (_, decimals, _))| (*contract, *decimals))
    }

    fn check(&mut self, asset: &Asset, errors: &mut Vec<AssetError>) {
        let id = asset.id;
        let mut require = |holds: bool, error: AssetError| {
            if !holds {
                errors.push(error);
            }
        };
        require(!self.assets.contains_key(&id), AssetError::Duplicate(id));
        require(asset.scale <= SCALE_MAX, AssetError::Scale(id));
        require(
            asset.min.is_positive() && asset.min <= asset.max,
            AssetError::Bounds(id),
        );
        require(
            (1..=TEXT_BYTES_MAX).contains(&asset.name.len()),
            AssetError::Name(id),
        );
        for (place, token) in asset.tokens.iter().enumerate() {
            let ChainToken {
                chain,
                contract,
                decimals,
                in_force,
            } = *token;
            require(
                decimals <= asset.scale,
                AssetError::TokenDecimals { asset: id, chain },
            );
            require(
                in_force.is_some(),
                AssetError::TokenNever {
                    asset: id,
                    chain,
                    contract,
                },
            );
            let meets = |other: &ChainToken| other.chain == chain && other.in_force.overlaps(&in_force);
            let first_here = !asset.tokens[..place].iter().any(meets);
            let entry = (id, decimals, in_force);
            let first_use = self.tokens.insert((chain, contract), entry).is_none();
            require(
                first_here && first_use,
                AssetError::TokenDuplicate {
                    asset: id,
                    chain,
                    contract,
                },
            );
        }
    }
}

/// Takes an amount from one scale to another, exactly.
///
/// # Errors
/// [`AmountError::Inexact`] when decimals would be lost, [`AmountError::OutOfRange`] when the result does not fit.
pub fn convert(amount: Amount, from: u8, to: u8) -> Result<Amount, AmountError> {
    let power = |digits: u8| {
        10i128
            .checked_pow(u32::from(digits))
            .ok_or(AmountError::OutOfRange)
    };
    let units = amount.minor();
    if to >= from {
        return units
            .checked_mul(power(to - from)?)
            .map(Amount::from_minor)
            .ok_or(AmountError::OutOfRange);
    }
    let divisor = power(from - to)?;
    if units % divisor == 0 {
        Ok(Amount::from_minor(units / divisor))
    } else {
        Err(AmountError::Inexact)
    }
}

#[cfg(test)]
mod tests;
