//! Commands whose output nobody takes.

use std::fs;
use std::io::{self, Write};

use tempfile::TempDir;

use super::super::given_up;
use super::{SMALL, attempt};

/// Standard output, when nobody reads it or when the disk is full.
struct Unwritable(io::ErrorKind);

impl Write for Unwritable {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_command_whose_output_nobody_reads_ends_in_silence() {
    let folder = TempDir::new().unwrap();
    let scenario = folder.path().join("small.toml");
    fs::write(&scenario, SMALL).unwrap();
    let scenario = scenario.to_str().unwrap();
    for arguments in [
        &["list"][..],
        &["run", scenario, "--seeds", "1"],
        &["replay", scenario, "--seed", "0"],
        &["explain", scenario, "--seed", "0"],
    ] {
        for (kind, code, is_silent) in [
            (io::ErrorKind::BrokenPipe, 141, true),
            (io::ErrorKind::StorageFull, 2, false),
        ] {
            let error = attempt(arguments, &mut Unwritable(kind)).unwrap_err();
            let mut told = Vec::new();
            assert_eq!(given_up(error, &mut told), code, "{arguments:?} {kind}");
            assert_eq!(told.is_empty(), is_silent, "{arguments:?} {kind}");
        }
    }
}
