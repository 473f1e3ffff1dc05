//! Deliberate misfortune: rare but lawful paths that simulated runs take on purpose.
//!
//! What is right on every path is right on those that bad luck alone would take once in a year: a batch of one record,
//! a queue with room for eight, a commit that is not believed. A site names such a choice where it is made. It only ever
//! changes when and how much, never what is true: every promise holds with all sites active, as long as none fires always.
//!
//! Each site is active in some runs, and then fires now and then; each draws from a stream of its own name, so adding one
//! moves no other, and names are never reused. Whoever runs a machine hands the chaos in at its construction; production
//! hands in none, has no way to make any (the lints of `adapters` refuse it), and pays one look at a null pointer a site.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::rng::Rng;

/// Every site, by its stable name: the part that it is in, and what is unlucky.
pub const SITES: [&str; 13] = [
    "bank/due_again",
    "bank/few_chores",
    "bank/few_findings",
    "bank/journal_cursor",
    "desk/few_rounds",
    "desk/verify_again",
    "outbox/batch_of_one",
    "outbox/doubt_commit",
    "outbox/late_append",
    "outbox/little_room",
    "pool/explore",
    "pool/give_up_early",
    "scan/short",
];

/// How much misfortune there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Intensity {
    /// In how many of a hundred runs a site is active.
    pub activation_percent: u8,
    /// How many of a hundred times an active site fires.
    pub firing_percent: u8,
}

impl Default for Intensity {
    /// A quarter of the sites, each a quarter of the time.
    fn default() -> Self {
        Self {
            activation_percent: 25,
            firing_percent: 25,
        }
    }
}

/// The misfortune of one part of a machine; none in production.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chaos(Option<Box<Active>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Active {
    /// Which sites are active is the same in every life of a process that draws from this.
    rng: Rng,
    /// The life of the process: each draws anew when sites fire.
    life: u64,
    intensity: Intensity,
    /// The sites that were come upon so far.
    sites: Vec<Site>,
}

/// A site that was come upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub name: &'static str,
    /// Whether it is active in this run.
    pub is_active: bool,
    /// How often it fired; for a knob, whether it was turned.
    pub fired: u64,
    rng: Rng,
}

impl Chaos {
    /// No misfortune: no site ever fires.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// The misfortune of life number `life` of a simulated process. `rng` decides which sites are active, the same in every
    /// life, and when they fire.
    #[must_use]
    pub fn on(rng: Rng, life: u64, intensity: Intensity) -> Self {
        Self(Some(Box::new(Active {
            rng,
            life,
            intensity,
            sites: Vec::new(),
        })))
    }

    /// The same misfortune for another part, which counts for itself. A site belongs to one part.
    #[must_use]
    pub fn for_part(&self) -> Self {
        let part = |active: &Active| Self::on(active.rng.clone(), active.life, active.intensity);
        self.0.as_deref().map_or_else(Self::off, part)
    }

    /// Whether the site called `name` fires now. See [`buggify!`](crate::buggify).
    pub fn fires(&mut self, name: &'static str) -> bool {
        let Some(active) = &mut self.0 else { return false };
        let firing = u64::from(active.intensity.firing_percent);
        let site = active.site(name);
        let fires = site.is_active && site.rng.chance(firing, 100);
        site.fired += u64::from(fires);
        fires
    }

    /// `unusual` if the knob called `name` is turned in this run, else `usual`. See
    /// [`buggify_knob!`](crate::buggify_knob).
    pub fn knob<T>(&mut self, name: &'static str, usual: T, unusual: T) -> T {
        let Some(active) = &mut self.0 else { return usual };
        let site = active.site(name);
        if !site.is_active {
            return usual;
        }
        site.fired = 1;
        unusual
    }

    /// The sites that were come upon so far.
    pub fn sites(&self) -> impl Iterator<Item = &Site> {
        self.0.iter().flat_map(|active| &active.sites)
    }
}

impl Active {
    fn site(&mut self, name: &'static str) -> &mut Site {
        let place = self.sites.iter().position(|site| site.name == name);
        let place = place.unwrap_or_else(|| {
            let rng = self.rng.fork(name);
            let activation = u64::from(self.intensity.activation_percent);
            self.sites.push(Site {
                name,
                is_active: rng.fork("activation").chance(activation, 100),
                fired: 0,
                rng: rng.fork_indexed("life", self.life),
            });
            self.sites.len() - 1
        });
        &mut self.sites[place]
    }
}

/// The place of the site called `name` in [`SITES`].
///
/// # Panics
/// When there is none: at compile time where [`buggify!`](crate::buggify) is used.
#[must_use]
pub const fn site(name: &str) -> usize {
    match place_in(&SITES, name) {
        Some(place) => place,
        None => panic!("there is no such site: give it a line in SITES"),
    }
}

/// Where `name` is among `names`, told by the compiler too.
#[must_use]
pub const fn place_in(names: &[&str], name: &str) -> Option<usize> {
    let mut place = 0;
    while place < names.len() {
        if is_same(names[place].as_bytes(), name.as_bytes()) {
            return Some(place);
        }
        place += 1;
    }
    None
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut place = 0;
    while place < a.len() {
        if a[place] != b[place] {
            return false;
        }
        place += 1;
    }
    true
}

/// Whether misfortune strikes here: `buggify!(self.chaos, "outbox/batch_of_one")`. Always false in production.
#[macro_export]
macro_rules! buggify {
    ($chaos:expr, $site:literal) => {
        $chaos.fires(const { $crate::chaos::SITES[$crate::chaos::site($site)] })
    };
}

/// A bound that misfortune may move for a whole run: `buggify_knob!(self.chaos, "scan/short", 256, 32)`. Always the first
/// value in production.
#[macro_export]
macro_rules! buggify_knob {
    ($chaos:expr, $site:literal, $usual:expr, $unusual:expr) => {
        $chaos.knob(
            const { $crate::chaos::SITES[$crate::chaos::site($site)] },
            $usual,
            $unusual,
        )
    };
}

#[cfg(test)]
mod tests;
