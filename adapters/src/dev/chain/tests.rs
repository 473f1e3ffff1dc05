use std::io::Write as _;
use std::time::Duration;

use plimsoll_core::escrow::{Answer, BlockRef, Question};
use plimsoll_core::id::{Address, TxHash};
use plimsoll_sim::world::plan::Token;
use tower::ServiceExt as _;

use super::{DevChain, DevChainError, FILE};
use crate::chain::{parse, render};
use crate::clock::Clock;
use crate::dev::rpc;

const TO: Address = Address::Evm([0x70; 20]);

fn open(folder: &tempfile::TempDir) -> DevChain {
    DevChain::open(folder.path(), Clock::start()).expect("a chain")
}

fn receipt_block(chain: &DevChain, tx: &TxHash) -> Option<BlockRef> {
    chain
        .view(0, |view| view.receipt(tx).map(|receipt| receipt.block))
        .expect("a view")
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_mined_in_the_next_block_and_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, tx, block) = {
        let chain = open(&folder);
        let (tx, block) = chain.pay(TO, Token::Usdt, 25_000).expect("paid");
        assert_eq!(receipt_block(&chain, &tx), None, "not mined yet");
        tokio::time::advance(Duration::from_millis(450)).await;
        assert_eq!(receipt_block(&chain, &tx), Some(block));
        (chain.view(0, |view| view.latest()).expect("a view"), tx, block)
    };
    let chain = open(&folder);
    assert_eq!(
        receipt_block(&chain, &tx),
        Some(block),
        "the same transaction in the same block"
    );
    let latest = chain.view(0, |view| view.latest()).expect("a view");
    assert!(
        latest.number >= first.number,
        "the chain got younger: {latest:?} after {first:?}"
    );
    assert_eq!(
        chain.view(0, |view| view.header(first.number)).expect("a view"),
        Some(first)
    );
    let (second, _) = chain.pay(TO, Token::Usdt, 25_000).expect("paid");
    assert_ne!(second, tx);
}

#[tokio::test]
async fn a_file_that_is_no_chain_is_refused_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut file = std::fs::File::create(folder.path().join(FILE)).expect("a file");
    writeln!(file, "{{\"age\":1}}\nnonsense").expect("written");
    let refused = DevChain::open(folder.path(), Clock::start());
    assert!(matches!(refused, Err(DevChainError::Line { line: 2, .. })));
}

/// Asks an endpoint as the driver does, and reads the answer as the driver does.
async fn ask(chain: &std::sync::Arc<DevChain>, endpoint: &str, question: &Question) -> Answer {
    let request =
        axum::http::Request::post(format!("/{endpoint}")).header("content-type", "application/json");
    let request = request
        .body(axum::body::Body::from(render(question)))
        .expect("a request");
    let response = rpc(std::sync::Arc::clone(chain))
        .oneshot(request)
        .await
        .expect("infallible");
    let body = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .expect("a body");
    parse(question, &body).expect("an answer")
}

#[tokio::test(start_paused = true)]
async fn endpoints_answer_every_question() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = std::sync::Arc::new(open(&folder));
    let (tx, block) = chain.pay(TO, Token::Usdc, 130_000).expect("paid");
    tokio::time::advance(Duration::from_secs(5)).await;

    let tokens: Vec<Address> = [Token::Usdt, Token::Usdc]
        .map(|token| token.facts().contract.expect("on chain").0)
        .into();
    let stranger = Address::Evm([0x11; 20]);
    let asked = Question::Identity {
        tokens: vec![tokens[0], tokens[1], stranger],
    };
    let identity = ask(&chain, "alpha", &asked).await;
    let (chain_id, genesis) = (1337, chain.genesis());
    assert_eq!(
        identity,
        Answer::Identity {
            chain_id,
            genesis,
            decimals: vec![Some(18), Some(6), None]
        }
    );

    let Answer::Heads { latest, finalized } = ask(&chain, "beta", &Question::Heads).await else {
        panic!("heads")
    };
    assert_eq!(latest.number, finalized.number + 3);
    let Answer::Heads { latest: behind, .. } = ask(&chain, "gamma", &Question::Heads).await else {
        panic!("heads")
    };
    assert_eq!(behind.number + 1, latest.number);

    let Answer::Receipt {
        receipt: Some(receipt),
        ..
    } = ask(&chain, "alpha", &Question::Receipt { tx }).await
    else {
        panic!("a receipt")
    };
    assert_eq!(
        (receipt.block, receipt.succeeded, receipt.logs.len()),
        (block, true, 1)
    );
    let scan = Question::Scan {
        from: 1000,
        to: latest.number,
        tokens,
    };
    let Answer::Scan {
        logs,
        last: Some(last),
        ..
    } = ask(&chain, "alpha", &scan).await
    else {
        panic!("a scan")
    };
    assert_eq!(
        (last, logs.len(), logs[0].tx, logs[0].log),
        (latest, 1, tx, receipt.logs[0])
    );
}
