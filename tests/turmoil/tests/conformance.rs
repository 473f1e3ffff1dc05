//! The same plan in the engine's world and in the turmoil world comes to the same end.

use std::path::Path;

use plimsoll_sim::engine::Latency;
use plimsoll_sim::fault::{
    CrashLoss, Cue, Direction, DiskFault, Fault, LinkFault, LinkName, ProcessFault, StoreFault, Trigger,
};
use plimsoll_sim::run::{Ending, fates, replay};
use plimsoll_sim::scenario::{Scenario, library};
use plimsoll_sim::world::plan::{ClaimPlan, Deed, Plan, ScheduledFault, Token};
use plimsoll_sim::world::{Booked, Fates};
use plimsoll_turmoil::{Course, Failure, Report, run};

/// Scenarios whose faults are those of endpoints and chain.
const WORLD_FAILS: [&str; 11] = [
    "escrow/one_endpoint_fails",
    "escrow/five_of_seven_fail",
    "escrow/six_of_seven_fail",
    "escrow/core_heals",
    "escrow/network_timeouts",
    "escrow/flapping_endpoints",
    "escrow/lagging_endpoint",
    "escrow/lying_endpoint",
    "escrow/hash_stealing",
    "escrow/hundred_concurrent_deposits",
    "escrow/reorg",
];

/// Scenarios whose faults are those of the process, its journal and its links.
const BANK_FAILS: [&str; 12] = [
    "escrow/all_automation_fails",
    "escrow/crash_and_restart",
    "escrow/crash_right_after",
    "escrow/commit_outcome_unknown",
    "escrow/database_unavailable",
    "escrow/sync_failed",
    "escrow/links_swizzled",
    "escrow/duplicate_and_concurrent_claims",
    "escrow/quiet_periods",
    "tests/turmoil/plans/payments.toml",
    "tests/turmoil/plans/quiet.toml",
    "tests/turmoil/plans/restarts.toml",
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
fn one_end_in_both_worlds_when_endpoints_and_chain_fail() {
    WORLD_FAILS.into_iter().for_each(assert_one_end);
}

#[test]
fn one_end_in_both_worlds_when_the_bank_fails() {
    BANK_FAILS.into_iter().for_each(assert_one_end);
}

#[track_caller]
fn assert_one_end(name: &str) {
    let plan = scenario(name).expand(1);
    let report = in_turmoil(&plan, 1);
    assert!(!report.fates.deposits.is_empty(), "{name}");
    assert_eq!(report.fates, in_engine(&plan, 1), "{name}");
}

/// Which of two payments comes first is the network's to say, so that the ends differ, and the oracles judge alone.
#[test]
fn oracles_find_nothing_where_payments_race() {
    for name in ["ledger/holds_under_crashes", "escrow/answers_lost"] {
        let report = in_turmoil(&scenario(name).expand(1), 1);
        assert!(report.replayed > 10, "{name}: {} repeated", report.replayed);
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
    for (plan, seed) in storms().iter().zip(1..) {
        let report = in_turmoil(plan, seed);
        assert_eq!(report.fates.deposits.len(), 30);
        assert!(
            report.fates.deposits.values().all(|fate| *fate == Booked::Posted),
            "{:?}",
            report.fates
        );
        assert_eq!(report.claims, 60);
        assert_eq!(report.fates, in_engine(plan, seed), "{} {seed}", plan.name);
        assert_told(&report);
        let replayed = report.replayed;
        assert!(replayed > 0, "{}: no write was ever done twice", plan.name);
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

/// From when to when nothing may be committed, and when something must be.
type Silence = (ScheduledFault, &'static [(u64, u64)], &'static [(u64, u64)]);

/// Faults that stop commits, each from 8 to 14 s, and 500 ms for what is under way.
fn silences() -> Vec<Silence> {
    let store = |fault, percent| Fault::Store { fault, percent };
    let process = |fault| Fault::Process { fault };
    let all = LinkName::AllEndpoints;
    let one = |fault| {
        (
            fault,
            &[(8_500, 14_000)][..],
            &[(1_000, 8_000), (14_000, 25_000)][..],
        )
    };
    let loss = CrashLoss::Kept;
    let faults = [
        store(StoreFault::Unavailable, 100),
        store(StoreFault::Full, 100),
        store(StoreFault::UnknownOutcome { committed_percent: 0 }, 100),
        store(StoreFault::SlowSync { extra_ms: 6_000 }, 100),
        Fault::Disk {
            fault: DiskFault::SyncFailed { percent: 100 },
        },
        process(ProcessFault::Crash { loss }),
        process(ProcessFault::Restart),
        process(ProcessFault::Pause),
    ];
    let mut silences: Vec<Silence> = faults
        .into_iter()
        .map(|each| one(fault(8_000, 14_000, each)))
        .collect();
    // After the third commit, which is of users who register, for 20 s.
    let cut = network(all, Direction::Both, LinkFault::Partition);
    let count = 3;
    let after = Some(Trigger {
        cue: Cue::Commit,
        count,
    });
    let triggered = ScheduledFault {
        after,
        ..fault(0, 20_000, store(StoreFault::Unavailable, 100))
    };
    silences.push((triggered, &[(700, 20_000)], &[(0, 700), (21_000, 30_000)]));
    silences.push((fault(0, 1, cut), &[], &[(1_000, 8_000), (8_500, 14_000)]));
    silences
}

#[test]
fn faults_do_what_they_say_and_no_longer() {
    for (fault, silent, loud) in silences() {
        let plan = storm("a fault that stops commits", vec![fault]);
        let report = in_turmoil(&plan, 1);
        let commits = |(from, until): (u64, u64)| {
            let ms = report.commits.iter().map(|at| at.as_nanos() / 1_000_000);
            ms.filter(|at| (from..until).contains(at)).count()
        };
        let fault = &plan.faults[0];
        for span in silent {
            assert_eq!(commits(*span), 0, "{fault:?}: {span:?}");
        }
        for span in loud {
            assert_ne!(commits(*span), 0, "{fault:?}: {span:?}");
        }
    }
}

/// Of what is lost no answer comes, and clients ask again; what is late comes late.
#[test]
fn messages_are_lost_late_and_doubled() {
    let run = |faults| in_turmoil(&storm("messages", faults), 1);
    let users = |direction, each| network(LinkName::Users, direction, each);
    let all_the_time = |each| vec![fault(1_000, 28_000, each)];
    let calm = run(vec![]);
    let percent = 60;
    let lost = run(all_the_time(users(
        Direction::FromBank,
        LinkFault::Loss { percent },
    )));
    let doubled = run(all_the_time(users(
        Direction::ToBank,
        LinkFault::Duplicate { percent },
    )));
    let again = (lost.replayed, calm.replayed);
    assert!(again.0 > again.1 + 10, "{again:?} answers given again");
    let requests = (doubled.requests, calm.requests);
    assert!(requests.0 > requests.1 + 20, "{requests:?} requests");
    let extra = Latency::Fixed { us: 1_900_000 };
    let slow = network(
        LinkName::AllEndpoints,
        Direction::Both,
        LinkFault::Delay { extra },
    );
    let slow = run(all_the_time(slow)).commits;
    let commits = (slow.len(), calm.commits.len());
    assert!(commits.0 < commits.1, "{commits:?} commits");
}

/// What lasts from 8 to 20 s is suspended at 14 s, until all that was open is settled.
#[test]
fn a_quiet_period_suspends_what_lasts_and_no_longer() {
    let store = Fault::Store {
        fault: StoreFault::Unavailable,
        percent: 100,
    };
    let mut plan = storm("a quiet period", vec![fault(8_000, 20_000, store)]);
    plan.quiet_at_ms.push(14_000);
    let report = in_turmoil(&plan, 1);
    let ms = report.commits.iter().map(|at| at.as_nanos() / 1_000_000);
    let during: Vec<u64> = ms.filter(|at| (8_500..20_000).contains(at)).collect();
    assert!(
        during.first().is_some_and(|at| *at >= 14_000),
        "before it: {during:?}"
    );
    assert!(
        during.last().is_some_and(|at| *at < 19_000),
        "after it: {during:?}"
    );
}

#[test]
fn what_this_world_cannot_do_is_refused_by_name() {
    let damage = Fault::Disk {
        fault: DiskFault::BitFlip,
    };
    let held = network(LinkName::Users, Direction::ToBank, LinkFault::Hold);
    let mut plan = storm(
        "too much",
        vec![
            crash(2_000),
            fault(3_000, 4_000, damage),
            fault(3_000, 4_000, held),
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
