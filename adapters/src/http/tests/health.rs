//! What a server tells of itself.

use std::time::Duration;

use plimsoll_core::escrow::EndpointConfig;
use plimsoll_core::resilience::HedgePolicy;
use serde_json::json;

use super::house::{Mood, Server, TOKEN};
use crate::driver::Unavailable;

#[tokio::test(start_paused = true)]
async fn liveness_looks_at_the_loop_alone() {
    let server = Server::new();
    server.house.set_pulse(|pulse| pulse.is_journal_failing = true);
    server.house.turn(Mood::Unavailable(Unavailable::Overloaded));
    assert_eq!(server.get("/health/live").await.status, 200);
    tokio::time::advance(Duration::from_secs(11)).await;
    let hanging = server.get("/health/live").await;
    assert_eq!(
        (hanging.status, hanging.json()["status"].as_str()),
        (503, Some("fail"))
    );
}

#[tokio::test]
async fn readiness_needs_the_journal_and_two_independent_upstreams() {
    let server = Server::new();
    let ready = server.get("/health/ready").await;
    assert_eq!(
        (ready.status, &ready.headers["content-type"]),
        (200, &"application/health+json".parse().expect("a value")),
        "{}",
        ready.text
    );
    server.house.set_pulse(|pulse| pulse.is_journal_failing = true);
    assert_eq!(server.get("/health/ready").await.status, 503);

    let lonely = Server::with_dead_upstream(1);
    let reply = lonely.get("/health/ready").await;
    assert_eq!(reply.status, 503);
    let check = &reply.json()["checks"]["chain:eip155:56:upstreams"][0];
    assert_eq!(
        (check["status"].as_str(), check["observedValue"].as_u64()),
        (Some("fail"), Some(1))
    );
}

#[tokio::test(start_paused = true)]
async fn health_tells_everything() {
    let server = Server::new();
    let health = server.get("/health").await;
    assert_eq!(health.status, 200);
    let mut body = health.json();
    for check in body["checks"].as_object_mut().expect("checks").values_mut() {
        for one in check.as_array_mut().expect("measurements") {
            assert!(one["time"].as_str().is_some_and(|time| time.ends_with('Z')));
            one["time"] = json!("[time]");
        }
    }
    insta::assert_json_snapshot!("health", body);
}

#[tokio::test]
async fn metrics_count_what_happens_and_show_what_stands() {
    let server = Server::new();
    server.fund(25).await;
    for notice in server.house.notices() {
        server.metrics.observe(&notice);
    }
    let metrics = server.get("/metrics").await;
    assert!(
        metrics.headers["content-type"]
            .to_str()
            .expect("text")
            .starts_with("application/openmetrics-text")
    );
    for line in [
        "plimsoll_build_info{version=",
        "plimsoll_deposits_total{stage=\"final\"} 1",
        "plimsoll_credited_total{asset=\"USDT\"} 1",
        "plimsoll_time_to_credit_seconds_count 1",
        "plimsoll_endpoint_up{chain=\"eip155:56\",endpoint=\"alpha\"} 1",
        "plimsoll_endpoint_finalized_height{chain=\"eip155:56\",endpoint=\"beta\"} 114",
        "plimsoll_breaker_state{chain=\"eip155:56\",endpoint=\"alpha\",state=\"closed\"} 1",
        "plimsoll_breaker_state{chain=\"eip155:56\",endpoint=\"alpha\",state=\"open\"} 0",
        "plimsoll_chain_finalized_height{chain=\"eip155:56\"} 114",
        "plimsoll_watched{stage=\"final\"} 1",
        "plimsoll_users 2",
        "plimsoll_journal_position 42",
        "plimsoll_journal_up 1",
        "plimsoll_journal_commit_seconds 0.002",
        "plimsoll_http_requests_total{method=\"POST\",route=\"/api/v1/users\",status=\"201\"} 2",
        "# EOF",
    ] {
        assert!(metrics.text.contains(line), "no {line} in\n{}", metrics.text);
    }
}

#[tokio::test]
async fn hedges_are_counted_by_who_was_asked_and_in_all() {
    let server = Server::with(|config| {
        config.bank.pool.hedge = HedgePolicy {
            share_max: 20,
            after_max: Duration::from_millis(100),
            ..HedgePolicy::default()
        };
        config.bank.escrow.chains[0].endpoints.push(EndpointConfig {
            name: "gamma".to_owned(),
            provider: "three".to_owned(),
            quotas: Vec::new(),
        });
    });
    let figure = |text: &str, name: &str| {
        let lines = text.lines().filter(|line| line.starts_with(name));
        let number = |line: &str| line.rsplit(' ').next()?.parse::<u64>().ok();
        lines.map(|line| number(line).expect("a number")).sum::<u64>()
    };
    server.house.silence(1);
    server.house.finalize();
    let text = server.get("/metrics").await.text;
    let figures = server
        .call("GET", "/api/v1/escrow/metrics", TOKEN, "")
        .await
        .json();
    for (counter, sum) in [
        ("plimsoll_endpoint_hedges_total{", "hedges"),
        ("plimsoll_endpoint_hedges_won_total{", "hedges_won"),
    ] {
        assert_eq!(figure(&text, counter), 1, "{text}");
        assert_eq!(figures[sum], 1, "{figures}");
    }
}

/// The monitor is told each second how everything stands, and what it raises is at /health and in the metrics.
#[tokio::test(start_paused = true)]
async fn what_the_monitor_raises_is_shown() {
    let server = Server::with_dead_upstream(1);
    for _ in 0..20 {
        server.watch.look(&server.api).await;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let health = server.get("/health").await;
    let check = &health.json()["checks"]["alert:upstreams_few on eip155:56"][0];
    assert_eq!(
        (
            health.status,
            check["status"].as_str(),
            check["observedValue"].as_u64()
        ),
        (503, Some("fail"), Some(20)),
        "{}",
        health.text
    );
    let metrics = server.get("/metrics").await.text;
    for (line, count) in [
        (
            "plimsoll_alert{alert=\"upstreams_few\",chain=\"eip155:56\",severity=\"critical\"} 1",
            1,
        ),
        (
            "plimsoll_alert{alert=\"endpoints_down\",chain=\"eip155:56\",severity=\"warning\"} 0",
            1,
        ),
        ("plimsoll_level{level=\"critical\"} 1", 1),
        ("plimsoll_level{level=\"healthy\"} 0", 1),
    ] {
        assert_eq!(metrics.matches(line).count(), count, "{line} in {metrics}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bank_that_says_nothing_is_an_alert() {
    let server = Server::new();
    server.watch.look(&server.api).await;
    tokio::time::advance(Duration::from_secs(10)).await;
    server.house.turn(Mood::Unavailable(Unavailable::Overloaded));
    server.watch.look(&server.api).await;
    let health = server.get("/health").await.json();
    assert_eq!(
        health["checks"]["alert:bank_silent"][0]["status"].as_str(),
        Some("fail")
    );
}
