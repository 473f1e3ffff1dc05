//! [`Fingerprint`]: what dead letters have in common that came of the same trouble.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::IdParseError;
use super::named::from_hex;

/// A short code: `0x` and 10 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 5]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = IdParseError;

    fn from_str(text: &str) -> Result<Self, IdParseError> {
        from_hex(text).map(Self).ok_or(IdParseError {
            expected: "\"0x\" and 10 hex digits",
        })
    }
}
