//! The asset registry: what may be held, within which bounds, and which chain tokens stand for it.
//!
//! It comes from configuration and is checked whole, all faults at once. Adding or disabling an asset is
//! configuration; unknown and disabled assets are refused by name.

use alloc::collections::{BTreeMap, BTreeSet};
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
    /// The contracts that stand for it on chains, one at most a chain.
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
    /// Two tokens of one chain for one asset, or one contract for two assets.
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
    tokens: BTreeMap<(ChainId, Address), (AssetId, u8)>,
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

    /// Which asset `contract` stands for on `chain`, and in how many decimals it counts.
    #[must_use]
    pub fn token(&self, chain: ChainId, contract: Address) -> Option<(&Asset, u8)> {
        let (id, decimals) = self.tokens.get(&(chain, contract))?;
        self.assets.get(id).map(|asset| (asset, *decimals))
    }

    /// Every token of `chain`, by contract, with its decimals.
    pub fn tokens_of(&self, chain: ChainId) -> impl Iterator<Item = (Address, u8)> + '_ {
        let of_chain = move |entry: &(&(ChainId, Address), &(AssetId, u8))| entry.0.0 == chain;
        self.tokens
            .iter()
            .filter(of_chain)
            .map(|((_, contract), (_, decimals))| (*contract, *decimals))
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
        let mut chains = BTreeSet::new();
        for ChainToken {
            chain,
            contract,
            decimals,
        } in asset.tokens.iter().copied()
        {
            require(
                decimals <= asset.scale,
                AssetError::TokenDecimals { asset: id, chain },
            );
            let first_here = chains.insert(chain);
            let first_use = self.tokens.insert((chain, contract), (id, decimals)).is_none();
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
