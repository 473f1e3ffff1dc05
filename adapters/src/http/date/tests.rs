use plimsoll_core::time::WallClock;

use super::{read, write};

#[test]
fn known_dates_are_written() {
    for (micros, text) in [
        (0, "1970-01-01T00:00:00.000000Z"),
        (951_782_400_000_001, "2000-02-29T00:00:00.000001Z"),
        (1_795_000_860_500_000, "2026-11-18T11:21:00.500000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(write(WallClock::from_micros(micros)), text);
    }
}

#[test]
fn every_day_of_four_centuries_reads_as_it_is_written() {
    for day in 0..146_097 {
        let date = WallClock::from_micros(day * 86_400 * 1_000_000 + day);
        assert_eq!(read(&write(date)), Some(date));
    }
}

#[test]
fn what_is_no_date_is_refused() {
    for text in [
        "",
        "2026-11-22",
        "2026-11-22T10:21:00",
        "2026-11-22T10:21:00+01:00",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:21:00.1234567Z",
        "2026-11-22T10:21:00.Z",
        "+026-11-22T10:21:00Z",
        "2026-11-22T10:21:00.-1Z",
        "1969-12-31T23:59:59Z",
    ] {
        assert_eq!(read(text), None, "{text:?}");
    }
    assert!(read("2026-11-22T10:21:00Z").is_some());
    assert!(read("2026-11-22T10:21:00.5Z").is_some());
}
