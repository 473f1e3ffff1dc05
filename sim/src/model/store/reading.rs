//! How the disk under the store goes bad, and how the store is read when it may have.
//!
//! The checksum of a frame is there to find out where a torn write ends. Whether what was durable still is what was
//! written is for the reader to say, from the chain of hashes: so damage that only a checksum shows is none.

use core::ops::Range;

use plimsoll_core::journal::{ChainHash, Position};

use super::{Fate, Frame, HEADER_BYTES, Store, frame_at};
use crate::fault::DiskFault;

/// The length of a frame's checksum, which is the end of its header.
const CHECKSUM_BYTES: usize = 16;

/// A batch as it is read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored<'a> {
    /// Where it begins in the file.
    pub offset: usize,
    /// The position of its last record, as the file says.
    pub last: Position,
    /// Its hash, as the file says.
    pub hash: ChainHash,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A place of the file that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The disk says so.
    #[error("input/output error at byte {offset}")]
    Error {
        /// Where.
        offset: usize,
    },
    /// There is no batch, and the end is not there yet.
    #[error("no batch at byte {offset}")]
    Cut {
        /// Where.
        offset: usize,
    },
}

impl Store {
    /// Reads the file from its beginning to its end, as whoever opens it must.
    pub fn read(&self) -> impl Iterator<Item = Result<Stored<'_>, Unreadable>> {
        let end = self.frames.last().map_or(0, |frame| frame.start + frame.len);
        let is_damaged = self.disk.is_damaged();
        let bytes = self.disk.bytes();
        let (mut place, mut offset) = (0, 0);
        core::iter::from_fn(move || {
            if offset >= end {
                return None;
            }
            let at = offset;
            let found = if is_damaged {
                frame_at(&bytes[..end], at).map(|(frame, _)| frame)
            } else {
                self.frames.get(place).copied()
            };
            let is_unreadable = self.disk_faults.iter().any(|one| one.unreadable == Some(place));
            place += 1;
            Some(match found {
                _ if is_unreadable => Err(Unreadable::Error { offset: at }),
                None => {
                    offset = end;
                    Err(Unreadable::Cut { offset: at })
                }
                Some(Frame {
                    start,
                    len,
                    last,
                    hash,
                }) => {
                    offset = start + len;
                    Ok(Stored {
                        offset: at,
                        last,
                        hash,
                        bytes: &bytes[start..start + len],
                    })
                }
            })
        })
    }

    /// Whether anything durable is not what was written, or cannot be read.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.disk.is_damaged() || self.disk_faults.iter().any(|one| one.unreadable.is_some())
    }

    /// An operator restores the file from a copy, on a disk that is sound.
    pub fn restore(&mut self) {
        self.disk.restore();
        self.disk_faults.iter_mut().for_each(|one| one.unreadable = None);
    }

    /// What the disk does to an append that nothing else goes wrong with.
    pub(super) fn fate_on_disk(&mut self) -> Fate {
        let mut fate = Fate::Committed;
        for one in &self.disk_faults {
            let (percent, bad) = match one.fault {
                DiskFault::BitFlip | DiskFault::ReadError => continue,
                DiskFault::MisdirectedWrite { percent } => (percent, Fate::Misdirected),
                DiskFault::SyncFailed { percent } => (percent, Fate::SyncFailed),
            };
            if self.rng.chance(u64::from(percent), 100) {
                fate = bad;
            }
        }
        fate
    }

    /// Where the file was damaged since this was asked last.
    pub fn take_damage(&mut self) -> Vec<usize> {
        core::mem::take(&mut self.news)
    }

    /// Flips a bit of a batch that is durable, if there is one.
    pub(super) fn flip_a_bit(&mut self) {
        let Some(frame) = self.rng.pick(&self.frames).copied() else {
            return;
        };
        let whole = whole(&frame);
        let mut at = whole.start + self.rng.index(whole.len() - CHECKSUM_BYTES);
        if at >= frame.start - CHECKSUM_BYTES {
            at += CHECKSUM_BYTES;
        }
        self.disk.flip(at, 1 << self.rng.below(8));
        self.news.push(at);
    }

    /// Lets a batch that was just made durable land somewhere before its place.
    pub(super) fn misdirect(&mut self, frame: Frame) {
        let whole = whole(&frame);
        let at = self.rng.index(whole.start.max(1));
        self.news.push(at);
        self.disk.misplace(whole, at);
    }
}

/// Where a frame is in the file, its header included.
const fn whole(frame: &Frame) -> Range<usize> {
    frame.start - HEADER_BYTES..frame.start + frame.len
}
