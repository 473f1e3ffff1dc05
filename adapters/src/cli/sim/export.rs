//! `plimsoll sim export`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use plimsoll_sim::trace::Transcript;

use super::SimError;

/// What the exit code tells, for `--help`.
pub(super) const EXIT_CODES: &str = "Exit codes:\n  \
     0   everything was written\n  \
     2   the trace is missing, cut short, damaged or of another version, or a file cannot be written";

/// `plimsoll sim export`.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// A trace, as `sim replay --trace` writes it.
    #[arg(value_name = "TRACE")]
    trace: PathBuf,
    /// Write it as Chrome trace-event JSON, for ui.perfetto.dev or chrome://tracing.
    #[arg(long, value_name = "FILE", required_unless_present = "html")]
    chrome: Option<PathBuf>,
    /// Write it as a timeline: one HTML page that needs nothing else and opens from disk, with a lane for each node, bands
    /// for faults, and one deposit's journey highlighted. It shows at most 40,000 events: of more, what only asks how far
    /// the chain is goes first, then what comes last, and the page says so.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn run(args: &ExportArgs, out: &mut dyn Write) -> Result<u8, SimError> {
    let told = Transcript::read(&args.trace)?;
    if let Some(path) = &args.chrome {
        write(path, |file| told.write_chrome(file))?;
        writeln!(out, "{}", path.display())?;
    }
    if let Some(path) = &args.html {
        write(path, |file| told.write_html(file))?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(0)
}

/// Writes a file whole, or says why not.
pub(super) fn write(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), SimError> {
    let written = File::create(path).and_then(|file| {
        let mut file = BufWriter::new(file);
        content(&mut file)?;
        file.flush()?;
        file.get_ref().sync_all()
    });
    written.map_err(|source| SimError::Write {
        path: path.to_path_buf(),
        source,
    })
}
