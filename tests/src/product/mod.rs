//! The product as people run it: the release binary, a configuration file, a journal, HTTP.

mod settings;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

pub use settings::{ADMIN_TOKEN, Asset, Endpoint, Settings};

use crate::http::Client;
use crate::process::{Process, free_port, temporary_folder, wait_until};

/// How long a command that does not serve may take.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a server may take until it answers.
const START_TIME_MAX: Duration = Duration::from_secs(20);

/// The setting that keys the names in a recording, and what the tests give it.
const KEY_NAME: &str = "PLIMSOLL_RECORD__KEY";
const KEY: &str = "the-key-of-the-recordings-of-tests";

/// How a command ended, and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// A place for one server: a configuration file, a journal and a port, in a folder that is removed with it.
#[derive(Debug)]
pub struct Installation {
    folder: TempDir,
    port: u16,
}

impl Installation {
    /// Writes the configuration file.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self::configured(|port, journal| settings.to_toml(port, journal))
    }

    /// The same with a file of one's own, made for a port and a journal.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn configured(to_toml: impl FnOnce(u16, &Path) -> String) -> Self {
        let installation = Self {
            folder: temporary_folder(),
            port: free_port(),
        };
        installation.configure(&to_toml(installation.port, &installation.journal()));
        installation
    }

    /// Replaces the configuration file.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn configure(&self, toml: &str) {
        std::fs::write(self.config(), toml).expect("a file can be written");
    }

    /// The port that the server listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("plimsoll.toml")
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    /// Starts the server, which makes the journal if there is none, and returns at once.
    #[must_use]
    pub fn serve(&self) -> Process {
        let mut command = plimsoll();
        command.args(["serve", "--init", "--config"]).arg(self.config());
        Process::spawn("plimsoll", self.folder.path(), command)
    }

    /// Starts the server as [`serve`](Self::serve) does, with a flight recorder.
    #[must_use]
    pub fn serve_recorded(&self) -> Process {
        let mut command = plimsoll();
        command.args(["serve", "--init", "--config"]).arg(self.config());
        command.arg("--record").arg(self.recording()).env(KEY_NAME, KEY);
        Process::spawn("plimsoll", self.folder.path(), command)
    }

    /// The folder of the flight recorder.
    #[must_use]
    pub fn recording(&self) -> PathBuf {
        self.folder.path().join("flight")
    }

    /// Replays what the flight recorder has kept against the journal, to its end, and writes it as a scenario to
    /// [`scenario`](Self::scenario).
    ///
    /// # Panics
    /// When that does not end.
    #[must_use]
    pub fn replay(&self) -> Ended {
        let mut command = plimsoll();
        command.arg("replay").arg(self.recording()).env(KEY_NAME, KEY);
        command.arg("--journal").arg(self.journal());
        command.arg("--scenario").arg(self.scenario());
        run_to_end(command)
    }

    /// The scenario that a replay writes.
    #[must_use]
    pub fn scenario(&self) -> PathBuf {
        self.folder.path().join("incident.toml")
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn serve_until_ready(&self) -> Process {
        let mut process = self.serve();
        self.await_answer(&mut process);
        process
    }

    /// Waits until the server answers.
    ///
    /// # Panics
    /// When it ends, or takes too long.
    pub fn await_answer(&self, process: &mut Process) {
        let client = self.client();
        wait_until("the server answers", START_TIME_MAX, || {
            assert!(process.is_running(), "the server ended:\n{}", process.stderr());
            client.get("/health/live").is_ok()
        });
    }

    /// A client of the server.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&format!("http://127.0.0.1:{}", self.port))
    }

    /// Runs a command on the configuration or the journal to its end.
    ///
    /// # Panics
    /// When it does not end.
    #[must_use]
    pub fn run(&self, args: &[&str], file: &Path) -> Ended {
        let mut command = plimsoll();
        command.args(args).arg(file);
        run_to_end(command)
    }
}

/// The release binary, to be given arguments.
///
/// # Panics
/// When it is missing, or older than what it is made from: a test of a stale binary proves nothing.
#[must_use]
pub fn plimsoll() -> Command {
    let test = std::env::current_exe().expect("a test knows its own path");
    // TARGET/debug/deps/TEST, or TARGET/debug/PROGRAM
    let folders = test.ancestors().skip(2);
    let is_profile = |folder: &&Path| folder.ends_with("debug") || folder.ends_with("release");
    let target = folders.take(2).find(|folder| !is_profile(folder));
    let target = target.expect("a test lies in a target folder");
    let binary = target.join("release/plimsoll");
    let built = modified(&binary).unwrap_or_else(|| panic!("{} is missing: {BUILD}", binary.display()));
    let sources =
        std::fs::read_to_string(binary.with_extension("d")).expect("cargo lists the sources of a binary");
    for source in sources.split_whitespace().skip(1) {
        assert!(
            modified(Path::new(source)).is_some_and(|changed| changed <= built),
            "{} is older than {source}: {BUILD}",
            binary.display()
        );
    }
    Command::new(binary)
}

/// Runs a command that ends by itself.
///
/// # Panics
/// When it does not.
#[must_use]
pub fn run_to_end(command: Command) -> Ended {
    let folder = temporary_folder();
    let mut process = Process::spawn("command", folder.path(), command);
    let status = process.await_end(COMMAND_TIME_MAX);
    Ended {
        code: status.code(),
        stdout: process.stdout(),
        stderr: process.stderr(),
    }
}

const BUILD: &str = "run tests/run release";

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}
