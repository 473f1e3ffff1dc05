//! Lists the scenarios of the project, so that they travel in the binary: a new file needs no other change.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const FOLDER: &str = "../scenarios";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let folder = fs::canonicalize(FOLDER)?;
    let mut files = Vec::new();
    gather(&folder, &mut files)?;
    files.sort();
    let entry = |path: &PathBuf| {
        let name = path.strip_prefix(&folder).unwrap_or(path).with_extension("");
        let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
        format!("    ({:?}, include_str!({:?})),\n", parts.join("/"), path)
    };
    let entries: String = files.iter().map(entry).collect();
    let out =
        env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no OUT_DIR: this is for cargo to run"))?;
    fs::write(Path::new(&out).join("scenarios.rs"), format!("&[\n{entries}]\n"))
}

/// Every scenario file below `folder`.
fn gather(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    Ok(())
}
