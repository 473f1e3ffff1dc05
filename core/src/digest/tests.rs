use core::hash::Hash;
use std::collections::BTreeSet;

use super::Digest;

/// Pins the function: recorded digests of old runs stay comparable.
#[test]
fn known_answers() {
    assert_eq!(
        std::format!("{}", Digest::new()),
        "9e3779b97f4a7c15d1b54a32d192ed03"
    );
    assert_eq!(
        std::format!("{:032x}", Digest::of(&(1u8, "deposit", -7i128, [0u8; 3]))),
        KNOWN
    );
}

const KNOWN: &str = "c0447b95642d37118729af8724059f3e";

#[test]
fn order_and_length_matter() {
    let values: BTreeSet<u128> = [
        Digest::of(&(1u64, 2u64)),
        Digest::of(&(2u64, 1u64)),
        Digest::of(&[0u8; 1]),
        Digest::of(&[0u8; 2]),
        Digest::of(&[0u8; 9]),
        Digest::of("ab"),
        Digest::of("ba"),
    ]
    .into_iter()
    .collect();
    assert_eq!(values.len(), 7);
}

#[test]
fn small_differences_spread() {
    let mut seen = BTreeSet::new();
    for n in 0u64..10_000 {
        let mut digest = Digest::new();
        n.hash(&mut digest);
        assert!(seen.insert(digest.value()), "{n} collides");
    }
}
