//! Runs tests of a package with a bug at work, or without.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

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
    let built = cargo(tree, package).arg("--no-run").status();
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
    let mut tests = cargo(tree, package);
    tests.args(["--", filter]).env("PLANTED", bug.unwrap_or_default());
    // Snapshots are looked at, never written.
    tests
        .env("INSTA_UPDATE", "no")
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true");
    let output = tests
        .output()
        .map_err(|error| format!("failed to start cargo: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let outcome = |line: &str, outcome: &str| {
        let name = line.strip_prefix("test ")?.strip_suffix(outcome)?;
        Some(name.split(" - ").next().unwrap_or(name).to_owned())
    };
    let failed: Vec<String> = text
        .lines()
        .filter_map(|line| outcome(line, " ... FAILED"))
        .collect();
    let passed = text.lines().filter_map(|line| outcome(line, " ... ok")).count();
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

fn cargo(tree: &Path, package: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["test", "--quiet", "--locked", "--lib", "--package", package])
        .arg("--manifest-path");
    cargo.arg(tree.join("Cargo.toml")).env_remove("PLANTED");
    cargo
}
