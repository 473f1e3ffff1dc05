//! The `Idempotency-Key` header: repeating a write does nothing, and says what the first one did.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use plimsoll_core::id::IdempotencyKey;

use super::problem::{Code, Problem};

/// The request header that names a write.
pub(super) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The reply header that says that the write was done before.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 128;

/// The client's name for one write, as it was sent.
pub(super) struct WriteKey(String);

impl WriteKey {
    /// The key within `scope`: two routes never share one.
    pub(super) fn within(&self, scope: &str) -> IdempotencyKey {
        IdempotencyKey::derive(scope, self.0.as_bytes())
    }
}

impl<S: Sync> FromRequestParts<S> for WriteKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(KEY) else {
            return Err(Problem::new(
                Code::IdempotencyKeyRequired,
                "send an Idempotency-Key header, a fresh UUID for example, and the same one when you repeat the request",
            ));
        };
        let visible = |key: &&str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        match value
            .to_str()
            .ok()
            .filter(visible)
            .filter(|key| key.len() <= KEY_BYTES_MAX)
        {
            Some(key) => Ok(Self(key.to_owned())),
            None => Err(Problem::new(
                Code::IdempotencyKeyMalformed,
                format!(
                    "send 1 to {KEY_BYTES_MAX} visible ASCII characters as Idempotency-Key, a UUID for example"
                ),
            )),
        }
    }
}

/// The header that says that a reply repeats an earlier one, if it does.
pub(super) fn replayed(replayed: bool) -> HeaderMap {
    let header = replayed.then(|| (REPLAYED, HeaderValue::from_static("true")));
    header.into_iter().collect()
}
