use proptest::prelude::*;

use super::{cheaper, lower, raise, rounded_up};

#[test]
fn numbers_are_lowered_boldly_and_stay_as_round_as_they_are() {
    assert!(lower(0, 0).is_empty());
    assert_eq!(lower(1, 0), [0]);
    assert!(lower(7, 7).is_empty());
    assert_eq!(lower(8, 7), [7]);
    assert_eq!(
        lower(27_341, 0),
        [0, 14_000, 21_000, 24_000, 27_340, 20_000, 27_000, 27_300]
    );
    assert_eq!(lower(2_700, 0), [0, 1_400, 2_100, 2_400, 2_600, 2_000]);
    assert_eq!(lower(3_000, 1_000), [1_000, 2_000]);
    assert_eq!(lower(52, 50), [50, 51]);
    assert_eq!(lower(2_000, 0), [0, 1_000]);
    assert_eq!(lower(10_000, 0), [0, 5_000, 8_000, 9_000]);
}

#[test]
fn numbers_are_raised_to_round_ones_within_bounds() {
    assert!(raise(10, 10).is_empty());
    assert_eq!(raise(0, 100), [50, 20, 10]);
    assert_eq!(raise(1_234, 9_876), [5_000, 3_000, 2_000, 1_300, 1_240]);
}

#[test]
fn a_number_is_rounded_up_ever_less() {
    assert_eq!(rounded_up(2_651), [100_000, 10_000, 3_000, 2_700, 2_660, 2_651]);
    assert_eq!(rounded_up(1_000), [100_000, 10_000, 1_000]);
}

#[test]
fn an_amount_becomes_one_token_and_less_than_that_stays_less() {
    assert_eq!(cheaper(5_437)[0], 1_000);
    assert!(cheaper(1_000).is_empty());
    assert_eq!(cheaper(999)[0], 1);
    assert!(cheaper(1).is_empty());
}

proptest! {
    #[test]
    fn lower_is_lower_and_higher_is_higher(value: u64, other: u64) {
        for one in lower(value, other) {
            prop_assert!(other <= one && one < value);
        }
        for one in raise(value, other) {
            prop_assert!(value < one && one <= other);
        }
    }
}
