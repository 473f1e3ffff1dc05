//! Too much, too slow, and the end: everybody gets an answer.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::house::{Mood, Server};
use super::{USERS, check_problem};
use crate::config::Shutdown;
use crate::driver::Unavailable;
use crate::http::serve;

#[tokio::test]
async fn a_client_that_asks_too_much_is_told_when_to_come_back() {
    let server = Server::with(|config| {
        config.api.rate = crate::config::RateLimit {
            per_second: 1,
            burst: 2,
        }
    });
    assert_eq!(server.get("/api/v1/assets").await.status, 200);
    assert_eq!(server.get("/api/v1/assets").await.status, 200);
    let reply = server.get("/api/v1/assets").await;
    check_problem(&reply, 429, "rate_limited", None);
    assert_eq!(
        (&reply.headers["retry-after"], reply.json()["retryable"].as_bool()),
        (&"1".parse().expect("a value"), Some(true))
    );
}

#[tokio::test]
async fn an_overloaded_or_stopped_bank_is_a_503_that_may_be_retried() {
    let server = Server::new();
    for why in [Unavailable::Overloaded, Unavailable::Stopped] {
        server.house.turn(Mood::Unavailable(why));
        let reply = server.post(USERS, "k", r#"{"name":"Ada"}"#).await;
        check_problem(&reply, 503, "unavailable", None);
        assert_eq!(
            (
                reply.headers.contains_key("retry-after"),
                reply.json()["retryable"].as_bool()
            ),
            (true, Some(true))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_or_is_one_too_many_is_answered_all_the_same() {
    let server = Server::with(|config| config.api.in_flight_max = 1);
    server.house.turn(Mood::Silent);
    let slow = server.get("/api/v1/users/user-1");
    let meanwhile = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.get("/api/v1/assets").await
    };
    let (slow, meanwhile) = tokio::join!(slow, meanwhile);
    check_problem(&slow, 504, "timeout", None);
    check_problem(&meanwhile, 503, "overloaded", None);
    assert_eq!(server.get("/api/v1/assets").await.status, 200);
}

#[tokio::test]
async fn a_panic_is_the_answer_to_one_request_alone() {
    let server = Server::new();
    server.house.turn(Mood::Panicking);
    check_problem(&server.get("/api/v1/users/user-1").await, 500, "internal", None);
    server.house.turn(Mood::Well);
    check_problem(
        &server.get("/api/v1/users/user-1").await,
        404,
        "unknown_user",
        None,
    );
}

/// One request on a connection of its own; nothing if the connection is closed before there is an answer.
async fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut reply = String::new();
    stream
        .read_to_string(&mut reply)
        .await
        .map_or_else(|_| String::new(), |_| reply)
}

#[tokio::test]
async fn at_the_end_readiness_fails_first_and_requests_under_way_get_their_time() {
    let server = Server::with(|config| config.api.request_timeout = Duration::from_secs(1));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let [delay, timeout] = [Duration::from_millis(500), Duration::from_millis(500)];
    let stop_or_drop = async { drop(stopped.await) };
    let serving = serve(
        listener,
        server.router,
        server.api,
        Shutdown { delay, timeout },
        stop_or_drop,
    );
    let story = async {
        assert!(ask(address, "/health/ready").await.starts_with("HTTP/1.1 200"));
        drop(stop);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(
            ask(address, "/health/ready").await.starts_with("HTTP/1.1 503"),
            "still answered"
        );
        assert!(ask(address, "/health/live").await.starts_with("HTTP/1.1 200"));
        server.house.turn(Mood::Silent);
        ask(address, "/api/v1/users/user-1").await
    };
    let (served, slow) = tokio::join!(serving, story);
    served.expect("an orderly end");
    // The runtime still runs the connection, so the request under way may even be answered after the end.
    assert!(slow.is_empty() || slow.contains("timeout"), "{slow}");
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}
