use proptest::prelude::*;

use super::ddmin;

/// What is left of `count` when all of `needed` must stay, and how often it was asked.
#[track_caller]
fn check(count: usize, needed: &[usize], asked_at_most: usize) {
    let mut asked = 0;
    let left = ddmin(count, 1, &mut |kept| {
        asked += 1;
        assert!(kept.is_sorted(), "{kept:?}");
        needed.iter().all(|one| kept.contains(one))
    });
    assert_eq!(left, needed);
    assert!(asked <= asked_at_most, "{asked} questions");
}

#[test]
fn what_is_needed_is_left() {
    check(0, &[], 0);
    check(1, &[], 1);
    check(1, &[0], 1);
    check(2, &[1], 3);
    check(1_000, &[], 1);
    check(1_000, &[0], 40);
    check(1_000, &[999], 40);
    check(1_000, &[0, 499, 999], 80);
    check(5, &[0, 1, 2, 3, 4], 20);
}

#[test]
fn large_parts_alone_are_left_out_when_so_asked() {
    let mut asked = Vec::new();
    let left = ddmin(16, 4, &mut |kept| {
        asked.push(kept.len());
        kept.contains(&5)
    });
    assert_eq!(left, [4, 5, 6, 7]);
    assert!(asked.iter().all(|kept| kept % 4 == 0), "{asked:?}");
}

proptest! {
    /// Whatever holds of what is left, of everything and not of nothing: it still holds, and of nothing that lacks one more.
    #[test]
    fn what_is_left_is_1_minimal(
        count in 1_usize..60,
        groups in prop::collection::vec(prop::collection::vec(0_usize..60, 1..4), 1..6),
        tied in prop::collection::vec((0_usize..60, 0_usize..60), 0..20),
        is_any in any::<bool>(),
    ) {
        let holds = |kept: &[usize]| {
            let has = |group: &Vec<usize>| group.iter().filter(|one| **one < count).all(|one| kept.contains(one));
            // Whatever is tied to another one cannot be there without it, so that one can go once it is gone.
            let are_tied = tied.iter().all(|(one, to)| !kept.contains(one) || *to >= count || kept.contains(to));
            are_tied && if is_any { groups.iter().any(has) } else { groups.iter().all(has) }
        };
        let left = ddmin(count, 1, &mut |kept| holds(kept));
        prop_assert!(holds(&left));
        for place in 0..left.len() {
            let mut fewer = left.clone();
            fewer.remove(place);
            prop_assert!(!holds(&fewer), "{fewer:?} of {left:?} holds too");
        }
    }
}
