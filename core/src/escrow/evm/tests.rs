use std::vec;

use super::{Fault, Question, TokenBalance};
use crate::digest::Digest;
use crate::escrow::testing::{PAYER, TOKEN, block, receipt, tx};
use crate::id::{Address, TxHash};

/// Upstreams count the entries of a batch: a quota must count no fewer.
#[test]
fn each_question_is_so_many_calls() {
    let scan = Question::Scan {
        from: 1,
        to: 2,
        tokens: vec![TOKEN],
    };
    let balances = |holders| Question::Balances {
        block: 1,
        token: TOKEN,
        holders: vec![PAYER; holders],
    };
    for (question, calls) in [
        (Question::Identity { tokens: vec![] }, 2),
        (
            Question::Identity {
                tokens: vec![TOKEN, TOKEN],
            },
            4,
        ),
        (
            Question::Identity {
                tokens: vec![Address::Solana([2; 32])],
            },
            4,
        ),
        (Question::Heads, 2),
        (Question::Receipt { tx: tx(1) }, 2),
        (
            Question::Receipt {
                tx: TxHash::Solana([1; 64]),
            },
            4,
        ),
        (scan, 3),
        (Question::Attested, 1),
        (balances(0), 2),
        (balances(3), 5),
    ] {
        assert_eq!(question.calls(), calls, "{question:?}");
    }
}

/// A recorded fault is told from one whose text was kept.
#[test]
fn what_was_malformed_is_not_stored() {
    let fault = Fault::Malformed { what: "no number" };
    let stored = postcard::to_allocvec(&fault).unwrap();
    let restored: Fault = postcard::from_bytes(&stored).unwrap();
    assert_eq!(restored, Fault::Malformed { what: "not stored" });
}

#[test]
fn the_digest_of_a_receipt_covers_all_that_it_has() {
    let evm = receipt(1, block(5), vec![]);
    assert_eq!(
        Digest::of(&evm),
        Digest::of(&(evm.tx, evm.block, evm.succeeded, &evm.logs))
    );
    let balance = TokenBalance {
        place: 1,
        account: PAYER,
        mint: TOKEN,
        wallet: PAYER,
        program: TOKEN,
        before: 0,
        after: 5,
    };
    let with = |balance: TokenBalance| {
        let mut receipt = evm.clone();
        receipt.balances.push(balance);
        Digest::of(&receipt)
    };
    let more = TokenBalance { after: 6, ..balance };
    assert_ne!(with(balance), Digest::of(&evm));
    assert_ne!(with(balance), with(more));
}
