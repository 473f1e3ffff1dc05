//! The assets that are configured.

use axum::Json;
use axum::extract::State;
use plimsoll_core::money::{Asset, ChainToken};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;

/// Every asset.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Assets {
    /// By symbol.
    assets: Vec<AssetBody>,
}

/// Something that can be owned and counted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AssetBody {
    /// Its symbol, which is its identity.
    #[schema(example = "USDT")]
    symbol: String,
    /// What people call it.
    name: String,
    /// How many decimals its amounts have.
    scale: u8,
    /// The least amount of one deposit or transfer.
    min: String,
    /// The largest amount of one deposit or transfer.
    max: String,
    /// Whether new money may move.
    enabled: bool,
    /// The contracts that stand for it on chains.
    tokens: Vec<TokenBody>,
}

/// A contract that stands for an asset.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenBody {
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The contract.
    contract: String,
    /// The decimals that the contract counts in.
    decimals: u8,
}

/// The assets that may be held, enabled or not.
#[utoipa::path(get, path = "/api/v1/assets", tag = "assets", operation_id = "listAssets", responses((status = 200, body = Assets)))]
pub(super) async fn list(State(api): State<Api>) -> Json<Assets> {
    Json(Assets {
        assets: api.registry.assets().map(encode).collect(),
    })
}

fn encode(asset: &Asset) -> AssetBody {
    let token = |token: &ChainToken| TokenBody {
        chain: token.chain.to_string(),
        contract: token.contract.to_string(),
        decimals: token.decimals,
    };
    AssetBody {
        symbol: asset.id.to_string(),
        name: asset.name.clone(),
        scale: asset.scale,
        min: asset.min.display(asset.scale).to_string(),
        max: asset.max.display(asset.scale).to_string(),
        enabled: asset.enabled,
        tokens: asset.tokens.iter().map(token).collect(),
    }
}
