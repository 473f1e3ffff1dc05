use std::time::Duration;

use plimsoll_core::escrow::Fault;
use plimsoll_core::time::WallClock;

use super::{fault, retry_after};

#[test]
fn statuses_become_faults() {
    let wait = Some(Duration::from_secs(7));
    let table = [
        (200, None),
        (400, None),
        (401, Some(Fault::Auth)),
        (403, Some(Fault::Auth)),
        (404, None),
        (408, Some(Fault::Timeout)),
        (413, Some(Fault::TooLarge)),
        (429, Some(Fault::RateLimited { retry_after: wait })),
        (500, Some(Fault::Server { code: 500 })),
        (503, Some(Fault::Server { code: 503 })),
        (599, Some(Fault::Server { code: 599 })),
        (600, None),
    ];
    for (status, expected) in table {
        assert_eq!(fault(status, wait), expected, "{status}");
    }
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    // Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's examples.
    let wall = WallClock::from_micros(784_111_777_000_000);
    let table = [
        ("120", Some(120)),
        (" 0 ", Some(0)),
        ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
        ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
        ("Sunday, 06-Nov-94 08:50:07 GMT", Some(30)),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("99999999999999999999999", None),
    ];
    for (value, seconds) in table {
        assert_eq!(
            retry_after(value, wall),
            seconds.map(Duration::from_secs),
            "{value:?}"
        );
    }
}
