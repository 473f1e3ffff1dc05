//! The simulator: whole runs of one scenario on one thread, every oracle on.
//!
//! A step is one event that one of the world's machines takes: the bank, the store, an endpoint, the chain, a person. An
//! input is a step of the bank alone, which the oracles judge. The rival is tokio's paused clock, which other simulators
//! stand on, with as many wake-ups as the worlds have steps and nothing to do at any of them.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use plimsoll_benches::suite::{Suite, Unit, sized};
use plimsoll_benches::took::timed;
use plimsoll_sim::run::{Campaign, Ending, Watch, replay};
use plimsoll_sim::scenario::Scenario;
use plimsoll_sim::scenario::library::find;
use plimsoll_sim::world::Stats;
use plimsoll_sim::world::plan::Plan;
use tokio::task::JoinSet;

const SCENARIO: &str = "escrow/one_endpoint_fails";
/// The runs of one iteration.
const SEEDS: u64 = 50;
const SEEDS_TRIED: u64 = 2;
const SAMPLES: usize = 20;
/// How many tasks of the rival sleep at the same time: about what is under way in one of our worlds.
const SLEEPERS: u64 = 16;

fn main() {
    let (mut suite, seeds) = (Suite::new("storm"), sized(SEEDS, SEEDS_TRIED));
    let scenarios = find(Path::new("."), SCENARIO).unwrap_or_else(|error| unreachable!("{error}"));
    campaign(&mut suite, &scenarios, seeds);
    let steps = worlds(&mut suite, &scenarios[0], seeds);
    paused_tokio(&mut suite, steps);
    suite.compare("step", "paused_tokio");
    suite.finish();
}

/// The scenario as it is run by anybody. It says how much later than without faults a deposit may be credited, so each
/// seed runs a second time, without them.
fn campaign(suite: &mut Suite, scenarios: &[Scenario], seeds: u64) {
    let run = || {
        let campaign = Campaign {
            scenarios,
            first_seed: 0,
            seeds: Some(seeds),
            jobs: NonZeroUsize::MIN,
            watch: Watch::default(),
        };
        let mut tallies = campaign
            .run(&|_, _| {})
            .unwrap_or_else(|error| unreachable!("{error}"));
        let tally = tallies.remove(0);
        assert_eq!(tally.failed, 0, "{:?}", tally.findings);
        tally.digest
    };
    let unit = Unit::PerSecond {
        what: "seeds",
        goal: Some(300.0),
    };
    let expected = run();
    suite.measure("seed", SAMPLES, seeds, unit, |iterations| {
        let all = || (0..iterations).all(|_| run() == expected);
        let (took, is_same) = timed(all);
        assert!(is_same, "a run differs from the first");
        took
    });
}

/// The same worlds, each once. Returns how many steps there are in one iteration.
fn worlds(suite: &mut Suite, scenario: &Scenario, seeds: u64) -> u64 {
    let mut plans: Vec<Plan> = (0..seeds).map(|seed| scenario.expand(seed)).collect();
    for plan in &mut plans {
        plan.expect.failover_added_ms_max = None;
    }
    let run = || -> Vec<Stats> {
        let one = |(seed, plan)| {
            let single = replay(plan, seed, None).unwrap_or_else(|faults| unreachable!("{faults:?}"));
            assert_eq!(single.ending, Ending::Passed, "seed {seed}");
            single.stats
        };
        (0..seeds).zip(&plans).map(one).collect()
    };
    let stats = run();
    let count = |of: fn(&Stats) -> u64| stats.iter().map(of).sum::<u64>();
    let per_second = |what, goal| Unit::PerSecond { what, goal };
    suite.measure(
        "world",
        SAMPLES,
        SEEDS,
        per_second("worlds", None),
        |iterations| {
            let (took, same) = timed(|| (0..iterations).all(|_| run() == stats));
            assert!(same, "a run differs from the first");
            took
        },
    );
    let steps = count(|stats| stats.events);
    suite.also("step", "world", steps, per_second("steps", Some(1e6)));
    let inputs = count(|stats| stats.steps);
    suite.also("input", "world", inputs, per_second("inputs", None));
    let simulated: Duration = stats.iter().map(|stats| stats.simulated).sum();
    let time = Unit::TimesReal {
        seconds: simulated.as_secs_f64(),
        goal: Some(20_000.0),
    };
    suite.also("time", "world", 1, time);
    steps
}

fn paused_tokio(suite: &mut Suite, wake_ups: u64) {
    let unit = Unit::PerSecond {
        what: "wake-ups",
        goal: None,
    };
    suite.measure("paused_tokio", SAMPLES, wake_ups, unit, |iterations| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("start a runtime");
        let (took, ()) = timed(|| {
            for _ in 0..iterations {
                runtime.block_on(sleep(wake_ups));
            }
        });
        took
    });
}

/// Wakes up `wake_ups` times in all, at the different paces of [`SLEEPERS`] tasks.
async fn sleep(wake_ups: u64) {
    let mut sleepers = JoinSet::new();
    for sleeper in 0..SLEEPERS {
        let pace = Duration::from_millis(20 + sleeper);
        sleepers.spawn(async move {
            for _ in 0..wake_ups / SLEEPERS {
                tokio::time::sleep(pace).await;
            }
        });
    }
    sleepers.join_all().await;
}
