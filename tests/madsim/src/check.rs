//! Runs of a seed that must take one course: in one process, and in two.

use std::collections::hash_map::RandomState;
use std::fmt::Debug;
use std::fs::OpenOptions;
use std::future::Future;
use std::hash::{BuildHasher as _, Hash};
use std::io::Write as _;
use std::panic::resume_unwind;
use std::thread;

use madsim::Config;
use madsim::runtime::Runtime;
use plimsoll_core::digest::Digest;

/// The environment variable that names the file to which courses are written, if they are.
const FILE: &str = "PLIMSOLL_COURSES";

/// Runs `seed` three times and returns the course that it took each time: twice under the runtime's check, which compares
/// every draw and its time, and once where hash maps have the order that the system gives them, since the runtime
/// gives them one of its own.
///
/// # Panics
/// When it takes another course, or the run panics.
pub fn checked<F>(seed: u64, run: fn() -> F) -> F::Output
where
    F: Future + 'static,
    F::Output: Send + PartialEq + Debug + 'static,
{
    let course = Runtime::check_determinism(seed, Config::default(), run);
    let once_more = thread::spawn(move || {
        RandomState::new().hash_one(seed); // the first in a thread decides for all
        Runtime::with_seed_and_config(seed, Config::default()).block_on(run())
    });
    let again = once_more.join().unwrap_or_else(|panic| resume_unwind(panic));
    assert_eq!(
        course, again,
        "seed {seed} took another course with other hash maps"
    );
    course
}

/// Notes for another process to compare that run `seed` of `what` took this `course`.
///
/// # Panics
/// When the file cannot be written.
pub fn note(what: &str, seed: u64, course: &impl Hash) {
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    let line = format!("{what} {seed} {:032x}\n", Digest::of(course));
    let open = OpenOptions::new().create(true).append(true).open(&file);
    if let Err(error) = open.and_then(|mut file| file.write_all(line.as_bytes())) {
        panic!("write {what} to {}: {error}", file.display());
    }
}
