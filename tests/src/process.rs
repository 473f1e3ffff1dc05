//! Child processes that cannot outlive their test, and that say what they said when the test fails.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(5);
/// How much of a process' last words a failing test shows.
const LAST_WORDS_BYTES: usize = 4096;

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Process {
    /// Starts `command`, whose output goes to `NAME.stdout` and `NAME.stderr` in `folder`, behind what is there: a
    /// restarted process goes on in the files of the one before.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn spawn(name: &str, folder: &Path, mut command: Command) -> Self {
        let stdout = folder.join(format!("{name}.stdout"));
        let stderr = folder.join(format!("{name}.stderr"));
        let child = command
            .stdin(Stdio::null())
            .stdout(append(&stdout))
            .stderr(append(&stderr))
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: cannot start {command:?}: {error}"));
        Self {
            name: name.to_owned(),
            child,
            stdout,
            stderr,
        }
    }

    /// The number by which the system knows it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything written to standard output so far, by it and by those before it in the same files.
    #[must_use]
    pub fn stdout(&self) -> String {
        read(&self.stdout)
    }

    /// Everything written to standard error so far, likewise.
    #[must_use]
    pub fn stderr(&self) -> String {
        read(&self.stderr)
    }

    /// Whether it has not ended.
    ///
    /// # Panics
    /// When the system cannot tell.
    pub fn is_running(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("the state of a child can be read")
            .is_none()
    }

    /// The rest of the first whole line of standard output that starts with `prefix`.
    ///
    /// # Panics
    /// When the process ends, or does not say it `within` the time.
    pub fn await_line(&mut self, prefix: &str, within: Duration) -> String {
        let mut found = None;
        wait_until(&format!("{} says {prefix:?}", self.name), within, || {
            let running = self.is_running();
            found = line_after(&self.stdout(), prefix);
            assert!(
                found.is_some() || running,
                "{} ended without saying {prefix:?}",
                self.name
            );
            found.is_some()
        });
        found.unwrap_or_default()
    }

    /// Kills it as `kill -9` does, and reaps it.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a killed child can be reaped");
    }

    /// Asks it to end as a service manager does (SIGTERM), and says how it ended.
    ///
    /// # Panics
    /// When it has not ended `within` the time.
    pub fn terminate(&mut self, within: Duration) -> ExitStatus {
        self.signal(Signal::TERM);
        self.await_end(within)
    }

    /// Stops it where it is (SIGSTOP), until [`go_on`](Self::go_on).
    pub fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on (SIGCONT).
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        let id = id.expect("the system numbers processes from 1 to i32::MAX");
        kill_process(id, signal).expect("a child can be signalled");
    }

    /// Waits until it ends, and says how.
    ///
    /// # Panics
    /// When it has not ended `within` the time.
    pub fn await_end(&mut self, within: Duration) -> ExitStatus {
        let mut ended = None;
        wait_until(&format!("{} ends", self.name), within, || {
            ended = self.child.try_wait().expect("the state of a child can be read");
            ended.is_some()
        });
        ended.expect("it has ended")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            say_last_words(&self.name, &self.stdout);
            say_last_words(&self.name, &self.stderr);
        }
    }
}

/// A folder that is removed with its owner, for the files of one test.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn temporary_folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("plimsoll-")
        .tempdir()
        .expect("a temporary folder can be made")
}

/// A port of the loopback interface on which nothing listened a moment ago. For servers that must come back at the
/// same address; let others choose port 0 themselves.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("a listener has an address").port()
}

/// Looks again and again until `holds`.
///
/// # Panics
/// When it does not hold `within` the time; `what` says what was waited for.
#[track_caller]
pub fn wait_until(what: &str, within: Duration, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < within,
            "waited {within:?} in vain until {what}"
        );
        pause(POLL);
    }
}

/// Lets real time pass, where time itself is what the test is about. Elsewhere, wait for what should happen.
#[expect(clippy::disallowed_methods, reason = "the one place where tests sleep")]
pub fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

fn append(path: &Path) -> File {
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()))
}

fn read(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn line_after(text: &str, prefix: &str) -> Option<String> {
    let whole = text
        .split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'));
    whole
        .filter_map(|line| line.strip_prefix(prefix))
        .map(|rest| rest.trim().to_owned())
        .next()
}

#[expect(clippy::print_stderr, reason = "the test harness shows it with the failure")]
fn say_last_words(name: &str, path: &Path) {
    let text = read(path);
    let skip = text.len().saturating_sub(LAST_WORDS_BYTES);
    let start = (skip..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    eprintln!(
        "--- {name}: the end of {}\n{}\n---",
        path.display(),
        &text[start..]
    );
}
