//! Against a server made of sockets, which misbehaves; the real one is watched in the end-to-end tests.

use std::io;
use std::time::Duration;

use clap::Parser as _;
use futures_util::SinkExt as _;
use plimsoll_core::id::ClaimId;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use super::follow::{Ended, Follow};
use super::update::Update;
use crate::chain::{EndpointUrl, Internet};
use crate::cli::Cli;

fn message(id: &str, status: &str, settled: bool) -> String {
    let deposits = if settled {
        json!([{ "asset": "USDT", "amount": "5.00" }])
    } else {
        json!([])
    };
    let finality = json!({ "block": settled.then_some(9), "blocks_missing": settled.then_some(0) });
    let claim =
        json!({ "id": "claim-1", "status": status, "finality": finality, "deposits": deposits, "more": 1 });
    json!({ "id": id, "settled": settled, "claim": claim }).to_string()
}

/// What the server does with one connection.
enum Scene {
    /// Answers with this, in plain HTTP.
    Plain(&'static str),
    /// Expects to be asked to go on after a state, says these, and breaks off.
    Socket(Option<&'static str>, Vec<String>),
}

async fn play(listener: TcpListener, scenes: Vec<Scene>) {
    for scene in scenes {
        let (mut stream, _) = listener.accept().await.expect("accepts");
        match scene {
            Scene::Plain(answer) => {
                let mut request = [0; 4_096];
                let _ = stream.read(&mut request).await.expect("reads");
                stream.write_all(answer.as_bytes()).await.expect("writes");
            }
            Scene::Socket(after, said) => speak(stream, after, said).await,
        }
    }
}

async fn speak(stream: TcpStream, after: Option<&str>, said: Vec<String>) {
    #[expect(clippy::result_large_err, reason = "the signature is the library's")]
    let check = |request: &Request, response: Response| {
        let query = request.uri().query().map(str::to_owned);
        assert_eq!(query, after.map(|id| format!("after={id}")));
        assert_eq!(request.uri().path(), "/base/api/v1/escrow/claims/claim-1/ws");
        Ok(response)
    };
    let mut socket = accept_hdr_async(stream, check).await.expect("a socket");
    for text in said {
        socket.send(Message::text(text)).await.expect("sends");
    }
}

/// Watches while the server plays `scenes`: the lines that are printed, and how it ends.
async fn watched(give_up: Duration, scenes: Vec<Scene>) -> (Vec<String>, Ended) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/base/", listener.local_addr().expect("an address"));
    let url: EndpointUrl = url.parse().expect("a URL");
    let network = Internet::reaching([&url].into_iter()).expect("plain");
    let mut lines = Vec::new();
    let follow = Follow::new(url, ClaimId::new(1), give_up, 7);
    let tell = |update: &Update| {
        lines.push(update.to_string());
        Ok::<(), io::Error>(())
    };
    let (ended, ()) = tokio::join!(follow.until_settled(&network, tell), play(listener, scenes));
    (lines, ended.expect("tells"))
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_connection_that_breaks_is_made_again_and_goes_on() {
    let scenes = vec![
        Scene::Socket(None, vec![message("a", "verifying", false)]),
        Scene::Plain("HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n"),
        Scene::Socket(
            Some("a"),
            vec![message("b", "seen", false), message("c", "credited", true)],
        ),
    ];
    let (lines, ended) = watched(LONG, scenes).await;
    assert_eq!(
        lines,
        [
            "claim-1 verifying",
            "claim-1 seen",
            "claim-1 credited 5.00 USDT in block 9"
        ]
    );
    assert_eq!(ended, Ended::Settled { is_credited: true });
}

#[tokio::test]
async fn what_is_settled_without_a_credit_is_told_apart() {
    let (_, ended) = watched(
        LONG,
        vec![Scene::Socket(None, vec![message("a", "rejected", true)])],
    )
    .await;
    assert_eq!(ended, Ended::Settled { is_credited: false });
}

#[tokio::test]
async fn an_answer_for_good_ends_it() {
    let body = r#"{"code":"unknown_claim","detail":"there is no claim-1"}"#;
    let answer: &'static str = Box::leak(
        format!(
            "HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_boxed_str(),
    );
    let (_, ended) = watched(LONG, vec![Scene::Plain(answer)]).await;
    let Ended::Refused { why } = ended else {
        panic!("{ended:?}");
    };
    assert!(
        why.contains("404") && why.contains("there is no claim-1"),
        "{why}"
    );

    let (_, ended) = watched(LONG, vec![Scene::Socket(None, vec!["nonsense".to_owned()])]).await;
    assert!(matches!(ended, Ended::Refused { .. }), "{ended:?}");
}

#[tokio::test]
async fn a_server_that_is_out_of_reach_for_long_is_given_up() {
    let answer = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n";
    let (_, ended) = watched(Duration::from_secs(20), vec![Scene::Plain(answer)]).await;
    let Ended::GaveUp { why } = ended else {
        panic!("{ended:?}");
    };
    assert!(why.contains("429"), "{why}");
}

#[test]
fn odd_arguments_are_refused() {
    for (arguments, fix) in [
        (["17", "--give-up", "5m"], "claim-17"),
        (["claim-17", "--url", "ftp://x"], "http or https"),
        (["claim-17", "--give-up", "soon"], "not a whole number and a unit"),
    ] {
        let refused = match Cli::try_parse_from(["plimsoll", "watch"].iter().chain(&arguments)) {
            Ok(_) => panic!("{arguments:?} accepted"),
            Err(refused) => refused.to_string(),
        };
        assert!(refused.contains(fix), "{refused}");
    }
}
