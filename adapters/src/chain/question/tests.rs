use plimsoll_core::escrow::Question;
use plimsoll_core::id::{Address, TxHash};
use serde_json::{Value, json};

use super::render;

const TRANSFER: &str = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

#[track_caller]
fn check(question: &Question, calls: &[(&str, Value)]) {
    let body: Value = serde_json::from_slice(&render(question)).unwrap();
    let calls = calls.iter().enumerate();
    let expected: Value = calls
        .map(|(id, (method, params))| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
        .collect();
    assert_eq!(body, expected);
}

#[test]
fn each_question_is_one_batch() {
    let token = Address::Evm([0x55; 20]);
    let hex = token.to_string();
    check(
        &Question::Identity { tokens: vec![token] },
        &[
            ("eth_chainId", json!([])),
            ("eth_getBlockByNumber", json!(["0x0", false])),
            ("eth_call", json!([{"to": hex, "data": "0x313ce567"}, "latest"])),
        ],
    );
    check(
        &Question::Heads,
        &[
            ("eth_getBlockByNumber", json!(["latest", false])),
            ("eth_getBlockByNumber", json!(["finalized", false])),
        ],
    );
    check(&Question::Attested, &[("eth_getFinalizedHeader", json!([-2]))]);
    let tx = TxHash::Evm([0xaa; 32]);
    check(
        &Question::Receipt { tx },
        &[
            ("eth_getBlockByNumber", json!(["finalized", false])),
            ("eth_getTransactionReceipt", json!([tx.to_string()])),
        ],
    );
    let filter = json!({"fromBlock": "0x10", "toBlock": "0xff", "address": [hex], "topics": [TRANSFER]});
    check(
        &Question::Scan {
            from: 16,
            to: 255,
            tokens: vec![token],
        },
        &[
            ("eth_getBlockByNumber", json!(["finalized", false])),
            ("eth_getBlockByNumber", json!(["0xff", false])),
            ("eth_getLogs", json!([filter])),
        ],
    );
    let of = |holder: &str| json!([{"to": hex, "data": format!("0x70a08231{holder:0>64}")}, "0xff"]);
    check(
        &Question::Balances {
            block: 255,
            token,
            holders: vec![Address::Evm([7; 20]), Address::Evm([8; 20])],
        },
        &[
            ("eth_getBlockByNumber", json!(["finalized", false])),
            ("eth_getBlockByNumber", json!(["0xff", false])),
            ("eth_call", of(&"07".repeat(20))),
            ("eth_call", of(&"08".repeat(20))),
        ],
    );
}
