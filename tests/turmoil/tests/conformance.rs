//! The same plan in the engine's world and in the turmoil world comes to the same end.

use std::path::Path;

use plimsoll_sim::fault::{Direction, Fault, LinkFault, LinkName, StoreFault};
use plimsoll_sim::run::{Ending, fates, replay};
use plimsoll_sim::scenario::{Scenario, library};
use plimsoll_sim::world::plan::{ClaimPlan, Deed, Plan, ScheduledFault, Token};
use plimsoll_sim::world::{Booked, Fates};
use plimsoll_turmoil::{Course, Failure, Report, run};

/// Scenarios that the turmoil world can run, and some of their seeds.
const SCENARIOS: [(&str, [u64; 1]); 10] = [
    ("tests/turmoil/plans/payments.toml", [1]),
    ("escrow/reorg", [1]),
    ("escrow/all_automation_fails", [1]),
    ("escrow/one_endpoint_fails", [2]),
    ("escrow/five_of_seven_fail", [1]),
    ("escrow/six_of_seven_fail", [1]),
    ("escrow/lagging_endpoint", [1]),
    ("escrow/lying_endpoint", [1]),
    ("escrow/hash_stealing", [1]),
    ("escrow/hundred_concurrent_deposits", [1]),
];

fn scenario(name: &str) -> Scenario {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = library::find(&root, name).expect("it is there");
    assert_eq!(found.len(), 1, "{name}");
    found.remove(0)
}

/// What comes of `plan` in the engine's world, which must pass.
fn in_engine(plan: &Plan, seed: u64) -> Fates {
    let single = replay(plan, seed, None).expect("sound");
    assert_eq!(single.ending, Ending::Passed, "{} {seed}", plan.name);
    fates(plan, seed).expect("sound").expect("it is up")
}

#[track_caller]
fn in_turmoil(plan: &Plan, seed: u64) -> Report {
    run(plan, seed, &Course::default()).unwrap_or_else(|failure| panic!("{} {seed}: {failure}", plan.name))
}

#[test]
fn scenarios_come_to_the_same_end_in_both_worlds() {
    for (name, seeds) in SCENARIOS {
        for seed in seeds {
            let plan = scenario(name).expand(seed);
            let report = in_turmoil(&plan, seed);
            assert!(!report.fates.deposits.is_empty(), "{name} {seed}");
            assert_eq!(report.fates, in_engine(&plan, seed), "{name} {seed}");
        }
    }
}

/// Thirty deposits of six users, each claimed, while `faults` strike.
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

fn network(link: LinkName, direction: Direction, fault: LinkFault) -> Fault {
    Fault::Network {
        link,
        direction,
        fault,
    }
}

fn crash(from_ms: u64) -> ScheduledFault {
    use plimsoll_sim::fault::{CrashLoss, ProcessFault};
    let loss = CrashLoss::Lost;
    let crash = Fault::Process {
        fault: ProcessFault::Crash { loss },
    };
    fault(from_ms, from_ms + 700, crash)
}

fn storms() -> Vec<Plan> {
    let one = |endpoint| LinkName::Endpoint { endpoint };
    let cut = |link, direction| network(link, direction, LinkFault::Partition);
    vec![
        storm("calm", vec![]),
        storm(
            "one provider cut off",
            vec![
                fault(3_000, 20_000, cut(one(1), Direction::Both)),
                fault(3_000, 20_000, cut(one(5), Direction::Both)),
            ],
        ),
        storm(
            "every endpoint held, then released",
            vec![fault(
                5_000,
                12_000,
                network(LinkName::AllEndpoints, Direction::Both, LinkFault::Hold),
            )],
        ),
        storm(
            "crashes in the middle of deposits",
            (0..6).map(|nth| crash(3_010 + 3_503 * nth)).collect(),
        ),
        storm(
            "responses to users lost",
            vec![
                fault(4_000, 9_000, cut(LinkName::Users, Direction::FromBank)),
                crash(6_200),
            ],
        ),
    ]
}

#[test]
fn every_deposit_is_credited_once_whatever_the_network_does() {
    for plan in storms() {
        let mut replayed = 0;
        for seed in 1..=2 {
            let report = in_turmoil(&plan, seed);
            assert_eq!(report.fates.deposits.len(), 30);
            assert!(
                report.fates.deposits.values().all(|fate| *fate == Booked::Posted),
                "{:?}",
                report.fates
            );
            assert_eq!(report.claims, 60);
            assert_eq!(report.fates, in_engine(&plan, seed), "{} {seed}", plan.name);
            assert_told(&report);
            replayed += report.replayed;
        }
        assert!(
            replayed > 0,
            "{}: no write was ever repeated after it was done",
            plan.name
        );
    }
}

/// What people are told over HTTP is what the journal says.
#[track_caller]
fn assert_told(report: &Report) {
    let mut told = 0;
    for (user, asset, available, _) in &report.told {
        let key = (format!("user {user}"), asset.clone());
        let Some((amount, _)) = report.fates.balances.get(&key) else {
            assert!(
                available.bytes().all(|byte| matches!(byte, b'0' | b'.')),
                "{key:?}: {available}"
            );
            continue;
        };
        assert_eq!(amount.display(18).to_string(), *available, "{key:?}");
        told += 1;
    }
    assert_eq!(told, report.fates.balances.len());
}

#[test]
fn what_this_world_cannot_do_is_refused_by_name() {
    let store = Fault::Store {
        fault: StoreFault::Unavailable,
        percent: 100,
    };
    let loss = network(LinkName::Users, Direction::Both, LinkFault::Loss { percent: 5 });
    let mut plan = storm(
        "too much",
        vec![
            crash(2_000),
            fault(3_000, 4_000, store),
            fault(3_000, 4_000, loss),
        ],
    );
    plan.workload.push(Deed::Attribute {
        at_ms: 5,
        deed: 0,
        ordinal: 0,
        user: 0,
    });
    let Err(Failure::Inexpressible(refused)) = run(&plan, 1, &Course::default()) else {
        panic!("it ran")
    };
    let fields: Vec<&str> = refused.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["workload[30]", "faults[1]", "faults[2]"]);
}
