//! Faults that wait for something to happen.

use super::*;
use crate::world::plan::WorkersPlan;

fn after(cue: Cue, count: u64, for_ms: u64, fault: Fault) -> ScheduledFault {
    ScheduledFault {
        after: Some(Trigger { cue, count }),
        from_ms: 0,
        until_ms: Some(for_ms),
        fault,
    }
}

/// Counts what happened before the first fault began.
#[derive(Clone, Default)]
struct Before(Rc<RefCell<(u64, u64, Option<Instant>)>>);

impl Oracle for Before {
    fn name(&self) -> &'static str {
        "before"
    }

    fn observe(&mut self, at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        let mut notes = self.0.borrow_mut();
        if notes.2.is_some() {
            return Ok(());
        }
        match seen {
            Observation::Committed { records, .. } => {
                notes.0 += 1;
                let is_seen = |record: &&Record| matches!(record, Record::Escrow(EscrowRecord::Seen { .. }));
                notes.1 += records.iter().filter(is_seen).count() as u64;
            }
            Observation::Fault { .. } => notes.2 = Some(at),
            Observation::Handled { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Crashed { .. }
            | Observation::Restarted { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_)
            | Observation::Chain(_) => {}
        }
        Ok(())
    }

    fn finish(&mut self, _: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

fn before(plan: &Plan) -> (u64, u64, Option<Instant>) {
    let before = Before::default();
    let world = World::new(plan, 1).unwrap();
    let outcome = world.judged_by(Box::new(before.clone())).run();
    assert_eq!(outcome.verdict, Verdict::Passed);
    before.0.take()
}

#[test]
fn a_fault_strikes_right_after_its_cue() {
    let crash = || {
        process(ProcessFault::Crash {
            loss: CrashLoss::Lost,
        })
    };
    let mut plan = busy();
    plan.faults = vec![after(Cue::Commit, 3, 500, crash())];
    let (commits, _, at) = before(&plan);
    assert_eq!(commits, 3);
    assert!(at.is_some());
    plan.faults = vec![after(Cue::Seen, 2, 500, crash())];
    assert_eq!(before(&plan).1, 2);
    plan.faults = vec![after(Cue::Start, 1, 500, crash())];
    assert_eq!(before(&plan).2, Some(Instant::ZERO));
}

#[test]
fn each_cue_is_given() {
    for (cue, makes) in [
        (Cue::Commit, None),
        (Cue::Question { endpoint: 0 }, None),
        (Cue::Request, None),
        (Cue::Seen, None),
        (Cue::Credited, None),
        (Cue::Start, None),
        (Cue::Leased { worker: 0 }, None),
        (
            Cue::Opened { endpoint: 1 },
            Some(endpoint(1, EndpointFault::Dead)),
        ),
        (
            Cue::Reorged,
            Some(Fault::Chain {
                fault: ChainFault::Reorg {
                    depth: 3,
                    vanish_percent: 100,
                },
            }),
        ),
    ] {
        let mut plan = busy();
        plan.topology.endpoints.truncate(2);
        if let Some(makes) = makes {
            plan.faults = vec![after(Cue::Seen, 1, 30_000, makes)];
        }
        if let Cue::Leased { .. } = cue {
            let count = 1;
            plan.topology.workers = Some(WorkersPlan {
                count,
                ..WorkersPlan::default()
            });
            // Else there is nothing left for it.
            plan.topology.bank.fast_track_ms = Vec::new();
        }
        let made = plan.faults.len() as u64;
        let pause = process(ProcessFault::Pause);
        plan.faults.push(after(cue, 1, 700, pause));
        let outcome = judged(&plan, 1);
        assert_eq!(outcome.stats.faults, made + 1, "{cue:?}");
    }
}

#[test]
fn a_cue_that_never_comes_or_comes_too_late_strikes_nobody() {
    let mut plan = busy();
    let pause = process(ProcessFault::Pause);
    plan.faults = vec![after(Cue::DeadLetter, 1, 700, pause.clone())];
    assert_eq!(judged(&plan, 1).stats.faults, 0);
    plan.faults = vec![ScheduledFault {
        from_ms: 59_000,
        until_ms: Some(60_000),
        ..after(Cue::Seen, 1, 0, pause)
    }];
    assert_eq!(judged(&plan, 1).stats.faults, 0, "the run's time is over");
}
