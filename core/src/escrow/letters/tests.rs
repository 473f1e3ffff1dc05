use core::time::Duration;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::Letters;
use crate::escrow::letter::{Attempt, History, LetterFilter, LetterPlace};
use crate::escrow::testing::CHAIN;
use crate::escrow::{AttemptClass, DeadLetterReason, TxKey};
use crate::id::{ChainId, TxHash, UserId};
use crate::time::WallClock;

const NOW: WallClock = WallClock::from_micros(10_000_000);

fn key(chain: u64, n: u8) -> TxKey {
    TxKey {
        chain: ChainId::new(chain),
        tx: TxHash::Evm([n; 32]),
    }
}

fn history(class: AttemptClass) -> History {
    let mut history = History::default();
    history.push(Attempt {
        at: NOW,
        endpoint: Some(0),
        class,
        height: None,
    });
    history
}

/// Four letters: number, chain, second since which it is one, reason, class.
fn letters() -> Letters {
    use AttemptClass::{Absent, Timeout};
    use DeadLetterReason::{NotFinal, Unseen};
    let mut letters = Letters::default();
    let here = CHAIN.number();
    for (n, chain, second, reason, class) in [
        (1, here, 4, Unseen, Absent),
        (2, here, 3, Unseen, Timeout),
        (3, here, 2, NotFinal, Absent),
        (4, 97, 1, Unseen, Absent),
        (5, here, 4, Unseen, Absent),
    ] {
        letters.insert(
            key(chain, n),
            reason,
            WallClock::from_micros(second * 1_000_000),
            None,
        );
        letters.detail(key(chain, n), history(class));
    }
    letters
}

/// The numbers of the letters of each page of `limit` that fits `filter`, pages parted by a bar.
fn pages(letters: &Letters, filter: &LetterFilter, limit: usize) -> String {
    let claimed = |user: UserId, tx: TxKey| user.number() == u64::from(tx.tx.bytes()[0]);
    let (mut shown, mut after) = (Vec::new(), None);
    loop {
        let page = letters.page(NOW, filter, after, limit, claimed);
        let numbers = page
            .letters
            .iter()
            .map(|one| std::format!("{}", one.tx.tx.bytes()[0]));
        shown.push(numbers.collect::<Vec<_>>().join(" "));
        after = page.next;
        if after.is_none() {
            return shown.join(" | ");
        }
    }
}

#[test]
fn letters_are_shown_oldest_first_as_far_as_they_fit() {
    let letters = letters();
    let all = LetterFilter::default();
    let print = letters.get(key(CHAIN.number(), 1)).unwrap().fingerprint;
    for (filter, limit, expected) in [
        (all, 10, "4 3 2 1 5"),
        (all, 2, "4 3 | 2 1 | 5"),
        (all, 5, "4 3 2 1 5"),
        (
            LetterFilter {
                chain: Some(CHAIN),
                ..all
            },
            10,
            "3 2 1 5",
        ),
        (
            LetterFilter {
                reason: Some(DeadLetterReason::Unseen),
                ..all
            },
            10,
            "4 2 1 5",
        ),
        (
            LetterFilter {
                fingerprint: Some(print),
                ..all
            },
            10,
            "1 5",
        ),
        (
            LetterFilter {
                claimed_by: Some(UserId::new(2)),
                ..all
            },
            10,
            "2",
        ),
        (
            LetterFilter {
                older_than: Some(Duration::from_secs(7)),
                ..all
            },
            10,
            "4 3",
        ),
        (
            LetterFilter {
                chain: Some(CHAIN),
                fingerprint: Some(print),
                ..all
            },
            1,
            "1 | 5",
        ),
        (
            LetterFilter {
                chain: Some(ChainId::new(1)),
                ..all
            },
            10,
            "",
        ),
    ] {
        assert_eq!(pages(&letters, &filter, limit), expected, "{filter:?}");
    }
}

#[test]
fn a_place_whose_letter_is_gone_is_still_a_place() {
    let mut letters = letters();
    let page = letters.page(NOW, &LetterFilter::default(), None, 2, |_, _| false);
    letters.remove(key(CHAIN.number(), 3));
    letters.remove(key(CHAIN.number(), 2));
    let rest = letters.page(NOW, &LetterFilter::default(), page.next, 9, |_, _| false);
    let rest: Vec<_> = rest.letters.iter().map(|one| one.tx.tx.bytes()[0]).collect();
    assert_eq!(rest, [1, 5]);
}

#[test]
fn a_request_looks_at_so_many_letters_and_says_where_to_go_on() {
    let mut letters = Letters::default();
    let count = crate::limits::LETTERS_LOOKED_AT_MAX + 1;
    for n in 0..count {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&(n as u64).to_be_bytes());
        let tx = TxKey {
            chain: CHAIN,
            tx: TxHash::Evm(hash),
        };
        letters.insert(tx, DeadLetterReason::Unseen, NOW, None);
    }
    let none = LetterFilter {
        chain: Some(ChainId::new(1)),
        ..LetterFilter::default()
    };
    let page = letters.page(NOW, &none, None, 10, |_, _| false);
    let mut last = [0; 32];
    last[..8].copy_from_slice(&(count as u64 - 2).to_be_bytes());
    let place = LetterPlace {
        since: NOW,
        tx: TxKey {
            chain: CHAIN,
            tx: TxHash::Evm(last),
        },
    };
    assert_eq!((page.letters, page.next), (vec![], Some(place)));
}

#[test]
fn groups_are_letters_of_one_fingerprint_the_largest_first() {
    let mut letters = letters();
    let told = |letters: &Letters| -> Vec<(usize, u8, i64)> {
        let groups = letters.groups(10).into_iter();
        groups
            .map(|one| {
                (
                    one.count,
                    one.sample.tx.bytes()[0],
                    one.oldest.as_micros() / 1_000_000,
                )
            })
            .collect()
    };
    let mut groups = told(&letters);
    assert_eq!(groups[0], (2, 1, 4));
    groups.sort_by_key(|(_, sample, _)| *sample);
    assert_eq!(groups, [(2, 1, 4), (1, 2, 3), (1, 3, 2), (1, 4, 1)]);
    assert_eq!(letters.groups(1).len(), 1);
    assert_eq!(letters.groups(1)[0].classes, [AttemptClass::Absent]);
    letters.remove(key(CHAIN.number(), 1));
    letters.remove(key(CHAIN.number(), 2));
    let mut groups = told(&letters);
    groups.sort_by_key(|(_, sample, _)| *sample);
    assert_eq!(groups, [(1, 3, 2), (1, 4, 1), (1, 5, 4)]);
}
