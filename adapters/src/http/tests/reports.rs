//! What workers in other processes tell.

use axum::body::Body;
use axum::http::Request;
use plimsoll_core::escrow::{AttemptClass, BlockRef, FinalityRule, Report, Sighting, Tried, Vote};
use plimsoll_core::id::{BlockHash, ChainId, TxHash};
use serde_json::json;

use super::house::{Answered, Server, TX, VIEWER, WORKER};
use super::{CLAIMS, check_problem, claim};
use crate::worker::wire::{digest_of, encode};

const ROUTE: &str = "/api/v1/escrow/reports";

const fn tried() -> Tried {
    Tried {
        ago_micros: 1_500,
        endpoint: Some(1),
        class: AttemptClass::Timeout,
        height: None,
    }
}

fn absent(tx: TxHash, votes: [u8; 2]) -> Report {
    let finalized = BlockRef {
        number: 1,
        hash: BlockHash::Evm([1; 32]),
    };
    let vote = |endpoint| Vote {
        endpoint,
        finalized,
        rule: FinalityRule::Finalized,
    };
    Report {
        chain: ChainId::new(56),
        sighting: Sighting::Absent {
            tx,
            votes: votes.map(vote).to_vec(),
        },
        tried: vec![tried()],
    }
}

async fn post(server: &Server, token: &str, body: Vec<u8>) -> Answered {
    let request = Request::post(ROUTE)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/octet-stream")
        .body(Body::from(body));
    server.send(request.expect("a request")).await
}

#[tokio::test]
async fn what_a_worker_found_out_is_taken_in() {
    let server = Server::new();
    let chains = digest_of(&server.api.chains);
    server.register("ada").await;
    let unknown = post(
        &server,
        WORKER,
        encode(chains, &absent(TxHash::Evm([1; 32]), [0, 1])),
    )
    .await;
    assert_eq!(
        (unknown.status, unknown.json()),
        (
            200,
            json!({ "is_open": false, "is_chain_paused": false, "paused_endpoints": [] })
        )
    );
    server
        .post(CLAIMS, "k1", &claim("user-1", "eip155:56", &TX.to_string()))
        .await;
    let open = post(&server, WORKER, encode(chains, &absent(TX, [0, 1]))).await;
    assert_eq!(
        (open.status, open.json()),
        (
            200,
            json!({ "is_open": true, "is_chain_paused": false, "paused_endpoints": [] })
        )
    );
}

#[tokio::test]
async fn what_is_no_report_of_a_worker_of_ours_is_refused_by_name() {
    let server = Server::new();
    let chains = digest_of(&server.api.chains);
    let good = absent(TX, [0, 1]);
    let mut newer = encode(chains, &good);
    newer[0] = 9;
    let elsewhere = Report {
        chain: ChainId::new(57),
        ..good.clone()
    };
    for (body, status, code) in [
        (vec![], 400, "report_malformed"),
        (b"{}".to_vec(), 400, "report_malformed"),
        (newer, 400, "report_malformed"),
        (encode(chains ^ 1, &good), 409, "chains_differ"),
        (encode(chains, &absent(TX, [0, 0])), 422, "bad_report"),
        (encode(chains, &absent(TX, [0, 99])), 422, "bad_report"),
        (
            vec![1; crate::worker::wire::REPORT_BYTES_MAX + 1],
            413,
            "body_too_large",
        ),
    ] {
        check_problem(&post(&server, WORKER, body).await, status, code, None);
    }
    let foreign = post(&server, WORKER, encode(chains, &elsewhere)).await;
    check_problem(&foreign, 422, "unknown_chain", Some("chain"));
    check_problem(
        &post(&server, VIEWER, encode(chains, &good)).await,
        403,
        "role_too_small",
        None,
    );
    check_problem(
        &post(&server, "nobody's", encode(chains, &good)).await,
        401,
        "token_required",
        None,
    );
}

#[tokio::test]
async fn workers_may_report_as_fast_as_they_work() {
    let server = Server::with(|config| {
        config.api.rate.per_second = 1;
        config.api.rate.burst = 2;
    });
    let chains = digest_of(&server.api.chains);
    for _ in 0..20 {
        assert_eq!(
            post(&server, WORKER, encode(chains, &absent(TX, [0, 1])))
                .await
                .status,
            200
        );
    }
    for _ in 0..2 {
        assert_eq!(post(&server, VIEWER, vec![]).await.status, 403);
    }
    check_problem(&post(&server, VIEWER, vec![]).await, 429, "rate_limited", None);
}
