//! The values of a scenario file, checked while they are read, so that an error names their very place.

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use plimsoll_core::money::Amount;
use plimsoll_core::rng::Rng;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// The decimals in which a scenario's amounts are written.
const SCALE: u8 = 3;
/// The largest amount: a million whole units.
const SUM_MAX: i128 = 1_000_000_000;
/// The longest time that a scenario may name: a week of simulated time.
pub const MILLIS_MAX: u64 = 7 * 24 * 60 * 60 * 1_000;
/// The most of anything that a scenario may ask for.
pub const COUNT_MAX: u64 = 100_000;

/// A time in whole milliseconds, 0 to [`MILLIS_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

impl Millis {
    /// The same time for the clock.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// How many, 0 to [`COUNT_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(pub u64);

impl Count {
    /// As a length.
    #[must_use]
    pub fn len(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// Whether it is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A share in percent, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub u64);

impl Percent {
    /// As a byte.
    #[must_use]
    pub fn byte(self) -> u8 {
        u8::try_from(self.0).unwrap_or(100)
    }
}

/// An amount in thousandths of a whole unit, written as a decimal in quotes: `"12.50"`. From one thousandth to a
/// million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum(pub u64);

/// One value, or `[lowest, highest]` of which each use draws one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<T> {
    /// The least.
    pub low: T,
    /// The most.
    pub high: T,
}

impl<T: Copy> Span<T> {
    /// Always the same value.
    #[must_use]
    pub const fn of(value: T) -> Self {
        Self {
            low: value,
            high: value,
        }
    }
}

impl Span<Millis> {
    /// One time of the span, to the millisecond.
    pub fn draw(self, rng: &mut Rng) -> Millis {
        Millis(rng.between(self.low.0, self.high.0))
    }
}

impl Span<Count> {
    /// One count of the span.
    pub fn draw(self, rng: &mut Rng) -> Count {
        Count(rng.between(self.low.0, self.high.0))
    }
}

impl Span<Sum> {
    /// One amount of the span, in thousandths.
    pub fn draw(self, rng: &mut Rng) -> u64 {
        rng.between(self.low.0, self.high.0)
    }
}

/// Names: one in quotes, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        whole(
            input,
            MILLIS_MAX,
            "whole milliseconds from 0 to 604800000 (a week)",
        )
        .map(Self)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        whole(input, COUNT_MAX, "a count from 0 to 100000").map(Self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        whole(input, 100, "a share from 0 to 100 percent").map(Self)
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = input.deserialize_str(Quoted)?;
        let amount =
            Amount::parse(&text, SCALE).map_err(|why| D::Error::custom(format!("`{text}`: {why}")))?;
        let milli = u64::try_from(amount.minor().min(SUM_MAX + 1)).unwrap_or(0);
        if (1..=SUM_MAX).contains(&i128::from(milli)) {
            Ok(Self(milli))
        } else {
            Err(D::Error::custom(format!("`{text}`: expected 0.001 to 1000000")))
        }
    }
}

impl<'de, T: Deserialize<'de> + PartialOrd + Copy> Deserialize<'de> for Span<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(OneOrTwo(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(OneOrMany)
    }
}

fn whole<'de, D: Deserializer<'de>>(input: D, most: u64, expected: &'static str) -> Result<u64, D::Error> {
    input.deserialize_any(Whole { most, expected })
}

struct Whole {
    most: u64,
    expected: &'static str,
}

impl Visitor<'_> for Whole {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<u64, E> {
        let inside = u64::try_from(value).ok().filter(|value| *value <= self.most);
        inside.ok_or_else(|| E::custom(format!("found {value}, expected {}", self.expected)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
        Err(E::custom(format!("found {value}, expected {}", self.expected)))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<u64, E> {
        Err(E::custom(format!("found {value}, expected {}", self.expected)))
    }
}

struct Quoted;

impl Visitor<'_> for Quoted {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount in quotes, such as \"12.50\"")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }
}

struct OneOrTwo<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + PartialOrd + Copy> Visitor<'de> for OneOrTwo<T> {
    type Value = Span<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or [lowest, highest]")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Span<T>, E> {
        T::deserialize(serde::de::value::I64Deserializer::new(value)).map(Span::of)
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Span<T>, E> {
        T::deserialize(serde::de::value::I128Deserializer::new(value)).map(Span::of)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Span<T>, E> {
        T::deserialize(serde::de::value::StrDeserializer::new(value)).map(Span::of)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Span<T>, A::Error> {
        let pair = (
            list.next_element::<T>()?,
            list.next_element::<T>()?,
            list.next_element::<T>()?,
        );
        let (Some(low), Some(high), None) = pair else {
            return Err(A::Error::custom("expected a value or [lowest, highest]"));
        };
        if high < low {
            return Err(A::Error::custom("the lowest is above the highest"));
        }
        Ok(Span { low, high })
    }
}

struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name in quotes, or a list of names")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Names, E> {
        Ok(Names(vec![value.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = list.next_element::<String>()? {
            names.push(name);
        }
        if names.is_empty() {
            return Err(A::Error::custom("the list is empty"));
        }
        Ok(Names(names))
    }
}
