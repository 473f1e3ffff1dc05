use std::io;

use ::redis::{ErrorKind, RedisError};
use plimsoll_core::queue::LaneFault;

use super::lane_fault;

#[test]
fn every_kind_of_error_has_its_fault() {
    let io = |kind| RedisError::from(io::Error::from(kind));
    let client = |kind| RedisError::from((kind, "of the client"));
    let server =
        |line: &str| ::redis::parse_redis_value(line.as_bytes()).and_then(|value| value.extract_error());
    let server = |line: &str| server(line).expect_err("an error");
    let cases = [
        (io(io::ErrorKind::TimedOut), LaneFault::Timeout),
        (io(io::ErrorKind::ConnectionRefused), LaneFault::Connection),
        (io(io::ErrorKind::BrokenPipe), LaneFault::Connection),
        (io(io::ErrorKind::NotFound), LaneFault::Connection),
        (client(ErrorKind::Parse), LaneFault::Malformed),
        (client(ErrorKind::UnexpectedReturnType), LaneFault::Malformed),
        (client(ErrorKind::AuthenticationFailed), LaneFault::Refused),
        (
            server("-OOM command not allowed when used memory > 'maxmemory'.\r\n"),
            LaneFault::Full,
        ),
        (
            server("-LOADING Redis is loading the dataset in memory\r\n"),
            LaneFault::Refused,
        ),
        (
            server("-READONLY You can't write against a read only replica.\r\n"),
            LaneFault::Refused,
        ),
        (
            server("-MISCONF Redis is configured to save RDB snapshots\r\n"),
            LaneFault::Refused,
        ),
        (server("-NOAUTH Authentication required.\r\n"), LaneFault::Refused),
        (
            server("-BUSY Redis is busy running a script.\r\n"),
            LaneFault::Refused,
        ),
    ];
    for (error, fault) in cases {
        assert_eq!(lane_fault(&error), fault, "{error:?}");
    }
}
