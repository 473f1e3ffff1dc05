//! Storms: faults that come and go at seeded times.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plimsoll_core::rng::Rng;

use super::{Fault, Proxy};
use crate::process::pause;

/// How often it is looked whether a fault is over.
const STEP: Duration = Duration::from_millis(20);
/// The shortest and the longest that a proxy stays as it is.
const SPELL: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(2_000));

/// Changes the fault of each proxy, among those it may have, at seeded times until the storm is `over`; then clears
/// all. Half of the time each is [`Fault::Clear`].
pub fn blow(proxies: &[(Proxy, &[Fault])], rng: &mut Rng, over: &AtomicBool) {
    let mut spells: Vec<Instant> = proxies.iter().map(|_| Instant::now()).collect();
    while !over.load(Ordering::Relaxed) {
        for ((proxy, faults), until) in proxies.iter().zip(&mut spells) {
            if Instant::now() >= *until {
                let fault = if rng.chance(1, 2) { None } else { rng.pick(faults) };
                proxy.set(fault.copied().unwrap_or(Fault::Clear));
                *until = Instant::now() + rng.duration(SPELL.0, SPELL.1);
            }
        }
        pause(STEP);
    }
    for (proxy, _) in proxies {
        proxy.set(Fault::Clear);
    }
}
