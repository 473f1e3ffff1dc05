//! What an error of Redis means for a lane.

use ::redis::{ErrorKind, RedisError};
use plimsoll_core::queue::LaneFault;

/// What `error` means.
pub(super) fn lane_fault(error: &RedisError) -> LaneFault {
    if error.is_timeout() {
        return LaneFault::Timeout;
    }
    // The first word of what the server says: OOM, LOADING, READONLY, MISCONF, NOAUTH, …
    if let Some(code) = error.code() {
        return if code == "OOM" {
            LaneFault::Full
        } else {
            LaneFault::Refused
        };
    }
    let kind = error.kind();
    if matches!(kind, ErrorKind::Parse | ErrorKind::UnexpectedReturnType) {
        LaneFault::Malformed
    } else if matches!(
        kind,
        ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig
    ) {
        LaneFault::Refused
    } else {
        LaneFault::Connection
    }
}

#[cfg(test)]
mod tests;
