//! The corpus, proved anew: a run that was kept because a bug made it fail must still fail so when that bug is planted
//! again. One that passes has rotted: what it was kept for has become unreachable in it, and it proves nothing.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_core::planted;
use plimsoll_sim::run::Failure;
use plimsoll_sim::scenario::Scenario;

use crate::bug::Bug;
use crate::hunt;

/// The scenarios of the corpus begin with this.
const FOLDER: &str = "corpus/";

/// Says which files of the corpus do not fail with the bug that they are kept for, or are kept for none of `bugs`, which
/// are `all` there are or some; true when none is.
///
/// # Errors
/// Why it cannot be tried.
pub fn prove(tree: &Path, bugs: &[Bug], all: bool) -> Result<bool, String> {
    let mut files: BTreeMap<String, Scenario> = hunt::scenarios(tree, &["corpus".to_owned()])?
        .into_iter()
        .map(|scenario| (scenario.name.trim_start_matches(FOLDER).to_owned(), scenario))
        .collect();
    let (mut proved, mut is_sound) = (0, true);
    for bug in bugs {
        for fingerprint in &bug.kept_as {
            let Some(file) = files.remove(fingerprint) else {
                eprintln!(
                    "{}: {fingerprint} is not in the corpus, or is kept for another bug: correct its head",
                    bug.name
                );
                is_sound = false;
                continue;
            };
            match rotten(bug, fingerprint, &file)? {
                None => proved += 1,
                Some(instead) => {
                    eprintln!(
                        "ROTTEN: with {} planted, {FOLDER}{fingerprint} {instead}",
                        bug.name
                    );
                    is_sound = false;
                }
            }
        }
    }
    for fingerprint in files.keys().filter(|_| all) {
        eprintln!("{FOLDER}{fingerprint} is kept for no bug: name it in the head of one, as `kept as`");
        is_sound = false;
    }
    println!("{proved} runs of the corpus fail with the bugs that they are kept for");
    Ok(is_sound)
}

/// What the run in `file` comes to instead of the failure that it is named by, with `bug` at work.
fn rotten(bug: &Bug, fingerprint: &str, file: &Scenario) -> Result<Option<String>, String> {
    let run = file
        .expanded()
        .ok_or_else(|| format!("{FOLDER}{fingerprint} is not one run"))?;
    planted::plant(Some(&bug.name));
    let complaint = hunt::complaint(&run.plan, run.seed, false);
    planted::plant(None);
    let found = complaint
        .as_ref()
        .map(|(_, failure)| Failure::fingerprint(failure).to_string());
    Ok(match found {
        Some(found) if found == *fingerprint => None,
        Some(found) => Some(format!("fails otherwise: {found}")),
        None => Some("passes".to_owned()),
    })
}
