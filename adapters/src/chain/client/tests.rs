//! A scripted server on a real socket: what arrives is checked, what it answers is what real ones do on bad days.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use plimsoll_core::escrow::{Answer, BlockRef, Fault, Question};
use plimsoll_core::id::{BlockHash, ChainId, EndpointId};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{BODY_BYTES_MAX, RpcClient};
use crate::chain::{Dial, Target};
use crate::clock::Clock;

const ENDPOINT: EndpointId = EndpointId {
    chain: ChainId::new(56),
    index: 0,
};
const TIMEOUT: Duration = Duration::from_secs(5);

/// Dials the system's TCP and counts how often.
#[derive(Debug, Clone, Default)]
struct Counted(Arc<AtomicUsize>);

impl Dial for Counted {
    type Stream = TcpStream;

    async fn dial(&self, target: Target) -> io::Result<TcpStream> {
        assert!(!target.is_tls);
        self.0.fetch_add(1, Ordering::Relaxed);
        TcpStream::connect((target.host.as_str(), target.port)).await
    }
}

fn client(address: &str, dial: Counted) -> RpcClient<Counted> {
    let url = format!("http://{address}/key").parse().unwrap();
    RpcClient::new(BTreeMap::from([(ENDPOINT, url)]), dial, Clock::start())
}

/// Reads one request, head and body.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        let mut buffer = [0; 4096];
        let len = stream.read(&mut buffer).await.unwrap();
        assert!(len > 0, "the client hung up after {text:?}");
        text.push_str(std::str::from_utf8(&buffer[..len]).unwrap());
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return text;
            }
        }
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn heads() -> String {
    let hash = BlockHash::Evm([1; 32]);
    format!(
        r#"[{{"id":0,"result":{{"number":"0x2","hash":"{hash}"}}}},{{"id":1,"result":{{"number":"0x1","hash":"{hash}"}}}}]"#
    )
}

fn heads_answer() -> Answer {
    let block = |number| BlockRef {
        number,
        hash: BlockHash::Evm([1; 32]),
    };
    Answer::Heads {
        latest: block(2),
        finalized: block(1),
    }
}

/// Asks once a server that says `response` and hangs up.
async fn ask(question: &Question, response: &[u8]) -> Result<Answer, Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&listener.local_addr().unwrap().to_string(), Counted::default());
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        // The client may have had enough before the end.
        let _ = stream.write_all(response).await;
        request
    };
    let (request, answer) = tokio::join!(serve, client.ask(ENDPOINT, question, TIMEOUT));
    assert!(request.starts_with("POST /key HTTP/1.1\r\n"), "{request}");
    assert!(
        request.contains("content-type: application/json\r\n"),
        "{request}"
    );
    answer
}

#[tokio::test]
async fn one_connection_carries_question_after_question() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dialled = Counted::default();
    let client = client(&listener.local_addr().unwrap().to_string(), dialled.clone());
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        for _ in 0..5 {
            read_request(&mut stream).await;
            stream.write_all(ok(&heads()).as_bytes()).await.unwrap();
        }
        stream
    };
    let asking = async {
        for _ in 0..5 {
            assert_eq!(
                client.ask(ENDPOINT, &Question::Heads, TIMEOUT).await,
                Ok(heads_answer())
            );
        }
    };
    tokio::join!(serve, asking);
    assert_eq!(dialled.0.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&listener.local_addr().unwrap().to_string(), Counted::default());
    for _ in 0..3 {
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(ok(&heads()).as_bytes()).await.unwrap();
        };
        let (answer, ()) = tokio::join!(client.ask(ENDPOINT, &Question::Heads, TIMEOUT), serve);
        assert_eq!(answer, Ok(heads_answer()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn bad_days_have_their_faults() {
    let malformed = |what| Err(Fault::Malformed { what });
    let limited = |seconds: Option<u64>| {
        Err(Fault::RateLimited {
            retry_after: seconds.map(Duration::from_secs),
        })
    };
    let rpc_error = r#"{"id":null,"error":{"code":-32005,"message":"daily request count exceeded"}}"#;
    let table = [
        (
            "HTTP/1.1 429 Too Many\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n".to_owned(),
            limited(Some(9)),
        ),
        (
            "HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n".to_owned(),
            limited(None),
        ),
        (
            "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n".to_owned(),
            Err(Fault::Auth),
        ),
        (
            "HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n".to_owned(),
            Err(Fault::Server { code: 502 }),
        ),
        (ok(rpc_error), limited(None)),
        (ok(rpc_error).replace("200 OK", "400 Bad Request"), limited(None)),
        (
            ok("<html>").replace("200 OK", "404 Not Found"),
            malformed("an HTTP status other than 200"),
        ),
        (ok("<html>"), malformed("not a JSON-RPC response")),
        (
            ok(&heads()).replace("content-length: ", "content-length: 1"),
            malformed("a body that is cut short"),
        ),
        ("SSH-2.0-OpenSSH\r\n".to_owned(), Err(Fault::Connection)),
        (String::new(), Err(Fault::Connection)),
    ];
    for (response, expected) in table {
        assert_eq!(
            ask(&Question::Heads, response.as_bytes()).await,
            expected,
            "{response}"
        );
    }
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let mut response = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
        BODY_BYTES_MAX + 1
    )
    .into_bytes();
    response.resize(response.len() + BODY_BYTES_MAX + 1, b' ');
    let scan = Question::Scan {
        from: 1,
        to: 2,
        tokens: vec![],
    };
    assert_eq!(ask(&scan, &response).await, Err(Fault::TooLarge));
    assert_eq!(
        ask(&Question::Heads, &response).await,
        Err(Fault::Malformed {
            what: "a body that is too large"
        })
    );
}

#[tokio::test]
async fn nobody_there_is_a_connection_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = client(&address, Counted::default());
    assert_eq!(
        client.ask(ENDPOINT, &Question::Heads, TIMEOUT).await,
        Err(Fault::Connection)
    );
}

#[tokio::test]
async fn silence_at_every_stage_is_a_timeout() {
    let half = &ok(&heads())[..60];
    for response in ["", "HTTP/1.1 200 OK\r\n", half] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = client(&listener.local_addr().unwrap().to_string(), Counted::default());
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(response.as_bytes()).await.unwrap();
            stream
        };
        let asking = client.ask(ENDPOINT, &Question::Heads, Duration::from_millis(100));
        let (_stream, answer) = tokio::join!(serve, asking);
        assert_eq!(answer, Err(Fault::Timeout), "{response:?}");
    }
}
