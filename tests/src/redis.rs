//! A Redis server of the test's own: no port, nothing on disk, and gone with its owner.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{Process, temporary_folder, wait_until};

/// How long it may take to start.
const START_MAX: Duration = Duration::from_secs(20);

/// A running Redis.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    folder: TempDir,
}

impl Redis {
    /// Starts one that forgets everything when it ends.
    ///
    /// # Panics
    /// When it does not start: `tests/run --install` installs it.
    #[must_use]
    pub fn start() -> Self {
        let folder = temporary_folder();
        let process = spawn(&folder);
        let redis = Self { process, folder };
        redis.await_ready();
        redis
    }

    /// Its address, as the configuration has it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Kills it as `kill -9` does: what was in it is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again, empty, at the same address.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        self.process = spawn(&self.folder);
        self.await_ready();
    }

    /// Stops it where it is, until [`go_on`](Self::go_on): it takes connections and answers nobody.
    pub fn stop(&self) {
        self.process.stop();
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.process.go_on();
    }

    /// Has a command done, written as people type it, and says what the first line of the answer is.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn command(&self, command: &str) -> String {
        self.ask(command).expect("redis answers")
    }

    fn ask(&self, command: &str) -> std::io::Result<String> {
        let mut stream = UnixStream::connect(self.socket())?;
        stream.set_read_timeout(Some(START_MAX))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    fn await_ready(&self) {
        wait_until("redis answers", START_MAX, || {
            self.ask("PING").is_ok_and(|line| line == "+PONG")
        });
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }
}

fn spawn(folder: &TempDir) -> Process {
    let mut command = Command::new("redis-server");
    command
        .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
        .arg(folder.path().join("redis.sock"))
        .arg("--dir")
        .arg(folder.path());
    Process::spawn("redis", folder.path(), command)
}
