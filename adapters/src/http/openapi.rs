//! The document that describes the interface, and the page that shows it.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::access::SCHEME;
use super::problem::{Code, Problem};

/// What the document says beside the routes, which register themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Plimsoll",
        description = "A ledger and an escrow pipeline: every valid on-chain deposit is credited exactly once.\n\n\
            Amounts are decimal strings. Every write takes an `Idempotency-Key`: repeating it does nothing and gives \
            the first answer again, with `Idempotency-Replayed: true`. Errors are problem+json with a stable `code`.",
        license(name = "Apache-2.0")
    ),
    tags(
        (name = "users", description = "Users, their deposit addresses and balances"),
        (name = "escrow", description = "Claims on deposits"),
        (name = "transactions", description = "Moving money between users"),
        (name = "assets", description = "What may be held"),
        (name = "operators", description = "What needs a person; takes a token of the role that the route names"),
        (name = "workers", description = "What worker processes tell; takes a token of the role worker"),
        (name = "health", description = "Probes and metrics"),
        (name = "development", description = "On development servers alone")
    ),
    components(schemas(Problem, Code)),
    modifiers(&Token)
)]
pub(super) struct Document;

struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        openapi
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme(SCHEME, scheme);
    }
}
