use crate::run::{Ending, prove};
use crate::scenario::Scenario;
use crate::scenario::library::{CANARIES, EMBEDDED};

/// How seed 1 of a canary ends: kind, oracle and invariant.
fn check(name: &str) -> String {
    let found = EMBEDDED.iter().find(|(known, _)| *known == name);
    let (name, text) = found.unwrap_or_else(|| panic!("there is no scenario {name}"));
    let plan = Scenario::parse(name, name, text).unwrap().expand(1);
    match prove(&plan, 1, false).unwrap().ending {
        Ending::Passed => "passed".to_owned(),
        Ending::Failed(failure) => format!(
            "{}, {}: {}",
            failure.kind(),
            failure.oracle(),
            failure.invariant()
        ),
    }
}

#[test]
fn every_canary_comes_to_the_failure_that_it_is_for() {
    let found: Vec<String> = EMBEDDED
        .iter()
        .filter(|(name, _)| name.starts_with(CANARIES))
        .map(|(name, _)| format!("{name}: {}", check(name)))
        .collect();
    let expected = [
        "canary/crash: crash, the code's own assertions: no_panic",
        "canary/expectation: expectation, expectation: rejected",
        "canary/liveness: liveness, the world: everything_settles",
        "canary/safety: safety, canary: a_misled_oracle_complains",
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_the_crash_breaks_is_an_assertion_of_the_bank() {
    let (_, text) = EMBEDDED.iter().find(|(name, _)| *name == "canary/crash").unwrap();
    let plan = Scenario::parse("c", "c", text).unwrap().expand(1);
    let Ending::Failed(failure) = prove(&plan, 1, false).unwrap().ending else {
        panic!("it passed")
    };
    let detail = failure.detail();
    assert!(
        detail.starts_with("time went backwards, at core/src/bank/mod.rs:"),
        "{detail}"
    );
}
