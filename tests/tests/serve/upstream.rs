//! Whom the server believes: an endpoint that serves another chain is shut out from the start.

use std::time::Duration;

use plimsoll_tests::evm::contracts;
use plimsoll_tests::evm::node::{Node, Tag};
use plimsoll_tests::evm::wallet::Wallet;
use plimsoll_tests::process::wait_until;
use plimsoll_tests::product::{Asset, Endpoint, Installation, Settings};
use serde_json::Value;

use super::{offline, stop};

const PATIENCE: Duration = Duration::from_secs(20);

/// A chain with one token of 18 decimals, which has the same address on all of them.
fn with_token(chain: u64) -> (Node, Asset) {
    let node = Node::start(chain);
    let token = Wallet::number(&node, 0).deploy(
        contracts::true_token(),
        &["Tether USD".into(), "USDT".into(), 18.into()],
    );
    node.mine(3);
    let asset = Asset {
        token: Some((token.address, 18)),
        ..offline().assets[0]
    };
    (node, asset)
}

/// What the server says of the endpoint called `name`.
fn seen(health: &Value, name: &str) -> String {
    let endpoints = health["checks"]["chain:eip155:56:endpoint"].as_array();
    let endpoint = endpoints
        .into_iter()
        .flatten()
        .find(|one| one["componentId"] == name);
    endpoint.map(Value::to_string).unwrap_or_default()
}

#[test]
fn an_endpoint_of_another_chain_is_shut_out() {
    let (home, asset) = with_token(56);
    let (abroad, _) = with_token(97);
    let endpoint = |name: &str, node: &Node| Endpoint {
        name: name.to_owned(),
        provider: name.to_owned(),
        url: node.url().to_owned(),
    };
    let settings = |endpoints, decimals| Settings {
        genesis: home.block(Tag::Height(0)).hash,
        assets: vec![
            Asset {
                token: asset.token.map(|(contract, _)| (contract, decimals)),
                ..asset
            },
            offline().assets[1],
        ],
        endpoints,
        ..offline()
    };
    let check = |settings: &Settings, ready: u16, name: &str, cordon: &str| {
        let installation = Installation::new(settings);
        let mut server = installation.serve_until_ready();
        let client = installation.client();
        let health = || {
            client
                .get("/health")
                .map(|answer| answer.body)
                .unwrap_or_default()
        };
        wait_until(&format!("{name} is {cordon}"), PATIENCE, || {
            seen(&health(), name).contains(cordon)
        });
        let status = || client.get("/health/ready").map_or(0, |answer| answer.status);
        wait_until(&format!("readiness is {ready}"), PATIENCE, || status() == ready);
        assert!(
            server.stderr().contains(cordon),
            "the log tells it too:\n{}",
            server.stderr()
        );
        stop(&mut server);
    };
    let three = vec![
        endpoint("one", &home),
        endpoint("two", &home),
        endpoint("far", &abroad),
    ];
    let two = vec![endpoint("one", &home), endpoint("far", &abroad)];
    check(&settings(three.clone(), 18), 200, "far", "wrong_chain");
    check(&settings(two, 18), 503, "far", "wrong_chain");
    check(&settings(three, 6), 503, "one", "wrong_decimals");
}
