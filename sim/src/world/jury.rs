//! Tells every oracle and the trace what happened, and keeps the first complaint.

use plimsoll_core::time::Instant;

use super::observe::{End, Observation, Oracle, Violation};
use crate::engine::Trace;

/// Everybody who watches.
#[derive(Default)]
pub(super) struct Jury {
    pub(super) oracles: Vec<Box<dyn Oracle>>,
    pub(super) trace: Trace,
    pub(super) violation: Option<Violation>,
}

impl Jury {
    /// Shows one observation to everybody.
    pub(super) fn see(&mut self, at: Instant, seq: u64, seen: &Observation<'_>) {
        if self.trace.is_on() {
            write(&mut self.trace, at, seq, seen);
        }
        if self.violation.is_some() {
            return;
        }
        for oracle in &mut self.oracles {
            if let Err(violation) = oracle.observe(at, seen) {
                self.violation = Some(violation);
                return;
            }
        }
    }

    /// Shows the end of the run to every oracle, if nothing was found before.
    pub(super) fn finish(&mut self, end: &End<'_>) {
        for oracle in &mut self.oracles {
            if self.violation.is_none()
                && let Err(violation) = oracle.finish(end)
            {
                self.violation = Some(violation);
            }
        }
    }
}

/// Writes an observation as one or more trace lines. The bank's state is not part of them: it follows from its inputs.
fn write(trace: &mut Trace, at: Instant, seq: u64, seen: &Observation<'_>) {
    match seen {
        Observation::Handled { input, effects, .. } => {
            trace.line(at, seq, "bank", "input", input);
            for effect in *effects {
                trace.line(at, seq, "bank", "effect", effect);
            }
        }
        Observation::Committed { records, head } => {
            trace.line(at, seq, "store", "committed", &(records.len(), head.position));
        }
        Observation::Released { act } => trace.line(at, seq, "bank", "released", act),
        Observation::ReplyDelivered { request, reply } => {
            trace.line(at, seq, "users", "reply", &(request, reply));
        }
        Observation::Crashed {
            uncommitted, durable, ..
        } => trace.line(at, seq, "bank", "crashed", &(uncommitted.len(), durable.position)),
        Observation::Restarted { durable, .. } => trace.line(at, seq, "bank", "restarted", durable),
        Observation::Fault { fault, is_over } => {
            let what = if *is_over { "fault ends" } else { "fault begins" };
            trace.line(at, seq, "world", what, fault);
        }
        Observation::Disk(event) => trace.line(at, seq, "store", "disk", event),
        Observation::Chain(event) => trace.line(at, seq, "chain", "chain", event),
    }
}
