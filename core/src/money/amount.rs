//! [`Amount`]: a count of minor units, in which every overflow is a named refusal.

use core::fmt;
use core::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::limits::SCALE_MAX;

/// A count of an asset's minor units (cents, wei …). Signed, so that it can hold a difference; what moves in a
/// transfer is always positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Amount(i128);

/// Why an amount could not be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AmountError {
    /// The result does not fit 127 bits and a sign.
    #[error("amount is out of range")]
    OutOfRange,
    /// The conversion would lose a fraction of a minor unit.
    #[error("amount is too precise for the target scale")]
    Inexact,
}

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AmountParseError {
    /// Not of the form `123` or `123.45`.
    #[error("expected a decimal number such as \"12.50\"")]
    Malformed,
    /// More decimals than the asset has.
    #[error("more than {scale} decimals")]
    TooPrecise {
        /// The decimals that the asset has.
        scale: u8,
    },
    /// The number does not fit.
    #[error("amount is out of range")]
    OutOfRange,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount.
    pub const MAX: Self = Self(i128::MAX);

    /// So many minor units.
    #[must_use]
    pub const fn from_minor(units: i128) -> Self {
        Self(units)
    }

    /// The count of minor units.
    #[must_use]
    pub const fn minor(self) -> i128 {
        self.0
    }

    /// The amount in a 256-bit big-endian word, as EVM logs carry it.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] above `i128::MAX`.
    pub fn from_be_word(word: &[u8; 32]) -> Result<Self, AmountError> {
        let (high, low) = word.split_at(16);
        let mut sixteen = [0u8; 16];
        sixteen.copy_from_slice(low);
        let units = i128::try_from(u128::from_be_bytes(sixteen)).map_err(|_| AmountError::OutOfRange)?;
        if high.iter().all(|byte| *byte == 0) {
            Ok(Self(units))
        } else {
            Err(AmountError::OutOfRange)
        }
    }

    /// Whether there is anything, and it is not owed.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] when it does not fit.
    pub fn plus(self, other: Self) -> Result<Self, AmountError> {
        self.0
            .checked_add(other.0)
            .map(Self)
            .ok_or(AmountError::OutOfRange)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] when it does not fit.
    pub fn minus(self, other: Self) -> Result<Self, AmountError> {
        self.0
            .checked_sub(other.0)
            .map(Self)
            .ok_or(AmountError::OutOfRange)
    }

    /// This amount times `ratio`, rounded down (towards less), with the 256-bit product never cut.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] when the amount is negative or the result does not fit.
    pub fn scaled_down(self, ratio: Ratio) -> Result<Self, AmountError> {
        self.mul_div(ratio.numerator, ratio.denominator, false)
    }

    /// The least amount that [`Amount::scaled_down`] takes to at least this one: this amount divided by `ratio`,
    /// rounded up.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] when the amount is negative or the result does not fit.
    pub fn unscaled_up(self, ratio: Ratio) -> Result<Self, AmountError> {
        self.mul_div(ratio.denominator, ratio.numerator, true)
    }

    fn mul_div(self, by: NonZeroU64, over: NonZeroU64, up: bool) -> Result<Self, AmountError> {
        let units = u128::try_from(self.0).map_err(|_| AmountError::OutOfRange)?;
        let (by, over) = (u128::from(by.get()), u128::from(over.get()));
        let mask = u128::from(u64::MAX);
        // Schoolbook: two 64-bit halves, each times 64 bits, then long division by 64 bits.
        let low = (units & mask) * by;
        let high = (units >> 64) * by + (low >> 64);
        let (q_high, r) = (high / over, high % over);
        let rest = (r << 64) | (low & mask);
        let (q_low, r) = (rest / over, rest % over);
        if q_high > mask {
            return Err(AmountError::OutOfRange);
        }
        let floor = (q_high << 64).checked_add(q_low).ok_or(AmountError::OutOfRange)?;
        let whole = floor
            .checked_add(u128::from(up && r > 0))
            .ok_or(AmountError::OutOfRange)?;
        i128::try_from(whole)
            .map(Self)
            .map_err(|_| AmountError::OutOfRange)
    }

    /// Reads a decimal string such as `"12.50"` as minor units of an asset with `scale` decimals. No sign, no
    /// exponent, no spaces: what comes from outside is never negative.
    ///
    /// # Errors
    /// [`AmountParseError`], which says what is wrong with the text.
    pub fn parse(text: &str, scale: u8) -> Result<Self, AmountParseError> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(AmountParseError::Malformed),
            None => (text, ""),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(AmountParseError::Malformed);
        }
        let padding = usize::from(scale).checked_sub(fraction.len());
        let padding = padding.ok_or(AmountParseError::TooPrecise { scale })?;
        let zeros = core::iter::repeat_n(b'0', padding);
        let mut units: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()).chain(zeros) {
            let next = units
                .checked_mul(10)
                .and_then(|tens| tens.checked_add(i128::from(digit - b'0')));
            units = next.ok_or(AmountParseError::OutOfRange)?;
        }
        Ok(Self(units))
    }

    /// This amount as people write it, with exactly `scale` decimals.
    ///
    /// # Panics
    /// When `scale` is above [`SCALE_MAX`], which no registered asset has.
    #[must_use]
    pub fn display(self, scale: u8) -> impl fmt::Display {
        assert!(
            scale <= SCALE_MAX,
            "an asset with {scale} decimals was registered"
        );
        Decimal { units: self.0, scale }
    }
}

struct Decimal {
    units: i128,
    scale: u8,
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10u128.pow(u32::from(self.scale));
        let units = self.units.unsigned_abs();
        let sign = if self.units < 0 { "-" } else { "" };
        match self.scale {
            0 => write!(f, "{sign}{units}"),
            scale => write!(
                f,
                "{sign}{}.{:0width$}",
                units / one,
                units % one,
                width = usize::from(scale)
            ),
        }
    }
}

/// A positive rational number: a price in minor units over minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ratio {
    /// What is multiplied by.
    pub numerator: NonZeroU64,
    /// What is divided by.
    pub denominator: NonZeroU64,
}

#[cfg(test)]
mod tests;
