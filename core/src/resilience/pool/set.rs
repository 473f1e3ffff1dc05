//! Sets of endpoints and of providers: one machine word each, walked in index order.

use serde::{Deserialize, Serialize};

use crate::limits::ENDPOINTS_MAX;

macro_rules! bit_set {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
        pub struct $name(u32);

        impl $name {
            /// The set of none.
            pub const EMPTY: Self = Self(0);

            /// Adds `number`.
            ///
            /// # Panics
            /// When `number` is not below [`ENDPOINTS_MAX`].
            pub const fn insert(&mut self, number: u8) {
                assert!((number as usize) < ENDPOINTS_MAX, "no set holds this number");
                self.0 |= 1 << number;
            }

            /// Takes `number` out, if it is in.
            pub const fn remove(&mut self, number: u8) {
                if self.contains(number) {
                    self.0 &= !(1 << number);
                }
            }

            /// Whether `number` is in.
            #[must_use]
            pub const fn contains(self, number: u8) -> bool {
                (number as usize) < ENDPOINTS_MAX && self.0 & (1 << number) != 0
            }

            /// How many are in.
            #[must_use]
            pub const fn len(self) -> usize {
                self.0.count_ones() as usize
            }

            /// Whether none is in.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Those that are in either.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// Those that are in, lowest first.
            pub fn iter(self) -> impl Iterator<Item = u8> {
                let mut left = self.0;
                core::iter::from_fn(move || {
                    let lowest = u8::try_from(left.trailing_zeros()).ok()?;
                    left &= left.checked_sub(1)?; // nothing is left of zero
                    Some(lowest)
                })
            }
        }

        impl FromIterator<u8> for $name {
            fn from_iter<I: IntoIterator<Item = u8>>(numbers: I) -> Self {
                let mut set = Self::EMPTY;
                numbers.into_iter().for_each(|number| set.insert(number));
                set
            }
        }
    };
}

bit_set!(/// Endpoints of one pool, by index.
    EndpointSet);
bit_set!(/// Providers of one pool, by the numbers given to it at the start.
    ProviderSet);

const _: () = assert!(ENDPOINTS_MAX <= u32::BITS as usize, "a bit for every endpoint");

#[cfg(test)]
mod tests;
