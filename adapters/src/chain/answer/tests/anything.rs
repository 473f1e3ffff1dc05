//! Anything at all: nothing panics, and nothing broken is read as an answer.

use plimsoll_core::escrow::{BlockRef, Fault, Question};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    BLOCK, FINALIZED, TOKEN, TX, balances, block, identity, log, parse_value, receipt, receipt_of, results,
    scan, set, word,
};
use crate::chain::answer::parse;

fn any_question() -> impl Strategy<Value = Question> {
    prop_oneof![
        Just(identity()),
        Just(Question::Heads),
        Just(Question::Attested),
        Just(receipt_of()),
        Just(scan()),
        Just(balances())
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
        Question::Attested => vec![block(&BLOCK)],
        Question::Receipt { .. } => vec![block(&FINALIZED), receipt(&[log(&BLOCK, 1), log(&BLOCK, 2)])],
        Question::Balances { .. } => vec![block(&FINALIZED), block(&BLOCK), word("2a"), word("0")],
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
