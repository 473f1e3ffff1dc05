//! Smaller and rounder numbers.
//!
//! A number that became round stays as round: 2,700 may become 2,600, and never 2,651. So what is left at the end is easy to
//! read, and found in few steps.

/// Whole tokens are easier to read than thousandths of one.
const WHOLE: u64 = 1_000;
/// The units that numbers are rounded to.
const UNITS: [u64; 6] = [100_000, 10_000, 1_000, 100, 10, 1];

/// What `value` may be lowered to, the boldest first and none below `low`: the lowest, then less of the way to it, and
/// what is rounder.
pub(super) fn lower(value: u64, low: u64) -> Vec<u64> {
    let far = value.saturating_sub(low);
    let unit = match unit_of(value) {
        // One unit alone leaves no room for anything as round.
        unit if unit == value => (unit / 10).max(1),
        unit => unit,
    };
    let mut found = vec![low];
    for kept in [far / 2, far / 4 * 3, far / 8 * 7] {
        found.push((low + kept).next_multiple_of(unit.max(grain(far))));
    }
    found.push(value.saturating_sub(unit));
    found.extend(UNITS.map(|unit| value - value % unit));
    distinct(found, |one| (low..value).contains(one))
}

/// What `value` may be raised to, at most `high`: half of the way, less of it, and what is rounder.
pub(super) fn raise(value: u64, high: u64) -> Vec<u64> {
    let far = high.saturating_sub(value);
    let unit = grain(far);
    let mut found = Vec::new();
    for more in [far / 2, far / 4, far / 8] {
        found.push((value + more) / unit * unit);
    }
    found.extend(UNITS.map(|unit| value.next_multiple_of(unit)));
    distinct(found, |one| *one > value && *one <= high)
}

/// `value`, rounded up ever less, and last itself.
pub(super) fn rounded_up(value: u64) -> Vec<u64> {
    distinct(UNITS.map(|unit| value.next_multiple_of(unit)).to_vec(), |_| true)
}

/// What an amount may be lowered to: one whole token, or a rounder one; less than a token stays less.
pub(super) fn cheaper(milli: u64) -> Vec<u64> {
    lower(milli, if milli >= WHOLE { WHOLE } else { 1 })
}

/// The largest unit that `value` is a multiple of.
fn unit_of(value: u64) -> u64 {
    let is_whole = |unit: &&u64| value.is_multiple_of(**unit);
    UNITS.iter().find(is_whole).copied().unwrap_or(1)
}

/// How exact steps are that go so far.
fn grain(far: u64) -> u64 {
    let is_fine = |unit: &&u64| **unit <= far / 8;
    UNITS.iter().find(is_fine).copied().unwrap_or(1)
}

fn distinct(numbers: Vec<u64>, is_fit: impl Fn(&u64) -> bool) -> Vec<u64> {
    let mut found = Vec::new();
    for number in numbers.into_iter().filter(is_fit) {
        if !found.contains(&number) {
            found.push(number);
        }
    }
    found
}

#[cfg(test)]
mod tests;
