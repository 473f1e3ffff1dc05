use core::time::Duration;

use plimsoll_core::escrow::{DepositKey, TxKey};
use plimsoll_core::id::{ChainId, TxHash};
use plimsoll_core::time::Instant;

use super::{Credits, judge};

/// Deposits credited at these milliseconds.
fn credits(at_ms: &[u64]) -> Credits {
    let credit = |(at, number): (&u64, u32)| {
        let tx = TxKey {
            chain: ChainId::new(56),
            tx: TxHash([1; 32]),
        };
        (
            DepositKey { tx, ordinal: number },
            Instant::ZERO.after(Duration::from_millis(*at)),
        )
    };
    at_ms.iter().zip(0..).map(credit).collect()
}

/// Whether a delay of at most 500 ms, with a poll each second, was kept.
fn is_kept(disturbed: &[u64], undisturbed: &[u64]) -> bool {
    let bounds = (Duration::from_millis(500), Duration::from_secs(1));
    judge(bounds, &credits(disturbed), &credits(undisturbed)).is_ok()
}

#[test]
fn the_average_delay_is_bounded() {
    assert!(is_kept(&[500, 1_500], &[0, 1_000]));
    assert!(!is_kept(&[501, 1_502], &[0, 1_000]));
    assert!(
        is_kept(&[900, 1_000, 2_000], &[0, 1_100, 2_000]),
        "what is gained counts"
    );
}

#[test]
fn one_deposit_may_wait_for_one_poll_more() {
    assert!(is_kept(&[1_500, 100, 100], &[0, 100, 100]));
    assert!(!is_kept(&[1_501, 100, 100, 100], &[0, 100, 100, 100]));
}

#[test]
fn deposits_of_one_run_alone_are_not_compared() {
    assert!(is_kept(&[9_000], &[]));
    assert!(is_kept(&[], &[9_000]));
}
