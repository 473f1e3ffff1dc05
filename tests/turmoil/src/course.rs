//! [`Course`]: everything that a run did, in the order in which it did it, as one digest.
//!
//! Two runs of one course were told the same at the same moments, did the same, and sent the same packets. What goes into
//! it: every input of the bank with its effects, what left it, what its journal was asked and said, what each endpoint was
//! asked and how it reacted, what each client sent and heard, each fault, and, through [`Packets`], each packet.

use std::fmt::{self, Write as _};
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_core::digest::Digest;
use plimsoll_core::time::Instant;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What was done so far. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Course(Arc<Mutex<Digest>>);

impl Course {
    /// The digest of everything so far.
    #[must_use]
    pub fn digest(&self) -> u128 {
        self.lock().value()
    }

    /// Something of kind `what` happened at `at`.
    pub(crate) fn note(&self, at: Instant, what: &str, value: &impl Hash) {
        (at.as_nanos(), what, value).hash(&mut *self.lock());
    }

    /// As [`Course::note`], for what is told in words alone.
    pub(crate) fn tell(&self, at: Instant, what: &str, value: &impl fmt::Debug) {
        self.note(at, what, &format!("{value:?}"));
    }

    fn lock(&self) -> MutexGuard<'_, Digest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes what the simulated network says of itself: each step of its time, and each packet that is sent, held, dropped,
/// delivered and received, with its bytes. To be the subscriber of the thread that runs the world.
#[derive(Debug)]
pub struct Packets {
    course: Course,
    spans: AtomicU64,
}

impl Packets {
    /// Notes them in `course`.
    #[must_use]
    pub const fn noted_in(course: Course) -> Self {
        let spans = AtomicU64::new(0);
        Self { course, spans }
    }
}

impl Subscriber for Packets {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "turmoil"
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        words.0.hash(&mut *self.course.lock());
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// The fields of an event, as text.
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{}={value:?};", field.name())
            .unwrap_or_else(|error| unreachable!("a string takes everything: {error}"));
    }
}
