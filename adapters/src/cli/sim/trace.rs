//! [`TraceFile`]: a trace on disk, whose first failure to write is not lost.

use core::cell::RefCell;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::SimError;

/// A file that a run writes its trace to.
#[derive(Debug)]
pub(super) struct TraceFile {
    path: PathBuf,
    out: Rc<RefCell<BufWriter<File>>>,
}

/// What the run writes through. The run owns it; the file outlives it.
#[derive(Debug)]
struct Writer(Rc<RefCell<BufWriter<File>>>);

impl TraceFile {
    pub(super) fn create(path: &Path) -> Result<Self, SimError> {
        let file = File::create(path).map_err(|source| failed(path, source))?;
        Ok(Self {
            path: path.to_path_buf(),
            out: Rc::new(RefCell::new(BufWriter::new(file))),
        })
    }

    pub(super) fn writer(&self) -> Box<dyn Write> {
        Box::new(Writer(Rc::clone(&self.out)))
    }

    /// Writes out what is left. `broken` is why the run gave its trace up before its end, if it did: what is on disk is
    /// not the whole then, though the disk may be well again.
    pub(super) fn finish(self, broken: Option<&str>) -> Result<(), SimError> {
        if let Some(why) = broken {
            return Err(failed(&self.path, io::Error::other(why.to_owned())));
        }
        let mut out = self.out.borrow_mut();
        let flushed = out.flush().and_then(|()| out.get_ref().sync_all());
        flushed.map_err(|source| failed(&self.path, source))
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

fn failed(path: &Path, source: io::Error) -> SimError {
    SimError::Write {
        path: path.to_path_buf(),
        source,
    }
}
