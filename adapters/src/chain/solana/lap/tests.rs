use plimsoll_core::escrow::{Answer, BlockRef, Fault, Question};
use plimsoll_core::id::{Address, BlockHash, TxHash};
use serde_json::{Value, json};

use super::{Lap, PAGE_ENTRIES, PAGES_MAX, Step, Talk};

const FIRST: Address = Address::Solana([0x21; 32]);
const SECOND: Address = Address::Solana([0x22; 32]);

fn block(slot: u64) -> BlockRef {
    let mut hash = [0xb0; 32];
    hash[..8].copy_from_slice(&slot.to_be_bytes());
    BlockRef {
        number: slot,
        hash: BlockHash::Solana(hash),
    }
}

fn tx(number: u64) -> TxHash {
    let mut bytes = [0xaa; 64];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    TxHash::Solana(bytes)
}

/// What a node that has finalized slot 50 and keeps everything answers about slots 10 to 40, if it tells of each account what
/// `signatures` says: the number and slot of each transaction from the newest back, and whether it succeeded.
fn asked(accounts: &[Address], signatures: impl Fn(&str) -> Vec<(u64, u64, bool)>) -> Result<Answer, Fault> {
    asked_of(0, accounts, signatures)
}

/// The same of a node that has blocks from slot `first` on.
fn asked_of(
    first: u64,
    accounts: &[Address],
    signatures: impl Fn(&str) -> Vec<(u64, u64, bool)>,
) -> Result<Answer, Fault> {
    let mut lists = 0;
    let mut talk = Talk::about(&Question::Scan {
        from: 10,
        to: 40,
        tokens: accounts.to_vec(),
    });
    for _ in 0..PAGES_MAX * 2 {
        let (method, params) = talk.call();
        let result = match method {
            "getSlot" => json!(50),
            "getBlock" => json!({"blockhash": block(params[0].as_u64().expect("a slot")).hash.to_string()}),
            "getSignaturesForAddress" => {
                assert_eq!(params[1]["minContextSlot"], 40);
                lists += 1;
                page(
                    &signatures(params[0].as_str().expect("an account")),
                    params[1]["before"].as_str(),
                )
            }
            "getFirstAvailableBlock" => {
                assert!(lists >= accounts.len(), "what is dropped meanwhile is not seen");
                json!(first)
            }
            _ => panic!("{method} was called"),
        };
        let response = json!({"jsonrpc": "2.0", "id": 0, "result": result});
        match talk.take(response.to_string().as_bytes())? {
            Step::Next(next) => talk = next,
            Step::Done(answer) => return Ok(answer),
        }
    }
    panic!("it never ends")
}

/// The page that comes after `before`.
fn page(all: &[(u64, u64, bool)], before: Option<&str>) -> Value {
    let before: Option<TxHash> = before.map(|text| text.parse().expect("a signature"));
    let after = |(number, _, _): &&(u64, u64, bool)| Some(tx(*number)) != before;
    let rest = match before {
        None => all,
        Some(_) => &all[all.iter().take_while(after).count() + 1..],
    };
    let entry = |(number, slot, succeeded): &(u64, u64, bool)| {
        let err = if *succeeded {
            Value::Null
        } else {
            json!({"InstructionError": [0, "Custom"]})
        };
        json!({"signature": tx(*number).to_string(), "slot": slot, "err": err, "memo": null, "blockTime": 1})
    };
    rest.iter().take(PAGE_ENTRIES).map(entry).collect()
}

/// The place and the account of each transaction that was found.
fn found(answer: Result<Answer, Fault>) -> Vec<(u64, TxHash, Address)> {
    let Ok(Answer::Scan {
        finalized,
        last,
        logs,
    }) = answer
    else {
        panic!("{answer:?}")
    };
    assert_eq!((finalized, last), (block(50), Some(block(40))));
    logs.iter()
        .map(|one| (one.block, one.tx, one.log.address))
        .collect()
}

#[test]
fn what_succeeded_in_the_range_is_told_in_order() {
    let answer = asked(&[FIRST, SECOND], |account| {
        if account == FIRST.to_string() {
            vec![
                (5, 41, true),
                (4, 40, true),
                (3, 30, false),
                (2, 10, true),
                (1, 9, true),
            ]
        } else {
            vec![(4, 40, true), (7, 20, true)]
        }
    });
    assert_eq!(
        found(answer),
        [
            (10, tx(2), FIRST),
            (20, tx(7), SECOND),
            (40, tx(4), FIRST),
            (40, tx(4), SECOND)
        ]
    );
    assert_eq!(found(asked(&[], |_| panic!("there is no account"))), []);
}

#[test]
fn pages_are_read_back_to_the_range_and_through_it() {
    let newest_first = |count: u64, slot: u64| (0..count).rev().map(move |number| (number, slot, true));
    for (newer, inside) in [(0, 999), (0, 1_000), (0, 1_001), (1_500, 1_500), (999, 1)] {
        let list = || newest_first(newer, 45).map(|(number, slot, ok)| (number + inside, slot, ok));
        let answer = asked(&[FIRST], |_| list().chain(newest_first(inside, 15)).collect());
        assert_eq!(found(answer).len() as u64, inside, "{newer} {inside}");
    }
}

#[test]
fn the_block_before_a_slot_without_one_stands_for_it() {
    let ask = |blocks: Value| {
        let mut talk = Talk::about(&Question::Scan {
            from: 10,
            to: 40,
            tokens: vec![],
        });
        for _ in 0..6 {
            let (method, params) = talk.call();
            let response = match (method, params[0].as_u64()) {
                ("getSlot", _) => json!({"result": 50}),
                ("getBlock", Some(40)) => json!({"error": {"code": -32007, "message": "skipped"}}),
                ("getBlock", Some(slot)) => json!({"result": {"blockhash": block(slot).hash.to_string()}}),
                ("getBlocks", _) => json!({"result": blocks}),
                ("getFirstAvailableBlock", _) => json!({"result": 1}),
                _ => panic!("{method} was called"),
            };
            let mut whole = json!({"jsonrpc": "2.0", "id": 0});
            whole
                .as_object_mut()
                .expect("an object")
                .extend(response.as_object().expect("an object").clone());
            match talk.take(whole.to_string().as_bytes())? {
                Step::Next(next) => talk = next,
                Step::Done(answer) => return Ok(answer),
            }
        }
        panic!("it never ends")
    };
    let Ok(Answer::Scan { last: Some(last), .. }) = ask(json!([31, 37, 38])) else {
        panic!("no header")
    };
    assert_eq!((last.number, last.hash), (40, block(38).hash));
    assert_eq!(ask(json!([])), Err(Fault::NotReady));
}

#[test]
fn what_is_more_than_one_answer_holds_is_too_large() {
    let of = |count: u64, slot: u64| (0..count).rev().map(move |number| (number, slot, true)).collect();
    assert_eq!(asked(&[FIRST], |_| of(5_000, 20)), Err(Fault::TooLarge));
    assert_eq!(asked(&[FIRST], |_| of(100_000, 45)), Err(Fault::TooLarge));
    assert!(asked(&[FIRST], |_| of(4_096, 20)).is_ok());
}

#[test]
fn a_node_that_dropped_part_of_the_range_proves_nothing() {
    for (first, is_whole) in [(0, true), (10, true), (11, false), (40, false), (41, false)] {
        for accounts in [&[][..], &[FIRST]] {
            let answer = asked_of(first, accounts, |_| vec![(1, 20, true)]);
            if is_whole {
                assert_eq!(found(answer).len(), accounts.len(), "{first}");
            } else {
                assert_eq!(answer, Err(Fault::Pruned), "{first}");
            }
        }
    }
}

#[test]
fn a_node_that_has_not_come_so_far_has_nothing_to_say() {
    let mut lap = Lap::new((10, 51), &[FIRST]);
    lap.slot = Some(50);
    let hash = json!({"blockhash": block(50).hash.to_string()}).to_string();
    let raw: Box<serde_json::value::RawValue> = serde_json::from_str(&hash).expect("JSON");
    let Ok(Step::Done(Answer::Scan { last: None, logs, .. })) = lap.take(&raw) else {
        panic!("it was asked on")
    };
    assert_eq!(logs, []);
}

#[test]
fn a_list_that_goes_back_and_forth_is_malformed() {
    let answer = asked(&[FIRST], |_| vec![(1, 20, true), (2, 21, true)]);
    assert!(matches!(answer, Err(Fault::Malformed { .. })), "{answer:?}");
}
