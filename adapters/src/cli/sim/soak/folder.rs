//! [`Folder`]: where a soak keeps how far it is and each failure that it found, as an expanded scenario.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use plimsoll_sim::run::{Failure, State};
use plimsoll_sim::scenario::{Scenario, ScenarioError};

use crate::cli::sim::{SimError, replay};

/// The state, in the folder.
const STATE: &str = "soak.toml";
/// What keeps two soaks from one folder.
const LOCK: &str = "lock";

/// Why a folder cannot be used; the text is a sentence of its own.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli::sim) enum FolderError {
    /// It cannot be read or written.
    #[error("failed to use {}", .path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another soak uses it.
    #[error("another soak uses {}: wait for its end, or give another --state", .path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// Its state is none.
    #[error("{0}")]
    Unsound(Box<ScenarioError>),
    /// Its state is of another seed than the one that was asked for.
    #[error(
        "the soak in {} has seed {own} and goes on with that: leave --seed out, or give another --state",
        .path.display()
    )]
    OtherSeed {
        /// The folder.
        path: PathBuf,
        /// The seed that it has.
        own: u64,
    },
}

/// A folder that is ours until it is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) state: State,
    pub(super) commit: String,
    _lock: File,
}

impl Folder {
    /// Opens the folder at `path`, or makes it with the state of a soak of `seed`. A state that is there goes on with its
    /// own; `must_match` says that it must be this one.
    pub(super) fn open(
        path: &Path,
        seed: u64,
        must_match: bool,
        commit: String,
    ) -> Result<Self, FolderError> {
        let failed = |path: PathBuf| move |source| FolderError::Io { path, source };
        fs::create_dir_all(path).map_err(failed(path.to_path_buf()))?;
        let lock = path.join(LOCK);
        let opened = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock);
        let file = opened.map_err(failed(lock.clone()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FolderError::Locked {
                    path: path.to_path_buf(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(FolderError::Io { path: lock, source }),
        }
        let at = path.join(STATE);
        let state = match fs::read_to_string(&at) {
            Ok(text) => State::parse(&at.display().to_string(), &text).map_err(FolderError::Unsound)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::new(seed),
            Err(source) => return Err(FolderError::Io { path: at, source }),
        };
        if must_match && state.seed != seed {
            return Err(FolderError::OtherSeed {
                path: path.to_path_buf(),
                own: state.seed,
            });
        }
        Ok(Self {
            path: path.to_path_buf(),
            state,
            commit,
            _lock: file,
        })
    }

    /// The file of a failure.
    pub(super) fn file(path: &Path, fingerprint: &str) -> PathBuf {
        path.join(format!("{fingerprint}.toml"))
    }

    /// Counts a failure, and keeps the run if it is the first that fails like this.
    pub(super) fn note(&mut self, scenario: &Scenario, seed: u64, failure: &Failure) -> Result<(), SimError> {
        if self.state.note(&scenario.name, seed, failure, &self.commit) {
            self.keep(scenario, seed, failure)?;
            self.save()?;
        }
        Ok(())
    }

    /// Keeps a run whole, as it was drawn.
    fn keep(&self, scenario: &Scenario, seed: u64, failure: &Failure) -> Result<(), SimError> {
        let fingerprint = failure.fingerprint().to_string();
        let file = Self::file(&self.path, &fingerprint);
        let mut expanded = replay::expand(scenario, Some(seed))?;
        expanded.origin.fingerprint = Some(fingerprint);
        let comment = format!(
            "{}\nAgain: plimsoll sim replay {}\nAt that commit also: plimsoll sim replay {} --seed {seed}",
            replay::story(&scenario.name, &expanded, Some(failure)),
            file.display(),
            scenario.handle,
        );
        write_whole(&file, &expanded.to_toml(&comment))?;
        Ok(())
    }

    /// Writes the state down.
    pub(super) fn save(&self) -> Result<(), FolderError> {
        write_whole(&self.path.join(STATE), &self.state.to_toml())
    }
}

/// Writes a file in one piece: whoever looks finds the old or the new one.
fn write_whole(path: &Path, text: &str) -> Result<(), FolderError> {
    let draft = path.with_extension("draft");
    let written = File::create(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written
        .and_then(|()| fs::rename(&draft, path))
        .map_err(|source| FolderError::Io {
            path: path.to_path_buf(),
            source,
        })
}
