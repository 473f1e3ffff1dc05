use super::{Backfill, Catching};
use crate::time::Instant;

fn at(seconds: u64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}

#[test]
fn it_is_told_from_far_behind_until_near() {
    let mut catching = Catching::default();
    let backfill = |from, at, blocks_per_second| {
        Some(Backfill {
            from,
            at,
            target: 1_000,
            blocks_per_second,
        })
    };
    for (seconds, cursor, expected) in [
        (0, 936, None), // 64 behind
        (1, 300, backfill(300, 300, 0)),
        (3, 500, backfill(300, 500, 100)),
        (11, 936, backfill(300, 936, 63)),
        (12, 967, backfill(300, 967, 60)),
        (13, 968, None), // 32 behind
        (14, 940, None),
    ] {
        catching.note(at(seconds), cursor, 1_000);
        let found = catching.status(at(seconds), cursor, 1_000);
        assert_eq!(found, expected, "{cursor} after {seconds} s");
    }
}
