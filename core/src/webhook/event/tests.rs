use std::string::ToString;

use super::{EventId, Kind};
use crate::journal::Position;

fn id(position: u64, part: u32) -> EventId {
    EventId {
        position: Position::new(position),
        part,
    }
}

#[test]
fn names_are_read_as_they_are_written() {
    for one in [id(0, 0), id(17, 3), EventId::end_of(Position::new(9))] {
        assert_eq!(one.to_string().parse(), Ok(one));
    }
    for odd in [
        "",
        "event-",
        "event-1",
        "event-1-",
        "event-+1-0",
        "event-1-4294967296",
        "evt-1-0",
    ] {
        assert!(odd.parse::<EventId>().is_err(), "{odd}");
    }
}

#[test]
fn before_is_the_next_one_down() {
    for (one, before) in [
        (id(5, 2), id(5, 1)),
        (id(5, 0), EventId::end_of(Position::new(4))),
        (id(0, 0), EventId::end_of(Position::ZERO)),
    ] {
        assert_eq!(one.before(), before);
    }
}

#[test]
fn kinds_are_found_by_their_codes() {
    for kind in Kind::ALL {
        assert_eq!(Kind::from_code(kind.code()), Some(kind));
        assert_eq!(kind.is_alert(), kind.code().starts_with("alert."));
    }
    assert_eq!(Kind::from_code("deposit"), None);
}
