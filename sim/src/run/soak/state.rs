//! [`State`]: what a soak keeps from one session to the next, as a TOML file.

use serde::{Deserialize, Serialize};

use crate::run::Failure;
use crate::scenario::ScenarioError;

/// The version of the form that this program reads and writes.
const VERSION: u64 = 1;
/// The most different failures that are kept: more are one bug in many words.
pub const FINDINGS_MAX: usize = 1_000;

/// How far a soak is, and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The version of the form.
    soak: u64,
    /// What all draws come from.
    pub seed: u64,
    /// How many runs are done; the next one has this number.
    pub runs: u64,
    /// The failures, each once, in the order in which they were found.
    #[serde(default)]
    pub findings: Vec<Known>,
}

/// A failure, and where it was found first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// What tells it from others.
    pub fingerprint: String,
    /// What kind of failure it is.
    pub kind: String,
    /// The scenario that it was found in.
    pub scenario: String,
    /// The seed of that run.
    pub seed: u64,
    /// The commit that it was found at.
    pub commit: String,
    /// In how many runs it was found.
    pub count: u64,
}

impl State {
    /// A soak before its first run.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            soak: VERSION,
            seed,
            runs: 0,
            findings: Vec::new(),
        }
    }

    /// Reads the `text` of `file`.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(file: &str, text: &str) -> Result<Self, Box<ScenarioError>> {
        let read: Self =
            toml::from_str(text).map_err(|error| Box::new(ScenarioError::from_toml(file, text, &error)))?;
        if read.soak == VERSION {
            return Ok(read);
        }
        let message = format!("expected version {VERSION}, which is what this program reads");
        let help = "let the program that wrote it go on with it, or begin another one".to_owned();
        let error = ScenarioError::in_field(file, text, "soak", message);
        Err(Box::new(error.with_help(help)))
    }

    /// The text of its file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let written = toml::to_string(self);
        written.unwrap_or_else(|error| unreachable!("numbers, text and tables are TOML: {error}"))
    }

    /// Takes in a failure of run `seed` of `scenario`. Says whether it is a new one, to be kept.
    pub fn note(&mut self, scenario: &str, seed: u64, failure: &Failure, commit: &str) -> bool {
        let fingerprint = failure.fingerprint().to_string();
        let mut findings = self.findings.iter_mut();
        if let Some(known) = findings.find(|one| one.fingerprint == fingerprint) {
            known.count += 1;
            return false;
        }
        if self.findings.len() >= FINDINGS_MAX {
            return false;
        }
        self.findings.push(Known {
            fingerprint,
            kind: failure.kind().to_owned(),
            scenario: scenario.to_owned(),
            seed,
            commit: commit.to_owned(),
            count: 1,
        });
        true
    }
}
