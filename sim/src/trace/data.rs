//! What each kind of event says beside when, where and what it belongs to. One struct a kind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A fault began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultBegan {
    /// Which nodes it hits.
    pub on: Vec<String>,
    /// What is wrong with them, for people.
    pub what: String,
    /// When it ends, in nanoseconds; none if never, or if it only strikes once.
    pub until: Option<u64>,
    /// The fault, as plans write it.
    pub fault: serde_json::Value,
}

/// A fault ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultEnded {
    /// Which nodes it hit.
    pub on: Vec<String>,
    /// What was wrong with them, for people.
    pub what: String,
}

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Violated {
    /// Who found it.
    pub oracle: String,
    /// Its stable name.
    pub invariant: String,
    /// What was found, for people.
    pub detail: String,
}

/// What a client wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// For people, to follow the name of the client: `claims 0x12…`.
    pub what: String,
}

/// A message that left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// Whom it is for.
    pub to: String,
    /// What it says, for people.
    pub what: Said,
    /// When it arrives, in nanoseconds: once, twice, or never if it is lost.
    pub arrives: Vec<u64>,
}

/// What a message says: its sort, and the rest for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// `request`, `reply`; `question`, `answer`; of queues `call`, `return`; of workers `report`, `acknowledgement`.
    pub sort: String,
    /// In words.
    pub text: String,
}

/// A message that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrived {
    /// Who sent it.
    pub from: String,
    /// What it says, for people.
    pub what: Said,
    /// What became of it.
    pub met: Reception,
}

/// What a message met with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reception {
    /// It was taken.
    Taken,
    /// It waits until the process goes on.
    Kept,
    /// It was turned away.
    Refused,
    /// Nobody was there, or nobody whom it concerns.
    Nobody,
    /// It was taken and will never be answered.
    Silence,
}

/// What a client made of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heard {
    /// The reply, for people.
    pub what: String,
    /// Whether the client is content with it; otherwise it had its answer already, or asks again.
    pub settled: bool,
}

/// An attempt that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GaveUp {
    /// Why, for people.
    pub why: String,
    /// When the client asks again, in nanoseconds.
    pub again: u64,
}

/// An account with the bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// The deposit address.
    pub address: String,
}

/// A transaction that was sent to the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submitted {
    /// What moves in it, by ordinal.
    pub moves: Vec<Movement>,
    /// What becomes of it: `mined`, `reverted`, `never_mined`.
    pub fate: String,
    /// When it is mined, in nanoseconds, if ever.
    pub mined_at: Option<u64>,
}

/// One movement of tokens, or what looks like one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// Its looks, as plans name them.
    pub shape: String,
    /// Whose address is named in it, as the users are called in the plan.
    pub user: u32,
    /// The symbol of the token.
    pub asset: String,
    /// How much, as a decimal.
    pub amount: String,
}

/// A transaction in a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InBlock {
    /// The height.
    pub block: u64,
    /// The hash of the block.
    pub hash: String,
}

/// A reorganisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reorged {
    /// The lowest height that has another block since.
    pub from: u64,
    /// The height of the chain.
    pub latest: u64,
}

/// An input, and what the bank made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handled {
    /// `tick`, `command`, `query`, `answer`.
    pub event: String,
    /// What it says, for people.
    pub what: String,
    /// The date that the process was told, in microseconds since 1970.
    pub wall: i64,
    /// How many records the bank made of it.
    pub records: u64,
    /// How many acts.
    pub acts: u64,
    /// The rolling digest after it, in hexadecimal: it covers every bit of the input and of the effects.
    pub digest: String,
}

/// A record that was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Its place in the journal, if it becomes durable.
    pub position: u64,
    /// Its stable name, such as `escrow.seen`.
    pub name: String,
    /// What it says, for people.
    pub what: String,
    /// The reason code, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The height of the block that it speaks of, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u64>,
    /// The endpoints that vouched for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<String>,
    /// The deposits in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bookings: Vec<Booking>,
    /// The transactions that it names, beside that in `ids`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
}

/// A deposit, and what the ledger did about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Booking {
    /// Its place in the receipt.
    pub ordinal: u32,
    /// The symbol of the asset.
    pub asset: String,
    /// How much, as a decimal.
    pub amount: String,
    /// Whose it is: a user, or `suspense` with a reason.
    pub to: String,
    /// The ledger's transaction: the hold, or the posting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<u64>,
    /// The purchase of the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase: Option<u64>,
}

/// A change of a breaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakerMoved {
    /// Whose breaker it is.
    pub endpoint: String,
    /// From which state.
    pub from: String,
    /// To which state.
    pub to: String,
}

/// The end of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crashed {
    /// How many records it had decided that were not durable, and are gone.
    pub lost: u64,
    /// The last durable position.
    pub position: u64,
}

/// The start of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restarted {
    /// The last durable position, up to which it read the journal back.
    pub position: u64,
    /// Its term as the journal's writer.
    pub epoch: u64,
}

/// What the store was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// How many records to append; none when it was asked for its head.
    pub records: Option<u64>,
    /// When it answers, in nanoseconds.
    pub until: u64,
}

/// What the store said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// `committed`, `failed`, `unknown`, `fenced`, or `head`.
    pub outcome: String,
}

/// What became durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Committed {
    /// How many records.
    pub records: u64,
    /// The position of the last one.
    pub position: u64,
    /// The hash of the journal up to there.
    pub hash: String,
}

/// What became of a job of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobMoved {
    /// What.
    pub step: JobStep,
    /// The queue.
    pub queue: String,
    /// Whose lease it is about; none where it is about none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// How often the job was handed out so far.
    pub attempts: u32,
    /// Until when the lease lasts, or the job waits, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// What can become of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStep {
    /// The bank handed it over.
    Pushed,
    /// It was handed out to a worker.
    Leased,
    /// Its lease was prolonged.
    Extended,
    /// Its lease ran out: it is there for anybody again.
    RanOut,
    /// The queue made it available though its lease was not over.
    Repeated,
    /// The worker that had it died.
    Orphaned,
    /// The worker gave it back, not done.
    Returned,
    /// The worker said that it is done.
    Completed,
    /// The queue lost it.
    Lost,
}

/// An input of a worker, and what it made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worked {
    /// `tick`, `queue`, `answer`, `reported`, `drain`.
    pub event: String,
    /// What it says, for people.
    pub what: String,
    /// How many jobs it holds after that.
    pub jobs: u64,
    /// How many acts it wishes for.
    pub acts: u64,
    /// The rolling digest of this worker after it, in hexadecimal.
    pub digest: String,
}

/// The end of a worker's process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Died {
    /// How many jobs were leased to it.
    pub jobs: u64,
}

/// Digests, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// How many inputs the bank took so far.
    pub steps: u64,
    /// The rolling digest of every input and effect so far.
    pub digest: String,
    /// The digest of the bank's whole state.
    pub state: String,
}

/// Figures of one kind, whole after each change of any of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// What is counted: the symbol of an asset, `queues`, or `jobs` of a queue.
    pub of: String,
    /// The figures, as decimals, by name.
    pub values: BTreeMap<String, String>,
}

/// Something that is said in words alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The words; may be empty where the kind says everything.
    pub text: String,
}
