//! Claims: a user says that a transaction on a chain paid them, and watches what becomes of it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use plimsoll_core::bank::{Command, Query, Reply};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Api;
use super::body::Body;
use super::claim_body::ClaimBody;
use super::field;
use super::idempotency::{WriteKey, replayed};
use super::problem::Problem;
use super::refusal::problem_in;

/// The scope of the idempotency keys of this route.
const SCOPE: &str = "http/claims";

/// A claim to be filed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClaim {
    /// Who claims.
    #[schema(example = "user-1")]
    user: String,
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The hash of the transaction.
    #[schema(example = "0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060")]
    tx: String,
}

/// Files a claim. It starts the search at once; a deposit is also found without one, a little later.
#[utoipa::path(
    post, path = "/api/v1/escrow/claims", tag = "escrow", operation_id = "fileClaim", request_body = NewClaim,
    params(("Idempotency-Key" = String, Header, description = "The client's name for this write")),
    responses((status = 202, body = ClaimBody), (status = "default", body = Problem))
)]
pub(super) async fn file(
    State(api): State<Api>,
    key: WriteKey,
    Body(body): Body<NewClaim>,
) -> Result<Response, Problem> {
    let command = Command::Claim {
        key: key.within(SCOPE),
        user: field::user(&body.user, "user")?,
        tx: field::tx(("chain", &body.chain), ("tx", &body.tx))?,
    };
    let reply = api.bank.command(command).await?;
    let Reply::Claim {
        claim,
        replayed: again,
    } = reply
    else {
        return Err(problem_in(reply));
    };
    let location = [(header::LOCATION, format!("/api/v1/escrow/claims/{}", claim.id))];
    let body = Json(api.claim(&claim));
    Ok((StatusCode::ACCEPTED, replayed(again), location, body).into_response())
}

/// How a claim stands: its status, the finality of the transaction, the evidence, the claimant's deposits.
#[utoipa::path(
    get, path = "/api/v1/escrow/claims/{id}", tag = "escrow", operation_id = "getClaim", params(("id" = String, Path, example = "claim-1")),
    responses((status = 200, body = ClaimBody), (status = "default", body = Problem))
)]
pub(super) async fn show(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<ClaimBody>, Problem> {
    let reply = api.bank.query(Query::Claim(field::id(&id, "id")?)).await?;
    let Reply::Claim { claim, .. } = reply else {
        return Err(problem_in(reply));
    };
    Ok(Json(api.claim(&claim)))
}
