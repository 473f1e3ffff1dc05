//! What the bank is told at its start.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::State;
use crate::escrow::{EscrowConfig, EscrowConfigError};
use crate::id::{AssetId, ChainId};
use crate::limits::ASSETS_MAX;
use crate::money::{AssetError, Registry};
use crate::resilience::{PolicyError, PoolPolicy};

/// Everything the bank must know. Change nothing of it behind its back: restart it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// More assets than a start can register at once.
    #[error("{found} assets are configured, at most {ASSETS_MAX} are possible")]
    TooManyAssets {
        /// How many there are.
        found: usize,
    },
    /// In the chains, products or schedules.
    #[error(transparent)]
    Escrow(#[from] EscrowConfigError),
    /// In how endpoints are chosen.
    #[error("endpoint pool: {0}")]
    Pool(#[from] PolicyError),
    /// In how a worker works.
    #[error("worker: {0}")]
    Worker(PolicyError),
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
    /// A chain with work under way is not configured any more.
    #[error(
        "chain {chain} is not in the configuration, and {open} of its transactions are not settled: keep it until \
         they are"
    )]
    ChainMissing {
        /// The chain.
        chain: ChainId,
        /// How many transactions automation still works on.
        open: usize,
    },
    /// What a bank held beside its durable state was held under another configuration.
    #[error("what the bank held in memory is of another configuration")]
    Volatile,
}

impl BankConfig {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// Every fault found, not the first alone.
    pub fn check(&self) -> Result<(), Vec<ConfigError>> {
        let mut errors: Vec<ConfigError> = Vec::new();
        let found = self.registry.assets().count();
        if found > ASSETS_MAX {
            errors.push(ConfigError::TooManyAssets { found });
        }
        if let Err(found) = self.escrow.check(&self.registry) {
            errors.extend(found.into_iter().map(ConfigError::from));
        }
        errors.extend(self.pool.check().err().map(ConfigError::from));
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Every contradiction within the configuration, and between it and a journal that came to `state`.
    pub(super) fn check_against(&self, state: &State) -> Vec<OpenError> {
        let mut errors: Vec<OpenError> = Vec::new();
        if let Err(found) = self.check() {
            errors.extend(found.into_iter().map(OpenError::Config));
        }
        for (asset, journal) in state.assets() {
            match self.registry.asset(asset) {
                None => errors.push(OpenError::AssetMissing { asset }),
                Some(found) if found.scale != journal => {
                    errors.push(OpenError::ScaleChanged {
                        asset,
                        journal,
                        config: found.scale,
                    });
                }
                Some(_) => {}
            }
        }
        let mut homeless: BTreeMap<ChainId, usize> = BTreeMap::new();
        for (_, tx) in state
            .escrow()
            .open()
            .filter(|(_, tx)| !self.escrow.has_chain(tx.chain))
        {
            *homeless.entry(tx.chain).or_default() += 1;
        }
        errors.extend(
            homeless
                .into_iter()
                .map(|(chain, open)| OpenError::ChainMissing { chain, open }),
        );
        errors
    }
}
