//! Money: whole minor units, never a float, and the registry of the assets that they count.

mod amount;
mod asset;

pub use amount::{Amount, AmountError, AmountParseError, Ratio};
pub use asset::{Asset, AssetError, ChainToken, InForce, Registry, Standing, convert};
