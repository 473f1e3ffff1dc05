use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use plimsoll_core::bank::{Record, State};
use plimsoll_core::escrow::{Beneficiary, DepositKey, EscrowRecord};
use plimsoll_core::ledger::{AccountKey, Owner};
use plimsoll_core::time::Instant;

use super::observe::{End, Observation, Oracle, Violation};
use super::plan::{
    ClaimPlan, Deed, Fate, HoldEnd, HoldPlan, Movement, Plan, PricePlan, ScheduledFault, Shape, Token,
};
use super::{Outcome, Part, Verdict, World};
use crate::engine::Trace;
use crate::fault::{
    ChainFault, CrashLoss, EndpointFault, Fault, Lie, LinkFault, LinkName, ProcessFault, StoreFault,
};
use crate::model::chain::Due;

/// Every final posting happens once, and says what the chain says.
#[derive(Default)]
struct OncePerDeposit {
    posted: BTreeMap<DepositKey, Beneficiary>,
}

impl OncePerDeposit {
    fn violation(invariant: &'static str, detail: String) -> Violation {
        Violation {
            oracle: "once per deposit",
            invariant,
            detail,
        }
    }

    fn see(&mut self, record: &Record) -> Result<(), Violation> {
        let Record::Escrow(EscrowRecord::Final { tx, deposits, .. }) = record else {
            return Ok(());
        };
        for booked in deposits {
            let key = DepositKey {
                tx: *tx,
                ordinal: booked.deposit.ordinal,
            };
            if self.posted.insert(key, booked.deposit.beneficiary).is_some() {
                return Err(Self::violation("posted twice", format!("{key:?}")));
            }
        }
        Ok(())
    }
}

impl Oracle for OncePerDeposit {
    fn name(&self) -> &'static str {
        "once per deposit"
    }

    fn observe(&mut self, _: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Committed { records, .. } => records.iter().try_for_each(|record| self.see(record)),
            Observation::Handled { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Crashed { .. }
            | Observation::Restarted { .. }
            | Observation::Fault { .. }
            | Observation::Chain(_) => Ok(()),
        }
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        let mut due = BTreeMap::new();
        for (key, truth) in end.chain.deposits(end.at) {
            let beneficiary = match truth.due {
                Due::User(user) => Beneficiary::User(user),
                Due::Suspense(reason) => Beneficiary::Suspense(reason),
                Due::Person | Due::Nothing(_) => unreachable!("that is no deposit"),
            };
            due.insert(key, beneficiary);
        }
        if due == self.posted {
            Ok(())
        } else {
            Err(Self::violation(
                "as the chain says",
                format!("{due:?} became {:?}", self.posted),
            ))
        }
    }
}

/// A restarted bank is what the durable records say.
#[derive(Default)]
struct Replays {
    state: State,
    restarts: u32,
}

impl Oracle for Replays {
    fn name(&self) -> &'static str {
        "replays"
    }

    fn observe(&mut self, _: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Committed { records, .. } => {
                records.iter().for_each(|record| self.state.apply(record))
            }
            Observation::Restarted { bank, .. } => {
                self.restarts += 1;
                assert_eq!(bank.state(), &self.state, "restart {}", self.restarts);
            }
            Observation::Handled { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Crashed { .. }
            | Observation::Fault { .. }
            | Observation::Chain(_) => {}
        }
        Ok(())
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        let bank = end.bank.unwrap();
        bank.state().check();
        assert_eq!(bank.state(), &self.state, "nothing is decided and not durable");
        Ok(())
    }
}

fn run(plan: &Plan, seed: u64) -> Outcome {
    let world = World::new(plan, seed).unwrap();
    let world = world.judged_by(Box::new(OncePerDeposit::default()));
    world.judged_by(Box::new(Replays::default())).run()
}

#[track_caller]
fn passes(plan: &Plan) -> Outcome {
    let outcome = run(plan, 1);
    assert_eq!(outcome.verdict, Verdict::Passed);
    outcome
}

fn claimed(at_ms: u64, user: u32, claims: &[(u64, u32)]) -> Deed {
    let claim = |(at_ms, user): &(u64, u32)| ClaimPlan {
        at_ms: *at_ms,
        user: *user,
        key: None,
    };
    let movement = Movement {
        shape: Shape::Payment,
        user,
        token: Token::Usdt,
        amount_milli: 5_000,
    };
    Deed::Deposit {
        at_ms,
        movements: vec![movement],
        fate: Fate::Mined,
        delay_blocks: 0,
        claims: claims.iter().map(claim).collect(),
    }
}

/// A minute in which each user is paid twice, once with a claim.
fn busy() -> Plan {
    let mut plan = Plan::calm("busy", 60_000);
    for user in 0..6 {
        let at_ms = 3_000 + 8_000 * u64::from(user);
        plan.workload.push(claimed(at_ms, user, &[(at_ms + 300, user)]));
        plan.workload
            .push(Deed::payment(at_ms + 2_000, user, Token::Usdc, 1_500));
    }
    plan
}

fn fault(from_ms: u64, until_ms: u64, fault: Fault) -> ScheduledFault {
    ScheduledFault {
        from_ms,
        until_ms: Some(until_ms),
        fault,
    }
}

fn endpoint(endpoint: u8, fault: EndpointFault) -> Fault {
    Fault::Endpoint {
        endpoint,
        fault,
        percent: 100,
    }
}

fn process(fault: ProcessFault) -> Fault {
    Fault::Process { fault }
}

fn users_link(fault: LinkFault) -> Fault {
    Fault::Network {
        link: LinkName::Users,
        direction: Default::default(),
        fault,
    }
}

#[test]
fn a_calm_world_credits_everything_quickly() {
    let outcome = passes(&busy());
    assert_eq!((outcome.stats.deposits, outcome.stats.credited), (12, 12));
    let slowest = outcome.stats.times_to_credit.iter().max().unwrap();
    assert!(slowest.as_millis() < 1_500, "{slowest:?}");
    assert_eq!((outcome.stats.crashes, outcome.stats.faults), (0, 0));
}

#[test]
fn the_same_seed_does_the_same_and_another_does_not() {
    let mut plan = busy();
    plan.faults = vec![
        fault(5_000, 9_000, endpoint(2, EndpointFault::Dead)),
        fault(
            12_000,
            14_000,
            process(ProcessFault::Crash {
                loss: CrashLoss::Torn,
            }),
        ),
        fault(20_000, 30_000, users_link(LinkFault::Loss { percent: 40 })),
    ];
    let (first, again, other) = (run(&plan, 7), run(&plan, 7), run(&plan, 8));
    assert_eq!(first, again);
    assert_ne!(first.digest, other.digest);
    assert!(first.verdict.is_passed() && other.verdict.is_passed());
}

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
    assert_eq!((outcome.stats.credited, outcome.stats.suspended), (4, 47));
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
        Deed::RetryDeadLetters { at_ms: 45_000 },
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

#[track_caller]
fn passes_but_attributed(plan: &Plan) -> Outcome {
    let outcome = World::new(plan, 1)
        .unwrap()
        .judged_by(Box::new(Replays::default()))
        .run();
    assert_eq!(outcome.verdict, Verdict::Passed);
    outcome
}

/// Shows every posting twice to the oracle inside.
struct Doubling(OncePerDeposit);

impl Oracle for Doubling {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn observe(&mut self, at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        self.0.observe(at, seen)?;
        self.0.observe(at, seen)
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        self.0.finish(end)
    }
}

#[test]
fn a_double_credit_is_seen_at_the_moment_it_happens() {
    let plan = busy();
    let oracle = Box::new(Doubling(OncePerDeposit::default()));
    let outcome = World::new(&plan, 1).unwrap().judged_by(oracle).run();
    assert!(matches!(&outcome.verdict, Verdict::Safety(found) if found.invariant == "posted twice"));
    assert_eq!(outcome.stats.credited, 1);
}

#[test]
fn what_is_not_settled_in_time_is_a_liveness_failure() {
    let mut plan = busy();
    plan.converge_ms = 100;
    plan.workload.push(claimed(59_900, 0, &[]));
    let Verdict::Liveness(findings) = run(&plan, 1).verdict else {
        panic!("it cannot be final in 100 ms")
    };
    assert!(!findings.is_empty());
    // Without the store nothing can settle, and a fault that never heals excuses that.
    let for_ever = Fault::Store {
        fault: StoreFault::Unavailable,
        percent: 100,
    };
    plan.faults.push(ScheduledFault {
        from_ms: 30_000,
        until_ms: None,
        fault: for_ever,
    });
    let outcome = World::new(&plan, 1).unwrap().run();
    assert_eq!(outcome.verdict, Verdict::Passed);
    assert!(outcome.stats.credited < 12);
}

#[test]
fn a_panic_of_the_code_under_test_is_an_outcome() {
    struct Panics;
    impl Oracle for Panics {
        fn name(&self) -> &'static str {
            "panics"
        }

        fn observe(&mut self, at: Instant, _: &Observation<'_>) -> Result<(), Violation> {
            assert!(at < Instant::from_nanos(2_000_000_000), "planted");
            Ok(())
        }

        fn finish(&mut self, _: &End<'_>) -> Result<(), Violation> {
            Ok(())
        }
    }
    let plan = busy();
    let outcome = World::new(&plan, 1).unwrap().judged_by(Box::new(Panics)).run();
    assert_eq!(
        outcome.verdict,
        Verdict::Crash {
            message: "planted".to_owned()
        }
    );
}

#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_trace_is_the_same_twice_and_changes_nothing() {
    let plan = busy();
    let traced = || {
        let shared = Shared::default();
        let world = World::new(&plan, 5)
            .unwrap()
            .traced_to(Trace::to(Box::new(shared.clone())));
        (world.run(), shared.0.take())
    };
    let (outcome, trace) = traced();
    assert_eq!(trace, traced().1);
    assert_eq!(outcome, World::new(&plan, 5).unwrap().run());
    let text = String::from_utf8(trace).unwrap();
    assert!(text.lines().count() as u64 > outcome.stats.steps);
    assert!(
        text.lines()
            .all(|line| line.starts_with("{\"t\":") && line.ends_with("\"}"))
    );
}
