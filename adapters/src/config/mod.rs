//! What a server is told at its start: a TOML file, then the environment over it, checked whole.
//!
//! Every fault is reported at once, each with the path of the field, what is wrong and what to write instead, so
//! that a configuration is mended in one go. Nothing has an effect that is not documented in
//! `plimsoll.sample.toml`, and what is not known is refused. `PLIMSOLL_API__LISTEN` overrides `api.listen`, two
//! underscores for each dot.

mod api;
mod assets;
mod chains;
mod escrow;
mod fault;
mod monitor;
mod pool;
mod record;
mod section;
mod tokens;
mod webhooks;
mod workers;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format as _, Toml};
use figment::value::{Dict, Value};
use plimsoll_core::bank::BankConfig;
use plimsoll_core::escrow::{EscrowConfig, EscrowConfigError};
use plimsoll_core::id::EndpointId;
use plimsoll_core::money::{Asset, Registry};
use plimsoll_core::monitor::MonitorPolicy;
use plimsoll_core::worker::WorkerConfig;

pub use api::{ApiConfig, RateLimit, Shutdown};
pub use fault::{ConfigError, ConfigFault};
pub use record::{RecordConfig, RecordKey};
pub use tokens::{AccessToken, Role, SecretHash};
pub use workers::WorkersConfig;

pub(crate) use section::parse_duration;

use crate::chain::EndpointUrl;
use crate::webhook::WebhookConfig;

use fault::Faults;
use section::{Section, parsed, text};

/// The prefix of the environment variables that override the file.
pub const ENV_PREFIX: &str = "PLIMSOLL_";
/// What follows the prefix in the name of the variable that the command line shows to servers: no setting of one.
const CLIENT_TOKEN: &str = "TOKEN";
/// What stands for the dot between a table and a field in the name of an environment variable.
pub const ENV_SEPARATOR: &str = "__";

/// Everything a server needs to start.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// How it is talked to.
    pub api: ApiConfig,
    /// The journal's file.
    pub journal: PathBuf,
    /// What the bank is told.
    pub bank: BankConfig,
    /// Where the endpoints of the chains are.
    pub endpoints: BTreeMap<EndpointId, EndpointUrl>,
    /// How it is recorded, if that is asked for.
    pub record: RecordConfig,
    /// When somebody is told that something is wrong.
    pub monitor: MonitorPolicy,
    /// Who is told what happens.
    pub webhooks: Vec<WebhookConfig>,
    /// How jobs are handed over to workers; `None`: the bank verifies everything itself.
    pub workers: Option<WorkersConfig>,
}

impl ServerConfig {
    /// Reads the configuration of `file` with the environment over it. `seed` is of the bank's random choices.
    ///
    /// # Errors
    /// [`ConfigError`]: the file cannot be read or parsed, or every fault found in it.
    pub fn load(file: &Path, seed: u64) -> Result<Self, ConfigError> {
        let read = |source| ConfigError::Read {
            path: file.to_owned(),
            source,
        };
        let contents = std::fs::read_to_string(file).map_err(read)?;
        let environment = Env::prefixed(ENV_PREFIX)
            .ignore(&[CLIENT_TOKEN])
            .split(ENV_SEPARATOR);
        Self::from_figment(&Figment::from(Toml::string(&contents)).merge(environment), seed)
    }

    /// Reads a configuration from TOML alone, without the environment.
    ///
    /// # Errors
    /// As [`ServerConfig::load`].
    pub fn from_toml(contents: &str, seed: u64) -> Result<Self, ConfigError> {
        Self::from_figment(&Figment::from(Toml::string(contents)), seed)
    }

    /// What a worker of this configuration is told; `name` is drawn for it.
    #[must_use]
    pub fn for_worker(&self, workers: &WorkersConfig, name: u64) -> WorkerConfig {
        WorkerConfig {
            registry: self.bank.registry.clone(),
            escrow: self.bank.escrow.clone(),
            pool: self.bank.pool,
            has_immediate: workers.redis.is_some(),
            policy: workers.policy,
            worker: name,
            seed: name,
        }
    }

    fn from_figment(figment: &Figment, seed: u64) -> Result<Self, ConfigError> {
        let values: Dict = figment
            .extract()
            .map_err(|error| ConfigError::Parse(error.to_string()))?;
        let mut faults = Faults::default();
        let config = read(values, seed, &mut faults);
        let faults = faults.into_sorted();
        match config {
            Some(config) if faults.is_empty() => Ok(config),
            _ => {
                assert!(!faults.is_empty(), "a configuration was refused without a reason");
                Err(ConfigError::Invalid(faults))
            }
        }
    }
}

fn read(values: Dict, seed: u64, faults: &mut Faults) -> Option<ServerConfig> {
    let mut root = Section::new("", Value::from(values), faults);
    let api = api::read(root.table("api", faults), faults);
    let journal = read_journal(root.table("journal", faults), faults);
    let (registry, assets_left_out) = read_assets(&mut root, faults);
    let (chains, chains_left_out) = chains::read_all(root.tables("chains", faults), faults);
    let products = assets::read_products(root.tables("products", faults), &registry, faults);
    let mut schedule = escrow::read(root.table("escrow", faults), &registry, faults);
    let pool = pool::read(root.table("pool", faults), faults);
    let record = record::read(root.table("record", faults), faults);
    let monitor = monitor::read(root.table("monitor", faults), faults);
    let webhooks = webhooks::read_all(root.tables("webhooks", faults), faults);
    let workers = root.table_if_any("workers", faults);
    let workers = workers.map(|table| workers::read(table, faults));
    root.finish(faults);

    let (configs, endpoints): (Vec<_>, Vec<_>) = chains.into_iter().unzip();
    schedule.chains = configs;
    schedule.products = products;
    schedule.workers = workers.as_ref().map(WorkersConfig::for_bank);
    check_escrow(&schedule, &registry, assets_left_out, chains_left_out, faults);
    Some(ServerConfig {
        api: api?,
        journal: journal?,
        bank: BankConfig {
            registry,
            escrow: schedule,
            pool,
            seed,
        },
        endpoints: endpoints.into_iter().flatten().collect(),
        record,
        monitor,
        webhooks,
        workers,
    })
}

fn read_journal(mut section: Section, faults: &mut Faults) -> Option<PathBuf> {
    let path = section.required("path", text, "\"data/journal.db\"", faults);
    section.finish(faults);
    path.map(PathBuf::from)
}

/// The registry of every asset that is in order, and whether some are not: then what refers to them says nothing.
fn read_assets(root: &mut Section, faults: &mut Faults) -> (Registry, bool) {
    let before = faults.len();
    let sections = root.tables("assets", faults);
    if sections.is_empty() && faults.len() == before {
        faults.add("assets", "is missing", "add at least one [[assets]] table");
    }
    let read: Vec<Asset> = sections
        .into_iter()
        .filter_map(|one| assets::read_asset(one, faults))
        .collect();
    let registry = match Registry::new(read.clone()) {
        Ok(registry) => registry,
        Err(errors) => {
            for error in errors {
                assets::report(&error, faults);
            }
            assets::registry_of_sound(read)
        }
    };
    (registry, faults.len() > before)
}

/// Reports what the core finds wrong, less what only follows from assets or chains that were left out for a fault
/// of their own.
fn check_escrow(
    config: &EscrowConfig,
    registry: &Registry,
    assets_left_out: bool,
    chains_left_out: bool,
    faults: &mut Faults,
) {
    let Err(errors) = config.check(registry) else {
        return;
    };
    for error in errors {
        let follows = match &error {
            EscrowConfigError::NoToken(_) | EscrowConfigError::UnknownAsset { .. } => assets_left_out,
            EscrowConfigError::UnknownChain { .. } => chains_left_out,
            EscrowConfigError::ChainDuplicate(_)
            | EscrowConfigError::EndpointCount { .. }
            | EscrowConfigError::OneProvider(_)
            | EscrowConfigError::EndpointDuplicate { .. }
            | EscrowConfigError::Quota { .. }
            | EscrowConfigError::ForeignGenesis { .. }
            | EscrowConfigError::ForeignName { .. }
            | EscrowConfigError::Product { .. }
            | EscrowConfigError::Schedule { .. } => false,
        };
        if !follows {
            escrow::report(&error, faults);
        }
    }
}

/// A value that prints and parses as a name of the core.
fn name_of<T>(example: &'static str) -> impl Fn(Value) -> Result<T, section::Unfit>
where
    T: std::str::FromStr,
    T::Err: fmt::Display,
{
    parsed(str::parse::<T>, example)
}

#[cfg(test)]
mod tests;
