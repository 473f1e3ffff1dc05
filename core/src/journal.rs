//! The journal's stored form: hash-chained batches of records at gap-free positions.
//!
//! A batch is the unit of commitment. Its bytes say everything (format, epoch, position, time, records); its hash is
//! keyed BLAKE3 over the previous hash and exactly those bytes, so neither a byte nor an order can change unseen.

use alloc::vec::Vec;
use core::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::limits::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX};
use crate::purpose::JOURNAL_CHAIN;
use crate::time::WallClock;

/// The version of the stored form that this build writes, and the only one that it reads.
pub const FORMAT: u16 = 4;

/// How many records stand at or before a point of the journal. Zero is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Position(u64);

impl Position {
    /// Before the first record.
    pub const ZERO: Self = Self(0);

    /// The point after `count` records.
    #[must_use]
    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    /// How many records stand at or before it.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.0
    }

    /// The point `records` records later.
    ///
    /// # Panics
    /// When that is past 2^64 records.
    #[must_use]
    pub const fn after(self, records: u64) -> Self {
        Self(self.0 + records)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A link of the chain: BLAKE3 over everything up to a point.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ChainHash(pub [u8; 32]);

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The tip of a journal, and who may extend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Head {
    /// The writer's term of office. A writer with an older one is fenced off.
    pub epoch: u64,
    /// The last committed record.
    pub position: Position,
    /// The hash of the last committed batch.
    pub hash: ChainHash,
}

/// Some records in their stored form, linked to what came before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Batch {
    /// The term of the writer.
    pub epoch: u64,
    /// The position before its first record.
    pub after: Position,
    /// The position of its last record.
    pub last: Position,
    /// The hash of the batch before.
    pub previous: ChainHash,
    /// The hash of this batch.
    pub hash: ChainHash,
    /// The stored form: header and records.
    pub bytes: Vec<u8>,
}

/// Records that are too large for one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    /// How many bytes they would have.
    pub bytes: usize,
}

/// Why stored bytes are not a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Written by a newer version.
    #[error("the journal has format {found}, this version reads {FORMAT}: upgrade plimsoll to open it")]
    Newer {
        /// The format found.
        found: u16,
    },
    /// Written by an older version, in whose form the records would be read as something else.
    #[error(
        "the journal has format {found}, this version reads {FORMAT}: open it with the plimsoll that wrote it"
    )]
    Older {
        /// The format found.
        found: u16,
    },
    /// The bytes do not have the hash that the chain says.
    #[error("batch after position {after} does not match its hash: its bytes were changed or damaged")]
    Hash {
        /// The position before the batch.
        after: Position,
    },
    /// The batch does not follow the one before.
    #[error("batch after position {after} does not follow position {expected}")]
    Gap {
        /// The position before the batch, as stored.
        after: Position,
        /// The position that the chain had reached.
        expected: Position,
    },
    /// The bytes match their hash and still cannot be read.
    #[error("batch after position {after} cannot be decoded")]
    Malformed {
        /// The position before the batch.
        after: Position,
    },
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: u16,
    epoch: u64,
    after: Position,
    count: u32,
    recorded_at: WallClock,
}

impl Batch {
    /// Puts `records` behind `head` in stored form.
    ///
    /// # Panics
    /// When there are none, or more than [`BATCH_RECORDS_MAX`], or they exceed [`BATCH_BYTES_MAX`].
    #[must_use]
    pub fn seal<'a, R: Serialize + 'a>(
        head: &Head,
        recorded_at: WallClock,
        records: impl ExactSizeIterator<Item = &'a R>,
    ) -> Self {
        Self::try_seal(head, recorded_at, records)
            .unwrap_or_else(|TooLarge { bytes }| unreachable!("a batch of {bytes} bytes was sealed"))
    }

    /// As [`Batch::seal`], of records that may be too large together.
    ///
    /// # Errors
    /// [`TooLarge`] when they exceed [`BATCH_BYTES_MAX`].
    ///
    /// # Panics
    /// When there are none, or more than [`BATCH_RECORDS_MAX`].
    pub fn try_seal<'a, R: Serialize + 'a>(
        head: &Head,
        recorded_at: WallClock,
        records: impl ExactSizeIterator<Item = &'a R>,
    ) -> Result<Self, TooLarge> {
        assert!(records.len() > 0, "an empty batch was sealed");
        assert!(
            records.len() <= BATCH_RECORDS_MAX,
            "a batch of {} records was sealed",
            records.len()
        );
        let count = u32::try_from(records.len()).unwrap_or(u32::MAX);
        let header = Header {
            format: FORMAT,
            epoch: head.epoch,
            after: head.position,
            count,
            recorded_at,
        };
        let mut bytes = encode(&header, Vec::with_capacity(64 + records.len() * 96));
        for record in records {
            bytes = encode(record, bytes);
        }
        if bytes.len() > BATCH_BYTES_MAX {
            return Err(TooLarge { bytes: bytes.len() });
        }
        Ok(Self {
            epoch: head.epoch,
            after: head.position,
            last: head.position.after(u64::from(count)),
            previous: head.hash,
            hash: link(&head.hash, &bytes),
            bytes,
        })
    }

    /// The hash of a batch whose stored form is `bytes` and that follows `head`.
    #[must_use]
    pub fn hash_after(head: &Head, bytes: &[u8]) -> ChainHash {
        link(&head.hash, bytes)
    }

    /// Reads stored `bytes` that should follow `head` and have `hash`, and moves `head` past them.
    ///
    /// # Errors
    /// [`BatchError`]: the first thing that is wrong. `head` is then as before.
    pub fn open<R: DeserializeOwned>(
        head: &mut Head,
        hash: &ChainHash,
        bytes: &[u8],
    ) -> Result<OpenedBatch<R>, BatchError> {
        let after = head.position;
        let malformed = BatchError::Malformed { after };
        // The format comes first and alone: a newer format may have another header.
        let (format, _) = postcard::take_from_bytes::<u16>(bytes).map_err(|_| malformed)?;
        if format > FORMAT {
            return Err(BatchError::Newer { found: format });
        }
        if format < FORMAT {
            return Err(BatchError::Older { found: format });
        }
        if link(&head.hash, bytes) != *hash {
            return Err(BatchError::Hash { after });
        }
        let (header, mut rest) = postcard::take_from_bytes::<Header>(bytes).map_err(|_| malformed)?;
        if header.after != after {
            return Err(BatchError::Gap {
                after: header.after,
                expected: after,
            });
        }
        let count = usize::try_from(header.count)
            .ok()
            .filter(|count| *count <= BATCH_RECORDS_MAX);
        let count = count.ok_or(malformed)?;
        let mut records = Vec::with_capacity(count);
        for _ in 0..count {
            let (record, tail) = postcard::take_from_bytes::<R>(rest).map_err(|_| malformed)?;
            records.push(record);
            rest = tail;
        }
        if !rest.is_empty() || records.is_empty() || header.epoch < head.epoch {
            return Err(malformed);
        }
        *head = Head {
            epoch: header.epoch,
            position: after.after(u64::from(header.count)),
            hash: *hash,
        };
        Ok(OpenedBatch {
            recorded_at: header.recorded_at,
            epoch: header.epoch,
            records,
        })
    }
}

/// What a stored batch holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedBatch<R> {
    /// When its writer sealed it.
    pub recorded_at: WallClock,
    /// The term of its writer.
    pub epoch: u64,
    /// The records, oldest first.
    pub records: Vec<R>,
}

/// Appends `value` to `bytes`.
fn encode<T: Serialize>(value: &T, bytes: Vec<u8>) -> Vec<u8> {
    // Writing to memory cannot fail and our types have no unserialisable part, so this is our bug if it happens.
    postcard::to_extend(value, bytes)
        .unwrap_or_else(|error| unreachable!("a record cannot be encoded: {error}"))
}

fn link(previous: &ChainHash, bytes: &[u8]) -> ChainHash {
    let mut hasher = JOURNAL_CHAIN.hasher();
    hasher.update(&previous.0);
    hasher.update(bytes);
    ChainHash(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests;
