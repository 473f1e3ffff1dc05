use std::vec;
use std::vec::Vec;

use super::super::Purpose;
use super::super::tests::desk;
use crate::escrow::testing::{PAYER, block, receipt, transfer, tx};
use crate::escrow::{Answer, BlockRef, Fault, ScanLog};
use crate::id::BlockHash;

/// A block of this height on another fork.
fn fork(number: u64) -> BlockRef {
    BlockRef {
        number,
        hash: BlockHash::Evm([0xf0; 32]),
    }
}

fn check(purpose: Purpose, answers: Vec<(Answer, Option<&'static str>)>) {
    for (answer, expected) in answers {
        let told = desk().fitting(purpose, answer.clone()).err();
        let expected = expected.map(|what| Fault::Malformed { what });
        assert_eq!(told, expected, "{answer:?}");
    }
}

#[test]
fn a_finalized_head_is_not_above_the_latest() {
    let heads = |latest, finalized| Answer::Heads {
        latest: block(latest),
        finalized: block(finalized),
    };
    let above = Some("finalized head above the latest");
    check(
        Purpose::Heads,
        vec![(heads(9, 7), None), (heads(9, 9), None), (heads(9, 10), above)],
    );
}

#[test]
fn a_receipt_is_of_the_transaction_asked_about_and_of_the_chain_that_is_final() {
    let shown = |finalized, of: u8, in_block| Answer::Receipt {
        finalized,
        receipt: Some(receipt(of, in_block, vec![])),
    };
    let nothing = Answer::Receipt {
        finalized: block(9),
        receipt: None,
    };
    let contradicts = Some("receipt contradicts the finalized head");
    check(
        Purpose::Receipt { tx: tx(1), round: 1 },
        vec![
            (nothing, None),
            (shown(block(9), 1, block(7)), None),
            (shown(block(9), 1, block(9)), None),
            (shown(block(9), 1, fork(9)), contradicts),
            (shown(block(9), 1, fork(10)), None),
            (
                shown(block(9), 2, block(7)),
                Some("receipt of another transaction"),
            ),
        ],
    );
}

#[test]
fn a_scan_tells_of_the_range_asked_for_and_of_the_chain_that_is_final() {
    let scan = |last: Option<BlockRef>, blocks: &[u64]| Answer::Scan {
        finalized: block(7),
        last,
        logs: blocks
            .iter()
            .map(|block| ScanLog {
                tx: tx(1),
                block: *block,
                log: transfer(PAYER, PAYER, 1),
            })
            .collect(),
    };
    let outside = Some("logs or header outside the range asked for");
    check(
        Purpose::Scan {
            from: 3,
            to: 7,
            accounts: 0,
            round: 1,
        },
        vec![
            (scan(None, &[]), None),
            (scan(Some(block(7)), &[]), None),
            (scan(Some(block(7)), &[3, 5, 7]), None),
            (scan(Some(block(7)), &[2, 5]), outside),
            (scan(Some(block(7)), &[5, 8]), outside),
            (scan(Some(block(6)), &[5]), outside),
            (scan(Some(fork(7)), &[5]), outside),
        ],
    );
}

#[test]
fn balances_are_of_the_holders_and_at_the_block_asked_for_and_of_the_chain_that_is_final() {
    let counted = |at: Option<BlockRef>, holders: usize| Answer::Balances {
        finalized: block(7),
        at,
        balances: vec![[1; 32]; holders],
    };
    let others = Some("balances of others, or at another block");
    check(
        Purpose::Balances {
            block: 7,
            holders: 2,
            round: 1,
        },
        vec![
            (counted(None, 0), None),
            (counted(Some(block(7)), 2), None),
            (counted(Some(block(6)), 2), others),
            (counted(Some(block(8)), 2), others),
            (counted(Some(block(7)), 1), others),
            (counted(Some(block(7)), 3), others),
            (counted(Some(fork(7)), 2), others),
        ],
    );
}

#[test]
fn an_answer_is_to_the_question_that_was_asked() {
    let another = Some("answer to another question");
    let heads = Answer::Heads {
        latest: block(9),
        finalized: block(9),
    };
    check(Purpose::Identity, vec![(heads.clone(), another)]);
    check(Purpose::Receipt { tx: tx(1), round: 1 }, vec![(heads, another)]);
}
