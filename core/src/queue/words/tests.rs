use std::string::ToString;

use super::{Lane, LaneFault, Token};

#[test]
fn everything_has_its_published_name() {
    for (lane, code) in [(Lane::Immediate, "immediate"), (Lane::Database, "database")] {
        assert_eq!(lane.code(), code);
    }
    for (fault, code) in [
        (LaneFault::Timeout, "timeout"),
        (LaneFault::Connection, "connection"),
        (LaneFault::Full, "full"),
        (LaneFault::Refused, "refused"),
        (LaneFault::Malformed, "malformed"),
    ] {
        assert_eq!(fault.code(), code);
    }
    // Queues keep it as it is written: what is leased under one program is completed under the next.
    let token = Token {
        worker: 0xab,
        number: 12,
    };
    assert_eq!(token.to_string(), "00000000000000ab-12");
}
