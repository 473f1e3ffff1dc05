use plimsoll_core::time::WallClock;

use super::{Rejected, sign, verify};

const AT: WallClock = WallClock::from_micros(1_795_305_600_999_999);
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const OLD: &str = "fedcba9876543210fedcba9876543210";
const BODY: &[u8] = br#"{"id":"event-17-0"}"#;

fn later(seconds: i64) -> WallClock {
    WallClock::from_micros(AT.as_micros() + seconds * 1_000_000)
}

/// Known answer: printf '1795305600.{"id":"event-17-0"}' | openssl dgst -sha256 -hmac SECRET
#[test]
fn the_signature_is_what_openssl_says() {
    assert_eq!(
        sign([SECRET].into_iter(), AT, BODY),
        "t=1795305600,v1=88615bf348797d6cd58fe24530a3490c973ef7c9a5c5871dc4fbc9aa8b5d352b"
    );
}

#[test]
fn what_was_signed_is_believed_and_nothing_else() {
    let header = sign([SECRET].into_iter(), AT, BODY);
    let both = sign([SECRET, OLD].into_iter(), AT, BODY);
    let moved = header.replace("t=1795305600", "t=1795305601");
    let cut = &header[..header.len() - 1];
    for (what, header, body, secret, now, expected) in [
        ("as it is", &*header, BODY, SECRET, AT, Ok(())),
        ("minutes later", &header, BODY, SECRET, later(299), Ok(())),
        ("with a clock behind", &header, BODY, SECRET, later(-299), Ok(())),
        (
            "hours later",
            &header,
            BODY,
            SECRET,
            later(3_600),
            Err(Rejected::Stale),
        ),
        (
            "with a clock far behind",
            &header,
            BODY,
            SECRET,
            later(-3_600),
            Err(Rejected::Stale),
        ),
        ("by the old secret", &both, BODY, OLD, AT, Ok(())),
        ("by the new secret", &both, BODY, SECRET, AT, Ok(())),
        (
            "by another secret",
            &header,
            BODY,
            OLD,
            AT,
            Err(Rejected::Foreign),
        ),
        (
            "with another body",
            &header,
            b"{}",
            SECRET,
            AT,
            Err(Rejected::Foreign),
        ),
        (
            "with another time",
            &moved,
            BODY,
            SECRET,
            AT,
            Err(Rejected::Foreign),
        ),
        ("cut short", cut, BODY, SECRET, AT, Err(Rejected::Foreign)),
        (
            "without a signature",
            "t=1795305600",
            BODY,
            SECRET,
            AT,
            Err(Rejected::Malformed),
        ),
        (
            "without a time",
            "v1=00",
            BODY,
            SECRET,
            AT,
            Err(Rejected::Malformed),
        ),
        (
            "of another version",
            "t=1795305600,v2=00",
            BODY,
            SECRET,
            AT,
            Err(Rejected::Malformed),
        ),
        (
            "out of any time",
            "t=9223372036854775807,v1=00",
            BODY,
            SECRET,
            AT,
            Err(Rejected::Stale),
        ),
        ("empty", "", BODY, SECRET, AT, Err(Rejected::Malformed)),
    ] {
        assert_eq!(verify(header, body, secret, now), expected, "{what}");
    }
}
