//! The journal's store: an embedded database with one writer, seen as a log of batches and a head row.
//!
//! It has the semantics that the real stores are held to. An append is refused for ever unless it comes from the
//! current epoch and follows the head; it is durable once its sync is done, and what was not synced may be lost, kept
//! or torn by a crash. Opening the store raises the epoch, which fences off whoever wrote before.
//!
//! The disk below may damage what is durable. The head is kept apart from the file and is never damaged, so a reader who
//! checks hashes and compares what it read with the head finds out; an operator then restores the file from a copy
//! that has everything that was ever durable.

mod reading;

use core::time::Duration;
use std::borrow::Cow;

use plimsoll_core::digest::Digest;
use plimsoll_core::journal::{Batch, ChainHash, Head, Position};
use plimsoll_core::outbox::Appended;
use plimsoll_core::rng::Rng;

use crate::engine::{Disk, Latency};
use crate::fault::{CrashLoss, DiskFault, StoreFault};
pub use reading::{Stored, Unreadable};

/// The store.
#[derive(Debug, Clone)]
pub struct Store {
    disk: Disk,
    head: Head,
    /// The whole batches in the file, oldest first.
    frames: Vec<Frame>,
    /// The append or head-read under way.
    pending: Option<Pending>,
    sync: Latency,
    faults: Vec<Active>,
    disk_faults: Vec<ActiveOnDisk>,
    /// Where the disk damaged the file, until somebody asks.
    news: Vec<usize>,
    rng: Rng,
}

/// Where a batch is in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Frame {
    start: usize,
    len: usize,
    last: Position,
    hash: ChainHash,
}

#[derive(Debug, Clone, Copy)]
enum Pending {
    Append {
        frame: Frame,
        epoch: u64,
        fate: Fate,
    },
    /// Decided without touching the disk.
    Refused(Appended),
    Head {
        is_readable: bool,
    },
}

/// How an append that reached the disk will end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Committed,
    UnknownCommitted,
    UnknownLost,
    Misdirected,
    SyncFailed,
}

#[derive(Debug, Clone, Copy)]
struct Active {
    id: u32,
    fault: StoreFault,
    percent: u8,
}

#[derive(Debug, Clone, Copy)]
struct ActiveOnDisk {
    id: u32,
    fault: DiskFault,
    /// Of a read error: the batch that cannot be read, by its place; `None` once it was restored.
    unreadable: Option<usize>,
}

/// What a store says at the end of what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Done {
    /// To an append, with whether a batch became durable by it.
    Appended {
        /// What the writer is told.
        answer: Appended,
        /// What is so.
        is_durable: bool,
    },
    /// To a question for the head; `None` when it cannot be read.
    Head(Option<Head>),
}

/// The length of the frame's length, last position, chain hash and checksum.
const HEADER_BYTES: usize = 4 + 8 + 32 + 16;

impl Store {
    /// An empty store that draws from `rng` alone.
    #[must_use]
    pub fn new(sync: Latency, rng: Rng) -> Self {
        Self {
            disk: Disk::new(),
            head: Head::default(),
            frames: Vec::new(),
            pending: None,
            sync,
            faults: Vec::new(),
            disk_faults: Vec::new(),
            news: Vec::new(),
            rng,
        }
    }

    /// Begins a fault that hits `percent` of a hundred requests and is known as `id`.
    pub fn begin(&mut self, id: u32, fault: StoreFault, percent: u8) {
        self.faults.push(Active { id, fault, percent });
    }

    /// Ends the fault known as `id`.
    pub fn end(&mut self, id: u32) {
        self.faults.retain(|one| one.id != id);
    }

    /// Begins a fault of the disk that is known as `id`.
    pub fn begin_on_disk(&mut self, id: u32, fault: DiskFault) {
        let mut unreadable = None;
        match fault {
            DiskFault::BitFlip => self.flip_a_bit(),
            DiskFault::ReadError if !self.frames.is_empty() => {
                unreadable = Some(self.rng.index(self.frames.len()));
            }
            DiskFault::ReadError | DiskFault::MisdirectedWrite { .. } | DiskFault::SyncFailed { .. } => {}
        }
        self.disk_faults.push(ActiveOnDisk {
            id,
            fault,
            unreadable,
        });
    }

    /// Ends the fault of the disk known as `id`. What it damaged stays damaged.
    pub fn end_on_disk(&mut self, id: u32) {
        self.disk_faults.retain(|one| one.id != id);
    }

    /// Begins to append a batch and says how long that takes; [`Store::finish`] then ends it.
    ///
    /// # Panics
    /// When something else is under way.
    #[must_use]
    pub fn append(&mut self, batch: &Batch) -> Duration {
        assert!(self.pending.is_none(), "the store was asked two things at once");
        let mut took = self.sync.draw(&mut self.rng);
        let mut fate = Fate::Committed;
        let mut refused = None;
        for one in &self.faults {
            if !self.rng.chance(u64::from(one.percent), 100) {
                continue;
            }
            match one.fault {
                StoreFault::Unavailable | StoreFault::Full => refused = Some(Appended::Failed),
                StoreFault::SlowSync { extra_ms } => took += Duration::from_millis(extra_ms),
                StoreFault::UnknownOutcome { committed_percent } => {
                    let is_committed = self.rng.chance(u64::from(committed_percent), 100);
                    fate = if is_committed {
                        Fate::UnknownCommitted
                    } else {
                        Fate::UnknownLost
                    };
                }
            }
        }
        if fate == Fate::Committed {
            fate = self.fate_on_disk();
        }
        let follows = batch.after == self.head.position && batch.previous == self.head.hash;
        if refused.is_none() && (batch.epoch != self.head.epoch || !follows) {
            refused = Some(Appended::Fenced);
        }
        self.pending = Some(refused.map_or_else(|| self.write(batch, fate), Pending::Refused));
        took
    }

    /// Begins to read the head and says how long that takes; [`Store::finish`] then ends it.
    ///
    /// # Panics
    /// When something else is under way.
    #[must_use]
    pub fn read_head(&mut self) -> Duration {
        assert!(self.pending.is_none(), "the store was asked two things at once");
        let is_readable = self.is_available();
        self.pending = Some(Pending::Head { is_readable });
        self.sync.draw(&mut self.rng)
    }

    /// Ends what is under way.
    ///
    /// # Panics
    /// When nothing is.
    pub fn finish(&mut self) -> Done {
        let Some(pending) = self.pending.take() else {
            unreachable!("the store was asked nothing")
        };
        match pending {
            Pending::Refused(answer) => Done::Appended {
                answer,
                is_durable: false,
            },
            Pending::Head { is_readable } => Done::Head(is_readable.then_some(self.head)),
            Pending::Append { epoch, .. } if epoch != self.head.epoch => {
                self.disk.roll_back();
                Done::Appended {
                    answer: Appended::Fenced,
                    is_durable: false,
                }
            }
            Pending::Append { frame, fate, .. } => self.finish_append(frame, fate),
        }
    }

    /// The process dies in the middle of whatever it did. Returns whether a batch became durable by that: its commit
    /// was on the disk and nobody was told.
    pub fn crash(&mut self, loss: CrashLoss) -> bool {
        let before = self.head.position;
        self.disk.crash(loss, &mut self.rng);
        self.pending = None;
        self.recover();
        self.head.position != before
    }

    /// Another writer takes over: the epoch is raised, and whoever wrote before is fenced off.
    pub fn usurp(&mut self) {
        self.disk.forget_failed_sync();
        self.head.epoch += 1;
    }

    /// Opens the store for a new writer, with a new epoch; `None` while it cannot be reached.
    pub fn open(&mut self) -> Option<Head> {
        if !self.is_available() {
            return None;
        }
        self.head.epoch += 1;
        Some(self.head)
    }

    /// Whether something is under way.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    /// What is durable.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// The durable batches, oldest first: the hash and the stored bytes of each, as they were written.
    ///
    /// # Panics
    /// When the file is damaged: it must be read with [`Store::read`], or restored.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = (&ChainHash, &[u8])> {
        assert!(
            !self.disk.is_damaged(),
            "a damaged file was read as if it were sound"
        );
        let bytes = self.disk.bytes();
        self.frames
            .iter()
            .map(|frame| (&frame.hash, &bytes[frame.start..frame.start + frame.len]))
    }

    /// The hash and the bytes of the last durable batch, as they were written.
    #[must_use]
    pub fn last_batch(&self) -> Option<(ChainHash, Cow<'_, [u8]>)> {
        let frame = self.frames.last()?;
        let range = frame.start..frame.start + frame.len;
        let bytes = match self.disk.intended() {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[range]),
            Cow::Owned(bytes) => Cow::Owned(bytes[range].to_vec()),
        };
        Some((frame.hash, bytes))
    }

    fn is_available(&mut self) -> bool {
        let rng = &mut self.rng;
        let hit = |one: &Active| one.fault == StoreFault::Unavailable && rng.chance(one.percent.into(), 100);
        !self.faults.iter().any(hit)
    }

    fn write(&mut self, batch: &Batch, fate: Fate) -> Pending {
        let len =
            u32::try_from(batch.bytes.len()).unwrap_or_else(|_| unreachable!("a batch is at most 64 MiB"));
        self.disk.append(&len.to_le_bytes());
        self.disk.append(&batch.last.count().to_le_bytes());
        self.disk.append(&batch.hash.0);
        self.disk.append(&checksum(batch.last, &batch.hash, &batch.bytes));
        let start = self.disk.bytes().len();
        self.disk.append(&batch.bytes);
        let frame = Frame {
            start,
            len: batch.bytes.len(),
            last: batch.last,
            hash: batch.hash,
        };
        Pending::Append {
            frame,
            epoch: batch.epoch,
            fate,
        }
    }

    fn finish_append(&mut self, frame: Frame, fate: Fate) -> Done {
        let (answer, is_durable) = match fate {
            Fate::Committed | Fate::Misdirected => (Appended::Committed, true),
            Fate::UnknownCommitted => (Appended::Unknown, true),
            Fate::UnknownLost | Fate::SyncFailed => (Appended::Unknown, false),
        };
        if is_durable {
            self.disk.sync();
            self.settle(frame);
        } else if fate == Fate::SyncFailed {
            self.disk.fail_to_sync();
        } else {
            self.disk.roll_back();
        }
        if fate == Fate::Misdirected {
            self.misdirect(frame);
        }
        Done::Appended { answer, is_durable }
    }

    fn settle(&mut self, frame: Frame) {
        self.head.position = frame.last;
        self.head.hash = frame.hash;
        self.frames.push(frame);
    }

    /// Reads the file from behind the last known batch, and cuts off what is no whole batch.
    fn recover(&mut self) {
        let known = self.frames.last().map_or(0, |frame| frame.start + frame.len);
        let mut end = known;
        while let Some(frame) = whole_frame(self.disk.bytes(), end) {
            end = frame.start + frame.len;
            self.settle(frame);
        }
        self.disk.truncate(end);
    }
}

/// The frame that begins at `at`, if there is room for one, and its checksum.
fn frame_at(bytes: &[u8], at: usize) -> Option<(Frame, [u8; 16])> {
    let (len, rest) = bytes.get(at..)?.split_first_chunk::<4>()?;
    let (last, rest) = rest.split_first_chunk::<8>()?;
    let (hash, rest) = rest.split_first_chunk::<32>()?;
    let (sum, rest) = rest.split_first_chunk::<16>()?;
    let (last, hash) = (Position::new(u64::from_le_bytes(*last)), ChainHash(*hash));
    let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
    let start = at + HEADER_BYTES;
    let frame = Frame {
        start,
        len,
        last,
        hash,
    };
    (rest.len() >= len).then_some((frame, *sum))
}

/// The whole frame that begins at `at`, if one does.
fn whole_frame(bytes: &[u8], at: usize) -> Option<Frame> {
    let (frame, sum) = frame_at(bytes, at)?;
    let payload = &bytes[frame.start..frame.start + frame.len];
    (checksum(frame.last, &frame.hash, payload) == sum).then_some(frame)
}

fn checksum(last: Position, hash: &ChainHash, payload: &[u8]) -> [u8; 16] {
    Digest::of(&(last, hash, payload)).to_le_bytes()
}

#[cfg(test)]
mod tests;
