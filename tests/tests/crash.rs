//! The schedule of kills.

use std::process::Command;
use std::time::Duration;

use plimsoll_core::rng::Rng;
use plimsoll_tests::crash::{Kill, Plan, kill_and_restart};
use plimsoll_tests::process::{Process, temporary_folder};

const PLAN: Plan = Plan {
    kills: 20,
    life_min: Duration::from_millis(1),
    life_max: Duration::from_millis(20),
    rest_max: Duration::from_millis(5),
};

/// Storms over a process that only sleeps.
fn storm(seed: u64) -> Vec<Kill> {
    let folder = temporary_folder();
    let start = || {
        let mut command = Command::new("sleep");
        command.arg("1000");
        Process::spawn("sleeper", folder.path(), command)
    };
    let (mut last, kills) = kill_and_restart(PLAN, &mut Rng::from_seed(seed), start);
    assert!(last.is_running(), "the last one is handed over alive");
    assert!(kills.iter().all(|kill| kill.process_id != last.id()));
    kills
}

#[test]
fn every_kill_is_made_and_recorded_in_order() {
    let kills = storm(7);
    assert_eq!(kills.len(), 20);
    assert!(
        kills
            .iter()
            .all(|kill| (PLAN.life_min..=PLAN.life_max).contains(&kill.life))
    );
    let lives: Duration = kills.iter().map(|kill| kill.life).sum();
    assert!(kills.is_sorted_by_key(|kill| kill.at));
    assert!(
        kills.last().is_some_and(|kill| kill.at >= lives),
        "no victim was killed before its time"
    );
}

#[test]
fn a_seed_repeats_the_schedule() {
    let lives = |seed| storm(seed).iter().map(|kill| kill.life).collect::<Vec<_>>();
    assert_eq!(lives(1), lives(1));
    assert_ne!(lives(1), lives(2));
}

#[test]
#[should_panic(expected = "ended by itself before kill 0")]
fn a_crash_that_nobody_ordered_is_a_failure() {
    let folder = temporary_folder();
    let plan = Plan {
        life_min: Duration::from_millis(500),
        life_max: Duration::from_millis(500),
        ..PLAN
    };
    kill_and_restart(plan, &mut Rng::from_seed(1), || {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 1"]);
        Process::spawn("crasher", folder.path(), command)
    });
}
