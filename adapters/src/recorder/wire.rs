//! The form of a segment: a head, then frames, each sealed by everything before it.
//!
//! ```text
//!   head    "PLIMSREC", version (u16)
//!   frame   length (u32), check of the length (u32), payload, sum of everything so far (u64)
//! ```
//!
//! Numbers are little-endian. A sum covers the head and every payload up to its own, so a frame that was taken out, put
//! elsewhere or put in is seen as one that was changed. The length has a check of its own, because a wrong length would
//! else look like a frame that was cut off: that is what is left when a process is killed, and no damage.

use std::hash::Hasher as _;

use plimsoll_core::digest::Digest;

use super::frame::{FORMAT, Frame};

const MAGIC: &[u8; 8] = b"PLIMSREC";
const HEAD_BYTES: usize = MAGIC.len() + 2;
const LENGTH_BYTES: usize = 8;
const SUM_BYTES: usize = 8;

/// Writes the form.
#[derive(Debug, Clone)]
pub(super) struct Sealer(Digest);

impl Sealer {
    /// Begins a segment: its head goes to `out`.
    pub(super) fn begin(out: &mut Vec<u8>) -> Self {
        let start = out.len();
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        let mut sum = Digest::new();
        sum.write(&out[start..]);
        Self(sum)
    }

    /// Appends `payload` as a frame to `out`.
    pub(super) fn seal(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&check(&self.0, length).to_le_bytes());
        out.extend_from_slice(payload);
        self.0.write(payload);
        out.extend_from_slice(&self.0.finish().to_le_bytes());
    }
}

/// The check of a length after everything that `sum` covers.
fn check(sum: &Digest, length: u32) -> u32 {
    let mut sum = *sum;
    sum.write_u32(length);
    let [low @ .., _, _, _, _] = sum.finish().to_le_bytes();
    u32::from_le_bytes(low)
}

/// What is wrong with a segment, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}, {field}: {problem}")]
pub struct Damage {
    /// Where it was found, in bytes from the start of the file.
    pub offset: usize,
    /// In which part.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// What comes next in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart where it is read, and nearly always a frame"
)]
pub enum Next {
    /// A frame.
    Frame(Frame<'static>),
    /// Nothing: the file ends behind the last frame.
    End,
    /// The rest of the file, from this byte on, is a frame that was cut off.
    CutOff(usize),
}

/// Reads the frames of a segment.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    sum: Digest,
    is_first: bool,
    is_closed: bool,
}

impl<'a> Frames<'a> {
    /// The frames of the segment whose file holds `bytes`.
    ///
    /// # Errors
    /// [`Damage`]: it is no recording, or of another version.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Damage> {
        let damage = |offset, field, problem| {
            Err(Damage {
                offset,
                field,
                problem,
            })
        };
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        let (magic, version) = head.split_at(head.len().min(MAGIC.len()));
        if *magic != MAGIC[..magic.len()] {
            return damage(0, "magic", "this is not a recording of plimsoll".to_owned());
        }
        if let Ok(version) = <[u8; 2]>::try_from(version).map(u16::from_le_bytes)
            && version != FORMAT
        {
            let problem = format!("the recording has version {version}, this program reads {FORMAT}");
            return damage(MAGIC.len(), "version", problem);
        }
        let mut sum = Digest::new();
        sum.write(head);
        Ok(Self {
            bytes,
            at: head.len(),
            sum,
            is_first: true,
            is_closed: false,
        })
    }

    /// Where the next frame begins, in bytes from the start of the file.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// The next frame.
    ///
    /// # Errors
    /// [`Damage`]: what is there was not written so.
    pub fn read(&mut self) -> Result<Next, Damage> {
        let start = self.at;
        let rest = &self.bytes[start..];
        if self.at < HEAD_BYTES {
            return Ok(Next::CutOff(start));
        }
        if rest.is_empty() {
            return Ok(Next::End);
        }
        // After a loss of power the end of a file may be there and never have been filled.
        if rest.len() < LENGTH_BYTES || rest.iter().all(|byte| *byte == 0) {
            return Ok(Next::CutOff(start));
        }
        let (length, rest) = number::<4>(rest);
        let (found, rest) = number::<4>(rest);
        let length = u32::from_le_bytes(length);
        let damage = |offset, field, problem: &str| {
            Err(Damage {
                offset,
                field,
                problem: problem.to_owned(),
            })
        };
        if u32::from_le_bytes(found) != check(&self.sum, length) {
            return damage(
                start,
                "length",
                "it does not match its check: the file was changed or damaged",
            );
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if rest.len() < length.saturating_add(SUM_BYTES) {
            return Ok(Next::CutOff(start));
        }
        let (payload, rest) = rest.split_at(length);
        self.sum.write(payload);
        let (found, _) = number::<SUM_BYTES>(rest);
        let payload_at = start + LENGTH_BYTES;
        if u64::from_le_bytes(found) != self.sum.finish() {
            let problem = "it does not match its sum: the file was changed or damaged";
            return damage(payload_at, "payload", problem);
        }
        self.at = payload_at + length + SUM_BYTES;
        self.decode(payload, payload_at).map(Next::Frame)
    }

    fn decode(&mut self, payload: &[u8], offset: usize) -> Result<Frame<'static>, Damage> {
        let damage = |problem: &str| Damage {
            offset,
            field: "payload",
            problem: problem.to_owned(),
        };
        let frame = postcard::take_from_bytes::<Frame<'_>>(payload)
            .ok()
            .and_then(|(frame, rest)| rest.is_empty().then_some(frame));
        let frame =
            frame.ok_or_else(|| damage("it is no frame, though its sum is right: another build wrote it"))?;
        let is_opening = matches!(frame, Frame::Opening(_));
        if is_opening != std::mem::take(&mut self.is_first) {
            return Err(damage("an opening is the first frame, and the first frame alone"));
        }
        if self.is_closed {
            return Err(damage("there is a frame behind the closing one"));
        }
        self.is_closed = matches!(frame, Frame::Closing { .. });
        Ok(frame)
    }
}

/// The first `N` bytes of `bytes`, which must be there, and the rest.
fn number<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    let Some((number, rest)) = bytes.split_first_chunk::<N>() else {
        unreachable!("a number was read behind the end")
    };
    (*number, rest)
}

/// A segment of `frames`, with right sums.
#[cfg(test)]
pub(crate) fn segment_of(frames: &[Frame<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut sealer = Sealer::begin(&mut bytes);
    for frame in frames {
        sealer.seal(&postcard::to_allocvec(frame).unwrap(), &mut bytes);
    }
    bytes
}

#[cfg(test)]
mod tests;
