use core::num::NonZeroUsize;
use core::ops::ControlFlow;

use super::{Soak, Soaked, State};
use crate::run::{CampaignError, Ending, Watch};
use crate::scenario::Scenario;

const SMALL: &str = "proves = \"x\"\nduration_ms = 2_000\n";

fn scenario(name: &str, rest: &str) -> Scenario {
    Scenario::parse(name, "test.toml", &format!("{SMALL}{rest}")).unwrap()
}

fn soak(scenarios: &[Scenario], first: u64, threads: usize) -> Soak<'_> {
    Soak {
        scenarios,
        seed: 11,
        first,
        jobs: NonZeroUsize::new(threads).unwrap(),
        watch: Watch::default(),
    }
}

/// What `count` runs come to, without what differs each time, and each run's scenario, seed and digest.
fn soaked(soak: &Soak<'_>, count: usize) -> (Soaked, Vec<(String, u64, u128)>) {
    let mut told = Vec::new();
    let mut soaked = soak
        .run(&mut |scenario, single| {
            told.push((scenario.name.clone(), single.seed, single.digest));
            if told.len() == count {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    for tally in &mut soaked.tallies {
        tally.busy = Default::default();
    }
    (soaked, told)
}

#[test]
fn what_is_found_does_not_depend_on_the_number_of_threads() {
    let scenarios = [scenario("a", ""), scenario("b", "[expect]\nrejected = 1")];
    let alone = soaked(&soak(&scenarios, 0, 1), 40);
    assert_eq!(alone, soaked(&soak(&scenarios, 0, 5), 40));
    assert_eq!(alone.0.next, 40);
    let failed: u64 = alone.0.tallies.iter().map(|tally| tally.failed).sum();
    let of_b = alone.1.iter().filter(|(name, ..)| name == "b").count();
    assert_eq!(failed, of_b as u64);
    assert!(of_b > 5, "{of_b}");
}

#[test]
fn a_soak_goes_on_where_it_ended_and_its_seeds_are_fresh() {
    let scenarios = [scenario("a", "")];
    let whole = soaked(&soak(&scenarios, 0, 2), 20).1;
    let (first, begun) = soaked(&soak(&scenarios, 0, 2), 12);
    let rest = soaked(&soak(&scenarios, first.next, 2), 8).1;
    assert_eq!([begun, rest].concat(), whole);
    let mut seeds: Vec<u64> = whole.iter().map(|(_, seed, _)| *seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!(seeds.len(), 20);
}

#[test]
fn scenarios_are_taken_as_often_as_their_weights_say() {
    let heavy = |weight: u64| Scenario::parse("h", "h.toml", &format!("weight = {weight}\n{SMALL}")).unwrap();
    let scenarios = [heavy(0), scenario("usual", ""), heavy(9)];
    let soak = soak(&scenarios, 0, 1);
    let mut taken = [0; 3];
    for number in 0..10_000 {
        taken[soak.draw(number).0] += 1;
    }
    assert_eq!(taken[0], 0);
    assert!((900..1_100).contains(&taken[1]), "{taken:?}");
    let swarm = scenario("swarm", "[swarm]\n");
    assert!(swarm.weight() > 10 * scenarios[1].weight());
}

#[test]
fn nothing_to_run_is_an_error() {
    let mut never = |_: &Scenario, _: &crate::run::Single| ControlFlow::Break(());
    assert_eq!(soak(&[], 0, 1).run(&mut never), Err(CampaignError::NoScenario));
    let none = [Scenario::parse("w", "w.toml", &format!("weight = 0\n{SMALL}")).unwrap()];
    assert_eq!(soak(&none, 0, 1).run(&mut never), Err(CampaignError::NoWeight));
}

#[test]
fn a_failure_is_kept_once_and_counted() {
    let scenarios = [scenario("b", "[expect]\nrejected = 1")];
    let mut state = State::new(3);
    let mut fresh = Vec::new();
    let mut left = 3;
    let soaked = soak(&scenarios, 0, 1).run(&mut |scenario, single| {
        let Ending::Failed(failure) = &single.ending else {
            panic!("it passed")
        };
        fresh.push(state.note(&scenario.name, single.seed, failure, "abc"));
        left -= 1;
        if left == 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    state.runs = soaked.unwrap().next;
    assert_eq!(fresh, [true, false, false]);
    assert_eq!((state.findings.len(), state.findings[0].count), (1, 3));
    assert_eq!(State::parse("soak.toml", &state.to_toml()), Ok(state));
}

#[test]
fn a_state_that_is_none_is_refused_with_its_place() {
    let text = State::new(3).to_toml();
    let error = |text: &str| State::parse("soak.toml", text).unwrap_err().to_string();
    assert!(
        error(&text.replace("soak = 1", "soak = 2")).starts_with("soak.toml:1:1: soak: expected version 1")
    );
    let unknown = error(&text.replace("runs", "run"));
    assert!(
        unknown.starts_with("soak.toml:3:1: run: unknown field `run`"),
        "{unknown}"
    );
    assert!(error(&text[..text.len() / 2]).starts_with("soak.toml:"));
}
