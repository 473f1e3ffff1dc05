//! What can be wrong with a configuration, said so that it can be put right without reading the code.

use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigFault {
    /// Where: the path of the field, list entries named by what identifies them (`chains[56].poll`).
    pub path: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    fix: {}", self.path, self.problem, self.fix)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("read the configuration file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML, or an environment variable has no value that can be read.
    #[error("parse the configuration: {0}")]
    Parse(String),
    /// It was read, and says what cannot be: every fault at once.
    #[error("{}", listed(.0))]
    Invalid(Vec<ConfigFault>),
}

fn listed(faults: &[ConfigFault]) -> String {
    let count = match faults.len() {
        1 => "1 fault".to_owned(),
        many => format!("{many} faults"),
    };
    let mut text = format!("accept the configuration: {count} in it");
    for fault in faults {
        text.push_str("\n  ");
        text.push_str(&fault.to_string());
    }
    text
}

/// Collects every fault of one reading.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<ConfigFault>);

impl Faults {
    /// Notes a fault and goes on.
    pub(super) fn add(
        &mut self,
        path: impl Into<String>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.0.push(ConfigFault {
            path: path.into(),
            problem: problem.into(),
            fix: fix.into(),
        });
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Every fault, by path, none twice.
    pub(super) fn into_sorted(mut self) -> Vec<ConfigFault> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}
