use core::num::NonZeroU64;
use std::string::ToString;

use proptest::prelude::*;

use super::{Amount, AmountError, AmountParseError, Ratio};

fn ratio(numerator: u64, denominator: u64) -> Ratio {
    Ratio {
        numerator: NonZeroU64::new(numerator).unwrap(),
        denominator: NonZeroU64::new(denominator).unwrap(),
    }
}

#[test]
fn parsing_table() {
    let ok = |text, scale, units| assert_eq!(Amount::parse(text, scale), Ok(Amount(units)), "{text}");
    ok("0", 0, 0);
    ok("12", 2, 1200);
    ok("12.5", 2, 1250);
    ok("12.50", 2, 1250);
    ok("0.000000000000000001", 18, 1);
    ok("170141183460469231731687303715884105727", 0, i128::MAX);
    let bad = |text, scale, why| assert_eq!(Amount::parse(text, scale), Err(why), "{text}");
    for text in [
        "", ".", "1.", ".5", "-1", "+1", "1e3", " 1", "1 ", "1,0", "1.2.3", "0x10", "NaN", "١",
    ] {
        bad(text, 2, AmountParseError::Malformed);
    }
    bad("1.001", 2, AmountParseError::TooPrecise { scale: 2 });
    bad("1.0", 0, AmountParseError::TooPrecise { scale: 0 });
    bad(
        "170141183460469231731687303715884105728",
        0,
        AmountParseError::OutOfRange,
    );
    bad(
        "170141183460469231731687303715884105727",
        1,
        AmountParseError::OutOfRange,
    );
}

#[test]
fn display_has_every_decimal() {
    assert_eq!(Amount(1250).display(2).to_string(), "12.50");
    assert_eq!(Amount(-5).display(2).to_string(), "-0.05");
    assert_eq!(Amount(7).display(0).to_string(), "7");
    assert_eq!(
        Amount(i128::MIN).display(0).to_string(),
        "-170141183460469231731687303715884105728"
    );
}

#[test]
fn arithmetic_refuses_by_name() {
    assert_eq!(Amount::MAX.plus(Amount(1)), Err(AmountError::OutOfRange));
    assert_eq!(Amount(i128::MIN).minus(Amount(1)), Err(AmountError::OutOfRange));
    assert_eq!(Amount::MAX.scaled_down(ratio(2, 1)), Err(AmountError::OutOfRange));
    assert_eq!(Amount(-1).scaled_down(ratio(1, 1)), Err(AmountError::OutOfRange));
    assert_eq!(
        Amount::MAX.scaled_down(ratio(u64::MAX, u64::MAX)),
        Ok(Amount::MAX)
    );
}

#[test]
fn words_of_256_bits() {
    let mut word = [0u8; 32];
    assert_eq!(Amount::from_be_word(&word), Ok(Amount::ZERO));
    word[31] = 9;
    assert_eq!(Amount::from_be_word(&word), Ok(Amount(9)));
    word[16] = 0x80;
    assert_eq!(Amount::from_be_word(&word), Err(AmountError::OutOfRange));
    word[16] = 0;
    word[15] = 1;
    assert_eq!(Amount::from_be_word(&word), Err(AmountError::OutOfRange));
}

proptest! {
    #[test]
    fn what_is_displayed_parses_back(units in 0..=i128::MAX, scale in 0u8..=30) {
        let text = Amount(units).display(scale).to_string();
        prop_assert_eq!(Amount::parse(&text, scale), Ok(Amount(units)));
    }

    #[test]
    fn scaling_is_exact_division(units in 0i128..1 << 60, by in 1u64..1 << 60, over in 1u64..u64::MAX) {
        let exact = units * i128::from(by);
        let floor = Amount(units).scaled_down(ratio(by, over)).unwrap();
        prop_assert_eq!(floor.minor(), exact / i128::from(over));
        let back = floor.unscaled_up(ratio(by, over)).unwrap();
        prop_assert!(back <= Amount(units), "the cost of what was bought is never more than what was paid");
        prop_assert_eq!(back.scaled_down(ratio(by, over)).unwrap(), floor);
    }
}
