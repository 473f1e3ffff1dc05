use core::time::Duration;

use plimsoll_core::time::Instant;

use super::Schedule;

fn drain(schedule: &mut Schedule<&'static str>) -> Vec<(u64, &'static str)> {
    core::iter::from_fn(|| schedule.pop())
        .map(|due| (due.at.as_nanos(), due.event))
        .collect()
}

#[test]
fn events_come_by_time_and_then_in_the_order_they_were_scheduled() {
    let mut schedule = Schedule::new();
    for (at, event) in [(20, "c"), (10, "a"), (20, "d"), (10, "b")] {
        schedule.at(Instant::from_nanos(at), event);
    }
    assert_eq!(schedule.next_at(), Some(Instant::from_nanos(10)));
    assert_eq!(drain(&mut schedule), [(10, "a"), (10, "b"), (20, "c"), (20, "d")]);
    assert!(schedule.is_empty());
}

#[test]
fn the_past_is_now() {
    let mut schedule = Schedule::new();
    schedule.at(Instant::from_nanos(100), "first");
    assert!(schedule.pop().is_some());
    schedule.at(Instant::from_nanos(5), "late");
    schedule.after(Duration::from_nanos(1), "next");
    assert_eq!(drain(&mut schedule), [(100, "late"), (101, "next")]);
}

#[test]
fn slots_are_used_again() {
    let mut schedule = Schedule::new();
    for round in 0..1_000 {
        schedule.after(Duration::from_nanos(round % 7), round);
        schedule.after(Duration::from_nanos(3), round);
        assert!(schedule.pop().is_some());
        assert!(schedule.pop().is_some());
    }
    assert_eq!((schedule.len(), schedule.slots.len()), (0, 2));
}
