//! Who may call operators' routes: whoever shows the token of the configuration. Without one they are closed.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use subtle::ConstantTimeEq as _;

use super::Api;
use super::problem::{Code, Problem};

/// Proof that a request came from an operator.
pub(super) struct Operator;

impl FromRequestParts<Api> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Some(token) = &api.admin_token else {
            return Err(Problem::new(
                Code::AdminClosed,
                "set api.admin_token in the configuration (or PLIMSOLL_API__ADMIN_TOKEN) and restart to open this route",
            ));
        };
        let shown = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let shown = shown
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        // The time that the comparison takes tells nothing but the length.
        if bool::from(shown.as_bytes().ct_eq(token.expose().as_bytes())) {
            Ok(Self)
        } else {
            Err(Problem::new(
                Code::AdminTokenRequired,
                "send the operator's token: Authorization: Bearer <api.admin_token of the configuration>",
            ))
        }
    }
}
