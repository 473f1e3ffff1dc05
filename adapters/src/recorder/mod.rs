//! The flight recorder: everything that a driver tells its bank, kept so that the bank can be driven again, bit for bit.
//!
//! ```text
//!   driver --frames in memory, once a turn--> writer's thread --> DIR/000001.plmrec, 000002.plmrec, …
//! ```
//!
//! What is stored: inputs with both clocks, what the journal was asked and answered, and a rolling digest of what the
//! bank wished for, which is itself not stored (`frame`). A folder holds a bounded number of bounded segments, the oldest
//! dropped whole (`folder`), so each begins with an opening that is enough to begin there: the configuration, the place in
//! the journal, and what the bank and the outbox hold in memory. Texts about persons are replaced by keyed hashes of
//! themselves, in a way that changes no decision (`redact`). Every byte is covered by a sum (`wire`).
//!
//! Recording never holds up or ends the server. A disk that does not keep up makes a gap, which is counted, stored and
//! named by the replay; a disk that fails ends the recording, which `/health` warns of.

mod folder;
mod frame;
mod progress;
mod redact;
mod tape;
mod wire;
mod writer;

pub use folder::{EXTENSION, Segment, number_of, segments};
pub use frame::{Answered, Asked, FORMAT, Frame, HeadSeen, Opening};
pub use progress::{RecordingPulse, RecordingStatus};
pub use redact::{KeyId, Redactor, digest_redacted};
pub use tape::{Recorder, RecorderError, RecordingLimits};
#[cfg(test)]
pub(crate) use wire::segment_of;
pub use wire::{Damage, Frames, Next};
