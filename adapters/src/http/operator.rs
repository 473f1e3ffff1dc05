//! Who a request comes from, by the token that it shows.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use subtle::{Choice, ConditionallySelectable as _};

use super::Api;
use super::problem::{Code, Problem};
use crate::config::{AccessToken, Role, SecretHash};

/// Whoever showed a token that opens the route: handlers take it as an argument to learn who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operator {
    /// The token's name: the actor, in the journal.
    pub(super) name: String,
    /// What may be done with the token.
    pub(super) role: Role,
}

impl Operator {
    /// The bearer of the one of `tokens` whose secret is in `headers`.
    ///
    /// # Errors
    /// The problem to answer with: there are no tokens at all, none is shown, or it is nobody's.
    pub(super) fn identify(tokens: &[AccessToken], headers: &HeaderMap) -> Result<Self, Problem> {
        if tokens.is_empty() {
            return Err(Problem::new(
                Code::AdminClosed,
                "add [[api.tokens]] to the configuration (or set PLIMSOLL_API__TOKENS) and restart to open this route",
            ));
        }
        let shown = headers.get(header::AUTHORIZATION);
        let shown = shown.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let bearer = shown.and_then(|secret| bearer(tokens, secret));
        let token = bearer.ok_or_else(|| {
            Problem::new(
                Code::TokenRequired,
                "send one of the tokens of the configuration: Authorization: Bearer <token of [[api.tokens]]>",
            )
        })?;
        Ok(Self {
            name: token.name.clone(),
            role: token.role,
        })
    }
}

/// Whose secret was shown. It is held against each token's, whether one fits or not, so that the time it takes says
/// neither which fits nor how nearly.
fn bearer<'a>(tokens: &'a [AccessToken], secret: &str) -> Option<&'a AccessToken> {
    let shown = SecretHash::of(secret);
    let (mut fits, mut place) = (Choice::from(0), 0u64);
    for (index, token) in (0u64..).zip(tokens) {
        let is_its = token.is_of(&shown);
        place.conditional_assign(&index, is_its);
        fits |= is_its;
    }
    if bool::from(fits) {
        tokens.get(usize::try_from(place).ok()?)
    } else {
        None
    }
}

/// Only where the table of routes demands a role has anybody been identified.
impl FromRequestParts<Api> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let identified = parts.extensions.get::<Self>().cloned();
        identified.ok_or_else(|| Problem::new(Code::TokenRequired, "this route is told who acts by a token"))
    }
}

#[cfg(test)]
mod tests;
