use plimsoll_core::escrow::{DeadLetterReason, LetterFilter, LetterPlace, TxKey};
use plimsoll_core::id::{ChainId, TxHash};
use plimsoll_core::time::WallClock;

use super::{read, write};

fn place() -> LetterPlace {
    LetterPlace {
        since: WallClock::from_micros(-7),
        tx: TxKey {
            chain: ChainId::new(56),
            tx: TxHash::Evm([0xab; 32]),
        },
    }
}

#[test]
fn what_is_written_is_read_for_the_same_filter_and_no_other() {
    let all = LetterFilter::default();
    let unseen = LetterFilter {
        reason: Some(DeadLetterReason::Unseen),
        ..all
    };
    for filter in [all, unseen] {
        let text = write(place(), &filter);
        assert_eq!(read(&text, &filter).ok(), Some(place()));
        let other = if filter == all { unseen } else { all };
        assert_eq!(read(&text, &other).ok(), None, "{text}");
    }
}

#[test]
fn bogus_cursors_are_refused() {
    let all = LetterFilter::default();
    let good = write(place(), &all);
    let cut = &good[..good.len() - 1];
    let (moved, more) = (good.replacen("-7", "-8", 1), format!("{good}.1"));
    let upper = good.replace("ab", "AB");
    let huge = "9".repeat(100_000);
    for bogus in [
        "",
        "x",
        ".",
        "...",
        "1.2.3.4",
        cut,
        &moved,
        &more,
        &upper,
        &huge,
        "\u{0}.\u{1f4a9}",
    ] {
        let refused = read(bogus, &all).expect_err("a bogus cursor");
        assert_eq!(
            refused,
            read("x", &all).expect_err("a bogus cursor"),
            "{bogus:.80}"
        );
    }
}
