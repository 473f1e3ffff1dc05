use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::{Chaos, Intensity, SITES};
use crate::rng::Rng;

const ALWAYS: Intensity = Intensity {
    activation_percent: 100,
    firing_percent: 100,
};

fn chaos(seed: u64, life: u64) -> Chaos {
    Chaos::on(Rng::from_seed(seed), life, Intensity::default())
}

#[test]
fn nothing_ever_fires_without_chaos() {
    let mut off = Chaos::off();
    assert!((0..1_000).all(|_| !buggify!(off, "outbox/batch_of_one")));
    assert_eq!(buggify_knob!(off, "scan/short", 256, 32), 256);
    assert_eq!(off.sites().count(), 0);
    assert_eq!(off.for_part(), Chaos::off());
}

#[test]
fn everything_fires_when_it_must() {
    let mut on = Chaos::on(Rng::from_seed(1), 1, ALWAYS);
    assert!((0..10).all(|_| buggify!(on, "outbox/batch_of_one")));
    assert_eq!(buggify_knob!(on, "scan/short", 256, 32), 32);
    let sites: Vec<_> = on
        .sites()
        .map(|site| (site.name, site.is_active, site.fired))
        .collect();
    assert_eq!(
        sites,
        [("outbox/batch_of_one", true, 10), ("scan/short", true, 1)]
    );
}

#[test]
fn a_quarter_of_the_sites_fires_a_quarter_of_the_time() {
    let (mut active, mut fired) = (0, 0);
    for seed in 0..1_000 {
        let mut chaos = chaos(seed, 1);
        fired += (0..100).filter(|_| buggify!(chaos, "pool/explore")).count();
        active += chaos.sites().filter(|site| site.is_active).count();
    }
    assert!((200..300).contains(&active), "{active}");
    assert!((5_000..7_500).contains(&fired), "{fired}");
}

#[test]
fn sites_are_active_in_every_life_and_fire_anew_in_each() {
    let fires = |life| -> Vec<bool> {
        let mut chaos = chaos(7, life);
        SITES
            .iter()
            .flat_map(|site| core::iter::repeat_n(*site, 40))
            .map(|site| chaos.fires(site))
            .collect()
    };
    let active = |life| -> BTreeSet<&str> {
        let mut chaos = chaos(7, life);
        for site in SITES {
            chaos.fires(site);
        }
        chaos
            .sites()
            .filter(|site| site.is_active)
            .map(|site| site.name)
            .collect()
    };
    assert_eq!(fires(1), fires(1));
    assert_ne!(fires(1), fires(2));
    assert_eq!(active(1), active(2));
    assert!(!active(1).is_empty());
}

#[test]
fn what_one_site_draws_moves_no_other() {
    let draw = |with_other: bool| -> Vec<bool> {
        let mut chaos = Chaos::on(
            Rng::from_seed(3),
            1,
            Intensity {
                firing_percent: 50,
                ..ALWAYS
            },
        );
        let mut drawn = Vec::new();
        for _ in 0..50 {
            if with_other {
                buggify!(chaos, "bank/due_again");
            }
            drawn.push(buggify!(chaos, "desk/verify_again"));
        }
        drawn
    };
    assert_eq!(draw(false), draw(true));
}

#[test]
fn names_are_in_order_and_each_is_there_once() {
    assert!(SITES.is_sorted_by(|a, b| a < b));
}
