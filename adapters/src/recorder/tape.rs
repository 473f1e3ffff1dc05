//! [`Recorder`]: the driver's side of a recording.
//!
//! It stores what the driver did as it did it, in memory, and hands that over to the writer's thread once a turn. It
//! never waits: when the writer does not keep up, frames are dropped and counted, and once there is room again the
//! recording goes on in a new segment whose opening says how many inputs are missing.

use std::hash::Hasher as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use plimsoll_core::bank::{Act, Bank, Effect, Input, Record};
use plimsoll_core::digest::Digest;
use plimsoll_core::outbox::{Outbox, StoreRequest};
use plimsoll_core::time::{Instant, WallClock};

use super::folder::Folder;
use super::frame::{Answered, Asked, Frame, Opening};
use super::progress::{Progress, RecordingPulse, RecordingStatus};
use super::redact::Redactor;
use super::writer::{Begins, Parcel, Writer};
use crate::driver::Witness;
use crate::driver::spawn::start_thread;

/// How long an end waits for the writer.
const END_GRACE: Duration = Duration::from_secs(5);
/// How often an end looks whether the writer is done.
const END_POLL: Duration = Duration::from_millis(1);

/// How a recording is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingLimits {
    /// A segment is ended when it has so many bytes.
    pub segment_bytes: usize,
    /// How many segments there may be, at least two. The oldest is dropped for the newest.
    pub segments_max: usize,
    /// How many bytes may wait for the disk before some are dropped.
    pub queued_bytes_max: usize,
}

/// Why a recording did not begin.
#[derive(Debug, thiserror::Error)]
#[error("record to {}", folder.display())]
pub struct RecorderError {
    folder: PathBuf,
    #[source]
    source: io::Error,
}

/// Records one life of a driver.
#[derive(Debug)]
pub struct Recorder {
    redactor: Redactor,
    limits: RecordingLimits,
    /// `None` once it is closed.
    sender: Option<Sender<Parcel>>,
    writer: Option<JoinHandle<()>>,
    progress: Arc<Progress>,
    /// What was not handed over yet.
    pending: Parcel,
    /// How many bytes of the segment were handed over.
    segment: usize,
    /// How many inputs there were in this life.
    inputs: u64,
    /// How many of them were lost since the last frame that was kept.
    gap: u64,
    digest: Digest,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing was recorded yet: the next turn begins with an opening.
    New,
    /// All that happens is recorded.
    On,
    /// Something was dropped; nothing is recorded until a new segment begins.
    Off,
}

impl Recorder {
    /// Makes the first segment of another life in `folder`, and starts to write.
    ///
    /// # Errors
    /// [`RecorderError`]: the folder or the segment cannot be made.
    pub fn start(folder: &Path, limits: RecordingLimits, redactor: Redactor) -> Result<Self, RecorderError> {
        let fail = |source| RecorderError {
            folder: folder.to_owned(),
            source,
        };
        let progress = Arc::new(Progress::default());
        let files = Folder::open(folder, limits.segments_max).map_err(fail)?;
        let writer = Writer::new(files, Arc::clone(&progress)).map_err(fail)?;
        let (sender, parcels) = mpsc::channel();
        let writer = start_thread("recorder", move || writer.run(&parcels)).map_err(fail)?;
        Ok(Self {
            redactor,
            limits,
            sender: Some(sender),
            writer: Some(writer),
            progress,
            pending: Parcel::with(Vec::new()),
            segment: 0,
            inputs: 0,
            gap: 0,
            digest: Digest::new(),
            stage: Stage::New,
        })
    }

    /// How it does, for whoever wants to look while it is at work.
    #[must_use]
    pub fn status(&self) -> RecordingStatus {
        RecordingStatus::new(Arc::clone(&self.progress))
    }

    fn push(&mut self, frame: &Frame<'_>) {
        if self.stage == Stage::On {
            self.pending.push(frame);
        }
    }

    fn hand_over(&mut self) {
        let bytes = self.pending.frames.len();
        if bytes == 0 {
            return;
        }
        if self.progress.queued() + bytes > self.limits.queued_bytes_max {
            return self.drop_pending();
        }
        self.segment += bytes;
        self.send();
    }

    /// What waits is sent, however much that is.
    fn send(&mut self) {
        // The next turn may well bring as much.
        let room = Vec::with_capacity(self.pending.frames.len());
        let parcel = std::mem::replace(&mut self.pending, Parcel::with(room));
        self.progress.on_sent(parcel.frames.len());
        let sent = self.sender.as_ref().map(|sender| sender.send(parcel));
        if let Some(Err(mpsc::SendError(parcel))) = sent {
            self.progress.on_lost(parcel.inputs);
            self.progress.end();
        }
    }

    /// The writer does not keep up, or has ended.
    fn drop_pending(&mut self) {
        let dropped = std::mem::replace(&mut self.pending, Parcel::with(Vec::new()));
        if self.stage == Stage::On && !self.progress.has_ended() {
            tracing::warn!("the disk does not keep up: the recording has a gap");
        }
        self.gap += dropped.inputs;
        self.progress.on_lost(dropped.inputs);
        self.stage = Stage::Off;
    }

    fn begin_segment(&mut self, now: Instant, wall: WallClock, bank: &Bank, outbox: &Outbox<Record, Act>) {
        let mut outbox = outbox.moment();
        for record in outbox.groups.iter_mut().flatten() {
            let redacted = self.redactor.record(record.clone());
            *record = redacted;
        }
        let opening = Opening {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now,
            wall,
            inputs: self.inputs,
            lost: std::mem::take(&mut self.gap),
            digest: self.digest.value(),
            key: self.redactor.key_id(),
            config: bank.config().clone(),
            outbox,
            // At the start of a life it is what `Bank::open` made.
            bank: (self.stage != Stage::New).then(|| bank.volatile()),
        };
        self.pending.begins = Some(Begins {
            life: opening.life(),
            inputs: opening.inputs,
            digest: opening.digest,
        });
        self.pending.push(&Frame::Opening(Box::new(opening)));
        self.stage = Stage::On;
        self.segment = self.pending.frames.len();
        self.send();
    }

    /// Sends what waits, and waits for the writer, within limits: a disk that hangs must not hold up an end.
    fn end(&mut self) {
        if self.sender.is_none() {
            return;
        }
        if !self.pending.frames.is_empty() {
            self.send();
        }
        self.sender = None;
        let Some(writer) = self.writer.take() else { return };
        let mut waited = Duration::ZERO;
        while !writer.is_finished() {
            if waited >= END_GRACE {
                tracing::warn!("the disk did not take the end of the recording in time");
                return;
            }
            std::thread::sleep(END_POLL);
            waited += END_POLL;
        }
        if writer.join().is_err() {
            tracing::error!("the writer of the recording panicked");
        }
    }
}

impl Witness for Recorder {
    fn handling(&mut self, now: Instant, input: &Input) {
        self.inputs += 1;
        if self.stage != Stage::On {
            self.gap += 1;
            return self.progress.on_lost(1);
        }
        let frame = Frame::Input {
            now,
            wall: input.wall,
            digest: self.digest.finish(),
            event: self.redactor.event(&input.event),
        };
        self.pending.inputs += 1;
        self.pending.push(&frame);
    }

    fn handled(&mut self, now: Instant, effects: &[Effect], _bank: &Bank) {
        if self.stage == Stage::On {
            self.digest.write_u64(now.as_nanos());
            self.redactor.digest(effects, &mut self.digest);
        }
    }

    fn released(&mut self, _now: Instant, _act: &Act) {}

    fn asked(&mut self, now: Instant, wall: WallClock, request: &StoreRequest) {
        let request = match request {
            StoreRequest::Append(batch) => Asked::Append { last: batch.last },
            StoreRequest::ReadHead => Asked::ReadHead,
        };
        self.push(&Frame::Asked { now, wall, request });
    }

    fn answered(&mut self, now: Instant, answer: Answered) {
        self.push(&Frame::Answered { now, answer });
    }

    /// Hands over what the turn brought, and begins another segment when one is due.
    fn turned(&mut self, now: Instant, wall: WallClock, bank: &Bank, outbox: &Outbox<Record, Act>) {
        if self.progress.has_ended() {
            return self.drop_pending();
        }
        match self.stage {
            Stage::New => self.begin_segment(now, wall, bank, outbox),
            Stage::On => {
                self.hand_over();
                if self.stage == Stage::On && self.segment >= self.limits.segment_bytes {
                    self.begin_segment(now, wall, bank, outbox);
                }
            }
            // Only once everything is written: else the next moment would bring the next gap.
            Stage::Off if self.progress.queued() == 0 => self.begin_segment(now, wall, bank, outbox),
            Stage::Off => {}
        }
    }

    fn ended(&mut self) {
        let (inputs, digest) = (self.inputs, self.digest.value());
        self.push(&Frame::Closing { inputs, digest });
        self.end();
        let RecordingPulse { lost, .. } = self.progress.pulse();
        tracing::info!(inputs, lost, digest = %format_args!("{digest:032x}"), "the recording is closed");
    }
}

impl Drop for Recorder {
    /// Also when the driver panics: what it did last is what somebody will look for.
    fn drop(&mut self) {
        self.end();
    }
}

impl Parcel {
    /// Nothing, in memory that is to be used.
    const fn with(frames: Vec<u8>) -> Self {
        Self {
            begins: None,
            frames,
            inputs: 0,
        }
    }

    fn push(&mut self, frame: &Frame<'_>) {
        let start = self.frames.len();
        let mut frames = std::mem::take(&mut self.frames);
        frames.extend_from_slice(&[0; 4]);
        // Writing to memory cannot fail and our types have no unserialisable part, so this is our bug if it happens.
        frames = postcard::to_extend(frame, frames)
            .unwrap_or_else(|error| unreachable!("a frame cannot be encoded: {error}"));
        let length = u32::try_from(frames.len() - start - 4).unwrap_or(u32::MAX);
        frames[start..start + 4].copy_from_slice(&length.to_le_bytes());
        self.frames = frames;
    }
}
