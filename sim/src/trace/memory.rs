//! [`Memory`]: takes the lines of a trace that no file is wanted for.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// Bytes that a run writes through one handle, and its owner takes through another.
#[derive(Debug, Clone, Default)]
pub struct Memory(Rc<RefCell<Vec<u8>>>);

impl Memory {
    /// Nothing was written.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was written so far; from here on it is empty again.
    #[must_use]
    pub fn take(&self) -> Vec<u8> {
        self.0.take()
    }
}

impl io::Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
