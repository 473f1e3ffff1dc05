//! Every family of faults: money is late, and never lost or doubled.

use super::*;

#[test]
fn six_of_seven_endpoints_dead_credit_nothing_until_they_heal() {
    let mut plan = Plan::calm("six of seven", 60_000);
    plan.workload = vec![claimed(10_000, 0, &[(10_000, 0)])];
    plan.faults = (1..7)
        .map(|number| fault(5_000, 40_000, endpoint(number, EndpointFault::Dead)))
        .collect();
    let outcome = passes(&plan);
    let took = outcome.stats.times_to_credit[0];
    assert!(took.as_secs() >= 27, "one voice was enough: {took:?}");
    assert!(
        outcome
            .stats
            .recoveries
            .iter()
            .any(|one| matches!(one.part, Part::Endpoint(_)))
    );
}

#[test]
fn crashes_lose_nothing_that_was_committed() {
    for loss in [CrashLoss::Kept, CrashLoss::Lost, CrashLoss::Torn] {
        for seed in 0..20 {
            let mut plan = busy();
            let crash = |number: u64| {
                fault(
                    3_300 + number * 4_111,
                    3_900 + number * 4_111,
                    process(ProcessFault::Crash { loss }),
                )
            };
            plan.faults = (0..12).map(crash).collect();
            let outcome = run(&plan, seed);
            assert_eq!(outcome.verdict, Verdict::Passed, "{loss:?} {seed}");
            assert_eq!((outcome.stats.crashes, outcome.stats.credited), (12, 12));
        }
    }
}

#[test]
fn a_process_that_is_fenced_off_ends_and_comes_back_with_a_new_epoch() {
    let mut plan = busy();
    plan.faults = vec![fault(10_000, 10_000, process(ProcessFault::Usurped))];
    let outcome = passes(&plan);
    assert_eq!((outcome.stats.crashes, outcome.stats.credited), (1, 12));
}

#[test]
fn a_stopped_process_goes_on_and_turns_away_what_its_mailbox_cannot_hold() {
    let mut plan = busy();
    plan.topology.bank.mailbox = 1;
    plan.faults = vec![
        fault(2_000, 12_000, process(ProcessFault::Pause)),
        fault(9_000, 20_000, process(ProcessFault::Pause)),
    ];
    (0..20).for_each(|user| {
        plan.workload.push(Deed::Balances {
            at_ms: 15_000,
            user: user % 6,
        })
    });
    assert_eq!(passes(&plan).stats.credited, 12);
}

#[test]
fn a_failing_store_delays_and_loses_nothing() {
    for fault_kind in [
        StoreFault::Unavailable,
        StoreFault::Full,
        StoreFault::SlowSync { extra_ms: 3_000 },
        StoreFault::UnknownOutcome {
            committed_percent: 50,
        },
    ] {
        let mut plan = busy();
        let store = Fault::Store {
            fault: fault_kind,
            percent: 80,
        };
        plan.faults = vec![fault(2_000, 50_000, store)];
        assert_eq!(passes(&plan).stats.credited, 12, "{fault_kind:?}");
    }
}

#[test]
fn replies_that_are_lost_or_doubled_register_nobody_twice() {
    for link in [
        LinkFault::Partition,
        LinkFault::Hold,
        LinkFault::Loss { percent: 70 },
        LinkFault::Duplicate { percent: 100 },
        LinkFault::Reorder { spread_ms: 4_000 },
    ] {
        let mut plan = busy();
        plan.faults = vec![fault(0, 20_000, users_link(link))];
        let outcome = passes(&plan);
        assert_eq!(outcome.stats.credited, 12, "{link:?}");
    }
}

#[test]
fn reorganisations_move_deposits_and_credit_them_once() {
    for seed in 0..30 {
        let mut plan = busy();
        let reorg = |number: u64| {
            let fault_kind = ChainFault::Reorg {
                depth: 1 + number % 13,
                vanish_percent: 20,
            };
            fault(
                4_000 + number * 1_700,
                4_000 + number * 1_700,
                Fault::Chain { fault: fault_kind },
            )
        };
        plan.faults = (0..30).map(reorg).collect();
        let stall = Fault::Chain {
            fault: ChainFault::FinalityStall,
        };
        plan.faults.push(fault(10_000, 30_000, stall));
        let outcome = run(&plan, seed);
        assert_eq!(outcome.verdict, Verdict::Passed, "{seed}");
        assert_eq!(outcome.stats.credited, outcome.stats.deposits);
    }
}

#[test]
fn one_lying_endpoint_changes_nothing() {
    for lie in [
        Lie::InventedPayment,
        Lie::InflatedAmount,
        Lie::OmittedLog,
        Lie::EarlyFinality,
        Lie::FutureFinality,
        Lie::ForgedHash,
    ] {
        let mut plan = busy();
        plan.workload.push(Deed::Deposit {
            at_ms: 20_000,
            movements: Vec::new(),
            fate: Fate::NeverMined,
            delay_blocks: 0,
            claims: vec![ClaimPlan {
                at_ms: 21_000,
                user: 0,
                key: None,
            }],
        });
        plan.faults = vec![fault(0, 60_000, endpoint(0, EndpointFault::Lying { lie }))];
        assert_eq!(passes(&plan).stats.credited, 12, "{lie:?}");
    }
}
