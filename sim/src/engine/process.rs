//! A process that runs one machine: up or down, stopped or going, with one timer and a rolling digest.
//!
//! The digest covers time, number, input and effects of every step of every life of the process, so two runs that
//! have the same one did the same things in the same order.

use core::hash::{Hash, Hasher};

use plimsoll_core::digest::Digest;
use plimsoll_core::machine::{Deadline, Effects, Machine};
use plimsoll_core::time::Instant;

/// A process.
#[derive(Debug)]
pub struct Process<M: Machine> {
    machine: Option<M>,
    fx: Effects<M::Effect>,
    /// The earliest tick that is scheduled for this life.
    alarm: Option<Instant>,
    is_paused: bool,
    life: u32,
    steps: u64,
    digest: Digest,
}

/// What a machine made of one input.
#[derive(Debug)]
pub struct Step<'a, M: Machine> {
    /// Its effects, to be drained.
    pub fx: &'a mut Effects<M::Effect>,
    /// The machine as it is after that.
    pub machine: &'a M,
    /// The digest of everything up to these effects.
    pub digest: &'a Digest,
}

impl<M: Machine> Default for Process<M> {
    fn default() -> Self {
        Self {
            machine: None,
            fx: Effects::new(),
            alarm: None,
            is_paused: false,
            life: 0,
            steps: 0,
            digest: Digest::new(),
        }
    }
}

impl<M: Machine> Process<M> {
    /// A process that is down and never was up.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts `machine`, in a new life.
    ///
    /// # Panics
    /// When one is running.
    pub fn start(&mut self, machine: M) {
        assert!(self.machine.is_none(), "a process was started twice");
        self.machine = Some(machine);
        self.life += 1;
    }

    /// Ends this life: the machine, its effects and its timer are gone.
    pub fn kill(&mut self) -> Option<M> {
        self.alarm = None;
        self.is_paused = false;
        self.fx.drain().for_each(drop);
        self.machine.take()
    }

    /// Stops the process or lets it go on. What arrives meanwhile is its owner's to keep.
    pub fn set_paused(&mut self, is_paused: bool) {
        self.is_paused = is_paused && self.machine.is_some();
    }

    /// Whether it can take an input.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.machine.is_some() && !self.is_paused
    }

    /// Whether it is stopped.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// The machine, if it is up.
    #[must_use]
    pub const fn machine(&self) -> Option<&M> {
        self.machine.as_ref()
    }

    /// How many lives it had: what belongs to an earlier one must not reach this one.
    #[must_use]
    pub const fn life(&self) -> u32 {
        self.life
    }

    /// How many inputs it took, in all lives.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// The digest of everything that it did, in all lives.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Takes the timer into account: if a tick must be scheduled for what the machine or its owner (`also`) next
    /// wants, says when. A tick that is scheduled already serves every later wish.
    #[must_use]
    pub fn arm(&mut self, now: Instant, also: Option<Deadline>) -> Option<Instant> {
        let machine = self.machine.as_ref()?;
        self.arm_for(now, Deadline::earlier(machine.next_deadline(), also))
    }

    /// As [`Process::arm`], for `wish` alone: the machine is not to be ticked any more.
    #[must_use]
    pub fn arm_for(&mut self, now: Instant, wish: Option<Deadline>) -> Option<Instant> {
        let at = wish?.at.max(now);
        if self.alarm.is_some_and(|alarm| alarm <= at) {
            return None;
        }
        self.alarm = Some(at);
        Some(at)
    }

    /// Takes a tick that was scheduled for `at` in life `life`. Says whether it is this life's current one: others
    /// were overtaken and mean nothing.
    #[must_use]
    pub fn disarm(&mut self, at: Instant, life: u32) -> bool {
        let is_current = self.life == life && self.alarm == Some(at);
        if is_current {
            self.alarm = None;
        }
        is_current
    }
}

impl<M: Machine> Process<M>
where
    M::Input: Hash,
    M::Effect: Hash,
{
    /// Lets the machine take one input. Its effects are to be drained.
    ///
    /// # Panics
    /// When it is not running, or earlier effects were not drained.
    pub fn handle(&mut self, now: Instant, seq: u64, input: M::Input) -> Step<'_, M> {
        assert!(self.fx.is_empty(), "effects were left behind");
        assert!(!self.is_paused, "a stopped process took an input");
        let Some(machine) = self.machine.as_mut() else {
            unreachable!("a dead process took an input")
        };
        self.steps += 1;
        self.digest.write_u64(now.as_nanos());
        self.digest.write_u64(seq);
        input.hash(&mut self.digest);
        machine.handle(now, input, &mut self.fx);
        self.fx.as_slice().hash(&mut self.digest);
        Step {
            fx: &mut self.fx,
            machine,
            digest: &self.digest,
        }
    }
}

#[cfg(test)]
mod tests;
