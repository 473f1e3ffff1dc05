//! Recorded shapes of go-ethereum, bsc and anvil, shortened; then what must be refused; then anything at all.

use plimsoll_core::escrow::{Answer, BlockRef, Fault, Log, Question, Receipt, ScanLog, TRANSFER_TOPIC};
use plimsoll_core::id::{Address, BlockHash, TxHash};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{LOGS_MAX, parse};

const TX: TxHash = TxHash([0xaa; 32]);
const TOKEN: Address = Address([0x55; 20]);
const BLOCK: BlockRef = BlockRef {
    number: 0x12,
    hash: BlockHash([0xbb; 32]),
};
const FINALIZED: BlockRef = BlockRef {
    number: 0x10,
    hash: BlockHash([0xcc; 32]),
};

fn identity() -> Question {
    Question::Identity {
        tokens: vec![TOKEN, Address([2; 20])],
    }
}

fn receipt_of() -> Question {
    Question::Receipt { tx: TX }
}

fn scan() -> Question {
    Question::Scan {
        from: 0x10,
        to: 0x12,
        tokens: vec![TOKEN],
    }
}

/// Results in the order of their calls.
fn results(results: &[Value]) -> Value {
    let calls = results.iter().enumerate();
    calls
        .map(|(id, result)| json!({"jsonrpc": "2.0", "id": id, "result": result}))
        .collect()
}

fn parse_value(question: &Question, body: &Value) -> Result<Answer, Fault> {
    parse(question, body.to_string().as_bytes())
}

#[track_caller]
fn check_fault(question: &Question, body: &Value, expected: &Fault) {
    assert_eq!(parse_value(question, body), Err(expected.clone()), "{body}");
}

#[track_caller]
fn check_malformed(question: &Question, body: &Value, expected: &str) {
    match parse_value(question, body) {
        Err(Fault::Malformed { what }) => assert_eq!(what, expected, "{body}"),
        other => panic!("{body} became {other:?}"),
    }
}

/// A header as go-ethereum writes it, most fields left out.
fn block(block: &BlockRef) -> Value {
    json!({
        "baseFeePerGas": "0x0", "difficulty": "0x2", "extraData": "0xd983010", "gasLimit": "0x8583b00",
        "hash": block.hash.to_string(), "number": format!("{:#x}", block.number), "timestamp": "0x66aa",
        "transactions": ["0x01"], "uncles": [], "totalDifficulty": null,
    })
}

/// A log as anvil writes it: its `blockTimestamp` is sometimes a number.
fn log(block: &BlockRef, index: u64) -> Value {
    json!({
        "address": TOKEN.to_string(),
        "topics": [BlockHash(TRANSFER_TOPIC).to_string(), BlockHash([1; 32]).to_string(), BlockHash([2; 32]).to_string()],
        "data": "0x0000000000000000000000000000000000000000000000000de0b6b3a7640000",
        "blockHash": block.hash.to_string(), "blockNumber": format!("{:#x}", block.number), "blockTimestamp": 1_722_400_000,
        "transactionHash": TX.to_string(), "transactionIndex": "0x0", "logIndex": format!("{index:#x}"), "removed": false,
    })
}

fn parsed_log(index: u64) -> Log {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&1_000_000_000_000_000_000_u64.to_be_bytes());
    let topics = [TRANSFER_TOPIC, [1; 32], [2; 32], [0; 32]];
    Log {
        address: TOKEN,
        topics,
        topic_count: 3,
        word,
        data_len: 32,
        index,
    }
}

fn receipt(logs: &[Value]) -> Value {
    json!({
        "type": "0x0", "status": "0x1", "cumulativeGasUsed": "0xcb24", "logsBloom": "0x00", "logs": logs,
        "transactionHash": TX.to_string(), "transactionIndex": "0x0", "blockHash": BLOCK.hash.to_string(),
        "blockNumber": "0x12", "blockTimestamp": "0x66aa", "gasUsed": "0xcb24", "effectiveGasPrice": 7,
        "from": Address([9; 20]).to_string(), "to": TOKEN.to_string(), "contractAddress": null,
    })
}

fn word(text: &str) -> Value {
    Value::String(format!("0x{text:0>64}"))
}

fn set(mut value: Value, pointer: &str, to: Value) -> Value {
    *value
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("no {pointer}")) = to;
    value
}

fn without(mut value: Value, field: &str) -> Value {
    value
        .as_object_mut()
        .unwrap()
        .remove(field)
        .unwrap_or_else(|| panic!("no {field}"));
    value
}

#[test]
fn an_identity_is_read() {
    let genesis = BlockRef {
        number: 0,
        hash: BLOCK.hash,
    };
    let body = results(&[json!("0x38"), block(&genesis), word("12"), word("6")]);
    let expected = Answer::Identity {
        chain_id: 56,
        genesis: BLOCK.hash,
        decimals: vec![Some(18), Some(6)],
    };
    assert_eq!(parse_value(&identity(), &body), Ok(expected));
}

#[test]
fn a_contract_without_decimals_is_no_fault_of_the_endpoint() {
    let genesis = BlockRef {
        number: 0,
        hash: BLOCK.hash,
    };
    let body = results(&[json!("0x38"), block(&genesis), json!("0x"), word("100")]);
    let decimals = |body: &Value| match parse_value(&identity(), body) {
        Ok(Answer::Identity { decimals, .. }) => decimals,
        other => panic!("{other:?}"),
    };
    assert_eq!(decimals(&body), [None, None], "no code; no uint8");
    for error in [
        json!({"code": 3, "message": "execution reverted: no", "data": "0x08c379a0"}),
        json!({"code": -32000, "message": "execution reverted"}),
        json!({"code": -32000, "message": "invalid opcode: INVALID"}),
    ] {
        let reverted = set(
            body.clone(),
            "/3",
            json!({"jsonrpc": "2.0", "id": 3, "error": error}),
        );
        assert_eq!(decimals(&reverted), [None, None]);
    }
    let limited = set(
        body,
        "/3",
        json!({"id": 3, "error": {"code": -32005, "message": "slow down"}}),
    );
    check_fault(&identity(), &limited, &Fault::RateLimited { retry_after: None });
}

#[test]
fn heads_are_read_in_any_order_of_the_batch() {
    let mut body = results(&[block(&BLOCK), block(&FINALIZED)]);
    let expected = Ok(Answer::Heads {
        latest: BLOCK,
        finalized: FINALIZED,
    });
    assert_eq!(parse_value(&Question::Heads, &body), expected);
    body.as_array_mut().unwrap().reverse();
    assert_eq!(parse_value(&Question::Heads, &body), expected);
    let padded = set(body, "/0/result/number", json!("0x0010"));
    assert_eq!(
        parse_value(&Question::Heads, &padded),
        expected,
        "leading zeros mean the same"
    );
}

#[test]
fn a_receipt_is_read_with_its_logs_in_order() {
    let body = results(&[block(&FINALIZED), receipt(&[log(&BLOCK, 9), log(&BLOCK, 4)])]);
    let logs = vec![parsed_log(4), parsed_log(9)];
    let receipt = Receipt {
        tx: TX,
        block: BLOCK,
        succeeded: true,
        logs,
    };
    let expected = Answer::Receipt {
        finalized: FINALIZED,
        receipt: Some(receipt),
    };
    assert_eq!(parse_value(&receipt_of(), &body), Ok(expected));
}

#[test]
fn a_reverted_transaction_is_read_as_failed() {
    let reverted = set(receipt(&[]), "/status", json!("0x0"));
    let Ok(Answer::Receipt {
        receipt: Some(receipt),
        ..
    }) = parse_value(&receipt_of(), &results(&[block(&FINALIZED), reverted]))
    else {
        panic!("no receipt")
    };
    assert!(!receipt.succeeded);
    assert!(receipt.logs.is_empty());
}

#[test]
fn no_receipt_and_a_pending_one_are_none() {
    let pending = set(
        set(receipt(&[]), "/blockHash", Value::Null),
        "/blockNumber",
        Value::Null,
    );
    for receipt in [Value::Null, pending] {
        let body = results(&[block(&FINALIZED), receipt]);
        let expected = Answer::Receipt {
            finalized: FINALIZED,
            receipt: None,
        };
        assert_eq!(parse_value(&receipt_of(), &body), Ok(expected));
    }
}

#[test]
fn a_scan_is_read_by_block_and_index_without_removed_logs() {
    let removed = set(log(&BLOCK, 1), "/removed", json!(true));
    let unmarked = without(log(&FINALIZED, 3), "removed");
    let logs = json!([log(&BLOCK, 7), removed, log(&BLOCK, 2), unmarked]);
    let found = |block: &BlockRef, index| ScanLog {
        tx: TX,
        block: block.number,
        log: parsed_log(index),
    };
    let expected = Answer::Scan {
        finalized: FINALIZED,
        last: Some(BLOCK),
        logs: vec![found(&FINALIZED, 3), found(&BLOCK, 2), found(&BLOCK, 7)],
    };
    assert_eq!(
        parse_value(&scan(), &results(&[block(&FINALIZED), block(&BLOCK), logs])),
        Ok(expected)
    );
}

#[test]
fn a_node_that_lags_has_no_last_block() {
    let body = results(&[block(&FINALIZED), Value::Null, json!([])]);
    let expected = Answer::Scan {
        finalized: FINALIZED,
        last: None,
        logs: vec![],
    };
    assert_eq!(parse_value(&scan(), &body), Ok(expected));
}

#[test]
fn a_node_without_a_finalized_block_is_not_ready() {
    check_fault(
        &Question::Heads,
        &results(&[block(&BLOCK), Value::Null]),
        &Fault::NotReady,
    );
}

#[test]
fn data_of_every_length_keeps_its_length() {
    for (data, len, first) in [
        ("0x", 0, 0),
        ("0xff", 1, 255),
        (&format!("0x{}", "07".repeat(100)), 100, 7),
    ] {
        let logs = json!([set(log(&BLOCK, 1), "/data", json!(data))]);
        match parse_value(&scan(), &results(&[block(&FINALIZED), block(&BLOCK), logs])) {
            Ok(Answer::Scan { logs, .. }) => {
                assert_eq!((logs[0].log.data_len, logs[0].log.word[0]), (len, first));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_a_header_must_have() {
    let what = "a block";
    for bad in [
        json!("0x12"),
        json!([]),
        json!(true),
        without(block(&BLOCK), "hash"),
        without(block(&BLOCK), "number"),
        set(block(&BLOCK), "/number", json!(18)),
        set(block(&BLOCK), "/number", json!("18")),
        set(block(&BLOCK), "/number", json!("0x")),
        set(block(&BLOCK), "/number", json!("0x+12")),
        set(block(&BLOCK), "/number", json!("0x10000000000000000")),
        set(block(&BLOCK), "/hash", Value::Null),
        set(block(&BLOCK), "/hash", json!("0xbb")),
    ] {
        check_malformed(&Question::Heads, &results(&[bad, block(&FINALIZED)]), what);
    }
    let genesis = results(&[json!("0x38"), block(&BLOCK), word("6"), word("6")]);
    check_malformed(&identity(), &genesis, "a genesis block with a number");
    let identity_of = |chain_id| results(&[chain_id, Value::Null, word("6"), word("6")]);
    check_malformed(&identity(), &identity_of(json!(56)), "a chain id");
    check_fault(&identity(), &identity_of(json!("0x38")), &Fault::NotReady);
}

#[test]
fn what_a_receipt_must_have() {
    let table = [
        (json!([]), "a receipt"),
        (without(receipt(&[]), "status"), "a receipt"),
        (without(receipt(&[]), "logs"), "a receipt"),
        (set(receipt(&[]), "/status", Value::Null), "a receipt"),
        (
            set(receipt(&[]), "/status", json!("0x2")),
            "a receipt status that is neither 0 nor 1",
        ),
        (
            set(receipt(&[]), "/transactionHash", json!(BLOCK.hash.to_string())),
            "a receipt of another transaction",
        ),
        (
            receipt(&[log(&FINALIZED, 1)]),
            "a receipt with a log from elsewhere",
        ),
        (
            receipt(&[set(log(&BLOCK, 1), "/removed", json!(true))]),
            "a receipt with a log from elsewhere",
        ),
        (
            receipt(&[set(
                log(&BLOCK, 1),
                "/transactionHash",
                json!(BLOCK.hash.to_string()),
            )]),
            "a receipt with a log from elsewhere",
        ),
        (
            receipt(&[log(&BLOCK, 1), log(&BLOCK, 1)]),
            "two logs with one index",
        ),
        (receipt(&[without(log(&BLOCK, 1), "data")]), "a receipt"),
        (
            receipt(&[set(log(&BLOCK, 1), "/data", json!("0x123"))]),
            "a receipt",
        ),
        (
            receipt(&[set(log(&BLOCK, 1), "/data", json!("0xgg"))]),
            "a receipt",
        ),
        (
            receipt(&[set(log(&BLOCK, 1), "/topics", json!(["0x01"]))]),
            "a receipt",
        ),
        (
            receipt(&[set(
                log(&BLOCK, 1),
                "/topics",
                json!(vec![BLOCK.hash.to_string(); 5]),
            )]),
            "a log with more than four topics",
        ),
    ];
    for (receipt, what) in table {
        check_malformed(&receipt_of(), &results(&[block(&FINALIZED), receipt]), what);
    }
}

#[test]
fn what_a_scan_must_have() {
    let outside = "a log outside the filter";
    let late = BlockRef {
        number: 0x13,
        ..BLOCK
    };
    let early = BlockRef { number: 0xf, ..BLOCK };
    let table = [
        (json!([log(&late, 1)]), outside),
        (json!([log(&early, 1)]), outside),
        (
            json!([set(
                log(&BLOCK, 1),
                "/address",
                json!(Address([3; 20]).to_string())
            )]),
            outside,
        ),
        (
            json!([set(log(&BLOCK, 1), "/topics/0", json!(BLOCK.hash.to_string()))]),
            outside,
        ),
        (json!([set(log(&BLOCK, 1), "/topics", json!([]))]), outside),
        (json!([log(&BLOCK, 1), log(&BLOCK, 1)]), "two logs with one index"),
        (
            json!([set(log(&BLOCK, 1), "/blockNumber", Value::Null)]),
            "an array of logs",
        ),
        (Value::Null, "an array of logs"),
        (json!({}), "an array of logs"),
    ];
    for (logs, what) in table {
        check_malformed(&scan(), &results(&[block(&FINALIZED), block(&BLOCK), logs]), what);
    }
    let elsewhere = results(&[block(&FINALIZED), block(&FINALIZED), json!([])]);
    check_malformed(&scan(), &elsewhere, "a block at another height");
}

#[test]
fn too_many_logs_are_too_large() {
    let body = results(&[block(&FINALIZED), block(&BLOCK), json!(["here"])]).to_string();
    let logs = vec![log(&BLOCK, 1).to_string(); LOGS_MAX + 1].join(",");
    let body = body.replace("\"here\"", &logs);
    assert_eq!(parse(&scan(), body.as_bytes()), Err(Fault::TooLarge));
}

fn any_question() -> impl Strategy<Value = Question> {
    prop_oneof![
        Just(identity()),
        Just(Question::Heads),
        Just(receipt_of()),
        Just(scan())
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let hex = prop_oneof![
        Just(TX.to_string()),
        Just(TOKEN.to_string()),
        "0x[0-9a-f]{0,6}",
        ".{0,8}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        hex.prop_map(Value::from),
    ];
    let field = prop_oneof![
        Just("id"),
        Just("result"),
        Just("error"),
        Just("code"),
        Just("message"),
        Just("number"),
        Just("hash"),
        Just("logs"),
        Just("status"),
        Just("topics"),
        Just("data"),
        Just("address"),
        Just("transactionHash"),
        Just("blockHash"),
        Just("blockNumber"),
        Just("logIndex"),
        Just("removed"),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((field.clone(), inner), 0..8).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

/// Every value in `value`, by its JSON pointer.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| pointers(item, &format!("{at}/{index}"), all));
        }
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, item)| pointers(item, &format!("{at}/{name}"), all)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn sound(question: &Question) -> Value {
    let genesis = BlockRef {
        number: 0,
        hash: BLOCK.hash,
    };
    results(&match question {
        Question::Identity { .. } => vec![json!("0x38"), block(&genesis), word("12"), word("6")],
        Question::Heads => vec![block(&BLOCK), block(&FINALIZED)],
        Question::Receipt { .. } => vec![block(&FINALIZED), receipt(&[log(&BLOCK, 1), log(&BLOCK, 2)])],
        Question::Scan { .. } => {
            vec![
                block(&FINALIZED),
                block(&BLOCK),
                json!([log(&BLOCK, 1), log(&BLOCK, 2)]),
            ]
        }
    })
}

proptest! {
    #[test]
    fn no_bytes_panic(question in any_question(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        let is_fault = matches!(parse(&question, &body), Err(Fault::Malformed { .. }));
        prop_assert!(is_fault);
    }

    #[test]
    fn no_json_panics(question in any_question(), body in any_json()) {
        let _ = parse_value(&question, &body);
    }

    #[test]
    fn no_single_change_panics(question in any_question(), place in any::<prop::sample::Index>(), to in any_json()) {
        let body = sound(&question);
        prop_assert!(parse_value(&question, &body).is_ok());
        let mut all = Vec::new();
        pointers(&body, "", &mut all);
        let _ = parse_value(&question, &set(body, place.get::<String>(&all), to));
    }

    #[test]
    fn no_cut_is_read_as_an_answer(question in any_question(), place in any::<prop::sample::Index>()) {
        let body = sound(&question).to_string();
        let is_fault = matches!(parse(&question, &body.as_bytes()[..place.index(body.len())]), Err(Fault::Malformed { .. }));
        prop_assert!(is_fault);
    }
}

#[test]
fn depth_is_bounded() {
    for depth in [200, 1_000_000] {
        let deep = format!(
            "[{{\"id\":0,\"result\":{}1{}}}]",
            "[".repeat(depth),
            "]".repeat(depth)
        );
        let fault = parse(&Question::Heads, deep.as_bytes());
        assert!(matches!(fault, Err(Fault::Malformed { .. })), "{fault:?}");
    }
}
