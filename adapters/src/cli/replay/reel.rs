//! [`Reel`]: the segments of a recording, in order, none missing.

use std::io;
use std::path::{Path, PathBuf};

use crate::recorder::{Damage, EXTENSION, Segment, number_of, segments};

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReelError {
    /// The file or folder cannot be read.
    #[error("read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds no segment.
    #[error("find a recording in {}: it holds no *.{EXTENSION} file", folder.display())]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
    /// A segment is missing between others.
    #[error("find {}: it is missing between the segments before and after it", path.display())]
    Missing {
        /// Its file.
        path: PathBuf,
    },
    /// A segment is damaged, no recording, or of another version.
    #[error("read {}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: Damage,
    },
}

/// The segments to replay, oldest first.
#[derive(Debug)]
pub(super) struct Reel(Vec<Segment>);

impl Reel {
    /// The segment in the file `path`, or every segment of the folder `path`.
    pub(super) fn find(path: &Path) -> Result<Self, ReelError> {
        let read = |source| ReelError::Read {
            path: path.to_owned(),
            source,
        };
        if !std::fs::metadata(path).map_err(read)?.is_dir() {
            let (number, path) = (number_of(path).unwrap_or(1), path.to_owned());
            return Ok(Self(vec![Segment { number, path }]));
        }
        let found = segments(path).map_err(read)?;
        if found.is_empty() {
            return Err(ReelError::Empty {
                folder: path.to_owned(),
            });
        }
        for pair in found.windows(2) {
            let [before, after] = pair else { continue };
            if before.number + 1 != after.number {
                let missing = format!("{:06}.{EXTENSION}", before.number + 1);
                return Err(ReelError::Missing {
                    path: path.join(missing),
                });
            }
        }
        Ok(Self(found))
    }

    /// The segments.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.0
    }
}

/// The bytes of a segment.
pub(super) fn load(segment: &Segment) -> Result<Vec<u8>, ReelError> {
    std::fs::read(&segment.path).map_err(|source| ReelError::Read {
        path: segment.path.clone(),
        source,
    })
}
