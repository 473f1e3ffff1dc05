//! Which commit a failure was found at: a seed means something only together with it.

use std::process::Command;

use plimsoll_core::digest::Digest;

/// How many digits of a commit decide seeds: what `git` shows at the least.
const DIGITS: usize = 12;

/// What a trace says of this program: version, profile and commit.
pub(super) fn build() -> String {
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    format!("{} {profile} {}", env!("CARGO_PKG_VERSION"), describe())
}

/// The commit of the sources that this program was built from, with `-dirty` if they were changed since; what is known
/// of it when they are not there any more.
pub(super) fn describe() -> String {
    let git = |arguments: &[&str]| {
        let asked = Command::new("git")
            .args(["-C", env!("CARGO_MANIFEST_DIR")])
            .args(arguments)
            .output();
        asked.ok().filter(|output| output.status.success())
    };
    let commit = git(&["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]);
    let commit = commit.and_then(|output| String::from_utf8(output.stdout).ok());
    commit.map_or_else(
        || format!("unknown (plimsoll {})", env!("CARGO_PKG_VERSION")),
        |commit| commit.trim().to_owned(),
    )
}

/// The first twelve digits of a commit, if `commit` begins with so many.
pub(super) fn digits(commit: &str) -> Option<String> {
    let digits = commit.get(..DIGITS)?;
    let is_commit = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_commit.then(|| digits.to_ascii_lowercase())
}

/// The first of the seeds that belong to the commit with these first [`digits`].
pub(super) fn first_seed(digits: &str) -> u64 {
    // Shorter ones are easier to copy.
    u64::try_from(Digest::of(&("seeds of a commit", digits)) >> 80).unwrap_or_default()
}

#[cfg(test)]
mod tests;
