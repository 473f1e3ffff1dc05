use core::ops::ControlFlow;

use super::{Refusal, Shrunk, is_alike, reproved, shrink};
use crate::run::{Ending, Failure, Single, prove};
use crate::scenario::{Expanded, Origin, Scenario, library};
use crate::world::observe::Violation;
use crate::world::plan::{Deed, Plan};

/// A run of the swarm that must not credit anything, which no sound run does.
fn failing() -> Expanded {
    let mut run = swarm(7);
    run.plan.expect.none_credited_between_ms = Some((0, 60_000));
    run
}

fn swarm(seed: u64) -> Expanded {
    let name = "escrow/swarm";
    let (_, text) = library::EMBEDDED.iter().find(|(one, _)| *one == name).unwrap();
    Expanded {
        proves: "Nothing.".to_owned(),
        seed,
        origin: Origin {
            scenario: name.to_owned(),
            seed,
            ..Origin::default()
        },
        plan: Scenario::parse(name, name, text).unwrap().expand(seed),
    }
}

fn shrunk(run: &Expanded, runs_max: u64) -> Shrunk {
    shrink(run, runs_max, &mut |_| ControlFlow::Continue(())).unwrap()
}

#[test]
fn a_storm_becomes_what_its_failure_needs() {
    let run = failing();
    let small = shrunk(&run, u64::MAX);
    assert!(small.is_minimal);
    assert!(small.before.entries() > 20, "{:?}", small.before);
    assert_eq!((small.after.faults, small.after.deeds), (0, 1));
    assert_eq!((small.after.users, small.after.endpoints), (1, 2));
    assert!(
        small.after.duration_ms < 5_000 && small.after.events < 300,
        "{:?}",
        small.after
    );
    let Expanded {
        plan, seed, origin, ..
    } = &small.expanded;
    let [
        Deed::Deposit {
            movements, claims, ..
        },
    ] = plan.workload.as_slice()
    else {
        panic!("{:?}", plan.workload)
    };
    assert_eq!((movements.len(), claims.len()), (1, 0));
    assert_eq!((origin.seed, origin.scenario.as_str()), (7, "escrow/swarm"));
    let again = prove(plan, *seed, true).unwrap();
    assert_eq!(again.ending, Ending::Failed(small.failure.clone()));
    assert_eq!(origin.fingerprint, Some(small.failure.fingerprint().to_string()));
    assert_eq!(shrunk(&run, u64::MAX), small, "not the same twice");
}

#[test]
fn what_was_stopped_is_whole_and_goes_on_from_there() {
    let part = shrunk(&failing(), 5);
    assert!(!part.is_minimal && part.runs == 5);
    assert_ne!(part.after, part.before);
    let rest = shrunk(&part.expanded, u64::MAX);
    assert_eq!(rest.before, part.after);
    assert!(rest.is_minimal);
    assert_eq!((rest.after.faults, rest.after.deeds), (0, 1));
    assert_eq!(rest.failure.fingerprint(), part.failure.fingerprint());
    let none = shrunk(&rest.expanded, u64::MAX);
    assert_eq!((none.after, none.is_minimal), (rest.after, true));
}

#[test]
fn what_does_not_fail_or_cannot_be_shrunk_is_refused() {
    let refused = |change: fn(&mut Plan)| {
        let mut run = swarm(7);
        change(&mut run.plan);
        shrink(&run, u64::MAX, &mut |_| panic!("it was shrunk")).unwrap_err()
    };
    assert_eq!(refused(|_| ()), Refusal::Passes);
    assert!(matches!(
        refused(|plan| plan.topology.users = 0),
        Refusal::Unsound(_)
    ));
    let short = refused(|plan| plan.expect.rejected = Some(100));
    assert!(
        matches!(
            short,
            Refusal::Shortfall {
                invariant: "rejected",
                ..
            }
        ),
        "{short}"
    );
}

fn violation(oracle: &'static str) -> Ending {
    Ending::Failed(Failure::Safety(Violation {
        oracle,
        invariant: "unbalanced",
        detail: String::new(),
    }))
}

#[test]
fn only_the_same_failure_is_alike() {
    let single = prove(&Plan::calm("calm", 1), 0, false).unwrap();
    let ended = |ending| Single {
        ending,
        ..single.clone()
    };
    let Ending::Failed(failure) = violation("first") else {
        unreachable!()
    };
    let target = failure.fingerprint();
    assert!(is_alike(&ended(violation("first")), &target));
    assert!(!is_alike(&ended(violation("second")), &target));
    assert!(!is_alike(&ended(Ending::Passed), &target));
}

#[test]
fn what_does_not_fail_the_same_way_twice_is_refused() {
    let single = prove(&Plan::calm("calm", 1), 0, false).unwrap();
    let told = |second: Ending| {
        let mut endings = vec![second, violation("first")];
        let mut run = || {
            let ending = endings.pop().unwrap();
            Ok(Single {
                ending,
                ..single.clone()
            })
        };
        reproved(&mut run)
            .map(|(target, _)| target)
            .map_err(|refusal| refusal.to_string())
    };
    let expected = "the run is not the same twice: first it failed as first-unbalanced-00000000, then it ";
    let refusal = |second| {
        let told = told(second).unwrap_err();
        let digest = told.split("unbalanced-").nth(1).unwrap()[..8].to_owned();
        told.replace(&digest, "00000000")
    };
    assert_eq!(refusal(Ending::Passed), format!("{expected}passed"));
    assert_eq!(
        refusal(violation("second")),
        format!("{expected}failed as second-unbalanced-00000000")
    );
    assert!(told(violation("first")).is_ok());
}
