//! The faucet: pays tokens of the development chain to whoever asks.

use std::sync::Arc;

use axum::{Extension, Json};
use plimsoll_sim::world::plan::Token;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::chain::{CHAIN, DevChain};
use crate::http::{Api, Body, Code, Problem, address, amount_of_scale};

/// The decimals that the faucet pays in: the chain's model counts thousandths.
const SCALE: u8 = 3;
/// The most that the faucet pays at once, in thousandths: a billion whole tokens.
const MILLI_MAX: u64 = 1_000_000_000_000;

/// What is wanted of the faucet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Whom to pay: a deposit address.
    #[schema(example = "0x55d398326f99059ff775485246999027b3197955")]
    address: String,
    /// In what.
    #[schema(example = "USDT")]
    asset: String,
    /// How much, at most three decimals.
    #[schema(example = "25")]
    amount: String,
}

/// What the faucet paid.
#[derive(Debug, Serialize, ToSchema)]
struct Paid {
    /// The chain, by its CAIP-2 name.
    chain: String,
    /// The hash of the transaction: what a claim names.
    tx: String,
    /// The height of the block that it is mined in, within half a second.
    block: u64,
}

/// The faucet's route.
pub fn route(chain: Arc<DevChain>) -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(pay)).layer(Extension(chain))
}

/// Pays tokens of the development chain. Exists on development servers alone.
#[utoipa::path(
    post, path = "/dev/faucet", tag = "development", operation_id = "askFaucet", request_body = Wanted,
    responses((status = 200, body = Paid), (status = "default", body = Problem))
)]
async fn pay(
    Extension(chain): Extension<Arc<DevChain>>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Paid>, Problem> {
    let to = address(&wanted.address, "address")?;
    let on_chain = |token: &Token| token.facts().contract.is_some() && token.facts().is_enabled;
    let token = Token::ALL
        .into_iter()
        .filter(on_chain)
        .find(|token| token.facts().id.symbol() == wanted.asset);
    let token = token.ok_or_else(|| {
        Problem::new(
            Code::UnknownAsset,
            format!("the faucet has no {:?}: ask for USDT or USDC", wanted.asset),
        )
        .at("asset")
    })?;
    let milli = u64::try_from(amount_of_scale(&wanted.amount, "amount", SCALE)?.minor()).unwrap_or(u64::MAX);
    if !(1..=MILLI_MAX).contains(&milli) {
        return Err(Problem::new(Code::AmountOutOfRange, "ask for 0.001 to 1000000000").at("amount"));
    }
    let (tx, block) = chain.pay(to, token, milli).map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "the faucet cannot pay");
        Problem::new(
            Code::Internal,
            "the development chain cannot be written: see the log",
        )
    })?;
    Ok(Json(Paid {
        chain: CHAIN.to_string(),
        tx: tx.to_string(),
        block: block.number,
    }))
}
