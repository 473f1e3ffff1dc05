//! The catalogue: one patch a bug, with a head that says what it is and who should find it.
//!
//! The head is plain text before the diff. Its first paragraph says what is wrong; then comes one `key: value` a line:
//!
//! - `area`: the part of the system;
//! - `stands for`: how such a thing happens in real life;
//! - `found by`: the oracles or the test that should find it, with commas between them;
//! - `hunted in`: the scenarios that are run until one of those does; or `tested by`: a package and the filter of its
//!   tests, for parts that no simulated world drives;
//! - `kept as`: the files of the corpus that hold runs that it was found in, with commas between them;
//! - `twice: yes`: each seed is run twice, and must come to the same digest.

use std::fs;
use std::path::Path;

/// The parts of the system in which bugs are planted.
const AREAS: [&str; 16] = [
    "ledger", "money", "escrow", "breaker", "backoff", "pool", "budget", "outbox", "journal", "store",
    "driver", "chain", "http", "monitor", "webhook", "bank",
];

/// One planted bug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bug {
    /// Its name, which is that of its patch.
    pub name: String,
    /// What is wrong.
    pub what: String,
    /// The part of the system.
    pub area: String,
    /// Who should find it.
    pub found_by: Vec<String>,
    /// The files of the corpus that must fail while it is at work, without their ending: fingerprints.
    pub kept_as: Vec<String>,
    /// How it is looked for.
    pub hunt: Hunt,
}

/// How a bug is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hunt {
    /// By runs of these scenarios.
    Runs {
        /// Their names.
        scenarios: Vec<String>,
        /// Whether each seed is run twice.
        twice: bool,
    },
    /// By tests.
    Tests {
        /// The package.
        package: String,
        /// Which of its tests.
        filter: String,
    },
}

/// Every bug in `folder`, by name.
///
/// # Errors
/// Everything that is wrong with any of them, a line each.
pub fn catalogue(folder: &Path) -> Result<Vec<Bug>, String> {
    let listed =
        fs::read_dir(folder).map_err(|error| format!("failed to read {}: {error}", folder.display()))?;
    let mut paths: Vec<_> = listed.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    paths.sort();
    let (mut bugs, mut faults) = (Vec::new(), Vec::new());
    for path in paths {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&path).map_err(|error| format!("failed to read {name}: {error}"))?;
        match parse(&name, &text) {
            Ok(bug) => bugs.push(bug),
            Err(fault) => faults.push(format!("{name}: {fault}")),
        }
    }
    if faults.is_empty() {
        Ok(bugs)
    } else {
        Err(faults.join("\n"))
    }
}

fn parse(name: &str, text: &str) -> Result<Bug, String> {
    let (head, diff) = text.split_once("\n--- ").ok_or("there is no diff")?;
    if !diff.contains(&format!("planted!(\"{name}\")")) {
        return Err(format!(
            "nothing in it asks planted!(\"{name}\"), so it would never be at work"
        ));
    }
    let (what, keys) = head.split_once("\n\n").ok_or("the head has no keys")?;
    let mut keys: Vec<(&str, &str)> = keys
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            line.split_once(": ")
                .ok_or_else(|| format!("`{line}` is not `key: value`"))
        })
        .collect::<Result<_, _>>()?;
    let mut take = |key: &str| {
        let place = keys.iter().position(|(known, _)| *known == key)?;
        Some(keys.remove(place).1.trim().to_owned())
    };
    let area = take("area").ok_or("`area` is missing")?;
    if !AREAS.contains(&area.as_str()) {
        return Err(format!("there is no area `{area}`, only {}", AREAS.join(", ")));
    }
    take("stands for").ok_or("`stands for` is missing")?;
    let found_by = list(&take("found by").ok_or("`found by` is missing")?);
    let kept_as = take("kept as").map_or_else(Vec::new, |kept| list(&kept));
    let twice = take("twice").is_some_and(|twice| twice == "yes");
    let hunt = match (take("hunted in"), take("tested by")) {
        (Some(scenarios), None) => Hunt::Runs {
            scenarios: list(&scenarios),
            twice,
        },
        (None, Some(tests)) => {
            let (package, filter) = tests
                .split_once(' ')
                .ok_or("`tested by` is a package and a filter")?;
            Hunt::Tests {
                package: package.to_owned(),
                filter: filter.to_owned(),
            }
        }
        (Some(_), Some(_)) | (None, None) => return Err("give `hunted in` or `tested by`".to_owned()),
    };
    if let Some((key, _)) = keys.first() {
        return Err(format!("there is no key `{key}`"));
    }
    Ok(Bug {
        name: name.to_owned(),
        what: what.replace('\n', " "),
        area,
        found_by,
        kept_as,
        hunt,
    })
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(|item| item.trim().to_owned()).collect()
}
