//! Every target takes its corpus, and small changes of it, in every test run.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_core::rng::Rng;
use plimsoll_fuzz::{TARGETS, Target};

/// How many changed inputs each input of the corpus stands for.
const CHANGES: usize = 100;
/// The longest input that is kept.
const BYTES_MAX: u64 = 16 << 10;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The seeds of `target` and what was found for it, in an order that is always the same.
fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let mut inputs = (target.seeds)();
    assert!(!inputs.is_empty(), "{} has no seeds", target.name);
    let mut paths: Vec<_> = match fs::read_dir(folder().join(target.name)) {
        Ok(entries) => entries.map(|entry| entry.expect("an entry").path()).collect(),
        Err(_) => Vec::new(), // nothing was found yet
    };
    paths.sort();
    let read = |path: &PathBuf| {
        let size = fs::metadata(path).expect("a file").len();
        assert!(
            size <= BYTES_MAX,
            "{} has {size} bytes: shrink it",
            path.display()
        );
        fs::read(path).expect("a file")
    };
    inputs.extend(paths.iter().map(read));
    inputs
}

#[test]
fn every_target_takes_its_corpus_and_changes_of_it() {
    for target in TARGETS {
        let inputs = corpus(target);
        let mut rng = Rng::from_seed(0x5eed).fork(target.name);
        for input in &inputs {
            (target.run)(input);
            for _ in 0..CHANGES {
                (target.run)(&changed(input, &inputs, &mut rng));
            }
        }
    }
}

#[test]
fn every_target_takes_its_seeds() {
    let refused = |target: &Target| {
        let seeds = (target.seeds)().into_iter();
        let refused = seeds.filter(|seed| !(target.run)(seed));
        refused
            .map(|seed| format!("{}: {}", target.name, seed.escape_ascii()))
            .collect::<Vec<_>>()
    };
    let refused: Vec<_> = TARGETS.iter().flat_map(refused).collect();
    assert!(refused.is_empty(), "refused:\n{}", refused.join("\n"));
}

#[test]
fn every_folder_is_that_of_a_target() {
    for entry in fs::read_dir(folder()).expect("the corpus") {
        let name = entry.expect("an entry").file_name();
        assert!(
            TARGETS.iter().any(|target| *target.name == *name),
            "{} is of no target",
            name.display()
        );
    }
}

/// `input` with one to four small changes: a bit, a byte, a piece left out, doubled, or taken from another input.
fn changed(input: &[u8], inputs: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=rng.below(4) {
        if bytes.is_empty() {
            return vec![0];
        }
        let at = place(rng, bytes.len());
        let end = (at + 1 + place(rng, 16)).min(bytes.len());
        match rng.below(6) {
            0 => bytes[at] ^= 1 << rng.below(8),
            1 => bytes[at] = u8::try_from(rng.below(256)).expect("a byte"),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let other = &inputs[place(rng, inputs.len())];
                let piece = &other[place(rng, other.len().max(1)).min(other.len())..];
                bytes.splice(at..end, piece.iter().take(64).copied());
            }
        }
    }
    bytes
}

fn place(rng: &mut Rng, below: usize) -> usize {
    usize::try_from(rng.below(below as u64)).expect("an index")
}
