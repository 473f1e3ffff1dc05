//! Users: registering one, looking one up, their balances.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use plimsoll_core::bank::{Command, Query, Reply};
use plimsoll_core::id::{Address, AssetId, ChainId, Text, UserId};
use plimsoll_core::ledger::Balance;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::body::Body;
use super::field;
use super::idempotency::{WriteKey, replayed};
use super::problem::Problem;
use super::refusal::problem_in;

/// The scope of the idempotency keys of this route.
const SCOPE: &str = "http/users";

/// A user to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    /// A name for people, 1 to 256 bytes.
    #[schema(example = "Ada")]
    name: String,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    /// Its identifier.
    #[schema(example = "user-1")]
    id: String,
    /// The name for people.
    name: String,
    /// Where the user's deposits go: pay tokens to these addresses, and they are credited.
    deposit_addresses: Vec<DepositAddress>,
}

/// A user's own address on a chain.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DepositAddress {
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The address.
    #[schema(example = "0x55d398326f99059ff775485246999027b3197955")]
    address: String,
}

/// What a user has.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Balances {
    /// The user.
    #[schema(example = "user-1")]
    user: String,
    /// One entry for each asset, by symbol.
    balances: Vec<AssetBalance>,
}

/// What a user has of one asset.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AssetBalance {
    /// The asset.
    #[schema(example = "USDT")]
    asset: String,
    /// What may be spent.
    #[schema(example = "25.000000000000000000")]
    available: String,
    /// What is there or announced and may not be spent: held and incoming together.
    locked: String,
    /// Of that, what open holds have reserved to leave.
    held: String,
    /// Of that, what has been seen to come and is not final.
    incoming: String,
}

/// Registers a user: an account of every enabled asset, and a deposit address on every chain.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users", operation_id = "registerUser", request_body = NewUser,
    params(("Idempotency-Key" = String, Header, description = "The client's name for this write")),
    responses((status = 201, body = User), (status = "default", body = Problem))
)]
pub(super) async fn register(
    State(api): State<Api>,
    key: WriteKey,
    Body(NewUser { name }): Body<NewUser>,
) -> Result<Response, Problem> {
    let key = key.within(SCOPE);
    let reply = api.bank.command(Command::RegisterUser { key, name }).await?;
    let Reply::User {
        user,
        name,
        addresses,
        replayed: again,
    } = reply
    else {
        return Err(problem_in(reply));
    };
    let body = Json(encode(user, name, &addresses));
    Ok((StatusCode::CREATED, replayed(again), body).into_response())
}

/// A user, with deposit addresses.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", tag = "users", operation_id = "getUser", params(("id" = String, Path, example = "user-1")),
    responses((status = 200, body = User), (status = "default", body = Problem))
)]
pub(super) async fn show(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<User>, Problem> {
    let reply = api.bank.query(Query::User(field::user(&id, "id")?)).await?;
    let Reply::User {
        user,
        name,
        addresses,
        ..
    } = reply
    else {
        return Err(problem_in(reply));
    };
    Ok(Json(encode(user, name, &addresses)))
}

/// A user's balances.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/balances", tag = "users", operation_id = "getBalances", params(("id" = String, Path, example = "user-1")),
    responses((status = 200, body = Balances), (status = "default", body = Problem))
)]
pub(super) async fn balances(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<Balances>, Problem> {
    let user = field::user(&id, "id")?;
    let reply = api.bank.query(Query::Balances(user)).await?;
    let Reply::Balances(balances) = reply else {
        return Err(problem_in(reply));
    };
    let balances = balances
        .iter()
        .map(|(asset, balance)| api.balance(*asset, balance))
        .collect();
    Ok(Json(Balances {
        user: user.to_string(),
        balances,
    }))
}

fn encode(user: UserId, name: Text, addresses: &[(ChainId, Address)]) -> User {
    let address = |(chain, address): &(ChainId, Address)| DepositAddress {
        chain: chain.to_string(),
        address: address.to_string(),
    };
    User {
        id: user.to_string(),
        name,
        deposit_addresses: addresses.iter().map(address).collect(),
    }
}

impl Api {
    fn balance(&self, asset: AssetId, balance: &Balance) -> AssetBalance {
        AssetBalance {
            asset: asset.to_string(),
            available: self.amount(asset, balance.available),
            locked: self.amount(asset, balance.locked()),
            held: self.amount(asset, balance.held),
            incoming: self.amount(asset, balance.incoming),
        }
    }
}
