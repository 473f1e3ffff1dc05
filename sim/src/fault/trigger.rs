//! What a fault waits for when it strikes at no fixed time: "after the third commit".

use serde::{Deserialize, Serialize};

/// The moment when something has happened so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// What happens.
    pub cue: Cue,
    /// How often it must have happened since the start, at least 1.
    pub count: u64,
}

/// Something that happens in a run, and that a fault can wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Cue {
    /// A batch became durable.
    Commit,
    /// The bank put a question to this endpoint.
    Question {
        /// Its place in the topology.
        endpoint: u8,
    },
    /// The bank took a request of a client.
    Request,
    /// A transaction was seen, durably.
    Seen,
    /// The deposits of a transaction were posted, durably.
    Credited,
    /// A seen transaction was found gone from the chain, durably.
    Reorged,
    /// A transaction became a dead letter, durably.
    DeadLetter,
    /// The breaker of this endpoint opened.
    Opened {
        /// Its place in the topology.
        endpoint: u8,
    },
    /// The process started. The first start is one too.
    Start,
    /// Jobs were leased to this worker: it has them, and has done nothing with them.
    Leased {
        /// Its number, from 0.
        worker: u8,
    },
}
