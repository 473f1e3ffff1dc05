//! Which planted bug is at work. `prove` puts this file into the copy of core that it makes; core itself has no such
//! module.
//!
//! Every bug is compiled in, behind `planted!("its_name")`, and at most one is at work: the one that [`plant`] named,
//! or else the one that the environment variable `PLANTED` names.

extern crate std as host;

use core::sync::atomic::{AtomicU64, Ordering};

/// Nobody was asked yet.
const UNKNOWN: u64 = 0;
/// No bug is at work.
const NONE: u64 = 1;

static AT_WORK: AtomicU64 = AtomicU64::new(UNKNOWN);
static REACHED: AtomicU64 = AtomicU64::new(0);

/// Whether the bug of this name is at work.
#[macro_export]
macro_rules! planted {
    ($name:literal) => {{
        const BUG: u64 = $crate::planted::number($name);
        $crate::planted::is_at_work(BUG)
    }};
}

/// Lets the bug called `name` do its work from here on, and no other; or none.
pub fn plant(name: Option<&str>) {
    AT_WORK.store(name.map_or(NONE, number), Ordering::Relaxed);
    REACHED.store(0, Ordering::Relaxed);
}

/// How often the wrong line was run since a bug was last planted.
#[must_use]
pub fn reached() -> u64 {
    REACHED.load(Ordering::Relaxed)
}

/// The number of the bug called `name`: FNV-1a, kept clear of the two numbers that mean none.
#[must_use]
pub const fn number(name: &str) -> u64 {
    let (bytes, mut number, mut place) = (name.as_bytes(), 0xcbf2_9ce4_8422_2325_u64, 0);
    while place < bytes.len() {
        number = (number ^ bytes[place] as u64).wrapping_mul(0x0100_0000_01b3);
        place += 1;
    }
    number | 2
}

/// Whether the bug with this number is at work. Counts when it is.
#[must_use]
#[inline]
pub fn is_at_work(bug: u64) -> bool {
    let is_so = match AT_WORK.load(Ordering::Relaxed) {
        UNKNOWN => ask() == bug,
        known => known == bug,
    };
    if is_so {
        REACHED.fetch_add(1, Ordering::Relaxed);
    }
    is_so
}

#[cold]
fn ask() -> u64 {
    plant(host::env::var("PLANTED").ok().as_deref());
    AT_WORK.load(Ordering::Relaxed)
}
