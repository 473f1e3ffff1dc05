//! Runs tests of a package with a bug at work, or without.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A package outside the workspace, which is built with a flag of its own.
const APART: &str = "plimsoll-madsim";
/// How long tests may run, in seconds. A test that a bug keeps from ending has failed.
const LONGEST_SECS: &str = "120";
/// What `timeout` ends with when it had to step in.
const TIMED_OUT: i32 = 124;

/// What came of some tests.
#[derive(Debug)]
pub struct Tested {
    /// How many passed.
    pub passed: usize,
    /// Those that failed, by name.
    pub failed: Vec<String>,
    /// How long they took.
    pub took: Duration,
}

/// Builds the tests of `package`.
///
/// # Errors
/// When they do not compile.
pub fn build(tree: &Path, package: &str) -> Result<(), String> {
    let mut build = Command::new("cargo");
    let built = tests(&mut build, tree, package).arg("--no-run").status();
    match built {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("failed to build the tests of {package}: {status}")),
        Err(error) => Err(format!("failed to start cargo: {error}")),
    }
}

/// Runs the tests of `package` that `filter` names, with `bug` at work.
///
/// # Errors
/// When they cannot be run, or there are none.
pub fn run(tree: &Path, package: &str, filter: &str, bug: Option<&str>) -> Result<Tested, String> {
    let begun = Instant::now();
    let mut timed = Command::new("timeout");
    tests(timed.args([LONGEST_SECS, "cargo"]), tree, package);
    timed.args(["--", filter]).env("PLANTED", bug.unwrap_or_default());
    // Snapshots are looked at, never written.
    timed
        .env("INSTA_UPDATE", "no")
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true");
    let output = timed
        .output()
        .map_err(|error| format!("failed to start timeout: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let outcome = |line: &str, outcome: &str| {
        let name = line.strip_prefix("test ")?.strip_suffix(outcome)?;
        Some(name.split(" - ").next().unwrap_or(name).to_owned())
    };
    let mut failed: Vec<String> = text
        .lines()
        .filter_map(|line| outcome(line, " ... FAILED"))
        .collect();
    let passed = text.lines().filter_map(|line| outcome(line, " ... ok")).count();
    if output.status.code() == Some(TIMED_OUT) {
        failed.push(format!("{filter} (did not end)"));
    }
    if passed + failed.len() == 0 {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("no test of {package} is called {filter}\n{said}"));
    }
    Ok(Tested {
        passed,
        failed,
        took: begun.elapsed(),
    })
}

/// Completes `command`, which begins to call cargo, to test `package`.
fn tests<'a>(command: &'a mut Command, tree: &Path, package: &str) -> &'a mut Command {
    command.args(["test", "--locked"]).env_remove("PLANTED");
    if package == APART {
        let folder = env::var_os("CARGO_TARGET_DIR").map_or_else(|| tree.join("target"), PathBuf::from);
        command.env("RUSTFLAGS", "--cfg madsim");
        command.env("CARGO_TARGET_DIR", folder.join("madsim"));
        command.args(["--tests", "--no-fail-fast", "--manifest-path"]);
        return command.arg(tree.join("tests/madsim/Cargo.toml"));
    }
    command.args(["--lib", "--package", package, "--manifest-path"]);
    command.arg(tree.join("Cargo.toml"))
}
