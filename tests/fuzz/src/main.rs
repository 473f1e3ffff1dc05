//! libFuzzer, with the target that `FUZZ_TARGET` names; or, where `FUZZ_SEEDS` names a folder, only writes the seeds of
//! that target there. Started by `tests/fuzz/hunt`.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;
use std::{env, fs, process};

use libfuzzer_sys::fuzz_target;
use plimsoll_fuzz::{TARGETS, Target};

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fuzz_target!(
    init: {
        let target = TARGET.get_or_init(named);
        if let Some(folder) = env::var_os("FUZZ_SEEDS").map(PathBuf::from) {
            for (number, seed) in (target.seeds)().iter().enumerate() {
                fs::write(folder.join(format!("seed-{number}")), seed).expect("a folder to write to");
            }
            process::exit(0);
        }
    },
    |data: &[u8]| {
        if let Some(target) = TARGET.get() {
            (target.run)(data);
        }
    }
);

fn named() -> &'static Target {
    let name = env::var("FUZZ_TARGET").unwrap_or_default();
    TARGETS
        .iter()
        .find(|target| target.name == name)
        .unwrap_or_else(|| {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            panic!("FUZZ_TARGET is {name:?}: name one of {}", names.join(", "))
        })
}
