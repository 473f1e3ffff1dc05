//! What people do, and what comes of it.

use super::*;
use crate::world::plan::OrderPlan;

#[test]
fn every_shape_is_booked_as_the_chain_says() {
    let mut plan = Plan::calm("shapes", 60_000);
    plan.topology.bank.price = Some(PricePlan {
        numerator: 1,
        denominator: 30_000_000_000,
    });
    for (shape, number) in Shape::ALL.into_iter().zip(0u32..) {
        for (token, offset) in [(Token::Usdt, 0), (Token::Usdc, 500), (Token::Busd, 1_000)] {
            let movement = |shape, amount_milli| Movement {
                shape,
                user: number % 6,
                token,
                amount_milli,
            };
            let at_ms = 2_000 + 3_500 * u64::from(number) + offset;
            plan.workload.push(Deed::Deposit {
                at_ms,
                movements: vec![
                    movement(shape, 2_000),
                    movement(Shape::Payment, 999),
                    movement(shape, 70_001),
                ],
                fate: Fate::Mined,
                delay_blocks: 1,
                claims: vec![ClaimPlan {
                    at_ms,
                    user: number % 6,
                    key: None,
                }],
            });
        }
    }
    let outcome = passes(&plan);
    assert_eq!(
        outcome.stats.dead_lettered, 3,
        "one huge transaction of each token"
    );
    // Every other transaction has one deposit below the minimum beside the two of its shape.
    assert_eq!(outcome.stats.deposits, 13 * 3 + 2 * 3 + 2 * 3);
    // Of the others' 999, each user's second, fourth and so on of one asset comes to the minimum with the one before.
    assert_eq!((outcome.stats.credited, outcome.stats.suspended), (28, 23));
}

#[test]
fn a_thief_gets_nothing_and_claims_may_come_early_late_twice_and_never() {
    let mut plan = Plan::calm("claims", 40_000);
    plan.workload = vec![
        claimed(5_000, 0, &[(5_100, 1), (5_100, 0)]),
        claimed(8_000, 2, &[(2_000, 2), (9_000, 2), (9_000, 2)]),
        claimed(10_000, 3, &[(39_000, 3)]),
        claimed(12_000, 4, &[]),
    ];
    let outcome = passes(&plan);
    assert_eq!((outcome.stats.credited, outcome.stats.suspended), (4, 0));
}

#[test]
fn money_moves_between_users_and_holds_end_as_they_should() {
    let mut plan = Plan::calm("ledger", 60_000);
    plan.workload = (0..6)
        .map(|user| Deed::payment(1_000, user, Token::Usdt, 100_000))
        .collect();
    let ends = [
        HoldEnd::Post,
        HoldEnd::PostPercent(30),
        HoldEnd::Void,
        HoldEnd::Abandon,
    ];
    for number in 0..40u32 {
        let at_ms = 10_000 + 1_000 * u64::from(number);
        let hold = HoldPlan {
            expires_after_ms: Some(5_000),
            also: None,
            end_at_ms: at_ms + 2_000,
            end: ends[number as usize % 4],
        };
        plan.workload.push(Deed::Transfer {
            at_ms,
            from: number % 6,
            to: (number + 1) % 6,
            token: Token::Usdt,
            amount_milli: 1_000 + u64::from(number),
            key: (number % 8 == 7).then_some(7),
            hold: (number % 3 > 0).then_some(hold),
            reverse_at_ms: (number % 5 == 0).then_some(at_ms + 3_000),
        });
    }
    plan.faults = vec![fault(
        20_000,
        21_000,
        process(ProcessFault::Crash {
            loss: CrashLoss::Lost,
        }),
    )];
    struct Total;
    impl Oracle for Total {
        fn name(&self) -> &'static str {
            "total"
        }

        fn observe(&mut self, _: Instant, _: &Observation<'_>) -> Result<(), Violation> {
            Ok(())
        }

        fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
            let bank = end.bank.unwrap();
            let held = |user| {
                let account = AccountKey {
                    owner: Owner::User(user),
                    asset: Token::Usdt.facts().id,
                };
                bank.state().ledger().balance(account)
            };
            let balances = bank.state().users().map(|(id, _)| held(id));
            let total: i128 = balances.map(|one| one.available.minor() + one.held.minor()).sum();
            assert_eq!(total, 600 * 10i128.pow(18));
            let journal = end.journal().map(|records| records.len() as u64);
            assert_eq!(journal, Ok(end.stats.records));
            Ok(())
        }
    }
    let outcome = World::new(&plan, 3).unwrap().judged_by(Box::new(Total)).run();
    assert_eq!(outcome.verdict, Verdict::Passed);
}

#[test]
fn dead_letters_are_retried_and_suspense_is_attributed_by_operators() {
    let mut plan = Plan::calm("operators", 60_000);
    plan.topology.bank.patience_ms = 5_000;
    let movement = Movement {
        shape: Shape::ToCollect,
        user: 0,
        token: Token::Usdt,
        amount_milli: 9_000,
    };
    plan.workload = vec![
        Deed::Deposit {
            at_ms: 3_000,
            movements: vec![movement],
            fate: Fate::Mined,
            delay_blocks: 0,
            claims: Vec::new(),
        },
        Deed::Attribute {
            at_ms: 2_000,
            deed: 0,
            ordinal: 0,
            user: 4,
        },
        claimed(12_000, 1, &[(12_000, 1)]),
        Deed::RetryDeadLetters {
            at_ms: 45_000,
            how: crate::world::plan::Handling::Retry,
        },
    ];
    let cut = Fault::Network {
        link: LinkName::AllEndpoints,
        direction: Default::default(),
        fault: LinkFault::Partition,
    };
    plan.faults = vec![fault(11_000, 40_000, cut)];
    let outcome = passes_but_attributed(&plan);
    assert_eq!((outcome.stats.credited, outcome.stats.suspended), (2, 0));
    assert_eq!(outcome.stats.dead_lettered, 1);
}

/// Whatever operators order while everything breaks, it ends, and every deposit is credited.
#[test]
fn operators_pause_force_sweep_process_and_drain() {
    let mut plan = Plan::calm("orders", 60_000);
    plan.workload = (0..12)
        .map(|n| claimed(2_000 + n * 3_000, 1, &[(2_500 + n * 3_000, 1)]))
        .collect();
    plan.workload.push(Deed::payment(9_000, 2, Token::Usdt, 7_000));
    let last = 12;
    let endpoint = 0;
    let orders = [
        (
            3_000,
            OrderPlan::PauseEndpoint {
                endpoint,
                until_ms: 20_000,
            },
        ),
        (
            4_000,
            OrderPlan::ForceOpen {
                endpoint: 1,
                until_ms: 9_000,
            },
        ),
        (
            5_000,
            OrderPlan::Disable {
                endpoint: 2,
                until_ms: 30_000,
            },
        ),
        (12_000, OrderPlan::PauseChain { until_ms: 18_000 }),
        (21_000, OrderPlan::Drain { until_ms: 25_000 }),
        (26_000, OrderPlan::Sweep),
        (9_500, OrderPlan::Process { deed: last }),
    ];
    let orders = orders.map(|(at_ms, order)| Deed::Order { at_ms, order });
    plan.workload.extend(orders);
    let crash = || Fault::Process {
        fault: ProcessFault::Crash {
            loss: CrashLoss::Torn,
        },
    };
    plan.faults = vec![fault(6_000, 6_500, crash()), fault(14_000, 14_500, crash())];
    let oracles = crate::oracle::all(&plan);
    let mut world = World::new(&plan, 5).unwrap();
    for oracle in oracles {
        world = world.judged_by(oracle);
    }
    let outcome = world.run();
    assert_eq!(outcome.verdict, Verdict::Passed);
    assert_eq!(outcome.stats.credited, 13);
    for landmark in [
        "an operator paused an endpoint",
        "an operator paused a chain",
        "an operator gave a breaker an order",
        "an operator let nothing new in",
    ] {
        let place = crate::sometimes::landmark(landmark);
        assert!(outcome.stats.reached.has(place), "{landmark}");
    }
}

#[track_caller]
fn passes_but_attributed(plan: &Plan) -> Outcome {
    let outcome = World::new(plan, 1)
        .unwrap()
        .judged_by(Box::new(Replays::default()))
        .run();
    assert_eq!(outcome.verdict, Verdict::Passed);
    outcome
}
