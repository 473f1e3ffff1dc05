//! Reads single fields into the core's types, so that nothing behind it sees a text that could mean anything.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use plimsoll_core::escrow::TxKey;
use plimsoll_core::id::{Address, AssetId, ChainId, Family, TxHash, UserId};
use plimsoll_core::money::{Amount, AmountParseError, Asset, Registry};
use plimsoll_core::time::WallClock;

use super::date;
use super::problem::{Code, Problem};
use crate::config::parse_duration;

/// A name of the core, such as `user-1` or `claim-7`.
pub(super) fn id<T>(text: &str, field: &str) -> Result<T, Problem>
where
    T: FromStr,
    T::Err: Display,
{
    parsed(text, field, Code::IdMalformed)
}

/// The user called `text`.
pub(super) fn user(text: &str, field: &str) -> Result<UserId, Problem> {
    id(text, field)
}

/// The chain called `text`, by its CAIP-2 name.
pub(super) fn chain(text: &str, field: &str) -> Result<ChainId, Problem> {
    parsed(text, field, Code::ChainMalformed)
}

/// The transaction called `tx` on the chain called `chain`, in the words of that chain: the field of each, and its text.
pub(super) fn tx(chain: (&str, &str), tx: (&str, &str)) -> Result<TxKey, Problem> {
    let chain = self::chain(chain.1, chain.0)?;
    let (field, text) = tx;
    let read = match chain.family() {
        Family::Evm => TxHash::evm_from_str(text),
        Family::Solana => TxHash::solana_from_str(text),
    };
    let tx = read.map_err(|error| refused(text, field, Code::HashMalformed, error))?;
    Ok(TxKey { chain, tx })
}

/// An address on `chain`, in its words.
pub(super) fn address_on(chain: ChainId, text: &str, field: &str) -> Result<Address, Problem> {
    let read = match chain.family() {
        Family::Evm => Address::evm_from_str(text),
        Family::Solana => Address::solana_from_str(text),
    };
    read.map_err(|error| refused(text, field, Code::AddressMalformed, error))
}

/// An address of an EVM chain.
pub(crate) fn address(text: &str, field: &str) -> Result<Address, Problem> {
    Address::evm_from_str(text).map_err(|error| refused(text, field, Code::AddressMalformed, error))
}

/// A registered asset: without its scale an amount of it cannot be read.
pub(super) fn asset<'a>(text: &str, field: &str, registry: &'a Registry) -> Result<&'a Asset, Problem> {
    let unknown = || {
        let known: Vec<_> = registry.assets().map(|asset| asset.id.symbol()).collect();
        let detail = format!("{text:?} is not an asset here; known are {}", known.join(", "));
        Problem::new(Code::UnknownAsset, detail).at(field)
    };
    let id: AssetId = text.parse().map_err(|_| unknown())?;
    registry.asset(id).ok_or_else(unknown)
}

/// An amount of `asset`, written as a decimal string.
pub(super) fn amount(text: &str, field: &str, asset: &Asset) -> Result<Amount, Problem> {
    amount_of_scale(text, field, asset.scale)
}

/// An amount with at most `scale` decimals, written as a decimal string.
pub(crate) fn amount_of_scale(text: &str, field: &str, scale: u8) -> Result<Amount, Problem> {
    Amount::parse(text, scale).map_err(|error| {
        let code = match error {
            AmountParseError::Malformed => Code::AmountMalformed,
            AmountParseError::TooPrecise { .. } => Code::AmountTooPrecise,
            AmountParseError::OutOfRange => Code::AmountOutOfRange,
        };
        Problem::new(code, format!("{text:?}: {error}")).at(field)
    })
}

/// A date.
pub(super) fn date(text: &str, field: &str) -> Result<WallClock, Problem> {
    date::read(text).ok_or_else(|| {
        let detail = format!("{text:?}: write a date in UTC such as \"2026-11-22T10:21:00Z\"");
        Problem::new(Code::DateMalformed, detail).at(field)
    })
}

/// A length of time, as in the configuration.
pub(super) fn duration(text: &str, field: &str) -> Result<Duration, Problem> {
    parse_duration(text).map_err(|why| {
        let detail = format!("{text:?} is {why}: write for example 30m or 24h");
        Problem::new(Code::FieldInvalid, detail).at(field)
    })
}

fn parsed<T>(text: &str, field: &str, code: Code) -> Result<T, Problem>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|error| refused(text, field, code, error))
}

fn refused(text: &str, field: &str, code: Code, error: impl Display) -> Problem {
    Problem::new(code, format!("{text:?}: {error}")).at(field)
}
