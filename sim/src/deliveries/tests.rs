use super::{Storm, run};

/// How many storms.
const SEEDS: u64 = 150;

#[test]
fn everything_is_delivered_at_least_once_and_nothing_is_invented() {
    let (mut repeated, mut parked, mut crashes) = (0, 0, 0);
    for seed in 0..SEEDS {
        let storm = Storm::draw(seed);
        let report = run(&storm);
        assert_eq!(report.violations, [], "seed {seed}");
        assert!(report.taken > 0, "seed {seed}");
        repeated += report.repeated;
        parked += report.parked;
        crashes += storm.crashes.len();
    }
    // Storms that never tear anything prove nothing.
    assert!(
        repeated > 1_000 && parked > 100 && crashes > 500,
        "{repeated} {parked} {crashes}"
    );
}

#[test]
fn a_receiver_that_is_well_is_called_at_the_same_instants_whatever_its_neighbours_do() {
    for seed in 0..SEEDS / 3 {
        let storm = Storm::draw(seed);
        let (wild, calm) = (run(&storm), run(&storm.calmed()));
        assert!(!wild.first.is_empty(), "seed {seed}");
        assert_eq!(wild.first, calm.first, "seed {seed}");
    }
}

#[test]
fn a_seed_decides_everything() {
    for seed in 0..20 {
        assert_eq!(run(&Storm::draw(seed)), run(&Storm::draw(seed)));
    }
}
