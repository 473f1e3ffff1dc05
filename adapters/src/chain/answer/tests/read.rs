//! What endpoints answer, in recorded shapes of go-ethereum, bsc and anvil.

use plimsoll_core::escrow::{Answer, BlockRef, Fault, Question, Receipt, ScanLog};
use serde_json::{Value, json};

use super::{
    BLOCK, FINALIZED, TX, balances, block, check_fault, identity, log, parse_value, parsed_log, receipt,
    receipt_of, results, scan, set, without, word,
};

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
fn what_is_attested_is_a_header_or_not_known_yet_or_not_told() {
    let expected = Ok(Answer::Attested { block: BLOCK });
    assert_eq!(
        parse_value(&Question::Attested, &results(&[block(&BLOCK)])),
        expected
    );
    let error = |code: i64, message: &str| {
        let error = json!({"code": code, "message": message});
        json!([{"jsonrpc": "2.0", "id": 0, "error": error}])
    };
    for (body, fault) in [
        (results(&[Value::Null]), Fault::NotReady),
        // The validators have not built upon enough yet.
        (error(-39001, "unknown block"), Fault::NotReady),
        (
            error(
                -32601,
                "the method eth_getFinalizedHeader does not exist/is not available",
            ),
            Fault::Unsupported,
        ),
    ] {
        check_fault(&Question::Attested, &body, &fault);
    }
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
        balances: Vec::new(),
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
    let nothing = results(&[block(&FINALIZED), Value::Null, json!([])]);
    let mut refused = nothing.clone();
    refused[2] = json!({"id": 2, "error": {"code": -32602, "message": "block range extends beyond current head block"}});
    for body in [nothing, refused] {
        let expected = Answer::Scan {
            finalized: FINALIZED,
            last: None,
            logs: vec![],
        };
        assert_eq!(parse_value(&scan(), &body), Ok(expected), "{body}");
    }
}

#[test]
fn a_node_that_has_the_last_block_and_calls_it_too_high_is_not_ready() {
    let mut body = results(&[block(&FINALIZED), block(&BLOCK), Value::Null]);
    body[2] = json!({"id": 2, "error": {"code": -32602, "message": "invalid block range params"}});
    check_fault(&scan(), &body, &Fault::NotReady);
    body[1]["result"] = Value::Null;
    body[2] = json!({"id": 2, "error": {"code": -32602, "message": "too many topics"}});
    check_fault(&scan(), &body, &Fault::Server { code: -32602 });
}

#[test]
fn balances_are_words_and_a_node_without_the_state_of_the_block_has_none() {
    let all = results(&[block(&FINALIZED), block(&BLOCK), word("2a"), word("0")]);
    let mut forty_two = [0; 32];
    forty_two[31] = 42;
    let expected = Answer::Balances {
        finalized: FINALIZED,
        at: Some(BLOCK),
        balances: vec![forty_two, [0; 32]],
    };
    assert_eq!(parse_value(&balances(), &all), Ok(expected));
    let nothing = Answer::Balances {
        finalized: FINALIZED,
        at: None,
        balances: vec![],
    };
    for message in [
        "missing trie node 7b (path )",
        "header not found",
        "historical state 0x1 is not available",
    ] {
        let mut pruned = all.clone();
        pruned[3] = json!({"id": 3, "error": {"code": -32000, "message": message}});
        assert_eq!(
            parse_value(&balances(), &pruned),
            Ok(nothing.clone()),
            "{message}"
        );
    }
    let mut short = all.clone();
    short[2]["result"] = json!("0x2a");
    let what = "a balance that is no word";
    check_fault(&balances(), &short, &Fault::Malformed { what });
    let mut refused = all;
    refused[2] = json!({"id": 2, "error": {"code": -32005, "message": "limit exceeded"}});
    check_fault(&balances(), &refused, &Fault::RateLimited { retry_after: None });
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
fn who_answers_all_but_the_search_serves_none() {
    let mut body = results(&[block(&FINALIZED), block(&BLOCK), Value::Null]);
    for (code, message, fault) in [
        (-32_005, "limit exceeded", Fault::Unsupported),
        (-32_601, "method not found", Fault::Unsupported),
        (
            -32_005,
            "daily request rate limit exceeded",
            Fault::RateLimited { retry_after: None },
        ),
        (4_444, "pruned history unavailable", Fault::Pruned),
    ] {
        body[2] = json!({"id": 2, "error": {"code": code, "message": message}});
        check_fault(&scan(), &body, &fault);
    }
}
