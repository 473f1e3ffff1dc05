//! Which role opens which route: one table, and nothing else opens any.
//!
//! A documented route that the table lacks keeps the server from starting; a request for anything else that it lacks is
//! answered as if there were no such route. Handlers check nothing.

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi, Paths};

use super::operator::Operator;
use super::problem::{Code, Problem};
use super::{Api, no_method, no_route};
use crate::config::Role;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Whoever can reach it.
    Public,
    /// Whoever shows a token of at least this role.
    AtLeast(Role),
    /// Worker processes, and nobody else.
    Workers,
}

impl Access {
    /// Whether the bearer of a token of `role` may use the route.
    fn is_open_to(self, role: Role) -> bool {
        match self {
            Public => true,
            AtLeast(least) => role >= least,
            Workers => role == Role::Worker,
        }
    }

    /// The role that the route takes, if it takes one.
    const fn role(self) -> Option<Role> {
        match self {
            Public => None,
            AtLeast(least) => Some(least),
            Workers => Some(Role::Worker),
        }
    }
}

use Access::{AtLeast, Public, Workers};
use Role::{Admin as Admins, Operator as Operators, Viewer as Viewers};

/// Every route there is, with who may use it.
#[rustfmt::skip]
const TABLE: &[(&str, &str, Access)] = &[
    ("GET", "/api-docs", Public),
    ("GET", "/api-docs/", Public),
    ("GET", "/api-docs/openapi.json", Public),
    ("GET", "/api-docs/{*rest}", Public),
    ("GET", "/api/v1/assets", Public),
    ("POST", "/api/v1/escrow/breakers/disable", AtLeast(Admins)),
    ("POST", "/api/v1/escrow/breakers/force-open", AtLeast(Admins)),
    ("POST", "/api/v1/escrow/breakers/reset", AtLeast(Admins)),
    ("POST", "/api/v1/escrow/chains/pause", AtLeast(Admins)),
    ("POST", "/api/v1/escrow/chains/resume", AtLeast(Admins)),
    ("POST", "/api/v1/escrow/claims", Public),
    ("GET", "/api/v1/escrow/claims/{id}", Public),
    ("GET", "/api/v1/escrow/claims/{id}/events", Public),
    ("GET", "/api/v1/escrow/claims/{id}/ws", Public),
    ("GET", "/api/v1/escrow/dead-letter-queue", AtLeast(Viewers)),
    ("POST", "/api/v1/escrow/dead-letter-queue/dry-run", AtLeast(Operators)),
    ("GET", "/api/v1/escrow/dead-letter-queue/groups", AtLeast(Viewers)),
    ("GET", "/api/v1/escrow/dead-letter-queue/replay", AtLeast(Viewers)),
    ("POST", "/api/v1/escrow/dead-letter-queue/replay", AtLeast(Operators)),
    ("POST", "/api/v1/escrow/dead-letter-queue/replay/cancel", AtLeast(Operators)),
    ("POST", "/api/v1/escrow/dead-letter-queue/resolve", AtLeast(Operators)),
    ("GET", "/api/v1/escrow/dead-letter-queue/{tx}", AtLeast(Viewers)),
    ("POST", "/api/v1/escrow/drain", AtLeast(Admins)),
    ("POST", "/api/v1/escrow/emergency-process", AtLeast(Operators)),
    ("POST", "/api/v1/escrow/endpoints/pause", AtLeast(Admins)),
    ("POST", "/api/v1/escrow/endpoints/resume", AtLeast(Admins)),
    ("GET", "/api/v1/escrow/health", AtLeast(Viewers)),
    ("GET", "/api/v1/escrow/metrics", AtLeast(Viewers)),
    ("GET", "/api/v1/escrow/reconciliation", AtLeast(Viewers)),
    ("POST", "/api/v1/escrow/reconciliation", AtLeast(Operators)),
    ("GET", "/api/v1/escrow/refunds", AtLeast(Viewers)),
    ("POST", "/api/v1/escrow/refunds", AtLeast(Admins)),
    ("POST", "/api/v1/escrow/refunds/settle", AtLeast(Admins)),
    ("POST", "/api/v1/escrow/refunds/withdraw", AtLeast(Admins)),
    ("GET", "/api/v1/escrow/suspense", AtLeast(Viewers)),
    ("POST", "/api/v1/escrow/suspense/attribute", AtLeast(Admins)),
    ("POST", "/api/v1/escrow/trigger-background-processing", AtLeast(Operators)),
    ("POST", "/api/v1/escrow/undrain", AtLeast(Admins)),
    ("GET", "/api/v1/escrow/webhooks", AtLeast(Viewers)),
    ("GET", "/api/v1/escrow/webhooks/deliveries", AtLeast(Viewers)),
    ("POST", "/api/v1/escrow/webhooks/redeliver", AtLeast(Operators)),
    ("POST", "/api/v1/escrow/reports", Workers),
    ("POST", "/api/v1/transactions", Public),
    ("GET", "/api/v1/transactions/{id}", Public),
    ("POST", "/api/v1/users", Public),
    ("GET", "/api/v1/users/{id}", Public),
    ("GET", "/api/v1/users/{id}/balances", Public),
    ("POST", "/dev/faucet", Public),
    ("GET", "/health", Public),
    ("GET", "/health/live", Public),
    ("GET", "/health/ready", Public),
    ("GET", "/metrics", Public),
];

/// The document's name of what has to be shown.
pub(super) const SCHEME: &str = "token";

/// Routes that nothing says who may use.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("serve a route that is not in the table of http::access: {}", .0.join(", "))]
pub struct UnlistedRoutes(Vec<String>);

/// Who may use the route, if it is one.
fn access_to(method: &Method, path: &str) -> Option<Access> {
    // Whatever answers GET answers HEAD.
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let is_it = |listed: &&(&str, &str, Access)| listed.0 == method.as_str() && listed.1 == path;
    TABLE.iter().find(is_it).map(|(.., access)| *access)
}

/// Lets a request through to its route if who sends it may use it. What is no route is answered here or further on.
pub(super) async fn guard(
    State(api): State<Api>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(path) = request.extensions().get::<MatchedPath>() else {
        return Ok(next.run(request).await);
    };
    match access_to(request.method(), path.as_str()) {
        Some(access) => {
            if let Some(role) = access.role() {
                let operator = Operator::identify(&api.tokens, request.headers())?;
                if !access.is_open_to(operator.role) {
                    return Err(Problem::new(
                        Code::RoleTooSmall,
                        format!(
                            "the token of {} is a {}'s: this route takes one of role {role}",
                            operator.name, operator.role
                        ),
                    ));
                }
                request.extensions_mut().insert(operator);
            }
        }
        None if TABLE.iter().any(|(_, listed, _)| *listed == path.as_str()) => {
            return Err(no_method(request).await);
        }
        None => return Err(no_route(request).await),
    }
    Ok(next.run(request).await)
}

/// Writes into `document` which role each route takes.
///
/// # Errors
/// [`UnlistedRoutes`]: the document has routes that the table lacks.
pub(super) fn describe(document: &mut OpenApi) -> Result<(), UnlistedRoutes> {
    let mut unlisted = Vec::new();
    for (method, path, operation) in operations(&mut document.paths) {
        match access_to(&method, path) {
            Some(access) => {
                let required = |role: Role| vec![SecurityRequirement::new(SCHEME, [role.name()])];
                operation.security = access.role().map(required);
            }
            None => unlisted.push(format!("{method} {path}")),
        }
    }
    if unlisted.is_empty() {
        Ok(())
    } else {
        Err(UnlistedRoutes(unlisted))
    }
}

fn operations(paths: &mut Paths) -> impl Iterator<Item = (Method, &str, &mut Operation)> {
    let paths = paths.paths.iter_mut();
    paths.flat_map(|(path, item)| {
        let each = methods(item).into_iter();
        each.filter_map(move |(method, operation)| Some((method, path.as_str(), operation.as_mut()?)))
    })
}

fn methods(item: &mut PathItem) -> [(Method, &mut Option<Operation>); 8] {
    [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::OPTIONS, &mut item.options),
        (Method::HEAD, &mut item.head),
        (Method::PATCH, &mut item.patch),
        (Method::TRACE, &mut item.trace),
    ]
}

#[cfg(test)]
mod tests;
