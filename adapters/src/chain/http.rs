//! What the HTTP response around a body says: status codes and `Retry-After`.

use std::time::{Duration, UNIX_EPOCH};

use plimsoll_core::escrow::Fault;
use plimsoll_core::time::WallClock;

/// The fault that `status` stands for, whatever the body says; `None` when the body must be read.
pub(super) fn fault(status: u16, retry_after: Option<Duration>) -> Option<Fault> {
    match status {
        401 | 403 => Some(Fault::Auth),
        408 => Some(Fault::Timeout),
        413 => Some(Fault::TooLarge),
        429 => Some(Fault::RateLimited { retry_after }),
        500..=599 => Some(Fault::Server {
            code: i64::from(status),
        }),
        _ => None,
    }
}

/// How long `value`, the content of a `Retry-After` header read at `wall`, asks to wait: seconds or a date
/// (RFC 9110, 10.2.3).
pub(crate) fn retry_after(value: &str, wall: WallClock) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value)
        .ok()?
        .duration_since(UNIX_EPOCH)
        .ok()?;
    let date = WallClock::from_micros(i64::try_from(date.as_micros()).ok()?);
    Some(date.since(wall))
}

#[cfg(test)]
mod tests;
