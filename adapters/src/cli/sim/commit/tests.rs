use super::{digits, first_seed};

#[test]
fn a_commit_decides_its_seeds_whatever_is_written_behind_it() {
    let of = |commit: &str| digits(commit).map(|digits| first_seed(&digits));
    let seed = of("0123456789ab");
    assert_eq!(
        seed,
        Some(121_703_597_331_658),
        "whoever repeats a commit needs the same seeds"
    );
    for same in [
        "0123456789ab-dirty",
        "0123456789abcdef0123456789abcdef01234567",
        "0123456789AB",
    ] {
        assert_eq!(of(same), seed, "{same}");
    }
    assert_ne!(of("0123456789ac"), seed);
}

#[test]
fn what_is_no_commit_has_no_seeds() {
    for none in [
        "",
        "0123456789a",
        "unknown (plimsoll 0.1.0)",
        "main",
        "0123456789ag",
        "01234567 9ab",
    ] {
        assert_eq!(digits(none), None, "{none}");
    }
}
