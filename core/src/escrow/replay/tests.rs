use super::{Replay, ReplayEnd, ReplayPlan};
use crate::escrow::LetterFilter;
use crate::id::ReplayId;
use crate::time::WallClock;

#[test]
fn every_end_has_its_published_code() {
    for (end, code) in [
        (ReplayEnd::Done, "done"),
        (ReplayEnd::Stopped, "stopped"),
        (ReplayEnd::Cancelled, "cancelled"),
    ] {
        assert_eq!(end.code(), code);
    }
}

#[test]
fn a_replay_stops_after_so_many_letters_or_at_its_date_whichever_comes_first() {
    let date = WallClock::from_micros(100);
    for (stop_after, stop_at, done, now, is_at_its_stop) in [
        (None, None, u64::MAX, i64::MAX, false),
        (Some(2), None, 1, i64::MAX, false),
        (Some(2), None, 2, 0, true),
        (Some(2), None, 3, 0, true),
        (None, Some(date), u64::MAX, 99, false),
        (None, Some(date), 0, 100, true),
        (Some(2), Some(date), 1, 99, false),
        (Some(2), Some(date), 2, 99, true),
        (Some(2), Some(date), 1, 100, true),
    ] {
        let plan = ReplayPlan {
            only: None,
            filter: LetterFilter::default(),
            rate: 1,
            stop_after,
            stop_at,
        };
        let replay = Replay {
            id: ReplayId::new(1),
            plan,
            began: WallClock::from_micros(0),
            done,
            place: None,
            end: None,
        };
        assert_eq!(
            replay.is_at_its_stop(WallClock::from_micros(now)),
            is_at_its_stop,
            "{plan:?} {done} {now}"
        );
    }
}
