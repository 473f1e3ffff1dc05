//! Which commit a failure was found at: a seed means something only together with it.

use std::process::Command;

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
