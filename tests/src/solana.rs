//! A private surfpool: a real Solana validator behind real JSON-RPC, on which `surfpool.mjs` has paid with the real libraries.
//!
//! It never forks and never goes back, so it shows what answers look like; how they may change is for models and scripts.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::evm::node::installed;
use crate::process::{Process, temporary_folder};

/// What starts the validator and pays on it.
const SCRIPT: &str = "surfpool.mjs";
/// What is needed for it, for Linux on x86-64 alone.
const SURFPOOL: &str = "npm/node_modules/@solana/surfpool-linux-x64-gnu/package.json";
/// How long it may take; it takes 4 s on an idle machine.
const START_TIME_MAX: Duration = Duration::from_secs(60);

/// A running validator.
#[derive(Debug)]
pub struct Cluster {
    did: Value,
    process: Process,
    _folder: TempDir,
}

impl Cluster {
    /// Starts one, and pays on it.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_paying(0)
    }

    /// The same, paying the first user so many times more while it serves: the number of the payment each time.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    #[must_use]
    pub fn start_paying(more: u32) -> Self {
        assert!(installed(SURFPOOL).exists(), "surfpool is installed");
        let folder = temporary_folder();
        let mut command = Command::new("node");
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(SCRIPT))
            .arg(more.to_string())
            .current_dir(folder.path());
        let mut process = Process::spawn("surfpool", folder.path(), command);
        let did = process.await_line("Serving ", START_TIME_MAX);
        Self {
            did: serde_json::from_str(&did).expect("the script says what it did"),
            process,
            _folder: folder,
        }
    }

    /// What the script says of `path`, a JSON pointer: `/url`, `/genesis`, `/mint` and so on.
    ///
    /// # Panics
    /// When it says nothing of it.
    #[must_use]
    pub fn text(&self, path: &str) -> &str {
        let found = self.did.pointer(path).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("the script says nothing of {path}"))
    }

    /// The number that the script says of `path`.
    ///
    /// # Panics
    /// When it says none.
    #[must_use]
    pub fn number(&self, path: &str) -> u64 {
        let found = self.did.pointer(path).and_then(Value::as_u64);
        found.unwrap_or_else(|| panic!("the script says no number of {path}"))
    }

    /// The signatures of the payments that were made while it serves, so far.
    #[must_use]
    pub fn paid(&self) -> Vec<String> {
        let said = self.process.stdout();
        let signature = |line: &str| line.strip_prefix("Paid ").map(str::to_owned);
        // The last line may be half there.
        let (whole, _) = said.rsplit_once('\n').unwrap_or_default();
        whole.lines().filter_map(signature).collect()
    }

    /// The payments that were made, by name, each with its signature.
    ///
    /// # Panics
    /// When there are none.
    pub fn payments(&self) -> impl Iterator<Item = (&str, &str)> {
        let payments = self.did["payments"].as_object().expect("payments were made");
        payments
            .iter()
            .map(|(name, signature)| (name.as_str(), signature.as_str().expect("a signature")))
    }
}
