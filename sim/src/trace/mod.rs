//! Traces: everything that happened in one run, as one JSON object a line, and what can be made of them.
//!
//! `format` is what a line says in general, `body` and `data` what each kind of event says, `read` turns a file back into a
//! [`Transcript`] or says what is wrong with it, `words` says an event in a sentence, `story` what happened to one deposit
//! in many, `diverge` where two traces part, `chrome` and `html` make something to look at. The world writes a trace
//! through its scribe; nobody else does.
//!
//! The first line is the header, the last one the end, and every line carries a sum of all lines up to it. Values come
//! in a fixed order, so two traces of one run are the same file but for the build in the header.

mod body;
mod chrome;
mod data;
mod diverge;
mod format;
mod html;
mod journey;
mod memory;
mod read;
mod story;
#[cfg(test)]
pub(crate) mod testing;
pub mod words;

pub use body::Body;
pub use data::{
    Arrived, Asked, Booking, BreakerMoved, Checkpoint, Committed, Crashed, Died, FaultBegan, FaultEnded,
    GaveUp, Handled, Heard, InBlock, JobMoved, JobStep, Movement, Note, Opened, Reception, Recorded, Reorged,
    Restarted, Said, Sample, Sent, Stored, Submitted, Violated, Wanted, Worked,
};
pub use diverge::{Comparison, Difference};
pub(crate) use format::EventLine;
pub use format::{End, Event, Header, Ids, Node, VERSION};
pub use html::EVENTS_MAX;
pub use journey::Journey;
pub use memory::Memory;
pub use read::{ReadError, ReadFault};
pub use story::{Beside, NoDeposit, SENTENCES_MAX, Story};

/// A trace that was read and found whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// What the run was.
    pub header: Header,
    /// What happened, oldest first; never empty.
    pub events: Vec<Event>,
    /// How it ended.
    pub end: End,
}
