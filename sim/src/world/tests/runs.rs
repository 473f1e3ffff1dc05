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
    let plan = stormy();
    let (first, again, other) = (run(&plan, 7), run(&plan, 7), run(&plan, 8));
    assert_eq!(first, again);
    assert_ne!(first.digest, other.digest);
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

/// A busy world with faults of every kind that a trace tells of in its own way.
fn stormy() -> Plan {
    let mut plan = busy();
    plan.faults = vec![
        fault(5_000, 9_000, endpoint(2, EndpointFault::Dead)),
        fault(9_000, 10_000, process(ProcessFault::Pause)),
        fault(
            12_000,
            14_000,
            process(ProcessFault::Crash {
                loss: CrashLoss::Torn,
            }),
        ),
        fault(20_000, 30_000, users_link(LinkFault::Duplicate { percent: 40 })),
        fault(20_000, 30_000, users_link(LinkFault::Loss { percent: 40 })),
    ];
    plan
}

/// A run of `plan` with a trace.
fn traced(plan: &Plan, seed: u64) -> (Outcome, Vec<u8>) {
    let memory = Memory::new();
    let tracing = Tracing {
        out: Box::new(memory.clone()),
        build: "test".to_owned(),
    };
    let outcome = World::new(plan, seed).unwrap().traced_to(tracing).run();
    (outcome, memory.take())
}

#[test]
fn a_trace_is_the_same_twice_and_changes_nothing() {
    let plan = stormy();
    let (outcome, trace) = traced(&plan, 5);
    assert_eq!(trace, traced(&plan, 5).1);
    assert_eq!(outcome, World::new(&plan, 5).unwrap().run());
    assert_ne!(trace, traced(&plan, 6).1);
}

#[test]
fn a_trace_tells_every_input_record_commit_and_fault() {
    let plan = stormy();
    let (outcome, trace) = traced(&plan, 5);
    let told = Transcript::parse(Path::new("memory"), &trace).unwrap();
    let count = |kind: &str| {
        told.events
            .iter()
            .filter(|event| event.body.kind() == kind)
            .count() as u64
    };
    assert_eq!(count("input"), outcome.stats.steps);
    assert_eq!(count("fault_began"), outcome.stats.faults);
    assert_eq!(count("crashed"), outcome.stats.crashes);
    assert_eq!(count("committed"), outcome.stats.commits);
    assert!(
        count("checkpoint") >= outcome.stats.steps / 64,
        "{}",
        count("checkpoint")
    );
    let committed = told.events.iter().map(|event| {
        let Body::Committed(committed) = &event.body else {
            return 0;
        };
        committed.records
    });
    assert_eq!(committed.sum::<u64>(), outcome.stats.records);
    assert!(told.end.is_passed());
    assert_eq!(told.end.digest, format!("{:032x}", outcome.digest));
    let last = told.events.iter().rev().find_map(|event| {
        let Body::Input(input) = &event.body else {
            return None;
        };
        Some(&input.digest)
    });
    assert_eq!(last, Some(&told.end.digest));
}

#[test]
fn every_message_that_arrives_was_sent_and_arrives_when_it_was_to() {
    let (_, trace) = traced(&stormy(), 5);
    let told = Transcript::parse(Path::new("memory"), &trace).unwrap();
    let mut due = BTreeMap::new();
    for event in &told.events {
        if let Body::Sent(sent) = &event.body {
            let earlier = due.insert(event.ids.message.unwrap(), sent.arrives.clone());
            assert_eq!(earlier, None);
        }
        if let Body::Arrived(_) = &event.body {
            let message = event.ids.message.unwrap();
            let arrivals = due.get_mut(&message).unwrap();
            let place = arrivals.iter().position(|at| *at == event.at.as_nanos());
            arrivals.remove(place.unwrap_or_else(|| panic!("{event:?} of {arrivals:?}")));
        }
    }
    assert!(due.len() > 100, "{}", due.len());
    // What the end of the run cut off.
    let late: Vec<_> = due.values().flatten().filter(|at| **at < told.end.t).collect();
    assert_eq!(late, Vec::<&u64>::new());
}
