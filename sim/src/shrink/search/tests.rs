use core::ops::ControlFlow;

use super::{Effort, Progress, Search, Sight};
use crate::world::plan::{Deed, Plan, Token};

const SIGHT: Sight = Sight {
    ended_ms: 1,
    events: 2,
};

fn plan(deeds: usize) -> Plan {
    let mut plan = Plan::calm("test", 1_000);
    plan.workload = (0..deeds)
        .map(|_| Deed::payment(0, 0, Token::Usdt, 1_000))
        .collect();
    plan
}

/// How many runs each of these plans takes, tried in turn, and whether it is kept, when a plan fails that has an even
/// number of deeds or a seed of 3.
fn tried(effort: Effort, runs_max: u64, deeds: &[usize]) -> (Vec<(u64, bool)>, u64) {
    let mut judge =
        |plan: &Plan, seed: u64| (plan.workload.len().is_multiple_of(2) || seed == 3).then_some(SIGHT);
    let mut watch = |_: &Progress| ControlFlow::Continue(());
    let mut search = Search::new((&plan(10), 7, SIGHT), &mut judge, &mut watch, runs_max);
    search.begin("test", effort);
    let tries = deeds.iter().map(|deeds| {
        let before = search.runs();
        let is_kept = search.attempt(&plan(*deeds));
        (search.runs() - before, is_kept)
    });
    let tries = tries.collect();
    (tries, search.into_best().1)
}

#[test]
fn what_fails_alike_is_kept_and_what_does_not_is_tried_once() {
    let (tries, seed) = tried(Effort::FINE, 100, &[9, 9, 8, 8, 7, 9]);
    let expected = [
        (1, false),
        (0, false),
        (1, true),
        (0, false),
        (1, false),
        (0, false),
    ];
    assert_eq!(tries, expected);
    assert_eq!(seed, 7);
}

#[test]
fn other_seeds_are_tried_after_the_own_one_and_kept() {
    let (tries, seed) = tried(
        Effort {
            seeds: 4,
            ..Effort::FINE
        },
        100,
        &[8, 9],
    );
    // Its own seed, and then 0 to 3.
    assert_eq!(tries, [(1, true), (5, true)]);
    assert_eq!(seed, 3);
}

#[test]
fn a_plan_that_makes_no_sense_is_not_run() {
    let mut judge = |_: &Plan, _: u64| Some(SIGHT);
    let mut watch = |_: &Progress| ControlFlow::Continue(());
    let mut search = Search::new((&plan(1), 0, SIGHT), &mut judge, &mut watch, 100);
    let mut nonsense = plan(1);
    nonsense.topology.users = 0;
    assert!(!search.attempt(&nonsense));
    assert_eq!(search.runs(), 0);
    assert!(!search.attempt(&plan(1)) && search.holds(&plan(1)));
    assert_eq!(search.runs(), 0);
}

#[test]
fn nothing_is_tried_any_more_once_the_runs_are_used_up() {
    let (tries, _) = tried(Effort::FINE, 2, &[8, 6, 4, 2]);
    assert_eq!(tries, [(1, true), (1, true), (0, false), (0, false)]);
}

#[test]
fn whoever_watches_may_stop_it() {
    let mut judge = |_: &Plan, _: u64| Some(SIGHT);
    let mut seen = Vec::new();
    let mut watch = |progress: &Progress| {
        seen.push((progress.runs, progress.smallest.deeds));
        if progress.smallest.deeds > 2 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let mut search = Search::new((&plan(4), 0, SIGHT), &mut judge, &mut watch, 100);
    assert!(search.attempt(&plan(3)) && search.attempt(&plan(2)) && !search.is_over());
    assert!(!search.attempt(&plan(1)) && search.is_over());
    assert!(!search.attempt(&plan(0)));
    assert_eq!(search.plan().workload.len(), 2);
    assert_eq!(seen, [(0, 4), (1, 3), (2, 2)]);
}
