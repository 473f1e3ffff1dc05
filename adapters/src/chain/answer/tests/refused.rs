//! What an answer must have, or is none.

use plimsoll_core::escrow::{BlockRef, Fault, Question};
use plimsoll_core::id::Address;
use serde_json::{Value, json};

use super::{
    BLOCK, FINALIZED, block, check_fault, check_malformed, identity, log, receipt, receipt_of, results, scan,
    set, without, word,
};
use crate::chain::answer::{LOGS_MAX, parse};

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
        check_malformed(&Question::Attested, &results(std::slice::from_ref(&bad)), what);
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
                json!(Address::Evm([3; 20]).to_string())
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
