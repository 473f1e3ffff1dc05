//! What the disk does to a journal: it is found out, and nothing that was durable is lost.

use super::*;

fn disk(fault: DiskFault) -> Fault {
    Fault::Disk { fault }
}

fn crash(at_ms: u64, loss: CrashLoss) -> ScheduledFault {
    fault(at_ms, at_ms + 400, process(ProcessFault::Crash { loss }))
}

#[test]
fn a_flipped_bit_starts_no_process_and_costs_nothing() {
    for seed in 0..40 {
        let mut plan = busy();
        plan.faults = vec![
            fault(20_000, 20_000, disk(DiskFault::BitFlip)),
            crash(25_000, CrashLoss::Lost),
        ];
        let outcome = judged(&plan, seed);
        assert_eq!(
            (outcome.stats.damages, outcome.stats.refused_starts),
            (1, 1),
            "seed {seed}"
        );
        assert_eq!(outcome.stats.credited, 12);
    }
}

#[test]
fn damage_that_no_start_came_upon_is_found_when_the_journal_is_checked() {
    let mut plan = busy();
    plan.faults = vec![fault(30_000, 30_000, disk(DiskFault::BitFlip))];
    let outcome = judged(&plan, 1);
    assert_eq!((outcome.stats.damages, outcome.stats.refused_starts), (1, 1));
    assert_eq!(outcome.stats.crashes, 0);
}

#[test]
fn misdirected_writes_are_found_however_many_they_are() {
    for (percent, seed) in [(100, 1), (30, 2), (10, 3)] {
        let mut plan = busy();
        let misdirected = disk(DiskFault::MisdirectedWrite { percent });
        plan.faults = vec![
            fault(10_000, 40_000, misdirected),
            crash(25_000, CrashLoss::Torn),
            crash(45_000, CrashLoss::Kept),
        ];
        let stats = judged(&plan, seed).stats;
        assert!(
            stats.damages >= 1 && stats.refused_starts >= 1,
            "{percent}: {stats:?}"
        );
        assert_eq!(stats.credited, 12);
    }
}

#[test]
fn what_cannot_be_read_starts_no_process_until_it_is_restored() {
    let mut plan = busy();
    plan.faults = vec![
        fault(20_000, 40_000, disk(DiskFault::ReadError)),
        crash(25_000, CrashLoss::Kept),
    ];
    let stats = judged(&plan, 1).stats;
    assert_eq!((stats.damages, stats.refused_starts, stats.credited), (0, 1, 12));
    let slowest = stats.recoveries.iter().filter(|one| one.part == Part::Process);
    assert!(slowest.count() >= 1);
}

#[test]
fn a_failed_sync_may_come_back_by_a_crash_and_is_neither_lost_nor_done_twice() {
    let mut came_back = 0;
    for seed in 0..30 {
        let mut plan = busy();
        plan.faults = (0..12)
            .map(|number| crash(3_300 + number * 4_111, CrashLoss::Lost))
            .collect();
        plan.faults
            .push(fault(2_000, 55_000, disk(DiskFault::SyncFailed { percent: 60 })));
        let counter = Rc::new(RefCell::new(0));
        let mut world = World::new(&plan, seed).unwrap();
        for oracle in crate::oracle::all(&plan) {
            world = world.judged_by(oracle);
        }
        let outcome = world.judged_by(Box::new(CommittedByCrash::new(&counter))).run();
        assert_eq!(outcome.verdict, Verdict::Passed, "seed {seed}");
        assert_eq!(outcome.stats.credited, 12);
        came_back += *counter.borrow();
    }
    assert!(came_back > 0, "no failed sync ever came back");
}

/// Counts batches that became durable between the last step of a life and its end.
struct CommittedByCrash {
    was_handled: bool,
    just_committed: bool,
    count: Rc<RefCell<u32>>,
}

impl CommittedByCrash {
    fn new(count: &Rc<RefCell<u32>>) -> Self {
        Self {
            was_handled: false,
            just_committed: false,
            count: Rc::clone(count),
        }
    }
}

impl Oracle for CommittedByCrash {
    fn name(&self) -> &'static str {
        "committed by crash"
    }

    fn observe(&mut self, _: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            // The process never saw the end of the append.
            Observation::Fault { .. } => (self.was_handled, self.just_committed) = (true, false),
            Observation::Committed { .. } => self.just_committed = self.was_handled,
            Observation::Crashed { .. } if self.just_committed => *self.count.borrow_mut() += 1,
            Observation::Handled { .. } | Observation::Released { .. } => self.was_handled = false,
            Observation::Crashed { .. }
            | Observation::ReplyDelivered { .. }
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
