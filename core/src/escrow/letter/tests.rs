use std::collections::BTreeSet;
use std::string::{String, ToString};
use std::vec::Vec;

use super::{Attempt, History, class_of, fingerprint};
use crate::escrow::{AttemptClass, DeadLetterReason, Fault};
use crate::id::ChainId;
use crate::limits::ATTEMPTS_KEPT_MAX;
use crate::time::WallClock;

fn attempt(n: usize) -> Attempt {
    Attempt {
        at: WallClock::from_micros(i64::try_from(n).unwrap()),
        endpoint: Some(1),
        class: if n == 0 {
            AttemptClass::Auth
        } else {
            AttemptClass::Absent
        },
        height: None,
    }
}

#[test]
fn the_last_attempts_are_kept_and_all_are_counted() {
    let mut history = History::default();
    for n in 0..ATTEMPTS_KEPT_MAX + 3 {
        history.push(attempt(n));
    }
    let kept: Vec<_> = history.last().iter().map(|one| one.at.as_micros()).collect();
    let expected: Vec<_> = (3..i64::try_from(ATTEMPTS_KEPT_MAX).unwrap() + 3).collect();
    assert_eq!((history.count(), kept), (19, expected));
    assert_eq!(
        history.classes(),
        BTreeSet::from([AttemptClass::Absent]),
        "of those that are kept"
    );
}

#[track_caller]
fn print(chain: u64, reason: DeadLetterReason, classes: &[AttemptClass]) -> String {
    let classes = classes.iter().copied().collect();
    fingerprint(ChainId::new(chain), reason, &classes).to_string()
}

#[test]
fn a_fingerprint_is_of_the_chain_the_reason_and_the_set_of_classes() {
    use AttemptClass::{Absent, Shown, Timeout};
    use DeadLetterReason::{NotFinal, Unseen};
    let first = print(56, Unseen, &[Absent, Timeout]);
    assert_eq!(first, "0x640f58849f", "it is the same in every version");
    assert_eq!(first, print(56, Unseen, &[Timeout, Absent, Timeout]));
    let prints: BTreeSet<_> = [
        first,
        print(97, Unseen, &[Absent, Timeout]),
        print(56, NotFinal, &[Absent, Timeout]),
        print(56, Unseen, &[Absent]),
        print(56, Unseen, &[Shown]),
        print(56, Unseen, &[]),
    ]
    .into();
    assert_eq!(prints.len(), 6);
}

#[test]
fn every_fault_has_a_class_of_its_own() {
    let faults = [
        (Fault::Timeout, "timeout"),
        (Fault::Connection, "connection"),
        (Fault::RateLimited { retry_after: None }, "rate_limited"),
        (Fault::Auth, "auth"),
        (Fault::Server { code: 503 }, "server"),
        (Fault::NotReady, "not_ready"),
        (Fault::Malformed { what: "json" }, "malformed"),
        (Fault::TooLarge, "too_large"),
    ];
    for (fault, code) in faults {
        assert_eq!(class_of(&fault).code(), code);
    }
}
