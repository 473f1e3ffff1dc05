//! What a run is: reproducible, judged, bounded, traced.

use super::*;

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
        after: None,
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
