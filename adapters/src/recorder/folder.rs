//! The folder of a recording: numbered segments, of which the oldest are dropped whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// What the name of a segment ends with, after its number.
pub const EXTENSION: &str = "plmrec";

/// One segment of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number, one more than that of the segment before.
    pub number: u64,
    /// Its file.
    pub path: PathBuf,
}

/// Every segment in `folder`, oldest first.
///
/// # Errors
/// The folder cannot be read.
pub fn segments(folder: &Path) -> io::Result<Vec<Segment>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        found.extend(number_of(&path).map(|number| Segment { number, path }));
    }
    found.sort_by_key(|segment| segment.number);
    Ok(found)
}

/// The number of the segment whose file `path` is, if it is one's.
#[must_use]
pub fn number_of(path: &Path) -> Option<u64> {
    let is_segment = path.extension().is_some_and(|extension| extension == EXTENSION);
    let stem = path.file_stem()?.to_str()?;
    let is_number = is_segment && stem.bytes().all(|byte| byte.is_ascii_digit());
    stem.parse().ok().filter(|_| is_number)
}

/// Where new segments are made.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// How many segments may be there.
    segments_max: usize,
}

impl Folder {
    /// The folder at `path`, which is made if it is missing.
    pub(super) fn open(path: &Path, segments_max: usize) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let path = path.to_owned();
        Ok(Self { path, segments_max })
    }

    /// Makes the file of the next segment, and drops the oldest ones so that there are not too many.
    pub(super) fn make_next(&self) -> io::Result<(File, PathBuf)> {
        let known = segments(&self.path)?;
        let surplus = (known.len() + 1).saturating_sub(self.segments_max);
        for oldest in &known[..surplus] {
            fs::remove_file(&oldest.path)?;
        }
        let number = known.last().map_or(1, |last| last.number + 1);
        let path = self.path.join(format!("{number:06}.{EXTENSION}"));
        let file = File::options().write(true).create_new(true).open(&path)?;
        Ok((file, path))
    }
}

#[cfg(test)]
mod tests;
