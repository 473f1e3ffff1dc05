//! Where scenarios are found: the project's own travel in the binary, others are files.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::closest;
use super::{Scenario, ScenarioError};

/// The folder that is looked into, relative to where the program was started.
const FOLDER: &str = "scenarios";
/// What stands for every scenario but the canaries.
const ALL: &str = "all";
/// The group of those that fail on purpose: only who asks for it gets it.
pub const CANARIES: &str = "canary/";

/// The project's scenarios, by name, as they were when the program was built.
pub const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// Why no scenarios could be had.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// No such name, file or folder.
    #[error("there is no scenario `{selector}`{}", hint(.closest.as_ref()))]
    Unknown {
        /// What was asked for.
        selector: String,
        /// What was probably meant.
        closest: Option<String>,
    },
    /// A folder without scenarios.
    #[error("there is no scenario below {}", .folder.display())]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
    /// A file or folder could not be read.
    #[error("failed to read {}", .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Files that are no sound scenarios.
    #[error("{}", list(.0))]
    Unsound(Vec<ScenarioError>),
}

fn hint(closest: Option<&String>) -> String {
    closest.map_or_else(String::new, |name| format!(": did you mean `{name}`?"))
}

fn list(errors: &[ScenarioError]) -> String {
    let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
    shown.join("\n\n")
}

/// The scenarios that `selector` names, in order of their names: `all` but the [`CANARIES`], a name such as `escrow/swarm`, a group such as
/// `escrow`, a file, or a folder. Names and groups are looked up in the folder `scenarios` below `root` if there is
/// one, else among those in the binary.
///
/// # Errors
/// [`LibraryError`], with every fault of every file found.
pub fn find(root: &Path, selector: &str) -> Result<Vec<Scenario>, LibraryError> {
    let path = root.join(selector);
    if selector != ALL && path.is_file() {
        return read_elsewhere(&[path]);
    }
    let folder = root.join(FOLDER);
    if selector != ALL && path.is_dir() && (path.starts_with(&folder) || !folder.join(selector).is_dir()) {
        let mut found = files(&path)?;
        // Whoever names the folder of all scenarios means `all`.
        found.retain(|file| path != folder || is_meant(&name_of(file), ALL));
        return read_elsewhere(&found);
    }
    if folder.is_dir() {
        named_file(&folder, selector)
    } else {
        named_embedded(selector)
    }
}

fn named_file(folder: &Path, selector: &str) -> Result<Vec<Scenario>, LibraryError> {
    let all = files(folder)?;
    let chosen: Vec<PathBuf> = all
        .iter()
        .filter(|path| is_meant(&name_of(path), selector))
        .cloned()
        .collect();
    if chosen.is_empty() {
        let names: Vec<String> = all.iter().map(|path| name_of(path)).collect();
        return Err(unknown(selector, names.iter().map(String::as_str)));
    }
    read_all(&chosen)
}

fn named_embedded(selector: &str) -> Result<Vec<Scenario>, LibraryError> {
    let chosen = EMBEDDED.iter().filter(|(name, _)| is_meant(name, selector));
    let parsed = chosen.map(|(name, text)| Scenario::parse(name, &format!("{FOLDER}/{name}.toml"), text));
    let scenarios = gather(parsed)?;
    if scenarios.is_empty() {
        return Err(unknown(selector, EMBEDDED.iter().map(|(name, _)| *name)));
    }
    Ok(scenarios)
}

/// Whether `selector` names the scenario or the group that it belongs to.
fn is_meant(name: &str, selector: &str) -> bool {
    let selector = selector.trim_end_matches('/');
    (selector == ALL && !name.starts_with(CANARIES))
        || name == selector
        || name
            .strip_prefix(selector)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn unknown<'a>(selector: &str, names: impl Iterator<Item = &'a str>) -> LibraryError {
    // People often leave the group out.
    let names: Vec<&str> = names.collect();
    let short = |name: &&str| name.rsplit('/').next() == Some(selector);
    let meant = names
        .iter()
        .copied()
        .find(|name| short(name))
        .or_else(|| closest(selector, names.iter().copied()));
    LibraryError::Unknown {
        selector: selector.to_owned(),
        closest: meant.map(str::to_owned),
    }
}

/// Scenarios that need not be the project's: they are named by their files.
fn read_elsewhere(paths: &[PathBuf]) -> Result<Vec<Scenario>, LibraryError> {
    let mut scenarios = read_all(paths)?;
    for (scenario, path) in scenarios.iter_mut().zip(paths) {
        scenario.handle = path.display().to_string();
    }
    Ok(scenarios)
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<Scenario>, LibraryError> {
    let mut parsed = Vec::new();
    for path in paths {
        let read = fs::read_to_string(path);
        let text = read.map_err(|source| LibraryError::Read {
            path: path.clone(),
            source,
        })?;
        parsed.push(Scenario::parse(
            &name_of(path),
            &path.display().to_string(),
            &text,
        ));
    }
    gather(parsed.into_iter())
}

fn gather(
    parsed: impl Iterator<Item = Result<Scenario, Vec<ScenarioError>>>,
) -> Result<Vec<Scenario>, LibraryError> {
    let (mut scenarios, mut errors) = (Vec::new(), Vec::new());
    for one in parsed {
        match one {
            Ok(scenario) => scenarios.push(scenario),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() {
        Ok(scenarios)
    } else {
        Err(LibraryError::Unsound(errors))
    }
}

/// Every scenario file below `folder`, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, LibraryError> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(folder) = left.pop() {
        let failed = |source| LibraryError::Read {
            path: folder.clone(),
            source,
        };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                found.push(path);
            }
        }
    }
    if found.is_empty() {
        return Err(LibraryError::Empty {
            folder: folder.to_path_buf(),
        });
    }
    found.sort();
    Ok(found)
}

/// `escrow/swarm` for `…/scenarios/escrow/swarm.toml`; for a file elsewhere its stem.
fn name_of(path: &Path) -> String {
    let parts: Vec<String> = path
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let start = parts
        .iter()
        .rposition(|part| part == FOLDER)
        .map_or(parts.len() - 1, |folder| folder + 1);
    parts[start.min(parts.len() - 1)..].join("/")
}

#[cfg(test)]
mod tests;
