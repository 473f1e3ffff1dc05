//! The vocabulary of faults: one serde enum, one variant a family.
//!
//! A fault says what is wrong; [`ScheduledFault`](crate::world::plan::ScheduledFault) says from when until when. The
//! models know what each one does to them.

use serde::{Deserialize, Serialize};

use super::Drift;
use crate::engine::Latency;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// A chain endpoint misbehaves.
    Endpoint {
        /// Its place in the topology.
        endpoint: u8,
        /// How.
        fault: EndpointFault,
        /// How many of a hundred questions are hit, 1 to 100.
        #[serde(default = "always")]
        percent: u8,
    },
    /// A network link misbehaves.
    Network {
        /// Which.
        link: LinkName,
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// How.
        fault: LinkFault,
    },
    /// The journal's store misbehaves.
    Store {
        /// How.
        fault: StoreFault,
        /// How many of a hundred requests are hit, 1 to 100.
        #[serde(default = "always")]
        percent: u8,
    },
    /// The disk under the store misbehaves.
    Disk {
        /// How.
        fault: DiskFault,
    },
    /// The bank's process is hit.
    Process {
        /// How.
        fault: ProcessFault,
    },
    /// The chain itself does what chains do.
    Chain {
        /// What.
        fault: ChainFault,
    },
    /// A queue between the bank and its workers misbehaves.
    Queue {
        /// Which.
        lane: LaneName,
        /// How.
        fault: QueueFault,
        /// How many of a hundred requests are hit, 1 to 100.
        #[serde(default = "always")]
        percent: u8,
    },
    /// The process of a worker is hit.
    Worker {
        /// Its number, from 0.
        worker: u8,
        /// How.
        fault: WorkerFault,
    },
}

impl Fault {
    /// Whether it is something that happens, rather than something that lasts: it cannot be suspended and taken up again.
    #[must_use]
    pub const fn is_event(&self) -> bool {
        match self {
            Self::Process { fault } => match fault {
                ProcessFault::Crash { .. }
                | ProcessFault::Restart
                | ProcessFault::ClockJump { .. }
                | ProcessFault::Usurped => true,
                ProcessFault::Pause
                | ProcessFault::Slow { .. }
                | ProcessFault::ClockSkew { .. }
                | ProcessFault::ClockDrift { .. } => false,
            },
            Self::Disk { fault } => matches!(fault, DiskFault::BitFlip),
            Self::Chain { fault } => matches!(fault, ChainFault::Reorg { .. }),
            Self::Queue { fault, .. } => matches!(fault, QueueFault::Forgets | QueueFault::FailsOver),
            Self::Worker { fault, .. } => matches!(fault, WorkerFault::Crash),
            Self::Endpoint { .. } | Self::Network { .. } | Self::Store { .. } => false,
        }
    }

    /// The only endpoint that it hits, if it hits one endpoint, or the way to it, and nothing else.
    #[must_use]
    pub const fn endpoint(&self) -> Option<u8> {
        match self {
            Self::Endpoint { endpoint, .. }
            | Self::Network {
                link: LinkName::Endpoint { endpoint },
                ..
            } => Some(*endpoint),
            Self::Network { .. }
            | Self::Store { .. }
            | Self::Disk { .. }
            | Self::Process { .. }
            | Self::Chain { .. }
            | Self::Queue { .. }
            | Self::Worker { .. } => None,
        }
    }
}

const fn always() -> u8 {
    100
}

/// How an endpoint misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EndpointFault {
    /// Connections are refused at once.
    Dead,
    /// Questions arrive and are never answered.
    NeverAnswers,
    /// Answers take so much longer.
    Slow {
        /// How much longer.
        extra_ms: u64,
    },
    /// It is so many blocks behind, and answers nothing for what it lacks (trap E13).
    Lagging {
        /// How many blocks.
        blocks: u64,
    },
    /// Its head stands still at the moment the fault began.
    StuckHead,
    /// It knows heads, but no receipts, logs or headers, and does not hide it (traps E13, E15).
    Empty,
    /// HTTP 429.
    RateLimited {
        /// What `Retry-After` says in three of four answers, if it is sent at all.
        retry_after_ms: Option<u64>,
    },
    /// HTTP 401.
    Auth,
    /// HTTP 5xx.
    ServerError,
    /// It tells who it is and nothing else yet: no block of its is final, or it still indexes transactions (trap E15).
    NotReady,
    /// Answers that are not what the protocol says.
    Malformed,
    /// "More logs than one answer may have", to every scan.
    TooLarge,
    /// Answers of one connection get crossed: each is one to another question than the one asked.
    Crossed,
    /// It serves another chain (trap E22), also when it is asked for receipts.
    WrongChain,
    /// It sits on a fork of its own above the finalized block, or the attested one (trap E12).
    PrivateFork,
    /// It tells a plausible untruth.
    Lying {
        /// Which.
        lie: Lie,
    },
}

impl EndpointFault {
    /// Whether its answers are false rather than missing. Two providers that tell the same untruth at once make a
    /// quorum that no verifier can see through, so in a plan they contradict each other.
    #[must_use]
    pub const fn is_byzantine(&self) -> bool {
        match self {
            Self::WrongChain | Self::Lying { .. } => true,
            Self::Dead
            | Self::NeverAnswers
            | Self::Slow { .. }
            | Self::Lagging { .. }
            | Self::StuckHead
            | Self::Empty
            | Self::RateLimited { .. }
            | Self::Auth
            | Self::ServerError
            | Self::NotReady
            | Self::Malformed
            | Self::TooLarge
            | Self::Crossed
            | Self::PrivateFork => false,
        }
    }
}

impl EndpointFault {
    /// Whether two endpoints that tell these untruths never agree about anything untrue: each tells another, and one of them
    /// at most tells of a finality that is none.
    #[must_use]
    pub fn contradicts(&self, other: &Self) -> bool {
        let is_of_finality = |lie: &Lie| matches!(lie, Lie::EarlyFinality | Lie::FutureFinality);
        match (self, other) {
            (Self::Lying { lie }, Self::Lying { lie: other }) => {
                lie != other && !(is_of_finality(lie) && is_of_finality(other))
            }
            _ => false,
        }
    }
}

/// Which untruth a lying endpoint tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lie {
    /// Every transaction asked for paid a user, and is finalized.
    InventedPayment,
    /// Every transfer was of 256 times as much.
    InflatedAmount,
    /// Receipts and scans without their last log.
    OmittedLog,
    /// The latest block is finalized already.
    EarlyFinality,
    /// The finalized block is far above the chain's head.
    FutureFinality,
    /// Blocks have other hashes.
    ForgedHash,
}

/// A link of the simulated network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LinkName {
    /// Between the bank and one endpoint.
    Endpoint {
        /// Its place in the topology.
        endpoint: u8,
    },
    /// Between the bank and every endpoint.
    AllEndpoints,
    /// Between the users and the bank.
    Users,
}

/// Which way a link is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Both ways.
    #[default]
    Both,
    /// Only what travels to the bank: requests of users, answers of endpoints.
    ToBank,
    /// Only what the bank sends: replies to users, questions to endpoints.
    FromBank,
}

/// How a link misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LinkFault {
    /// Nothing gets through.
    Partition,
    /// Messages wait and all arrive when the fault ends.
    Hold,
    /// Some messages are lost.
    Loss {
        /// How many of a hundred.
        percent: u8,
    },
    /// Some messages arrive twice.
    Duplicate {
        /// How many of a hundred.
        percent: u8,
    },
    /// Messages overtake each other: each is delayed by anything up to `spread_ms`.
    Reorder {
        /// The longest extra delay.
        spread_ms: u64,
    },
    /// Messages take longer.
    Delay {
        /// How much longer.
        extra: Latency,
    },
    /// The other side has forgotten the connection: what is sent into it is lost without a word, until the sender notices
    /// and makes a new one.
    HalfOpen {
        /// How long after the first loss the sender notices.
        notice_ms: u64,
    },
}

/// One of the queues between the bank and its workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneName {
    /// The fast one.
    Immediate,
    /// The slow one.
    Database,
}

/// How a queue misbehaves. Whatever it does costs time alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum QueueFault {
    /// Connections are refused.
    Down,
    /// Requests arrive and are never answered, nor done.
    Silent,
    /// It has no room: writes are refused (Redis: out of memory).
    Full,
    /// Requests are done, and the answers are lost.
    LosesAnswers,
    /// Jobs are handed out whose leases are not over.
    Repeats,
    /// It loses all that it holds when the fault begins (Redis: a crash without a copy on disk).
    Forgets,
    /// It loses each job or not when the fault begins (Redis: a failover to a replica that was behind).
    FailsOver,
}

/// What hits the process of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WorkerFault {
    /// It dies when the fault begins and is started again when the fault ends.
    Crash,
    /// It is stopped, as by SIGSTOP, and goes on when the fault ends.
    Pause,
}

/// How the store misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StoreFault {
    /// It cannot be reached: appends fail, and the head cannot be read.
    Unavailable,
    /// The disk is full: appends fail, reads work.
    Full,
    /// A sync takes so much longer.
    SlowSync {
        /// How much longer.
        extra_ms: u64,
    },
    /// The outcome of an append is not known: the connection broke during the commit.
    UnknownOutcome {
        /// How many of a hundred such appends were committed, 0 to 100.
        committed_percent: u8,
    },
}

/// How the disk under the store misbehaves. What was durable is then damaged, and must be found out before anybody relies
/// on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DiskFault {
    /// One bit of what is durable is flipped when the fault begins, silently.
    BitFlip,
    /// Writes go to a wrong place and are reported as done: what was there is overwritten, and where they should be is
    /// nothing.
    MisdirectedWrite {
        /// How many of a hundred writes, 1 to 100.
        #[serde(default = "always")]
        percent: u8,
    },
    /// Something that is durable cannot be read.
    ReadError,
    /// Syncs fail, and what they should have made durable may or may not be on the disk: readers do not see it, and a
    /// crash may bring it back.
    SyncFailed {
        /// How many of a hundred syncs, 1 to 100.
        #[serde(default = "always")]
        percent: u8,
    },
}

/// What hits the bank's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ProcessFault {
    /// It dies when the fault begins and is started again when the fault ends.
    Crash {
        /// What becomes of what was written and not yet synced.
        loss: CrashLoss,
    },
    /// It is told to stop when the fault begins, finishes what it began, and is started again when the fault ends.
    Restart,
    /// It is stopped, as by SIGSTOP, and goes on when the fault ends.
    Pause,
    /// Each input takes so much longer.
    Slow {
        /// How much longer.
        extra_ms: u64,
    },
    /// Its date is off by so much while the fault lasts.
    ClockSkew {
        /// How much, in milliseconds; negative is behind.
        by_ms: i64,
    },
    /// Its date wanders off while the fault lasts, and is right again afterwards.
    ClockDrift {
        /// How.
        drift: Drift,
    },
    /// Its date jumps when the fault begins, and stays wrong by that. The end of the fault means nothing.
    ClockJump {
        /// How far, in milliseconds; negative is back.
        by_ms: i64,
    },
    /// Another writer takes the journal over when the fault begins: the process is fenced off and must end. It is
    /// started again as usual; the end of the fault means nothing.
    Usurped,
}

/// What becomes of unsynced bytes when a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrashLoss {
    /// They survive: the process died, the machine did not.
    Kept,
    /// They are lost: the machine lost power.
    Lost,
    /// A random prefix survives: the write was torn.
    Torn,
}

/// What a chain does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ChainFault {
    /// The last blocks are replaced when the fault begins (trap E11). Finalized blocks never are, so a deep
    /// reorganisation needs a finality stall before it.
    Reorg {
        /// How many blocks, at least 1.
        depth: u64,
        /// How many of a hundred transactions in them are not mined again, 0 to 100.
        vanish_percent: u8,
    },
    /// Blocks come and are not finalized.
    FinalityStall,
}
