use super::super::Failure;
use super::{Fingerprint, normalised};
use crate::world::observe::Violation;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(normalised(text), expected);
}

#[test]
fn what_differs_from_run_to_run_is_left_out() {
    check(
        "debits of asset 3 differ: -12 and 4_000",
        "debits of asset # differ: -# and #",
    );
    check(
        "log 0 of 0x3fa9c1 was credited twice",
        "log # of # was credited twice",
    );
    check("hash 3fa9, and no more", "hash #, and no more");
    check("votes [1, 2, 3] against [7]", "votes [#] against [#]");
    check(
        "heard [(Success, false), [Failure]]: it failed",
        "heard [#]: it failed",
    );
    check("left [] of ]a[ b", "left [#] of ]a[#");
    check("took 1.25 s", "took # s");
    check("2026-11-01 and 5", "# and #");
    check("user:u12/USDT", "user:#/USDT");
    check("no number", "no number");
    check("", "");
}

#[test]
fn a_long_finding_is_told_by_its_beginning() {
    let long = "x".repeat(500);
    assert_eq!(
        Fingerprint::new("a", "b", &long),
        Fingerprint::new("a", "b", &format!("{long}y"))
    );
    let cut = normalised(&"é ".repeat(500));
    assert_eq!(cut.chars().count(), 160);
}

fn violation(detail: &str) -> Violation {
    Violation {
        oracle: "conservation",
        invariant: "unbalanced",
        detail: detail.to_owned(),
    }
}

#[test]
fn equal_failures_have_equal_fingerprints_and_others_do_not() {
    let of = |detail: &str| Failure::Safety(violation(detail)).fingerprint();
    assert_eq!(of("3 more than 4"), of("15 more than 2"));
    assert_ne!(of("3 more than 4"), of("3 less than 4"));
    let crash = |message: &str, place: &str| {
        let place = Some(place.to_owned());
        let message = message.to_owned();
        Failure::Crash { message, place }.fingerprint()
    };
    let here = crash("it broke\n  left: A\n right: B", "core/src/bank/mod.rs:12:5");
    assert_eq!(
        here,
        crash("it broke\n  left: C\n right: D", "core/src/bank/mod.rs:99:1")
    );
    assert_ne!(here, crash("it broke", "core/src/ledger/mod.rs:12:5"));
    let left = |left: &[&str]| {
        let left = left.iter().map(|&one| one.to_owned()).collect();
        Failure::Liveness { left }.fingerprint()
    };
    assert_eq!(left(&["0xab is final", "another"]), left(&["0xcd is final"]));
}

#[test]
fn a_fingerprint_is_fit_for_a_file_name_and_never_changes() {
    let shown = |failure: Failure| failure.fingerprint().to_string();
    let unbalanced = shown(Failure::Safety(violation("3 more than 4")));
    assert_eq!(unbalanced, "conservation-unbalanced-af571d42");
    let left = vec!["the process is down".to_owned()];
    assert_eq!(
        shown(Failure::Liveness { left }),
        "liveness-everything_settles-c7653e30"
    );
}
