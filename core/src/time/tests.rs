use core::time::Duration;

use super::{Instant, WallClock};

#[test]
fn instants_saturate_at_both_ends() {
    assert_eq!(Instant::MAX.after(Duration::from_secs(1)), Instant::MAX);
    assert_eq!(Instant::ZERO.since(Instant::MAX), Duration::ZERO);
    assert_eq!(Instant::ZERO.after(Duration::MAX), Instant::MAX);
    let start = Instant::from_nanos(7);
    assert_eq!(
        start.after(Duration::from_millis(3)).since(start),
        Duration::from_millis(3)
    );
}

#[test]
fn dates_saturate_at_both_ends() {
    let last = WallClock::from_micros(i64::MAX);
    assert_eq!(last.after(Duration::MAX), last);
    assert_eq!(WallClock::from_micros(-5).since(last), Duration::ZERO);
    assert_eq!(
        WallClock::from_micros(5).since(WallClock::from_micros(-5)),
        Duration::from_micros(10)
    );
}
