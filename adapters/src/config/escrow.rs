//! The `[escrow]` table: when verification is tried, and for how long. And what the core finds wrong in it.

use std::time::Duration;

use plimsoll_core::escrow::{EscrowConfig, EscrowConfigError};
use plimsoll_core::id::AssetId;
use plimsoll_core::money::{Amount, Registry};

use super::chains::called;
use super::fault::Faults;
use super::section::{Section, duration, list, parsed, within};

/// Reads the schedule; chains and products have tables of their own.
pub(super) fn read(mut section: Section, registry: &Registry, faults: &mut Faults) -> EscrowConfig {
    let default = EscrowConfig::default();
    let rounds = |value| within(1, 4096)(value).map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    let amounts = list(parsed(|text| amount_of(text, registry), "\"1000 USDT\""));
    let alone = |value| amounts(value).map(Some);
    let config = EscrowConfig {
        chains: Vec::new(),
        products: Vec::new(),
        fast_track: section.optional("fast_track", list(duration), default.fast_track, faults),
        sweep: section.optional("sweep", duration, default.sweep, faults),
        patience: section.optional("patience", duration, default.patience, faults),
        rounds_max: section.optional("rounds_max", rounds, default.rounds_max, faults),
        workers: None,
        recheck: section.optional("recheck", duration, default.recheck, faults),
        reconcile: section.optional(
            "reconcile",
            |value| duration(value).map(never),
            default.reconcile,
            faults,
        ),
        dismiss_alone_max: section.optional("dismiss_alone_max", alone, None, faults),
    };
    section.finish(faults);
    config
}

/// No time at all between two times is never.
fn never(every: Duration) -> Option<Duration> {
    (!every.is_zero()).then_some(every)
}

/// An amount and the symbol of its asset.
fn amount_of(text: &str, registry: &Registry) -> Result<(AssetId, Amount), String> {
    let (amount, symbol) = text
        .split_once(' ')
        .ok_or("not an amount, a space and an asset")?;
    let id: AssetId = symbol.parse().map_err(|error| format!("{symbol}: {error}"))?;
    let asset = registry
        .asset(id)
        .ok_or_else(|| format!("{symbol} is not a configured asset"))?;
    let amount = Amount::parse(amount, asset.scale).map_err(|error| error.to_string())?;
    Ok((id, amount))
}

/// Says where a fault of the escrow is and how to mend it.
pub(super) fn report(error: &EscrowConfigError, faults: &mut Faults) {
    let (path, fix) = match error {
        EscrowConfigError::ChainDuplicate(chain) => {
            (format!("chains[{}]", called(*chain)), "remove one of the two")
        }
        EscrowConfigError::EndpointCount { chain, .. } => (
            format!("chains[{}].endpoints", called(*chain)),
            "add or remove [[chains.endpoints]] tables",
        ),
        EscrowConfigError::OneProvider(chain) => (
            format!("chains[{}].endpoints", called(*chain)),
            "add an endpoint that another provider runs",
        ),
        EscrowConfigError::EndpointDuplicate { chain, .. } => (
            format!("chains[{}].endpoints", called(*chain)),
            "give each endpoint a name of its own",
        ),
        EscrowConfigError::Quota { chain, name, .. } => (
            format!("chains[{}].endpoints[{name}].quotas", called(*chain)),
            "write for example quotas = [\"10000/5m\", \"20/1s\"]",
        ),
        EscrowConfigError::ForeignGenesis { chain, .. } => (
            format!("chains[{}].genesis", called(*chain)),
            "write the genesis hash of the cluster, whose first digits name it",
        ),
        EscrowConfigError::ForeignName { chain, .. } => (
            format!("chains[{}]", called(*chain)),
            "write names as the chain's explorer shows them",
        ),
        EscrowConfigError::NoToken(chain) => (
            format!("chains[{}]", called(*chain)),
            "add an [[assets.tokens]] table with this chain, or remove the chain",
        ),
        EscrowConfigError::UnknownChain { asset, .. } => (
            format!("assets[{asset}].tokens"),
            "add a [[chains]] table for it, or remove the token",
        ),
        EscrowConfigError::UnknownAsset { pays, gives, .. } => (
            format!("products[{pays} -> {gives}]"),
            "add an [[assets]] table for it, or remove the product",
        ),
        EscrowConfigError::Product { pays, gives } => (
            format!("products[{pays} -> {gives}]"),
            "keep one product for each asset paid, with another asset given",
        ),
        EscrowConfigError::Schedule { field, .. } => (schedule_path(field), example_of(field)),
    };
    faults.add(path, error.to_string(), fix);
}

/// `poll` is a field of each chain and `takeover` of the workers, the others of the schedule.
fn schedule_path(field: &str) -> String {
    match field {
        "poll" => "chains.poll".to_owned(),
        "takeover" => "workers.takeover".to_owned(),
        _ => format!("escrow.{field}"),
    }
}

fn example_of(field: &str) -> &'static str {
    match field {
        "poll" => "write for example poll = \"500ms\"",
        "fast_track" => "write for example fast_track = [\"0s\", \"1s\", \"2s\"]",
        "sweep" => "write for example sweep = \"3s\"",
        "reconcile" => "write for example reconcile = \"1h\", or \"0s\" for by order alone",
        "recheck" => "write for example recheck = \"10m\"",
        "takeover" => "write for example takeover = \"30s\"",
        "patience" => "write for example patience = \"24h\"",
        _ => "leave it out to get the default",
    }
}
