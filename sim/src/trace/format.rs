//! What the lines of a trace say in general: the header, the frame of every event, the end.

use plimsoll_core::time::Instant;
use serde::{Deserialize, Serialize};

use super::body::Body;

/// The version of the format that this build writes, and the only one that it reads.
pub const VERSION: u32 = 2;

/// The first line: what the run was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the format: the first field of the file.
    pub trace: u32,
    /// What people call the scenario.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The digest of the plan, in hexadecimal: traces of one plan and seed are of one run.
    pub plan: String,
    /// What wrote it: version, profile, commit. The only thing in which two traces of one run may differ.
    pub build: String,
    /// How long users act and faults strike, in milliseconds.
    pub duration_ms: u64,
    /// Everybody who takes part, in the order in which people expect them.
    pub nodes: Vec<Node>,
}

/// Somebody who takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The name in every event.
    pub name: String,
    /// What it is, for people.
    pub about: String,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// The number of the simulator's event that it is part of. Never falls within one instant.
    pub seq: u64,
    /// Where.
    pub node: String,
    /// Which part of the node: a component, or one person among the users.
    pub part: String,
    /// What it belongs together with.
    pub ids: Ids,
    /// What happened.
    pub body: Body,
}

/// What ties events together. What does not apply is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ids {
    /// A fault, by its place in the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<u32>,
    /// A deed, by its place in the plan's workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deed: Option<u32>,
    /// What a client wants, through all its attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errand: Option<u32>,
    /// One attempt of a client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// A worker, by its number from 1, to whose process `life` and `call` belong; without it they are the bank's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<u8>,
    /// The life of the process, which `call` needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub life: Option<u32>,
    /// One question to an endpoint, within a life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// One message: its sending and its arrivals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<u64>,
    /// A transaction of the chain, by its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx: Option<String>,
    /// The log in that transaction: both together are the key of a deposit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordinal: Option<u32>,
    /// A claim, by the bank's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<u64>,
    /// A user, by the bank's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<u64>,
    /// A transaction of the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<u64>,
}

impl Ids {
    /// The question that is meant, if one is: whose process asked it, in which life, and its number.
    pub(super) fn question(&self) -> Option<(Option<u8>, u32, u64)> {
        Some((self.worker, self.life?, self.call?))
    }
}

/// The last line: how the run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// `passed`, or how it failed: `crash`, `violation`, `liveness`. The first field of the line.
    pub end: String,
    /// Who found the failure; empty when there is none.
    pub oracle: String,
    /// Which invariant is broken; empty when none is.
    pub invariant: String,
    /// What was found, for people.
    pub detail: String,
    /// The rolling digest of every input and effect, in hexadecimal.
    pub digest: String,
    /// How many events the trace has.
    pub events: u64,
    /// How much time passed, in nanoseconds.
    pub t: u64,
}

impl End {
    /// Whether the run passed.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.end == "passed"
    }
}

impl<'a> From<&'a Event> for EventLine<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            t: event.at.as_nanos(),
            seq: event.seq,
            node: &event.node,
            part: &event.part,
            kind: event.body.kind(),
            ids: &event.ids,
            data: &event.body,
        }
    }
}

/// An event as it is written.
#[derive(Serialize)]
pub(crate) struct EventLine<'a> {
    t: u64,
    seq: u64,
    node: &'a str,
    part: &'a str,
    kind: &'static str,
    ids: &'a Ids,
    data: &'a Body,
}
