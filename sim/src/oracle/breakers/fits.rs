//! Whether an answer is worth anything.

use plimsoll_core::escrow::{Answer, BlockRef, Question, Receipt};

/// Whether an answer is one to its question, and does not contradict itself.
pub(super) fn fits(question: &Question, answer: &Answer) -> bool {
    let agree = |one: &BlockRef, other: &BlockRef| one.number != other.number || one.hash == other.hash;
    match (question, answer) {
        (Question::Identity { .. }, Answer::Identity { .. }) => true,
        (Question::Attested, Answer::Attested { .. }) => true,
        (Question::Heads, Answer::Heads { latest, finalized }) => finalized.number <= latest.number,
        (Question::Receipt { tx }, Answer::Receipt { finalized, receipt }) => {
            let fits = |receipt: &Receipt| receipt.tx == *tx && agree(finalized, &receipt.block);
            receipt.as_ref().is_none_or(fits)
        }
        (
            Question::Scan { from, to, .. },
            Answer::Scan {
                finalized,
                last,
                logs,
            },
        ) => last.is_none_or(|last| {
            let inside = logs.iter().all(|log| (*from..=*to).contains(&log.block));
            last.number == *to && inside && agree(finalized, &last)
        }),
        (
            Question::Balances { block, holders, .. },
            Answer::Balances {
                finalized,
                at,
                balances,
            },
        ) => at
            .is_none_or(|at| at.number == *block && balances.len() == holders.len() && agree(finalized, &at)),
        (
            Question::Identity { .. }
            | Question::Heads
            | Question::Attested
            | Question::Receipt { .. }
            | Question::Scan { .. }
            | Question::Balances { .. },
            _,
        ) => false,
    }
}
