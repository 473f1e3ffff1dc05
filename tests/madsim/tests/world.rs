//! The same plan in the engine's world and in the madsim world comes to the same end.
#![cfg(madsim)]

use std::path::Path;

use plimsoll_madsim::check::note;
use plimsoll_madsim::world::{Failure, Report, Tally, run};
use plimsoll_sim::fault::{
    CrashLoss, Direction, DiskFault, Fault, LinkFault, LinkName, ProcessFault, StoreFault,
};
use plimsoll_sim::run::{Ending, fates, replay};
use plimsoll_sim::scenario::library;
use plimsoll_sim::world::plan::{ClaimPlan, Deed, Plan, ScheduledFault, Token};
use plimsoll_sim::world::{Booked, Fates};

/// Scenarios that this world can run.
const SCENARIOS: [&str; 18] = [
    // These run in every world.
    "escrow/one_endpoint_fails",
    "escrow/five_of_seven_fail",
    "escrow/six_of_seven_fail",
    "escrow/lagging_endpoint",
    "escrow/lying_endpoint",
    "escrow/hash_stealing",
    // And these try the driver.
    "escrow/commit_outcome_unknown",
    "escrow/crash_and_restart",
    "escrow/database_unavailable",
    "escrow/duplicate_and_concurrent_claims",
    "escrow/flapping_endpoints",
    "escrow/hundred_concurrent_deposits",
    "escrow/links_swizzled",
    "escrow/network_timeouts",
    "escrow/quotas",
    "escrow/reorg",
    "escrow/sync_failed",
    "tests/madsim/plans/restarts.toml",
];

#[test]
fn scenarios_come_to_the_same_end_in_both_worlds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut sum = Tally::default();
    for name in SCENARIOS {
        let scenario = library::find(&root, name).expect("it is there").remove(0);
        for seed in 1..=3 {
            let plan = scenario.expand(seed);
            let report = in_madsim(&plan, seed);
            assert!(!report.fates.deposits.is_empty(), "{name} {seed}");
            let (here, there) = (report.fates.to_string(), in_engine(&plan, seed).to_string());
            assert_eq!(here, there, "{name} {seed}");
            sum = sum.and(&report.tally);
        }
    }
    // Runs in which nothing went wrong would prove nothing.
    assert!(sum.lives > SCENARIOS.len() as u64 * 3, "{sum:?}");
    assert!(
        sum.replayed > 0 && sum.turned_away > 0 && sum.doubts > 0,
        "{sum:?}"
    );
    eprintln!("{sum:?}");
}

/// What comes of `plan` in the engine's world, which must pass.
fn in_engine(plan: &Plan, seed: u64) -> Fates {
    let single = replay(plan, seed, None).expect("sound");
    assert_eq!(single.ending, Ending::Passed, "{} {seed}", plan.name);
    fates(plan, seed).expect("sound").expect("it is up")
}

#[track_caller]
fn in_madsim(plan: &Plan, seed: u64) -> Report {
    let report = run(plan, seed).unwrap_or_else(|failure| panic!("{} {seed}: {failure}", plan.name));
    note(&plan.name, seed, &report);
    report
}

/// Thirty deposits of six users, each claimed twice, while `faults` strike.
fn storm(name: &str, faults: Vec<ScheduledFault>) -> Plan {
    let mut plan = Plan::calm(name, 30_000);
    for number in 0..30 {
        let user = number % 6;
        let at_ms = 1_500 + 700 * u64::from(number);
        let mut deed = Deed::payment(at_ms, user, Token::Usdt, 5_000 + u64::from(number));
        if let Deed::Deposit { claims, .. } = &mut deed {
            let claim = |at_ms| ClaimPlan {
                at_ms,
                user,
                key: None,
            };
            claims.extend([claim(at_ms + 100), claim(at_ms + 900)]);
        }
        plan.workload.push(deed);
    }
    plan.faults = faults;
    plan.check().expect("sound");
    plan
}

fn fault(from_ms: u64, until_ms: u64, fault: Fault) -> ScheduledFault {
    ScheduledFault {
        after: None,
        from_ms,
        until_ms: Some(until_ms),
        fault,
    }
}

const fn process(fault: ProcessFault) -> Fault {
    Fault::Process { fault }
}

/// Whatever can be wrong with a process, one on top of the other, while the store is not sure of anything.
fn everything() -> Plan {
    let unsure = Fault::Store {
        fault: StoreFault::UnknownOutcome {
            committed_percent: 50,
        },
        percent: 30,
    };
    let torn = CrashLoss::Torn;
    let lossy = Fault::Network {
        link: LinkName::Users,
        direction: Direction::Both,
        fault: LinkFault::Loss { percent: 20 },
    };
    let mut faults = vec![fault(1_000, 25_000, unsure), fault(1_000, 25_000, lossy)];
    for nth in 0..4 {
        let from = 2_000 + 5_507 * nth;
        faults.extend([
            fault(from, from + 900, process(ProcessFault::Pause)),
            fault(from + 400, from + 1_300, process(ProcessFault::Restart)),
            fault(
                from + 2_000,
                from + 2_700,
                process(ProcessFault::Crash { loss: torn }),
            ),
            fault(from + 2_300, from + 3_000, process(ProcessFault::Pause)),
            fault(from + 4_000, from + 4_001, process(ProcessFault::Usurped)),
        ]);
    }
    storm("everything at once", faults)
}

#[test]
fn every_deposit_is_credited_once_whatever_happens_to_the_process() {
    let plan = everything();
    for seed in 1..=20 {
        let report = in_madsim(&plan, seed);
        assert_eq!(report.fates.deposits.len(), 30);
        let is_posted = |booked: &Booked| *booked == Booked::Posted;
        assert!(report.fates.deposits.values().all(is_posted), "{}", report.fates);
        assert_eq!(
            report.fates.to_string(),
            in_engine(&plan, seed).to_string(),
            "{seed}"
        );
        assert!(report.tally.lives >= 9, "{seed}: {:?}", report.tally);
    }
}

#[test]
fn another_seed_is_another_order() {
    let plan = storm("calm", vec![]);
    let courses: Vec<u128> = (1..=3).map(|seed| in_madsim(&plan, seed).course).collect();
    assert!(courses[0] != courses[1] && courses[1] != courses[2] && courses[0] != courses[2]);
}

#[test]
fn what_this_world_cannot_do_is_refused_by_name() {
    let flip = Fault::Disk {
        fault: DiskFault::BitFlip,
    };
    let slow = process(ProcessFault::Slow { extra_ms: 5 });
    let crash = process(ProcessFault::Crash {
        loss: CrashLoss::Lost,
    });
    let mut plan = storm(
        "too much",
        vec![
            fault(2_000, 2_500, crash),
            fault(3_000, 4_000, slow),
            fault(3_000, 4_000, flip),
        ],
    );
    plan.workload.push(Deed::Balances { at_ms: 5, user: 0 });
    plan.workload.push(Deed::RetryDeadLetters {
        at_ms: 5,
        how: Default::default(),
    });
    let Err(Failure::Inexpressible(refused)) = run(&plan, 1) else {
        panic!("it ran")
    };
    let fields: Vec<&str> = refused.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["workload[31]", "faults[1]", "faults[2]"]);
}
