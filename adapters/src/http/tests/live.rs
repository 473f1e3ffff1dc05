//! Claims followed: over events through the router, over sockets through TCP.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use tower::ServiceExt as _;

use super::house::{Server, TX};
use super::{CLAIMS, check_problem, claim};
use crate::config::Shutdown;
use crate::driver::spawn::spawn;
use crate::http::{Hub, serve};

const EVENTS: &str = "/api/v1/escrow/claims/claim-1/events";
/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);
const BEAT: Duration = Duration::from_millis(100);

/// A server whose `user-1` claims a transaction that is not mined yet, and the user's address.
async fn claimed(hub: Hub) -> (Server, plimsoll_core::id::Address) {
    let server = Server::with_hub(hub);
    let address = server.register("ada").await;
    let body = claim("user-1", "eip155:56", &TX.to_string());
    assert_eq!(server.post(CLAIMS, "k1", &body).await.status, 202);
    server.house.pass(Duration::from_secs(3));
    (server, address)
}

async fn open(server: &Server, told: Option<&str>) -> Response {
    let mut request = Request::get(EVENTS);
    if let Some(told) = told {
        request = request.header("last-event-id", told);
    }
    let request = request.body(Body::empty()).expect("a request");
    server.router.clone().oneshot(request).await.expect("infallible")
}

/// The next event that is no comment: its id and its data; `None` at the end.
async fn next(events: &mut Body) -> Option<(String, Value)> {
    loop {
        let frame = tokio::time::timeout(LONG, events.frame())
            .await
            .expect("in time")?;
        let text = frame.expect("a frame").into_data().expect("data");
        let text = std::str::from_utf8(&text).expect("text").to_owned();
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name))
                .map(str::to_owned)
        };
        if let Some(id) = field("id: ") {
            assert_eq!(field("event: ").as_deref(), Some("status"));
            let data = field("data: ").expect("data");
            return Some((id, serde_json::from_str(&data).expect("json")));
        }
    }
}

fn status(update: &Value) -> &str {
    update["claim"]["status"].as_str().expect("a status")
}

#[tokio::test]
async fn a_claim_is_followed_from_its_filing_to_its_end() {
    let (server, address) = claimed(Hub::default()).await;
    let response = open(&server, None).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut events = response.into_body();
    assert_eq!(server.live.listening(), 1);
    let (_, update) = next(&mut events).await.expect("an event");
    assert_eq!(
        (status(&update), update["settled"].as_bool()),
        ("verifying", Some(false))
    );

    server.house.pay(address, 5 * 10i128.pow(18));
    server.house.pass(Duration::from_secs(8));
    server.tell();
    let (seen, update) = next(&mut events).await.expect("an event");
    assert_eq!(status(&update), "seen");

    server.house.finalize();
    server.tell();
    let (credited, update) = next(&mut events).await.expect("an event");
    assert_eq!(
        (status(&update), update["settled"].as_bool()),
        ("credited", Some(true))
    );
    assert_eq!(update["claim"]["deposits"][0]["amount"], "5.000000000000000000");
    assert!(next(&mut events).await.is_none(), "that was the end");
    assert_eq!(server.live.listening(), 0);

    let again = open(&server, Some(&seen)).await;
    let (id, _) = next(&mut again.into_body()).await.expect("what is new");
    assert_eq!(id, credited);
    assert_eq!(
        open(&server, Some(&credited)).await.status(),
        204,
        "nothing more will come"
    );
}

#[tokio::test]
async fn nothing_is_told_twice_and_beats_fill_the_silence() {
    let (server, address) = claimed(Hub::with_heartbeat(10, BEAT)).await;
    let mut events = open(&server, None).await.into_body();
    let (id, _) = next(&mut events).await.expect("an event");
    let mut again = open(&server, Some(&id)).await.into_body();
    let frame = tokio::time::timeout(LONG, again.frame()).await.expect("in time");
    let frame = frame
        .expect("a beat")
        .expect("a frame")
        .into_data()
        .expect("data");
    assert!(frame.starts_with(b":"), "{frame:?}");

    // Not told of by the bank, and found with the beat all the same.
    server.house.pay(address, 5 * 10i128.pow(18));
    server.house.pass(Duration::from_secs(8));
    assert_eq!(status(&next(&mut again).await.expect("an event").1), "seen");
}

#[tokio::test]
async fn only_so_many_listen_and_whoever_leaves_makes_room() {
    let (server, _) = claimed(Hub::new(2)).await;
    let first = open(&server, None).await;
    let _second = open(&server, None).await;
    check_problem(&server.get(EVENTS).await, 503, "too_many_listeners", None);
    assert!(
        server
            .get("/metrics")
            .await
            .text
            .contains("plimsoll_claim_listeners 2")
    );
    drop(first);
    assert_eq!(open(&server, None).await.status(), 200);
}

#[tokio::test]
async fn what_cannot_be_followed_is_a_problem() {
    let (server, _) = claimed(Hub::default()).await;
    let unknown = server.get("/api/v1/escrow/claims/claim-9/events").await;
    check_problem(&unknown, 404, "unknown_claim", None);
    check_problem(
        &server.get("/api/v1/escrow/claims/9/events").await,
        400,
        "id_malformed",
        Some("id"),
    );
    check_problem(
        &server.get("/api/v1/escrow/claims/claim-1/ws").await,
        426,
        "upgrade_required",
        None,
    );
}

/// A server on TCP, and how to stop it.
async fn listen(server: &Server) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = Shutdown {
        delay: Duration::ZERO,
        timeout: LONG,
    };
    let (router, api) = (server.router.clone(), server.api.clone());
    let serving = serve(listener, router, api, shutdown, async { drop(stopped.await) });
    (address, stop, spawn(serving))
}

async fn connect(address: SocketAddr, query: &str) -> Result<WebSocketStream<TcpStream>, Error> {
    let stream = TcpStream::connect(address).await.expect("connects");
    let url = format!("ws://{address}{CLAIMS}/claim-1/ws{query}");
    client_async(url, stream).await.map(|(socket, _)| socket)
}

/// The next message that is no ping.
async fn heard(socket: &mut WebSocketStream<TcpStream>) -> Message {
    loop {
        let message = tokio::time::timeout(LONG, socket.next()).await.expect("in time");
        match message.expect("a message").expect("sound") {
            Message::Ping(_) => {}
            other @ (Message::Text(_)
            | Message::Binary(_)
            | Message::Pong(_)
            | Message::Close(_)
            | Message::Frame(_)) => {
                return other;
            }
        }
    }
}

async fn update(socket: &mut WebSocketStream<TcpStream>) -> Value {
    let message = heard(socket).await;
    serde_json::from_str(message.to_text().expect("text")).expect("json")
}

async fn close_code(socket: &mut WebSocketStream<TcpStream>) -> u16 {
    let Message::Close(Some(frame)) = heard(socket).await else {
        panic!("no farewell");
    };
    frame.code.into()
}

#[tokio::test]
async fn a_claim_is_followed_over_a_socket() {
    let (server, address) = claimed(Hub::with_heartbeat(10, BEAT)).await;
    let (at, _stop, _serving) = listen(&server).await;
    let mut socket = connect(at, "").await.expect("a socket");
    let first = update(&mut socket).await;
    assert_eq!(status(&first), "verifying");
    let mut again = connect(at, &format!("?after={}", first["id"].as_str().expect("an id")))
        .await
        .expect("a socket");

    server.house.pay(address, 5 * 10i128.pow(18));
    server.house.finalize();
    server.tell();
    for socket in [&mut socket, &mut again] {
        let last = update(socket).await;
        assert_eq!(
            (status(&last), last["settled"].as_bool()),
            ("credited", Some(true))
        );
        assert_eq!(close_code(socket).await, 1000);
    }
    server.live.emptied().await;
}

#[tokio::test]
async fn who_does_not_keep_up_is_let_go() {
    let (server, _) = claimed(Hub::with_heartbeat(10, BEAT)).await;
    let (at, _stop, _serving) = listen(&server).await;
    let mut socket = connect(at, "").await.expect("a socket");
    // Pings are answered when the socket is read, which it is not.
    tokio::time::timeout(LONG, server.live.emptied())
        .await
        .expect("let go");
    assert_eq!(status(&update(&mut socket).await), "verifying");
    assert_eq!(close_code(&mut socket).await, 4008);
}

#[tokio::test]
async fn when_the_server_stops_everybody_hears_farewell() {
    let (server, _) = claimed(Hub::default()).await;
    let (at, stop, serving) = listen(&server).await;
    let mut socket = connect(at, "").await.expect("a socket");
    update(&mut socket).await;
    let mut events = open(&server, None).await.into_body();
    next(&mut events).await.expect("an event");
    drop(stop);
    assert_eq!(close_code(&mut socket).await, 1001);
    assert!(next(&mut events).await.is_none());
    let served = tokio::time::timeout(LONG, serving).await.expect("in time");
    served.expect("no panic").expect("serves");
    check_problem(&server.get(EVENTS).await, 503, "too_many_listeners", None);
}
