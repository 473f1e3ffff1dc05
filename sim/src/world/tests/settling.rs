//! What must settle, when, and what may wait.

use super::*;

fn for_ever(from_ms: u64, fault: Fault) -> ScheduledFault {
    ScheduledFault {
        after: None,
        from_ms,
        until_ms: None,
        fault,
    }
}

fn cut(link: LinkName) -> Fault {
    Fault::Network {
        link,
        direction: Default::default(),
        fault: LinkFault::Partition,
    }
}

fn away() -> Fault {
    Fault::Store {
        fault: StoreFault::Unavailable,
        percent: 100,
    }
}

#[test]
fn what_waits_names_what_is_gone() {
    for (gone, name) in [
        (away(), "the store"),
        (cut(LinkName::AllEndpoints), "endpoints of two providers"),
        (
            Fault::Chain {
                fault: ChainFault::FinalityStall,
            },
            "finality",
        ),
    ] {
        let mut plan = busy();
        plan.faults = vec![for_ever(30_000, gone)];
        let outcome = judged(&plan, 1);
        assert!(outcome.stats.credited < 12, "{name}");
        assert!(!outcome.stats.waiting.is_empty());
        for waiting in &outcome.stats.waiting {
            assert!(waiting.reason.to_string().starts_with(name), "{waiting:?}");
        }
    }
}

#[test]
fn what_does_not_need_what_is_gone_must_settle() {
    let mut plan = busy();
    // Nobody can reach the bank any more, and the scanner finds the last deposit all the same.
    plan.workload.push(claimed(59_000, 3, &[]));
    plan.faults = vec![for_ever(50_000, cut(LinkName::Users))];
    let outcome = judged(&plan, 1);
    assert_eq!(outcome.stats.credited, 13);
    // A bank that does not credit it has no excuse.
    plan.converge_ms = 200;
    let world = World::new(&plan, 1).unwrap();
    assert!(matches!(world.run().verdict, Verdict::Liveness(_)));
}

#[test]
fn a_core_is_enough_to_settle_whatever_stays_broken() {
    for (broken, kind) in [
        EndpointFault::Dead,
        EndpointFault::NeverAnswers,
        EndpointFault::Empty,
        EndpointFault::Lagging { blocks: 500 },
        EndpointFault::StuckHead,
        EndpointFault::Malformed,
        EndpointFault::RateLimited { retry_after_ms: None },
        EndpointFault::Crossed,
    ]
    .into_iter()
    .zip(0..)
    {
        let mut plan = busy();
        plan.core = Some(vec![1, 6]);
        plan.faults = [0, 2, 3, 4, 5]
            .into_iter()
            .map(|number| fault(1_000, 2_000, endpoint(number, broken)))
            .collect();
        plan.workload.push(claimed(59_900, 2, &[(59_950, 2)]));
        let outcome = judged(&plan, kind);
        assert_eq!(outcome.stats.credited, 13, "{broken:?}");
        assert_eq!(
            outcome.stats.faults, 10,
            "each strikes again when the time is over"
        );
        assert!(outcome.stats.waiting.is_empty());
    }
}

#[test]
fn a_core_of_one_provider_is_refused() {
    let mut plan = busy();
    plan.core = Some(vec![0, 4]);
    let errors = plan.check().unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "core must be endpoints of two providers or more"
    );
}

/// Counts what was posted in a span of time.
#[derive(Clone, Default)]
struct Posted(Rc<RefCell<Vec<Instant>>>);

impl Oracle for Posted {
    fn name(&self) -> &'static str {
        "posted"
    }

    fn observe(&mut self, at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        if let Observation::Committed { records, .. } = seen {
            let is_final = |record: &&Record| matches!(record, Record::Escrow(EscrowRecord::Final { .. }));
            let count = records.iter().filter(is_final).count();
            self.0.borrow_mut().extend((0..count).map(|_| at));
        }
        Ok(())
    }

    fn finish(&mut self, _: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

fn posted_at(plan: &Plan) -> (Vec<u64>, Outcome) {
    let posted = Posted::default();
    let world = World::new(plan, 1).unwrap();
    let outcome = world.judged_by(Box::new(posted.clone())).run();
    let seconds = posted
        .0
        .take()
        .into_iter()
        .map(|at| at.as_nanos() / 1_000_000_000);
    (seconds.collect(), outcome)
}

#[test]
fn a_quiet_period_lets_everything_settle_and_then_the_faults_go_on() {
    let mut plan = busy();
    plan.faults = vec![fault(2_000, 60_000, away())];
    let (without, outcome) = posted_at(&plan);
    assert_eq!(outcome.verdict, Verdict::Passed);
    assert!(without.iter().all(|at| *at >= 60), "{without:?}");
    plan.quiet_at_ms = vec![30_000];
    let (with, outcome) = posted_at(&plan);
    assert_eq!(outcome.verdict, Verdict::Passed);
    assert_eq!(outcome.stats.faults, 2, "it went on");
    assert!(with.iter().any(|at| (30..40).contains(at)), "{with:?}");
    assert!(
        with.iter().all(|at| (30..40).contains(at) || *at >= 60),
        "{with:?}"
    );
    judged(&plan, 1);
}

#[test]
fn a_quiet_period_that_does_not_settle_is_a_liveness_failure() {
    let mut plan = busy();
    plan.faults = vec![fault(2_000, 60_000, away())];
    plan.quiet_at_ms = vec![30_000];
    plan.converge_ms = 100;
    let (_, outcome) = posted_at(&plan);
    let Verdict::Liveness(found) = outcome.verdict else {
        panic!("{:?}", outcome.verdict)
    };
    assert!(found[0].starts_with("a quiet period did not settle"), "{found:?}");
}

#[test]
fn a_process_that_is_held_down_starts_for_a_quiet_period() {
    let mut plan = busy();
    plan.faults = vec![fault(
        20_000,
        59_000,
        process(ProcessFault::Crash {
            loss: CrashLoss::Lost,
        }),
    )];
    plan.quiet_at_ms = vec![25_000];
    let (posted, outcome) = posted_at(&plan);
    assert_eq!((outcome.verdict, outcome.stats.crashes), (Verdict::Passed, 1));
    assert!(posted.iter().any(|at| (25..50).contains(at)), "{posted:?}");
}
