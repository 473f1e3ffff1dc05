//! The `[[assets]]` and `[[products]]` tables: what may be held, and what a deposit buys.

use std::num::NonZeroU64;

use figment::value::Value;
use plimsoll_core::escrow::Product;
use plimsoll_core::id::{AssetId, ChainId, Family};
use plimsoll_core::limits::SCALE_MAX;
use plimsoll_core::money::{Amount, Asset, AssetError, ChainToken, InForce, Ratio, Registry};

use super::chains::{Words, chain_id};
use super::fault::Faults;
use super::name_of;
use super::section::{Section, Unfit, boolean, parsed, text, within};

/// Reads one asset; `None` when a fault leaves it without something it must have.
pub(super) fn read_asset(mut section: Section, faults: &mut Faults) -> Option<Asset> {
    let id: Option<AssetId> = section.required("symbol", name_of("\"USDT\""), "\"USDT\"", faults);
    if let Some(id) = id {
        section.identify("assets", id.symbol());
    }
    let name = section.required("name", text, "\"Tether USD\"", faults);
    let scale = section.required("scale", decimals, "18", faults);
    // Amounts can be read only once the scale is known; without it they are checked for their form alone.
    let amount = amount_of(scale.unwrap_or(SCALE_MAX));
    let min = section.required("min", &amount, "\"1\"", faults);
    let max = section.required("max", &amount, "\"1000000\"", faults);
    let enabled = section.optional("enabled", boolean, true, faults);
    let sections = section.tables("tokens", faults);
    let tokens: Vec<_> = sections.into_iter().map(|one| read_token(one, faults)).collect();
    section.finish(faults);
    Some(Asset {
        id: id?,
        name: name?,
        scale: scale?,
        min: min?,
        max: max?,
        enabled,
        tokens: tokens.into_iter().collect::<Option<_>>()?,
    })
}

fn read_token(mut section: Section, faults: &mut Faults) -> Option<ChainToken> {
    let chain = section.required("chain", chain_id, "56", faults);
    let words = Words::of(chain.map_or(Family::Evm, ChainId::family));
    let example = words.address_example;
    let contract = section.required("contract", parsed(words.address, example), example, faults);
    let decimals = section.required("decimals", decimals, "18", faults);
    let height = |value| within(0, u64::MAX)(value);
    let from = section.optional("effective_from", height, 0, faults);
    let until = section.optional("effective_until", |value| height(value).map(Some), None, faults);
    section.finish(faults);
    Some(ChainToken {
        in_force: InForce { from, until },
        chain: chain?,
        contract: contract?,
        decimals: decimals?,
    })
}

/// A registry of those of `assets` that are sound by themselves and with those before them.
pub(super) fn registry_of_sound(assets: Vec<Asset>) -> Registry {
    let mut sound: Vec<Asset> = Vec::new();
    let mut registry = Registry::default();
    for asset in assets {
        sound.push(asset);
        match Registry::new(sound.clone()) {
            Ok(larger) => registry = larger,
            Err(_) => drop(sound.pop()),
        }
    }
    registry
}

/// Says where a fault of the registry is and how to mend it.
pub(super) fn report(error: &AssetError, faults: &mut Faults) {
    let (path, fix) = match error {
        AssetError::Duplicate(id) => (format!("assets[{id}]"), "remove one of the two"),
        AssetError::Scale(id) => (format!("assets[{id}].scale"), "write a smaller number"),
        AssetError::Bounds(id) => (
            format!("assets[{id}].min"),
            "raise min above zero and max to at least min",
        ),
        AssetError::Name(id) => (
            format!("assets[{id}].name"),
            "write a shorter name, not an empty one",
        ),
        AssetError::TokenDecimals { asset, .. } => (
            format!("assets[{asset}].scale"),
            "raise scale to at least the token's decimals",
        ),
        AssetError::TokenNever { asset, .. } => (
            format!("assets[{asset}].tokens"),
            "raise effective_until, which is the first block in which it no longer stands for the asset",
        ),
        AssetError::TokenDuplicate { asset, .. } => (
            format!("assets[{asset}].tokens"),
            "keep one token for a chain at any height (effective_from, effective_until), and one asset for a contract",
        ),
    };
    faults.add(path, error.to_string(), fix);
}

/// Reads the products. A price is whole units for a whole unit; the scales of the assets make it one of minor units.
pub(super) fn read_products(
    sections: Vec<Section>,
    registry: &Registry,
    faults: &mut Faults,
) -> Vec<Product> {
    sections
        .into_iter()
        .filter_map(|section| read_product(section, registry, faults))
        .collect()
}

fn read_product(mut section: Section, registry: &Registry, faults: &mut Faults) -> Option<Product> {
    let pays: Option<AssetId> = section.required("pays", name_of("\"USDT\""), "\"USDT\"", faults);
    let gives: Option<AssetId> = section.required("gives", name_of("\"CREDIT\""), "\"CREDIT\"", faults);
    if let (Some(pays), Some(gives)) = (pays, gives) {
        section.identify("products", &format!("{pays} -> {gives}"));
    }
    let price = section.required(
        "price",
        parsed(parse_price, "\"3/2\" or \"1.5\""),
        "\"3/2\"",
        faults,
    );
    let path = section.path_of("price");
    section.finish(faults);
    let (pays, gives, (numerator, denominator)) = (pays?, gives?, price?);
    // An asset that is not registered is reported with the other faults between assets; any scale serves until then.
    let scale = |id| registry.asset(id).map_or(0, |asset| asset.scale);
    let Some(price) = minor_ratio(numerator, scale(gives), denominator, scale(pays)) else {
        faults.add(
            path,
            "in minor units is not a ratio of two 64-bit numbers",
            "write a price with fewer digits, or bring the scales of the two assets closer together",
        );
        return None;
    };
    Some(Product { pays, gives, price })
}

/// Reads `"3/2"`, `"1.5"` or `"2"` as a ratio of two positive numbers.
fn parse_price(text: &str) -> Result<(u128, u128), &'static str> {
    const MALFORMED: &str = "not a positive ratio or decimal";
    let ratio = match text.split_once('/') {
        Some((numerator, denominator)) => (digits(numerator), digits(denominator)),
        None => {
            let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            let scale = u8::try_from(decimals)
                .ok()
                .filter(|scale| *scale <= SCALE_MAX)
                .ok_or(MALFORMED)?;
            let units = Amount::parse(text, scale)
                .ok()
                .and_then(|amount| u128::try_from(amount.minor()).ok());
            (units, 10u128.checked_pow(u32::from(scale)))
        }
    };
    match ratio {
        (Some(numerator), Some(denominator)) if numerator > 0 && denominator > 0 => {
            Ok((numerator, denominator))
        }
        _ => Err(MALFORMED),
    }
}

fn digits(text: &str) -> Option<u128> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// `numerator / denominator` whole units of one asset for one of another, in minor units and lowest terms.
fn minor_ratio(numerator: u128, scale_of_gives: u8, denominator: u128, scale_of_pays: u8) -> Option<Ratio> {
    let common = scale_of_gives.min(scale_of_pays);
    let up = |digits: u8| 10u128.checked_pow(u32::from(digits));
    let above = numerator.checked_mul(up(scale_of_gives - common)?)?;
    let below = denominator.checked_mul(up(scale_of_pays - common)?)?;
    let divisor = gcd(above, below);
    let narrow = |wide: u128| u64::try_from(wide / divisor).ok().and_then(NonZeroU64::new);
    Some(Ratio {
        numerator: narrow(above)?,
        denominator: narrow(below)?,
    })
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn decimals(value: Value) -> Result<u8, Unfit> {
    within(0, u64::from(SCALE_MAX))(value).map(|number| u8::try_from(number).unwrap_or(SCALE_MAX))
}

fn amount_of(scale: u8) -> impl Fn(Value) -> Result<Amount, Unfit> {
    parsed(move |text: &str| Amount::parse(text, scale), "\"12.50\"")
}
