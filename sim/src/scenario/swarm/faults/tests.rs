//! The alphabets of faults: half of the kinds are off, none for ever.

use std::collections::BTreeMap;

use plimsoll_core::rng::Rng;

use super::alphabet;
use crate::scenario::kinds::{Family, FaultKind};

const RUNS: u64 = 1_000;

#[test]
fn each_kind_of_a_family_is_off_in_half_of_the_runs() {
    let rng = Rng::from_seed(1);
    for family in Family::ALL {
        let mut on: BTreeMap<FaultKind, u64> = BTreeMap::new();
        let mut heaviest = 0;
        for run in 0..RUNS {
            let alphabet = alphabet(*family, &mut rng.fork_indexed(family.word(), run));
            assert!(!alphabet.is_empty(), "{family:?} is on and has no kind");
            for (kind, weight) in alphabet {
                assert_eq!(kind.family(), *family);
                assert!((1..=100).contains(&weight), "{kind:?} has weight {weight}");
                heaviest = heaviest.max(weight);
                *on.entry(kind).or_default() += 1;
            }
        }
        assert_eq!(heaviest, 100, "{family:?}");
        for kind in FaultKind::ALL.iter().filter(|kind| kind.family() == *family) {
            let runs = on.get(kind).copied().unwrap_or_default();
            // A family of two kinds would be empty in a quarter of the runs, and then one of them is on.
            assert!(
                (RUNS * 4 / 10..=RUNS * 7 / 10).contains(&runs),
                "{kind:?} is on in {runs} of {RUNS} runs"
            );
        }
    }
}
