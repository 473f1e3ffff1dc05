//! Signatures: how a receiver knows that a delivery is ours, and not an old one that somebody sends again.
//!
//! `Plimsoll-Signature: t=1795305600,v1=5f8a…,v1=09bc…`: `t` is when the call was made, in seconds since 1970 UTC, and each
//! `v1` is the lower-case hex HMAC-SHA256 of the bytes `t`, `.`, body under one of the receiver's secrets; there are two
//! while a secret is being replaced. A receiver takes the body as it came, checks that one `v1` is what its own
//! secret gives, in constant time, and that `t` is at most a few minutes away from its own clock. Within these minutes
//! it knows by the event's `id` what it has seen. [`verify`] is that, to be read or used.

use std::fmt::Write as _;
use std::time::Duration;

use hmac::{Hmac, Mac as _};
use plimsoll_core::time::WallClock;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// The header that carries the signature.
pub const SIGNATURE: &str = "plimsoll-signature";
/// How far the clocks of sender and receiver may differ, with the time of the call.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);
/// The most signatures in one header.
const SIGNATURES_MAX: usize = 8;

/// Why a delivery must not be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// There is no `t`, no `v1`, or something else.
    #[error("the signature is not like t=SECONDS,v1=HEX")]
    Malformed,
    /// It was signed too long ago, or in the future: somebody may have kept it.
    #[error("the signature is not of this time")]
    Stale,
    /// None of its signatures is ours.
    #[error("the signature is not ours")]
    Foreign,
}

/// The header's value for `body`, sent at `at`, with one signature for each of `secrets`.
#[must_use]
pub fn sign<'a>(secrets: impl Iterator<Item = &'a str>, at: WallClock, body: &[u8]) -> String {
    let seconds = at.as_micros().div_euclid(1_000_000);
    let mut header = format!("t={seconds}");
    for secret in secrets {
        header.push_str(",v1=");
        for byte in hmac(secret, seconds, body) {
            if write!(header, "{byte:02x}").is_err() {
                unreachable!("writing to a string failed");
            }
        }
    }
    header
}

/// Checks, as a receiver does at `now`, that `body` came with `header` from who has `secret`.
///
/// # Errors
/// [`Rejected`]: do not believe it.
pub fn verify(header: &str, body: &[u8], secret: &str, now: WallClock) -> Result<(), Rejected> {
    let mut fields = header.split(',');
    let seconds = fields.next().and_then(|field| field.strip_prefix("t="));
    let seconds: i64 = seconds
        .and_then(|digits| digits.parse().ok())
        .ok_or(Rejected::Malformed)?;
    let signatures: Option<Vec<&str>> = fields
        .take(SIGNATURES_MAX)
        .map(|field| field.strip_prefix("v1="))
        .collect();
    let signatures = signatures
        .filter(|all| !all.is_empty())
        .ok_or(Rejected::Malformed)?;
    let sent = WallClock::from_micros(seconds.saturating_mul(1_000_000));
    if now.since(sent).max(sent.since(now)) > TOLERANCE {
        return Err(Rejected::Stale);
    }
    let mut ours = String::new();
    for byte in hmac(secret, seconds, body) {
        if write!(ours, "{byte:02x}").is_err() {
            unreachable!("writing to a string failed");
        }
    }
    let is_ours = |theirs: &&str| bool::from(ours.as_bytes().ct_eq(theirs.as_bytes()));
    if signatures.iter().any(is_ours) {
        Ok(())
    } else {
        Err(Rejected::Foreign)
    }
}

fn hmac(secret: &str, seconds: i64, body: &[u8]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        unreachable!("HMAC takes a key of any length")
    };
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
