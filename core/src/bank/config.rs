//! What the bank is told at its start.

use alloc::vec::Vec;

use crate::escrow::{EscrowConfig, EscrowConfigError};
use crate::id::AssetId;
use crate::money::{AssetError, Registry};
use crate::resilience::PoolPolicy;

/// Everything the bank must know. Change nothing of it behind its back: restart it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankConfig {
    /// The assets.
    pub registry: Registry,
    /// The chains and how deposits are verified.
    pub escrow: EscrowConfig,
    /// How endpoints are chosen, timed out and rested.
    pub pool: PoolPolicy,
    /// The seed of every random choice (jitter, exploration). Production draws it from the system at start.
    pub seed: u64,
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// In the assets.
    #[error(transparent)]
    Asset(#[from] AssetError),
    /// In the chains, products or schedules.
    #[error(transparent)]
    Escrow(#[from] EscrowConfigError),
}

/// Why a bank cannot go on from a journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The configuration contradicts itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An asset of the journal is not configured any more.
    #[error(
        "asset {asset} is in the journal and not in the configuration: disable an asset, never remove it"
    )]
    AssetMissing {
        /// The asset.
        asset: AssetId,
    },
    /// An asset's scale is not what its amounts in the journal have.
    #[error("asset {asset}: scale is {config}, but the journal counts in {journal} decimals: set it back")]
    ScaleChanged {
        /// The asset.
        asset: AssetId,
        /// The scale in the journal.
        journal: u8,
        /// The scale in the configuration.
        config: u8,
    },
}

impl BankConfig {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// Every fault found, not the first alone.
    pub fn check(&self) -> Result<(), Vec<ConfigError>> {
        self.escrow
            .check(&self.registry)
            .map_err(|errors| errors.into_iter().map(ConfigError::from).collect())
    }
}
