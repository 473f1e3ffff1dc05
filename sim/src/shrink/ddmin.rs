//! Delta debugging: what can be left out of a list.
//!
//! The `ddmin` of Zeller and Hildebrandt ("Simplifying and Isolating Failure-Inducing Input", 2002) without its reduction
//! to a subset: nothing at all is tried first, then ever smaller parts are left out, the last ones first, since what comes
//! last is the most likely to be of no consequence. A part that can be left out is gone at once, and the rest goes on with
//! parts of the same size.

/// The places that are left of `count` when `holds` of what is left: no part of `least` of them can be left out, so with
/// parts of 1 none alone. `holds` is asked about ever fewer places, in order, and remembers on its own that it agreed.
pub fn ddmin(count: usize, least: usize, holds: &mut dyn FnMut(&[usize]) -> bool) -> Vec<usize> {
    let mut left: Vec<usize> = (0..count).collect();
    if left.is_empty() || holds(&[]) {
        return Vec::new();
    }
    let mut part = left.len().div_ceil(2);
    loop {
        let has_shrunk = leave_out(&mut left, part, holds);
        if part > least {
            part = part.div_ceil(2).max(least);
        } else if !has_shrunk {
            return left;
        }
        part = part.min(left.len().max(1));
    }
}

/// Leaves parts of this size out, the last one first. Says whether any could be.
fn leave_out(left: &mut Vec<usize>, part: usize, holds: &mut dyn FnMut(&[usize]) -> bool) -> bool {
    let (mut end, mut has_shrunk) = (left.len(), false);
    while end > 0 {
        let start = end.saturating_sub(part);
        // Nothing at all was asked about in the beginning.
        if end - start < left.len() {
            let rest: Vec<usize> = left[..start].iter().chain(&left[end..]).copied().collect();
            if holds(&rest) {
                *left = rest;
                has_shrunk = true;
            }
        }
        end = start;
    }
    has_shrunk
}

#[cfg(test)]
mod tests;
