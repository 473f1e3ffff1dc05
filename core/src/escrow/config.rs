//! What the escrow can be told: chains, endpoints, schedules, products. Checked whole, all faults at once.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{Address, AssetId, BlockHash, ChainId, Family, Text};
use crate::limits::{ENDPOINTS_MAX, SCAN_ACCOUNTS_MAX};
use crate::money::{Amount, Ratio, Registry};
use crate::resilience::PolicyError;
use crate::resilience::limiter::{WINDOWS_MAX, Window};

use super::evm::Question;

/// One upstream of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EndpointConfig {
    /// What people call it.
    pub name: Text,
    /// Who runs it. Two endpoints of one provider are not independent, so they never make a quorum (trap E16).
    pub provider: Text,
    /// How much may be asked of it, in calls; at most [`WINDOWS_MAX`]. None for no bound but that on calls under way.
    pub quotas: Vec<Window>,
}

/// Where deposit addresses come from: a contract or program that alone can move what comes there, so that an address needs
/// no key and no storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DepositAddresses {
    /// On EVM chains, a CREATE2 factory (EIP-1014).
    Factory {
        /// The contract that can deploy the forwarders.
        factory: Address,
        /// keccak256 of the forwarder's init code.
        init_code_hash: [u8; 32],
    },
    /// On Solana, a program whose derived addresses are the users' wallets. What is paid to a wallet comes to its associated
    /// token accounts; the program signs for it, and whoever may upgrade the program holds the only keys there are.
    Program {
        /// The program.
        program: Address,
    },
}

/// A chain to take deposits on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChainConfig {
    /// Which chain: an EVM chain by its EIP-155 id, or a Solana cluster.
    pub id: ChainId,
    /// The hash of its block 0: an endpoint with another one serves another chain (trap E22).
    pub genesis: BlockHash,
    /// Its upstreams.
    pub endpoints: Vec<EndpointConfig>,
    /// Where users' addresses come from.
    pub addresses: DepositAddresses,
    /// Addresses of ours that belong to no user, on Solana wallets: what comes there is held in suspense.
    pub collect: Vec<Address>,
    /// The first block, on Solana the first slot, to scan. Required, because a default would depend on when the first start succeeded, and
    /// what was paid before would be missed.
    pub start_block: u64,
    /// How often heads are read and finalized blocks scanned. Each time a quorum of two is asked, and one more endpoint in
    /// turn.
    ///
    /// While something that was seen waits for finality, the quorum is asked more often: after an eighth of the time waited,
    /// at least 200 ms, at most this. However much waits, that is at most 15 questions in a second, spread over the
    /// endpoints, and about 70 in all before a finality that stalls is waited for at the usual pace of a second.
    pub poll: Duration,
    /// By how many blocks finality trails the newest one from which on it counts as stalled, so that what two thirds of the
    /// validators have built upon counts in its stead, where two independent upstreams say so; BSC alone tells that. At least
    /// 20. `None`: never, deposits wait.
    pub stalled_lag: Option<u64>,
}

/// What a deposit buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Product {
    /// The asset deposited.
    pub pays: AssetId,
    /// The asset credited for it.
    pub gives: AssetId,
    /// Minor units given for each minor unit paid. Units are rounded down, their cost up, and what is left over
    /// stays with the user in the asset paid.
    pub price: Ratio,
}

/// How the escrow works.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EscrowConfig {
    /// The chains.
    pub chains: Vec<ChainConfig>,
    /// The products, one at most for each asset paid.
    pub products: Vec<Product>,
    /// When a newly named transaction is verified, counted from when it was named: the fast track.
    pub fast_track: Vec<Duration>,
    /// How often everything that is not terminal is verified again: the sweep.
    pub sweep: Duration,
    /// How long automation tries before a transaction becomes a dead letter.
    pub patience: Duration,
    /// The most verifications under way at once on one chain.
    pub rounds_max: usize,
    /// How jobs are handed over to workers; `None`: nobody but the bank verifies.
    pub workers: Option<Workers>,
    /// How long after it became one, and how often then, a dead letter is looked at again.
    pub recheck: Duration,
    /// The most of each asset that one operator may dismiss alone; of an asset that is left out, and where the amount is
    /// not known, nothing. `None`: whatever it is.
    pub dismiss_alone_max: Option<Vec<(AssetId, Amount)>>,
    /// How often what custody addresses hold is held against the books; `None`: by order alone.
    pub reconcile: Option<Duration>,
}

/// How jobs are handed over to workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Workers {
    /// Whether there is an immediate lane before the database lane.
    pub has_immediate: bool,
    /// How long the workers may have a transaction before the bank verifies it itself, because none has reported what
    /// it found: at least two sweeps.
    pub takeover: Duration,
}

impl Default for EscrowConfig {
    /// The contract of the design: attempts at 0, 1 and 2 s, a sweep each 3 s, a day of patience, custody reconciled each hour.
    fn default() -> Self {
        Self {
            chains: Vec::new(),
            products: Vec::new(),
            fast_track: [0, 1, 2].map(Duration::from_secs).to_vec(),
            sweep: Duration::from_secs(3),
            patience: Duration::from_secs(24 * 60 * 60),
            rounds_max: 256,
            workers: None,
            recheck: Duration::from_secs(10 * 60),
            dismiss_alone_max: None,
            reconcile: Some(Duration::from_secs(60 * 60)),
        }
    }
}

/// What is wrong with the quotas of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuotaError {
    /// Too many of them.
    #[error("there are {0}, expected at most {WINDOWS_MAX}")]
    Count(usize),
    /// One that makes no sense.
    #[error(transparent)]
    Window(#[from] PolicyError),
    /// The largest question does not fit into the burst of one.
    #[error(
        "{quota} calls in {per:?} leave room for {burst} at once, and the largest question takes {needed}; \
         allow more, or configure fewer tokens"
    )]
    Narrow {
        /// The quota.
        quota: u32,
        /// Its span.
        per: Duration,
        /// How many calls it leaves room for at once.
        burst: u32,
        /// How many the largest question needs.
        needed: u32,
    },
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EscrowConfigError {
    /// Two entries with one id.
    #[error("chain {0} is configured twice")]
    ChainDuplicate(ChainId),
    /// No endpoint, or too many.
    #[error("chain {chain}: {found} endpoints, expected 1 to {ENDPOINTS_MAX}")]
    EndpointCount {
        /// The chain.
        chain: ChainId,
        /// How many there are.
        found: usize,
    },
    /// No two endpoints are independent, so nothing could ever be credited.
    #[error("chain {0}: its endpoints have one provider; a credit needs two independent ones")]
    OneProvider(ChainId),
    /// Two endpoints with one name.
    #[error("chain {chain}: endpoint {name} is configured twice")]
    EndpointDuplicate {
        /// The chain.
        chain: ChainId,
        /// The name.
        name: String,
    },
    /// A quota that cannot be kept, or that no question fits in.
    #[error("chain {chain}: endpoint {name}: quotas: {why}")]
    Quota {
        /// The chain.
        chain: ChainId,
        /// The endpoint.
        name: String,
        /// What is wrong with them.
        why: QuotaError,
    },
    /// A name in the words of another family.
    #[error("chain {chain}: its {what} {name} is not named as on such a chain")]
    ForeignName {
        /// The chain.
        chain: ChainId,
        /// What is named.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A cluster is named by the genesis hash of another one.
    #[error("chain {chain}: its genesis {genesis} does not begin with these digits")]
    ForeignGenesis {
        /// The chain.
        chain: ChainId,
        /// The hash.
        genesis: BlockHash,
    },
    /// No registered asset has a token there.
    #[error("chain {0}: no asset has a token on it")]
    NoToken(ChainId),
    /// An asset has a token on a chain that is not configured.
    #[error("asset {asset}: its token is on {chain}, which is not configured")]
    UnknownChain {
        /// The asset.
        asset: AssetId,
        /// The chain.
        chain: ChainId,
    },
    /// A product of an asset that is not registered.
    #[error("product {pays} -> {gives}: {unknown} is not a configured asset")]
    UnknownAsset {
        /// The asset paid.
        pays: AssetId,
        /// The asset given.
        gives: AssetId,
        /// The one that is unknown.
        unknown: AssetId,
    },
    /// Two products for one asset paid, or an asset that buys itself.
    #[error("product {pays} -> {gives}: an asset buys one product, and never itself")]
    Product {
        /// The asset paid.
        pays: AssetId,
        /// The asset given.
        gives: AssetId,
    },
    /// A duration or count that makes no progress.
    #[error("{field} must be {expected}")]
    Schedule {
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

impl EscrowConfig {
    /// Whether `chain` is configured.
    #[must_use]
    pub fn has_chain(&self, chain: ChainId) -> bool {
        self.chains.iter().any(|one| one.id == chain)
    }

    /// Whether what came to `amounts` takes a second operator: to dismiss a dead letter that was last seen with them, or to
    /// refund them.
    #[must_use]
    pub fn needs_approval(&self, amounts: Option<&[(AssetId, Amount)]>) -> bool {
        let Some(alone) = &self.dismiss_alone_max else {
            return false;
        };
        let is_small = |(asset, amount): &(AssetId, Amount)| {
            let most = alone.iter().find(|(known, _)| known == asset);
            most.is_some_and(|(_, most)| amount <= most)
        };
        !amounts.is_some_and(|amounts| amounts.iter().all(is_small))
    }

    /// For how long the workers may have a transaction; `None`: there are none.
    pub(super) fn takeover(&self) -> Option<Duration> {
        self.workers.map(|workers| workers.takeover)
    }

    /// Checks the whole configuration against the registry.
    ///
    /// # Errors
    /// Every fault found, not the first alone.
    pub fn check(&self, registry: &Registry) -> Result<(), Vec<EscrowConfigError>> {
        let mut errors = Vec::new();
        for (index, chain) in self.chains.iter().enumerate() {
            if self.chains[..index].iter().any(|other| other.id == chain.id) {
                errors.push(EscrowConfigError::ChainDuplicate(chain.id));
            }
            check_chain(chain, registry, &mut errors);
        }
        for asset in registry.assets() {
            for token in &asset.tokens {
                check_name(
                    token.chain,
                    "token",
                    &token.contract,
                    token.contract.family(),
                    &mut errors,
                );
                if !self.has_chain(token.chain) {
                    errors.push(EscrowConfigError::UnknownChain {
                        asset: asset.id,
                        chain: token.chain,
                    });
                }
            }
        }
        self.check_products(registry, &mut errors);
        self.check_schedule(&mut errors);
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn check_products(&self, registry: &Registry, errors: &mut Vec<EscrowConfigError>) {
        for (index, Product { pays, gives, .. }) in self.products.iter().copied().enumerate() {
            for unknown in [pays, gives]
                .into_iter()
                .filter(|id| registry.asset(*id).is_none())
            {
                errors.push(EscrowConfigError::UnknownAsset { pays, gives, unknown });
            }
            if pays == gives || self.products[..index].iter().any(|other| other.pays == pays) {
                errors.push(EscrowConfigError::Product { pays, gives });
            }
        }
    }

    fn check_schedule(&self, errors: &mut Vec<EscrowConfigError>) {
        let mut require = |holds: bool, field, expected| {
            if !holds {
                errors.push(EscrowConfigError::Schedule { field, expected });
            }
        };
        require(self.fast_track.is_sorted(), "fast_track", "in ascending order");
        let in_time = self.fast_track.last().is_none_or(|last| *last <= self.patience);
        require(in_time, "fast_track", "within patience");
        require(self.fast_track.len() <= 16, "fast_track", "at most 16 attempts");
        require(
            self.sweep >= Duration::from_millis(100),
            "sweep",
            "at least 100 ms",
        );
        require(self.patience >= self.sweep, "patience", "at least one sweep");
        let takes_over = self
            .workers
            .is_none_or(|workers| workers.takeover >= self.sweep * 2);
        require(takes_over, "takeover", "at least two sweeps");
        let rarely = self.recheck >= Duration::from_secs(1);
        require(rarely, "recheck", "at least 1 s");
        let seldom = self.reconcile.is_none_or(|every| every >= Duration::from_secs(1));
        require(seldom, "reconcile", "at least 1 s");
        require((1..=4096).contains(&self.rounds_max), "rounds_max", "1 to 4096");
    }
}

fn check_chain(chain: &ChainConfig, registry: &Registry, errors: &mut Vec<EscrowConfigError>) {
    let endpoints = &chain.endpoints;
    if endpoints.is_empty() || endpoints.len() > ENDPOINTS_MAX {
        errors.push(EscrowConfigError::EndpointCount {
            chain: chain.id,
            found: endpoints.len(),
        });
    } else if endpoints.iter().all(|one| one.provider == endpoints[0].provider) {
        errors.push(EscrowConfigError::OneProvider(chain.id));
    }
    for (index, one) in endpoints.iter().enumerate() {
        if endpoints[..index].iter().any(|other| other.name == one.name) {
            errors.push(EscrowConfigError::EndpointDuplicate {
                chain: chain.id,
                name: one.name.clone(),
            });
        }
        let largest = largest_question(chain.id.family(), registry.tokens_of(chain.id).count());
        if let Err(why) = check_quotas(&one.quotas, largest) {
            errors.push(EscrowConfigError::Quota {
                chain: chain.id,
                name: one.name.clone(),
                why,
            });
        }
    }
    check_name(
        chain.id,
        "genesis",
        &chain.genesis,
        chain.genesis.family(),
        errors,
    );
    if let Some(named) = ChainId::of_cluster(&chain.genesis)
        && chain.id.family() == Family::Solana
        && named != chain.id
    {
        errors.push(EscrowConfigError::ForeignGenesis {
            chain: chain.id,
            genesis: chain.genesis,
        });
    }
    let (what, origin) = match chain.addresses {
        DepositAddresses::Factory { factory, .. } => ("factory", factory),
        DepositAddresses::Program { program } => ("program", program),
    };
    check_name(chain.id, what, &origin, origin.family(), errors);
    for address in &chain.collect {
        check_name(chain.id, "collect address", address, address.family(), errors);
    }
    if registry.tokens_of(chain.id).next().is_none() {
        errors.push(EscrowConfigError::NoToken(chain.id));
    }
    let lag = chain.stalled_lag;
    if lag.is_some_and(|lag| lag < 20 || chain.id.family() != Family::Evm) {
        errors.push(EscrowConfigError::Schedule {
            field: "stalled_lag",
            expected: "at least 20 blocks of an EVM chain",
        });
    }
    if chain.poll < Duration::from_millis(50) {
        errors.push(EscrowConfigError::Schedule {
            field: "poll",
            expected: "at least 50 ms",
        });
    }
}

fn check_name(
    chain: ChainId,
    what: &'static str,
    name: &impl ToString,
    family: Family,
    errors: &mut Vec<EscrowConfigError>,
) {
    if family != chain.family() {
        let name = name.to_string();
        errors.push(EscrowConfigError::ForeignName { chain, what, name });
    }
}

/// The calls of the largest question about a chain with so many tokens.
fn largest_question(family: Family, tokens: usize) -> u32 {
    let scan = Question::scan_calls(family, SCAN_ACCOUNTS_MAX);
    Question::identity_calls(family, tokens).max(scan)
}

fn check_quotas(quotas: &[Window], needed: u32) -> Result<(), QuotaError> {
    if quotas.len() > WINDOWS_MAX {
        return Err(QuotaError::Count(quotas.len()));
    }
    for window in quotas {
        window.check()?;
        let burst = window.burst();
        if burst < needed {
            let Window { quota, per } = *window;
            return Err(QuotaError::Narrow {
                quota,
                per,
                burst,
                needed,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
