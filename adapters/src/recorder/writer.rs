//! [`Writer`]: the thread that writes what the driver hands over. Whatever befalls it, the driver goes on.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::folder::Folder;
use super::progress::Progress;
use super::wire::Sealer;

/// How long the writer lets parcels gather after one came: a busy driver then wakes it seldom. A process that is killed
/// loses what came meanwhile.
const GATHER: Duration = Duration::from_millis(5);

/// Something to be written.
#[derive(Debug)]
pub(super) struct Parcel {
    /// Where these frames begin another segment: what to tell the log.
    pub(super) begins: Option<Begins>,
    /// Payloads, each after its length as a little-endian u32.
    pub(super) frames: Vec<u8>,
    /// How many of them are inputs.
    pub(super) inputs: u64,
}

/// Where a segment begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begins {
    pub(super) life: u64,
    /// How many inputs were before it in this life.
    pub(super) inputs: u64,
    pub(super) digest: u128,
}

/// The segment that is being written.
#[derive(Debug)]
struct Current {
    file: File,
    path: PathBuf,
    sealer: Sealer,
    /// How many bytes of the file are whole frames.
    written: u64,
}

/// Writes parcels to segments.
#[derive(Debug)]
pub(super) struct Writer {
    folder: Folder,
    /// The file for the first segment, made before anything was recorded.
    first: Option<(File, PathBuf)>,
    current: Option<Current>,
    /// Frames that are sealed and not written.
    pending: Vec<u8>,
    progress: Arc<Progress>,
}

impl Writer {
    /// A writer whose first segment can be made.
    pub(super) fn new(folder: Folder, progress: Arc<Progress>) -> io::Result<Self> {
        let first = Some(folder.make_next()?);
        Ok(Self {
            folder,
            first,
            current: None,
            pending: Vec::new(),
            progress,
        })
    }

    /// Writes until nobody sends any more, or until it fails.
    pub(super) fn run(mut self, parcels: &Receiver<Parcel>) {
        while let Ok(parcel) = parcels.recv() {
            std::thread::sleep(GATHER);
            let parcels: Vec<Parcel> = std::iter::once(parcel).chain(parcels.try_iter()).collect();
            let inputs = parcels.iter().map(|parcel| parcel.inputs).sum();
            let bytes = parcels.iter().map(|parcel| parcel.frames.len()).sum();
            let outcome = self.write_all(parcels);
            self.progress.on_taken(bytes);
            match outcome {
                Ok(()) => self.progress.on_written(inputs),
                Err(error) => return self.give_up(&error, inputs),
            }
        }
        if let Err(error) = self.finish_segment() {
            self.give_up(&error, 0);
        }
    }

    fn write_all(&mut self, parcels: Vec<Parcel>) -> io::Result<()> {
        for parcel in parcels {
            if let Some(begins) = parcel.begins {
                self.begin(begins)?;
            }
            let Some(current) = &mut self.current else {
                unreachable!("frames came before an opening")
            };
            let mut rest = parcel.frames.as_slice();
            while let Some((length, tail)) = rest.split_first_chunk::<4>() {
                let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
                let (payload, tail) = tail.split_at(length);
                current.sealer.seal(payload, &mut self.pending);
                rest = tail;
            }
        }
        self.flush()
    }

    fn begin(&mut self, begins: Begins) -> io::Result<()> {
        self.finish_segment()?;
        let (file, path) = self.first.take().map_or_else(|| self.folder.make_next(), Ok)?;
        let (file_name, Begins { life, inputs, digest }) = (path.display(), begins);
        tracing::info!(file = %file_name, life, inputs, digest = %format_args!("{digest:032x}"), "recording to a segment");
        self.current = Some(Current {
            file,
            path,
            sealer: Sealer::begin(&mut self.pending),
            written: 0,
        });
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(current) = &mut self.current {
            current.file.write_all(&self.pending)?;
            current.written += self.pending.len() as u64;
        }
        self.pending.clear();
        Ok(())
    }

    fn finish_segment(&mut self) -> io::Result<()> {
        self.flush()?;
        self.current
            .take()
            .map_or(Ok(()), |current| current.file.sync_data())
    }

    /// The recording ends, with the last whole frame if that can still be had.
    fn give_up(self, error: &io::Error, lost: u64) {
        let path = self
            .current
            .as_ref()
            .map(|current| current.path.display().to_string());
        let file = path.unwrap_or_default();
        tracing::error!(%error, file, "the recording failed and has ended; the server goes on without it");
        if let Some(Current { file, written, .. }) = self.current
            && let Err(error) = file.set_len(written)
        {
            tracing::debug!(%error, "the last frame of the recording is cut off");
        }
        self.progress.on_lost(lost);
        self.progress.end();
    }
}

#[cfg(test)]
mod tests;
