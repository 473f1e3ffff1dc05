use core::cell::Cell;
use core::num::NonZeroUsize;
use std::sync::Mutex;

use super::{Campaign, CampaignError, Ending, Failure, Tally, Watch, one, panics, threads};
use crate::scenario::Scenario;

fn jobs(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// A scenario with two deposits, 4 s long, whose file goes on with `rest`.
fn scenario(rest: &str) -> Scenario {
    let text = format!(
        "proves = \"x\"\nduration_ms = 4_000\n\
         [[workload.deposits]]\nkind = \"plain\"\ncount = 2\nat_ms = [1_000, 2_000]\n{rest}"
    );
    Scenario::parse("test", "test.toml", &text).unwrap()
}

fn campaign(scenarios: &[Scenario], threads: usize) -> Campaign<'_> {
    Campaign {
        scenarios,
        first_seed: 5,
        seeds: Some(8),
        jobs: jobs(threads),
        watch: Watch::default(),
    }
}

/// Tallies without what differs each time.
fn tally(campaign: &Campaign<'_>) -> Vec<Tally> {
    let mut tallies = campaign.run(&|_, _| {}).unwrap();
    for tally in &mut tallies {
        tally.busy = Default::default();
    }
    tallies
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let scenarios = [scenario(""), scenario("[expect]\nrejected = 1")];
    let alone = tally(&campaign(&scenarios, 1));
    assert_eq!(alone, tally(&campaign(&scenarios, 7)));
    assert_eq!((alone[0].seeds, alone[0].failed, alone[0].credited), (8, 0, 16));
    assert!(alone[0].times_to_credit.percentile(50).is_some());
}

#[test]
fn failures_of_one_kind_are_one_finding_with_its_lowest_seed() {
    let found = tally(&campaign(&[scenario("[expect]\nrejected = 1")], 3));
    assert_eq!(found[0].failed, 8);
    let [finding] = &found[0].findings[..] else {
        panic!("{:?}", found[0].findings)
    };
    assert_eq!((finding.seed, finding.count), (5, 8));
    assert_eq!(finding.failure.kind(), "expectation");
    assert_eq!(finding.failure.detail(), "expected 1, found only 0");
}

#[test]
fn each_run_is_told_as_it_ends() {
    let told = Mutex::new(Vec::new());
    let scenarios = [scenario("")];
    let on_run = |scenario: &Scenario, passed| told.lock().unwrap().push((scenario.name.clone(), passed));
    campaign(&scenarios, 2).run(&on_run).unwrap();
    assert_eq!(told.into_inner().unwrap(), vec![("test".to_owned(), true); 8]);
}

#[test]
fn nothing_run_is_an_error() {
    let scenarios = [scenario("")];
    let none = campaign(&[], 1);
    assert_eq!(none.size(), Err(CampaignError::NoScenario));
    let zero = Campaign {
        seeds: Some(0),
        ..campaign(&scenarios, 1)
    };
    assert_eq!(zero.run(&|_, _| {}), Err(CampaignError::NoSeed));
    let many = Campaign {
        first_seed: u64::MAX,
        ..campaign(&scenarios, 1)
    };
    let expected = CampaignError::TooManySeeds {
        first: u64::MAX,
        count: 8,
    };
    assert_eq!(many.size(), Err(expected));
}

#[test]
fn the_same_seed_twice_comes_to_the_same_digest() {
    let single = one::run(
        &scenario(""),
        3,
        Watch {
            twice: true,
            ..Watch::default()
        },
    );
    assert_eq!(single.ending, Ending::Passed);
    assert_eq!(single.digest, one::run(&scenario(""), 3, Watch::default()).digest);
    assert_ne!(single.digest, one::run(&scenario(""), 4, Watch::default()).digest);
}

#[test]
fn faults_that_delay_a_deposit_too_long_are_found() {
    let slow = "[[faults]]\nkind = \"dead\"\ntarget = \"endpoints\"\nat_ms = 0\nuntil_ms = 4_000\n";
    let expect = |ms: u64| format!("{slow}[expect]\nfailover_added_ms_max = {ms}");
    let failed = one::run(&scenario(&expect(10)), 1, Watch::default()).ending;
    let Ending::Failed(Failure::Expectation(violation)) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!(violation.invariant, "failover_added_ms_max");
    assert_eq!(
        one::run(&scenario(&expect(60_000)), 1, Watch::default()).ending,
        Ending::Passed
    );
}

#[test]
fn a_caught_panic_is_remembered_with_its_place() {
    let caught = panics::watched(|| std::panic::catch_unwind(|| panic!("on purpose")));
    assert!(caught.is_err());
    let place = panics::place().unwrap();
    assert!(place.contains("run/tests.rs"), "{place}");
    assert_eq!(panics::place(), None);
}

#[test]
fn threads_give_results_in_the_order_of_the_seeds() {
    let squares = threads::map(jobs(4), 3..40, &|seed| seed * seed);
    assert_eq!(squares, (3..40).map(|seed| seed * seed).collect::<Vec<u64>>());
    thread_local!(static SEEN: Cell<bool> = const { Cell::new(false) });
    SEEN.set(true);
    let own = threads::map(jobs(2), 0..4, &|_| SEEN.get());
    assert_eq!(own, [false; 4], "seeds run on threads of their own");
}
