use plimsoll_core::escrow::{Answer, BlockRef, Fault, Question, TOKEN_PROGRAM, TokenBalance};
use plimsoll_core::id::{Address, BlockHash, ChainId, TxHash};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Step, Talk};

const TX: TxHash = TxHash::Solana([0xaa; 64]);
const MINT: Address = Address::Solana([0x55; 32]);
const PAYER: Address = Address::Solana([0x99; 32]);
const WALLET: Address = Address::Solana([0x11; 32]);
const FROM: Address = Address::Solana([0x21; 32]);
const TO: Address = Address::Solana([0x22; 32]);
const GENESIS: BlockHash = BlockHash::Solana([0x45; 32]);

/// A node that answers each call with the result, or the error, that `node` gives.
fn asked(
    question: &Question,
    mut node: impl FnMut(&str, &Value) -> Result<Value, i64>,
) -> Result<Answer, Fault> {
    let mut talk = Talk::about(question);
    for _ in 0..question.calls() {
        let (method, params) = talk.call();
        let request = json!({"jsonrpc": "2.0", "id": 0, "method": method, "params": params});
        assert_eq!(talk.request(), request.to_string().into_bytes());
        let response = match node(method, &params) {
            Ok(result) => json!({"jsonrpc": "2.0", "id": request["id"], "result": result}),
            Err(code) => {
                json!({"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": "no"}})
            }
        };
        match talk.take(response.to_string().as_bytes())? {
            Step::Next(next) => talk = next,
            Step::Done(answer) => return Ok(answer),
        }
    }
    panic!("more calls than quotas are charged for")
}

fn hash(slot: u64) -> BlockHash {
    let mut bytes = [0xb0; 32];
    bytes[..8].copy_from_slice(&slot.to_be_bytes());
    BlockHash::Solana(bytes)
}

fn block(slot: u64) -> BlockRef {
    BlockRef {
        number: slot,
        hash: hash(slot),
    }
}

fn balance(place: u8, owner: Address, amount: &str) -> Value {
    json!({
        "accountIndex": place, "mint": MINT.to_string(), "owner": owner.to_string(),
        "programId": TOKEN_PROGRAM.to_string(),
        "uiTokenAmount": {"amount": amount, "decimals": 6, "uiAmount": 0.1, "uiAmountString": "0.100"},
    })
}

/// The transaction as nodes show it, in slot 41.
fn transaction() -> Value {
    json!({
        "slot": 41, "blockTime": 1_795_814, "version": 1,
        "meta": {
            "err": null, "fee": 5000, "innerInstructions": [], "loadedAddresses": {"readonly": [], "writable": []},
            "preTokenBalances": [balance(1, PAYER, "1000")],
            "postTokenBalances": [balance(1, PAYER, "750"), balance(2, WALLET, "250")],
            "status": {"Ok": null},
        },
        "transaction": {
            "signatures": [TX.to_string()],
            "message": {"accountKeys": [
                {"pubkey": PAYER.to_string(), "signer": true, "source": "transaction", "writable": true},
                {"pubkey": FROM.to_string(), "signer": false, "source": "transaction", "writable": true},
                {"pubkey": TO.to_string(), "signer": false, "source": "lookupTable", "writable": true},
            ], "instructions": [], "recentBlockhash": hash(40).to_string()},
        },
    })
}

/// What a node at `slot` knows of one signature.
fn statuses(slot: u64, status: &Value) -> Value {
    json!({"context": {"apiVersion": "4.1.2", "slot": slot}, "value": [status]})
}

fn head(slot: u64) -> Value {
    json!({"context": {"apiVersion": "4.1.2", "slot": slot}, "value": {"blockhash": hash(slot).to_string(), "lastValidBlockHeight": 9}})
}

fn mint(owner: Address) -> Value {
    let info = json!({"decimals": 6, "freezeAuthority": null, "isInitialized": true, "mintAuthority": null, "supply": "9"});
    let data = json!({"parsed": {"info": info, "type": "mint"}, "program": "spl-token", "space": 82});
    json!({"context": {"slot": 42}, "value": {"data": data, "executable": false, "lamports": 1, "owner": owner.to_string(), "rentEpoch": 0}})
}

/// A node at slot 43 that has finalized 12.
fn node(method: &str, params: &Value) -> Result<Value, i64> {
    let ahead = params[1]["minContextSlot"].as_u64().is_some_and(|slot| slot > 43);
    if ahead {
        Err(-32016)
    } else {
        Ok(result(method, params))
    }
}

fn result(method: &str, params: &Value) -> Value {
    let is_finalized = params.to_string().contains("\"finalized\"");
    match method {
        "getGenesisHash" => json!(GENESIS.to_string()),
        "getHealth" => json!("ok"),
        "getAccountInfo" => mint(TOKEN_PROGRAM),
        "getLatestBlockhash" if is_finalized => head(12),
        "getLatestBlockhash" => head(43),
        "getSlot" => json!(12),
        "getBlock" => {
            json!({"blockhash": hash(params[0].as_u64().expect("a slot")).to_string(), "parentSlot": 1})
        }
        "getTransaction" => transaction(),
        "getSignatureStatuses" => statuses(12, &Value::Null),
        "getSignaturesForAddress" => json!([]),
        "getFirstAvailableBlock" => json!(2),
        _ => panic!("{method} was called"),
    }
}

/// What is answered when `method` gives this instead.
fn with(question: &Question, method: &str, other: Result<Value, i64>) -> Result<Answer, Fault> {
    asked(question, |called, params| {
        if called == method {
            other.clone()
        } else {
            node(called, params)
        }
    })
}

fn receipt() -> Question {
    Question::Receipt { tx: TX }
}

/// A scan of these slots for what names two token accounts.
fn scan((from, to): (u64, u64)) -> Question {
    let tokens = vec![FROM, TO];
    Question::Scan { from, to, tokens }
}

fn identity() -> Question {
    Question::Identity {
        tokens: vec![MINT, Address::Solana([2; 32])],
    }
}

#[track_caller]
fn malformed(answer: &Result<Answer, Fault>) {
    assert!(matches!(answer, Err(Fault::Malformed { .. })), "{answer:?}");
}

#[test]
fn every_call_says_what_it_wants_and_at_which_commitment() {
    let mut calls = Vec::new();
    for question in [identity(), Question::Heads, receipt(), scan((3, 11))] {
        let answer = asked(&question, |method, params| {
            calls.push(format!("{method} {params}"));
            node(method, params)
        });
        assert!(answer.is_ok(), "{answer:?}");
    }
    insta::assert_snapshot!(calls.join("\n"));
}

#[test]
fn an_endpoint_says_who_it_is() {
    let expected = |decimals| {
        Ok(Answer::Identity {
            chain_id: ChainId::of_cluster(&GENESIS).expect("a cluster").number(),
            genesis: GENESIS,
            decimals,
        })
    };
    let answered = |account| with(&identity(), "getAccountInfo", account);
    assert_eq!(
        answered(Ok(mint(TOKEN_PROGRAM))),
        expected(vec![Some(6), Some(6)])
    );
    let none = || expected(vec![None, None]);
    assert_eq!(
        answered(Ok(mint(Address::Solana([0x22; 32])))),
        none(),
        "of the other token program"
    );
    assert_eq!(
        answered(Ok(json!({"context": {"slot": 1}, "value": null}))),
        none()
    );
    let mut account = mint(TOKEN_PROGRAM);
    account["value"]["data"] = json!(["", "base64"]);
    assert_eq!(answered(Ok(account)), none(), "shown as it is stored");
    let mut account = mint(TOKEN_PROGRAM);
    account["value"]["data"]["parsed"]["type"] = json!("account");
    assert_eq!(answered(Ok(account)), none(), "a token account is no mint");
    let mut account = mint(TOKEN_PROGRAM);
    account["value"]["data"]["parsed"]["info"]["isInitialized"] = json!(false);
    assert_eq!(answered(Ok(account)), none());
    malformed(&answered(Ok(json!({"value": 1}))));
    malformed(&with(&identity(), "getGenesisHash", Ok(json!("0x00"))));
    assert_eq!(
        with(&identity(), "getHealth", Err(-32005)),
        Err(Fault::NotReady),
        "a node that lags"
    );
    malformed(&with(&identity(), "getSignaturesForAddress", Ok(json!([]))));
    assert_eq!(
        with(&identity(), "getSignaturesForAddress", Err(-32005)),
        Err(Fault::NotReady)
    );
}

#[test]
fn heads_are_the_confirmed_and_the_finalized_one() {
    let heads = asked(&Question::Heads, node);
    assert_eq!(
        heads,
        Ok(Answer::Heads {
            latest: block(43),
            finalized: block(12)
        })
    );
}

#[test]
fn a_receipt_has_the_balances_before_and_after() {
    let Ok(Answer::Receipt {
        finalized,
        receipt: Some(shown),
    }) = asked(&receipt(), node)
    else {
        panic!("no receipt")
    };
    let held = |place, account, wallet, before, after| TokenBalance {
        place,
        account,
        mint: MINT,
        wallet,
        program: TOKEN_PROGRAM,
        before,
        after,
    };
    assert_eq!(
        (finalized, shown.tx, shown.block, shown.succeeded),
        (block(12), TX, block(41), true)
    );
    assert_eq!(
        shown.balances,
        [held(1, FROM, PAYER, 1000, 750), held(2, TO, WALLET, 0, 250)]
    );
    assert_eq!(shown.logs, []);
}

#[test]
fn what_a_node_has_not_got_is_absent_and_no_more() {
    let absent = |statuses: Value| {
        asked(&receipt(), |method, params| match method {
            "getTransaction" => Ok(Value::Null),
            "getSignatureStatuses" => Ok(statuses.clone()),
            _ => node(method, params),
        })
    };
    let known = json!({"slot": 11, "confirmations": null, "err": null, "confirmationStatus": "finalized"});
    assert_eq!(
        absent(statuses(12, &Value::Null)),
        Ok(Answer::Receipt {
            finalized: block(12),
            receipt: None
        })
    );
    assert_eq!(
        absent(statuses(11, &Value::Null)),
        Err(Fault::NotReady),
        "another node behind the same address has not come so far (trap S9)"
    );
    assert_eq!(
        absent(statuses(12, &known)),
        Err(Fault::NotReady),
        "it has an outcome, and only the transaction is gone"
    );
    malformed(&absent(json!({"context": {"slot": 12}, "value": []})));
    assert_eq!(
        with(&receipt(), "getBlock", Ok(Value::Null)),
        Err(Fault::NotReady)
    );
}

#[test]
fn a_failed_transaction_is_told_from_one_that_did_something() {
    let mut failed = transaction();
    failed["meta"]["err"] = json!({"InstructionError": [0, {"Custom": 1}]});
    let answer = with(&receipt(), "getTransaction", Ok(failed));
    assert!(matches!(answer, Ok(Answer::Receipt { receipt: Some(shown), .. }) if !shown.succeeded));
}

#[test]
fn an_answer_about_something_else_or_without_its_parts_is_malformed() {
    for (path, value) in [
        (
            "/transaction/signatures/0",
            json!(TxHash::Solana([1; 64]).to_string()),
        ),
        ("/transaction/signatures", json!([])),
        ("/transaction/signatures/0", json!(TX.to_string().to_lowercase())),
        ("/meta", Value::Null),
        ("/meta/preTokenBalances", Value::Null),
        ("/meta/postTokenBalances/0/owner", Value::Null),
        ("/meta/postTokenBalances/0/accountIndex", json!(3)),
        ("/meta/postTokenBalances/0/accountIndex", json!(300)),
        ("/meta/postTokenBalances/0/accountIndex", json!(2)),
        ("/meta/postTokenBalances/0/uiTokenAmount/amount", json!("1.5")),
        ("/meta/postTokenBalances/0/uiTokenAmount/amount", json!("+1")),
        ("/meta/postTokenBalances/0/uiTokenAmount/amount", json!("")),
        (
            "/meta/postTokenBalances/0/uiTokenAmount/amount",
            json!("18446744073709551616"),
        ),
        ("/meta/postTokenBalances/0/uiTokenAmount/amount", json!(1)),
        ("/slot", json!(-1)),
        ("/transaction/message/accountKeys/2/pubkey", json!("0x22")),
    ] {
        let mut changed = transaction();
        *changed.pointer_mut(path).expect("the field is there") = value.clone();
        let answer = with(&receipt(), "getTransaction", Ok(changed));
        assert!(
            matches!(answer, Err(Fault::Malformed { .. })),
            "{path} {value}: {answer:?}"
        );
    }
}

#[test]
fn a_block_that_was_cleaned_up_is_one_that_the_node_has_dropped() {
    for question in [receipt(), scan((3, 11))] {
        for (code, expected) in [
            (-32001, Fault::Pruned),
            (-32004, Fault::NotReady),
            (-32014, Fault::NotReady),
        ] {
            let answer = asked(&question, |called, params| match called {
                "getBlock" => Err(code),
                _ => node(called, params),
            });
            assert_eq!(answer, Err(expected), "{question:?} {code}");
        }
    }
}

#[test]
fn no_error_of_a_node_says_that_a_transaction_does_not_exist() {
    for method in [
        "getSlot",
        "getBlock",
        "getTransaction",
        "getSignatureStatuses",
        "getSignaturesForAddress",
    ] {
        for code in (-32020..=-32000).chain([-32601, -32602]) {
            for question in [receipt(), scan((3, 11))] {
                let mut is_called = false;
                let answer = asked(&question, |called, params| match called {
                    _ if called == method => {
                        is_called = true;
                        Err(code)
                    }
                    "getTransaction" => Ok(Value::Null),
                    _ => node(called, params),
                });
                assert!(answer.is_err() || !is_called, "{method} {code}: {answer:?}");
            }
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!(TX.to_string())),
        Just(json!(MINT.to_string())),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(Value::Array)
    })
}

proptest! {
    /// Whatever one field of an answer is replaced by, nothing panics.
    #[test]
    fn anything_at_all_is_an_answer_or_a_fault(place in 0usize..400, other in any_json()) {
        fn replace(value: &mut Value, place: &mut usize, other: &Value) {
            if *place == 0 {
                *value = other.clone();
            }
            *place = place.wrapping_sub(1);
            match value {
                Value::Array(all) => all.iter_mut().for_each(|one| replace(one, place, other)),
                Value::Object(all) => all.values_mut().for_each(|one| replace(one, place, other)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        for question in [identity(), Question::Heads, receipt(), scan((3, 11))] {
            let mut place = place;
            let _ = asked(&question, |method, params| {
                let mut result = node(method, params)?;
                replace(&mut result, &mut place, &other);
                Ok(result)
            });
        }
    }

    #[test]
    fn no_bytes_are_too_odd(body in prop::collection::vec(any::<u8>(), 0..64)) {
        for question in [identity(), Question::Heads, receipt(), scan((3, 11))] {
            prop_assert!(Talk::about(&question).take(&body).is_err());
        }
    }
}
