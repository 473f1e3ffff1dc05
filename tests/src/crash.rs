//! Kills a process at random times and starts it again, as often as asked.
//!
//! The times come from a seed and are counted from the start of each victim, so that early ones hit start-up and
//! recovery and late ones hit work. What the victim was doing just then is up to the machine: the seed repeats the
//! schedule, not the run.

use std::time::{Duration, Instant};

use plimsoll_core::rng::Rng;

use crate::process::{Process, pause};

/// How often, and how wildly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How many kills.
    pub kills: u32,
    /// The shortest life of a victim, from its start.
    pub life_min: Duration,
    /// The longest.
    pub life_max: Duration,
    /// The longest pause between a death and the next start.
    pub rest_max: Duration,
}

/// One kill that took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kill {
    /// Who was killed.
    pub process_id: u32,
    /// How long after the first start of all.
    pub at: Duration,
    /// How long after its own start it was meant to be.
    pub life: Duration,
}

/// Runs the plan over the process that `start` starts, and gives back the last one, alive, with every kill in order.
/// `start` should return at once, without waiting until the process is ready.
///
/// # Panics
/// When a victim ended by itself before its time: a crash that nobody ordered.
pub fn kill_and_restart(
    plan: Plan,
    rng: &mut Rng,
    mut start: impl FnMut() -> Process,
) -> (Process, Vec<Kill>) {
    let began = Instant::now();
    let mut kills = Vec::new();
    let mut process = start();
    for number in 0..plan.kills {
        let life = rng.duration(plan.life_min, plan.life_max);
        pause(life);
        assert!(
            process.is_running(),
            "process {} ended by itself before kill {number}:\n{}",
            process.id(),
            process.stderr()
        );
        process.kill();
        kills.push(Kill {
            process_id: process.id(),
            at: began.elapsed(),
            life,
        });
        pause(rng.duration(Duration::ZERO, plan.rest_max));
        process = start();
    }
    (process, kills)
}
