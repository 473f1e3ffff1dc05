//! What happens to the process and its clock.

use super::*;

/// Sees that a process that was told to stop left nothing undone.
struct NothingUndone;

impl Oracle for NothingUndone {
    fn name(&self) -> &'static str {
        "nothing undone"
    }

    fn observe(&mut self, _: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        if let Observation::Crashed { uncommitted, .. } = seen {
            assert_eq!(uncommitted.len(), 0, "{uncommitted:?}");
        }
        Ok(())
    }

    fn finish(&mut self, _: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

#[test]
fn a_process_that_is_told_to_stop_finishes_what_it_began() {
    for seed in 0..10 {
        let mut plan = busy();
        let restart = |number: u64| {
            let at_ms = 3_300 + number * 4_111;
            fault(at_ms, at_ms + 300, process(ProcessFault::Restart))
        };
        plan.faults = (0..12).map(restart).collect();
        let slow = StoreFault::SlowSync { extra_ms: 400 };
        plan.faults.push(fault(
            2_000,
            50_000,
            Fault::Store {
                fault: slow,
                percent: 100,
            },
        ));
        let world = World::new(&plan, seed).unwrap();
        let outcome = world.judged_by(Box::new(NothingUndone)).run();
        assert_eq!(outcome.verdict, Verdict::Passed);
        assert_eq!((outcome.stats.crashes, outcome.stats.credited), (12, 12));
        judged(&plan, seed);
    }
}

#[test]
fn a_process_that_is_told_to_stop_waits_for_the_store_only_so_long() {
    let mut plan = busy();
    let for_long = Fault::Store {
        fault: StoreFault::Unavailable,
        percent: 100,
    };
    plan.faults = vec![
        fault(12_000, 58_000, for_long),
        fault(14_000, 14_500, process(ProcessFault::Restart)),
    ];
    let outcome = judged(&plan, 1);
    assert_eq!((outcome.stats.crashes, outcome.stats.credited), (1, 12));
}

#[test]
fn a_slow_process_is_late_and_settles() {
    let slowest = |extra_ms| {
        let mut plan = busy();
        if extra_ms > 0 {
            plan.faults = vec![fault(1_000, 59_000, process(ProcessFault::Slow { extra_ms }))];
        }
        let outcome = judged(&plan, 1);
        assert_eq!(outcome.stats.credited, 12);
        outcome.stats.times_to_credit.into_iter().max().unwrap()
    };
    assert!(slowest(150) > slowest(0) + core::time::Duration::from_millis(300));
}

/// The furthest that the date ever was behind and ahead, in milliseconds.
#[derive(Clone, Default)]
struct Offsets(Rc<RefCell<(i64, i64, i64)>>);

impl Oracle for Offsets {
    fn name(&self) -> &'static str {
        "offsets"
    }

    fn observe(&mut self, at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        if let Observation::Handled { input, .. } = seen {
            let right = crate::world::clock::true_date(at).as_micros();
            let off = (input.wall.as_micros() - right) / 1_000;
            let mut notes = self.0.borrow_mut();
            *notes = (notes.0.min(off), notes.1.max(off), off);
        }
        Ok(())
    }

    fn finish(&mut self, _: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

/// The furthest behind and ahead, and what it was at the end.
fn offsets(fault_kind: ProcessFault) -> (i64, i64, i64) {
    let mut plan = busy();
    plan.faults = vec![fault(5_000, 45_000, process(fault_kind))];
    let offsets = Offsets::default();
    let world = World::new(&plan, 1).unwrap();
    let outcome = world.judged_by(Box::new(offsets.clone())).run();
    assert_eq!(outcome.verdict, Verdict::Passed);
    judged(&plan, 1);
    offsets.0.take()
}

#[test]
fn a_date_is_off_as_its_fault_says() {
    let skewed = ProcessFault::ClockSkew { by_ms: -9_000 };
    assert_eq!(offsets(skewed), (-9_000, 0, 0));
    let jumped = ProcessFault::ClockJump { by_ms: 90_000 };
    assert_eq!(offsets(jumped), (0, 90_000, 90_000));
    let drift = |drift| offsets(ProcessFault::ClockDrift { drift });
    let (behind, ahead, end) = drift(Drift::Linear { ppm: 100_000 });
    assert!(
        behind == 0 && (3_500..=4_000).contains(&ahead) && end == 0,
        "{ahead}"
    );
    let (behind, ahead, end) = drift(Drift::Periodic {
        by_ms: 5_000,
        every_ms: 10_000,
    });
    assert!(behind < -4_000 && ahead > 4_000 && end == 0, "{behind} {ahead}");
    let (behind, ahead, end) = drift(Drift::Step {
        by_ms: -500,
        every_ms: 4_000,
    });
    assert!(
        (-5_000..=-4_500).contains(&behind) && ahead == 0 && end == 0,
        "{behind}"
    );
}
