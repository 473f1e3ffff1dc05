//! What endpoints answer: the bodies of EVM nodes, whole conversations with Solana nodes, and HTTP itself.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use plimsoll_adapters::chain::{Dial, RpcClient, Target, parse};
use plimsoll_adapters::clock::Clock;
use plimsoll_core::escrow::{Answer, Fault, Question, TRANSFER_TOPIC};
use plimsoll_core::id::{Address, ChainId, EndpointId, TxHash};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::runtime::{Builder, Runtime};

use super::choice;

const TX: TxHash = TxHash::Evm([0xaa; 32]);
const TOKEN: Address = Address::Evm([0x55; 20]);
const SIGNATURE: TxHash = TxHash::Solana([0xaa; 64]);
const MINT: Address = Address::Solana([0x55; 32]);
const EVM: ChainId = ChainId::new(56);
/// The number of some cluster of Solana's.
const CLUSTER: &str = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp";
/// What stands between the bodies of one conversation.
const SEPARATOR: u8 = 0x1e;
/// Nothing here waits for anything but memory.
const TIMEOUT: Duration = Duration::from_secs(5);

/// One body of an EVM node, to a question that the first byte chooses.
pub(super) fn body(data: &[u8]) -> bool {
    let Some((which, body)) = choice(data) else {
        return false;
    };
    let question = question(which, TX, TOKEN);
    is_understood(&question, &parse(&question, body))
}

/// The bodies of a Solana node, one for each call of a question that the first byte chooses.
pub(super) fn solana(data: &[u8]) -> bool {
    let Some((which, bodies)) = choice(data) else {
        return false;
    };
    let question = match which % 4 {
        0 => Question::Identity { tokens: vec![MINT] },
        1 => Question::Heads,
        2 => Question::Receipt { tx: SIGNATURE },
        _ => Question::Scan {
            from: 5,
            to: 12,
            tokens: vec![MINT],
        },
    };
    let bodies = bodies.split(|byte| *byte == SEPARATOR);
    let responses = bodies.map(|body| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    });
    let chain = CLUSTER.parse().expect("a cluster");
    is_understood(&question, &asked(chain, &question, responses.collect()))
}

/// A whole HTTP response, whatever it is, to a question for the heads.
pub(super) fn response(data: &[u8]) -> bool {
    let question = Question::Heads;
    is_understood(&question, &asked(EVM, &question, vec![data.to_vec()]))
}

fn question(which: u8, tx: TxHash, token: Address) -> Question {
    match which % 5 {
        0 => Question::Identity {
            tokens: vec![token; 2],
        },
        1 => Question::Heads,
        2 => Question::Receipt { tx },
        4 => Question::Attested,
        _ => Question::Scan {
            from: 0x10,
            to: 0x12,
            tokens: vec![token],
        },
    }
}

/// Whether it is an answer to `question`, or a fault that says more than that nothing could be read.
fn is_understood(question: &Question, outcome: &Result<Answer, Fault>) -> bool {
    match outcome {
        Ok(answer) => {
            check(question, answer);
            true
        }
        Err(fault) => !matches!(fault, Fault::Malformed { .. } | Fault::Connection),
    }
}

/// An answer is one to the question that was asked.
fn check(question: &Question, answer: &Answer) {
    match (question, answer) {
        (Question::Identity { tokens }, Answer::Identity { decimals, .. }) => {
            assert_eq!(tokens.len(), decimals.len());
        }
        (Question::Heads, Answer::Heads { .. }) | (Question::Attested, Answer::Attested { .. }) => {}
        (Question::Receipt { tx }, Answer::Receipt { receipt, .. }) => {
            let Some(receipt) = receipt else { return };
            assert_eq!(receipt.tx, *tx);
            assert!(receipt.logs.is_empty() || receipt.balances.is_empty());
            assert!(receipt.logs.iter().all(|log| log.topic_count <= 4));
        }
        (Question::Scan { from, to, tokens }, Answer::Scan { last, logs, .. }) => {
            assert!(last.is_none_or(|last| last.number == *to));
            let is_asked = |log: &plimsoll_core::escrow::ScanLog| {
                (from..=to).contains(&&log.block) && tokens.contains(&log.log.address)
            };
            assert!(logs.iter().all(is_asked), "a log that was not asked for");
        }
        (Question::Balances { block, holders, .. }, Answer::Balances { at, balances, .. }) => {
            assert!(at.is_none_or(|at| at.number == *block));
            assert_eq!(balances.len(), if at.is_some() { holders.len() } else { 0 });
        }
        (
            Question::Identity { .. }
            | Question::Heads
            | Question::Attested
            | Question::Receipt { .. }
            | Question::Scan { .. }
            | Question::Balances { .. },
            _,
        ) => panic!("{answer:?} to {question:?}"),
    }
}

/// Asks a node that gives `responses`, one for each request, and then hangs up.
fn asked(chain: ChainId, question: &Question, responses: Vec<Vec<u8>>) -> Result<Answer, Fault> {
    let endpoint = EndpointId { chain, index: 0 };
    let client = client(endpoint, Node { responses });
    in_runtime(client.ask(endpoint, question, TIMEOUT))
}

fn client(endpoint: EndpointId, node: Node) -> RpcClient<Node> {
    let url = "http://node:1".parse().expect("an address");
    RpcClient::new(BTreeMap::from([(endpoint, url)]), node, Clock::start())
}

fn in_runtime<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// Answers by heart.
#[derive(Debug, Clone)]
struct Node {
    responses: Vec<Vec<u8>>,
}

impl Dial for Node {
    type Stream = DuplexStream;

    async fn dial(&self, _: Target) -> io::Result<DuplexStream> {
        let (near, far) = tokio::io::duplex(1 << 16);
        tokio::spawn(serve(far, self.responses.clone()));
        Ok(near)
    }
}

async fn serve(mut stream: DuplexStream, responses: Vec<Vec<u8>>) -> io::Result<()> {
    for response in responses {
        request(&mut stream).await?;
        stream.write_all(&response).await?;
    }
    stream.shutdown().await
}

/// Waits for one request, which has a `content-length`.
async fn request(stream: &mut DuplexStream) -> io::Result<()> {
    let mut seen = Vec::new();
    let mut some = [0; 4096];
    loop {
        let read = stream.read(&mut some).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        seen.extend_from_slice(&some[..read]);
        if is_whole(&seen) {
            return Ok(());
        }
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length
        .and_then(|length| length.parse().ok())
        .is_some_and(|length: usize| body.len() >= length)
}

pub(super) fn body_seeds() -> Vec<Vec<u8>> {
    let hash = |byte: u8| format!("0x{}", format!("{byte:02x}").repeat(32));
    let block = |number: &str| json!({"number": number, "hash": hash(0xbb)});
    let transfer = TRANSFER_TOPIC
        .iter()
        .fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"));
    let log = json!({
        "address": TOKEN.to_string(), "topics": [transfer, hash(1), hash(2)], "data": hash(3),
        "blockNumber": "0x11", "blockHash": hash(0xbb), "transactionHash": TX.to_string(),
        "transactionIndex": "0x0", "logIndex": "0x5", "removed": false,
    });
    let receipt = json!({
        "transactionHash": TX.to_string(), "blockHash": hash(0xbb), "blockNumber": "0x11", "status": "0x1", "logs": [log],
    });
    let answers = [
        json!(["0x38", block("0x0"), hash(18), hash(6)]),
        json!([block("0x12"), block("0x10")]),
        json!([block("0x12"), receipt]),
        json!([block("0x12"), block("0x12"), [log]]),
        json!([block("0x12")]),
    ];
    let error = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32005, "message": "limit exceeded"}});
    let mut seeds: Vec<_> = answers
        .iter()
        .zip(0_u8..)
        .map(|(answer, which)| {
            let calls = answer.as_array().expect("calls").iter().enumerate();
            let calls: Value = calls
                .map(|(id, result)| json!({"jsonrpc": "2.0", "id": id, "result": result}))
                .collect();
            [&[which][..], calls.to_string().as_bytes()].concat()
        })
        .collect();
    seeds.push([&[2][..], error.to_string().as_bytes()].concat());
    seeds
}

pub(super) fn response_seeds() -> Vec<Vec<u8>> {
    let body = String::from_utf8(body_seeds()[1][1..].to_vec()).expect("text");
    let length = body.len();
    [
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"),
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 503 Unavailable\r\nretry-after: Sun, 06 Nov 2026 08:49:37 GMT\r\ncontent-length: 2\r\n\r\nno".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

pub(super) fn solana_seeds() -> Vec<Vec<u8>> {
    let name = |byte: u8| Address::Solana([byte; 32]).to_string();
    let head = |slot: u64| json!({"context": {"slot": slot}, "value": {"blockhash": name(9), "lastValidBlockHeight": 9}});
    let info = json!({"decimals": 6, "isInitialized": true});
    let program = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
    let mint = json!({"context": {"slot": 1}, "value": {"owner": program, "data": {"parsed": {"type": "mint", "info": info}, "program": "spl-token"}}});
    let balance = |amount: &str| {
        json!([{
            "accountIndex": 1, "mint": MINT.to_string(), "owner": name(3), "programId": program,
            "uiTokenAmount": {"amount": amount, "decimals": 6},
        }])
    };
    let key = |byte: u8| json!({"pubkey": name(byte), "signer": byte == 1, "source": "transaction", "writable": true});
    let transaction = json!({
        "slot": 11, "version": 0,
        "meta": {"err": null, "preTokenBalances": balance("1"), "postTokenBalances": balance("250")},
        "transaction": {"signatures": [SIGNATURE.to_string()], "message": {"accountKeys": [key(1), key(2)]}},
    });
    let block = json!({"blockhash": name(8), "parentSlot": 1});
    let named = json!([{"signature": SIGNATURE.to_string(), "slot": 11, "err": null}]);
    // -32016: the node has not come to that slot.
    let talks: [Vec<Result<Value, i64>>; 4] = [
        vec![Ok(json!(name(7))), Ok(json!("ok")), Err(-32_016), Ok(mint)],
        vec![Ok(head(43)), Ok(head(12))],
        vec![
            Ok(json!(12)),
            Ok(block.clone()),
            Ok(transaction),
            Ok(block.clone()),
        ],
        vec![Ok(json!(12)), Ok(block.clone()), Ok(block), Ok(named)],
    ];
    let talk = |(results, which): (&Vec<Result<Value, i64>>, u8)| {
        let body = |result: &Result<Value, i64>| {
            let response = match result {
                Ok(result) => json!({"jsonrpc": "2.0", "id": 0, "result": result}),
                Err(code) => json!({"jsonrpc": "2.0", "id": 0, "error": {"code": code, "message": "no"}}),
            };
            response.to_string().into_bytes()
        };
        let bodies: Vec<_> = results.iter().map(body).collect();
        [vec![which], bodies.join(&SEPARATOR)].concat()
    };
    talks.iter().zip(0..).map(talk).collect()
}
