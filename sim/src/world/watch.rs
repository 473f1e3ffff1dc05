//! The house is watched as the server watches it: each second the monitor is told how the bank stands.
//!
//! The bank's answer is a reply like any other: it waits until what was decided before is committed, and for a process that is
//! busy; what comes too late is no answer. A process that is stopped does not look, and one that begins anew knows of nothing
//! that an earlier one told. Looking changes nothing about the run: it takes no number of an event, and the bank no input.

use core::time::Duration;

use plimsoll_core::bank::{Notice, Status};
use plimsoll_core::journal::Position;
use plimsoll_core::machine::{Effects, Machine as _};
use plimsoll_core::monitor::{Input, Monitor, MonitorPolicy, News};
use plimsoll_core::time::{Instant, WallClock};

use super::World;
use super::observe::{Look, Observation};

/// How often the server looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long it waits for the bank's answer.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);

/// Who watches the house.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Whether anybody looks at all.
    pub(super) is_on: bool,
    /// `None` while the process is down.
    monitor: Option<Monitor>,
    /// When it looks next.
    next: Instant,
    /// The look under way.
    asked: Option<Asked>,
    fx: Effects<News>,
}

/// A status that has not left the process.
#[derive(Debug)]
struct Asked {
    at: Instant,
    status: Status,
    /// What must be committed before it may.
    gate: Position,
}

impl Watch {
    /// A process begins at `now`.
    pub(super) fn begin(&mut self, policy: MonitorPolicy, now: Instant) {
        self.monitor = self.is_on.then(|| Monitor::new(policy));
        (self.next, self.asked) = (now, None);
    }

    /// The process is gone.
    pub(super) fn end(&mut self) {
        (self.monitor, self.asked) = (None, None);
    }

    /// When something is to be done.
    fn due(&self) -> Option<Instant> {
        self.monitor.as_ref()?;
        let late = self.asked.as_ref().map(|asked| asked.at.after(ANSWER_TIMEOUT));
        Some(late.unwrap_or(self.next))
    }
}

impl World<'_> {
    /// Looks as often as it is due before `next`, unless the process is stopped, or about to end.
    pub(super) fn look_until(&mut self, next: Instant) {
        while let Some(due) = self.watch.due()
            && self.host.pauses == 0
            && !self.host.is_stopping
        {
            let at = due.max(self.now());
            if at >= next {
                return;
            }
            if self.watch.asked.take().is_some() {
                self.tell_monitor(at, at, |failing, wall| Input::looked(None, failing, wall));
            } else {
                self.look_at_bank(at);
            }
        }
    }

    fn look_at_bank(&mut self, at: Instant) {
        self.watch.next = at.after(INTERVAL);
        let Some(bank) = self.host.process.machine() else {
            return;
        };
        self.watch.asked = Some(Asked {
            at,
            status: bank.status(),
            gate: self.host.outbox.accepted(),
        });
        self.answer_look(at);
    }

    /// Lets the answer to a look out, if there is one and it may leave at `at`.
    pub(super) fn answer_look(&mut self, at: Instant) {
        let head = self.host.outbox.head().position;
        if self.watch.asked.as_ref().is_none_or(|asked| asked.gate > head) || !self.host.process.is_running()
        {
            return;
        }
        let Some(asked) = self.watch.asked.take() else {
            return;
        };
        self.tell_monitor(at, asked.at, |failing, wall| {
            Input::looked(Some(&asked.status), failing, wall)
        });
    }

    /// The monitor hears what the bank tells everybody.
    pub(super) fn watch_notice(&mut self, notice: &Notice) {
        if let Notice::DeadLettered { .. } = notice {
            let now = self.now();
            self.tell_monitor(now, now, |_, _| Input::DeadLettered);
        }
    }

    fn tell_monitor(&mut self, at: Instant, asked_at: Instant, what: impl FnOnce(bool, WallClock) -> Input) {
        let wall = self.host.clock.date(at);
        let input = what(self.host.outbox.is_store_failing(), wall);
        let Watch { monitor, fx, .. } = &mut self.watch;
        let Some(monitor) = monitor else {
            return;
        };
        monitor.handle(at, input.clone(), fx);
        if let Some(scribe) = &mut self.jury.scribe
            && !fx.is_empty()
        {
            scribe.begin(at, self.seq);
        }
        let look = Look {
            asked_at,
            wall,
            input: &input,
            news: fx.as_slice(),
            monitor,
        };
        self.jury.see(at, &Observation::Looked(look));
        fx.drain().for_each(drop);
    }
}
