//! The one trait that every root machine has, and what it says back.

use crate::time::Instant;

/// A state machine that decides and never acts.
///
/// `handle` is the only door. It never blocks and never fails on outside data; it is a function of the state,
/// `now`, the input, and randomness seeded at construction. Deadlines are pulled state: an early, late or
/// repeated tick changes nothing.
pub trait Machine {
    /// What can happen to the machine.
    type Input;
    /// What the machine can wish for.
    type Effect;

    /// Takes one input and pushes what must be done about it, in causal order.
    ///
    /// # Panics
    /// When an invariant is broken, `now` going backwards among them: the driver then drops the effects and dies.
    fn handle(&mut self, now: Instant, input: Self::Input, fx: &mut Effects<Self::Effect>);

    /// When the machine next wants a tick, if nothing happens before.
    fn next_deadline(&self) -> Option<Deadline>;
}

/// A wish to be ticked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline {
    /// Not before this instant.
    pub at: Instant,
    /// What is due then, for traces and for the person on call.
    pub why: &'static str,
}

impl Deadline {
    /// The earlier of two wishes; the first if they are for the same instant.
    #[must_use]
    pub fn earlier(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(if b.at < a.at { b } else { a }),
            (one, None) | (None, one) => one,
        }
    }
}

/// What a machine with a journal wishes for: facts to commit, and acts that depend on every fact pushed before them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Intent<R, A> {
    /// A fact that was decided: to be committed.
    Record(R),
    /// An act: to be done once every record before it is committed.
    Act(A),
}

/// Whether an act must wait for the facts that were pushed before it.
pub trait DependsOnFacts {
    /// False for what tells nobody anything and changes nothing, such as a question to an endpoint: it may leave while
    /// the store is down, so that what is asked is not stale, and nobody blamed for it, once the store is back.
    fn depends_on_facts(&self) -> bool;
}

/// The effects of one or more `handle` calls, in causal order. Owned and reused by the driver.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Effects<E>(alloc::vec::Vec<E>);

impl<E> Default for Effects<E> {
    fn default() -> Self {
        Self(alloc::vec::Vec::new())
    }
}

impl<E> Effects<E> {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one effect after all that are there.
    pub fn push(&mut self, effect: E) {
        self.0.push(effect);
    }

    /// How many effects wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The effects, oldest first.
    #[must_use]
    pub fn as_slice(&self) -> &[E] {
        &self.0
    }

    /// Takes every effect out, oldest first, keeping the memory.
    pub fn drain(&mut self) -> impl Iterator<Item = E> + '_ {
        self.0.drain(..)
    }
}
