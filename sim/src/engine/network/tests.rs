use core::time::Duration;

use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;

use super::{Delivery, Link};
use crate::engine::Latency;
use crate::fault::LinkFault;

const NOW: Instant = Instant::from_nanos(1_000_000_000);

fn link() -> Link {
    let latency = Latency::Uniform {
        min_us: 1_000,
        max_us: 2_000,
    };
    Link::new(latency, 0, 0, Rng::from_seed(1))
}

fn with(fault: LinkFault, until: Instant) -> Link {
    let mut link = link();
    link.begin(7, fault, until);
    link
}

fn sends(link: &mut Link, count: usize) -> Vec<Delivery> {
    (0..count).map(|_| link.send(NOW)).collect()
}

fn delay(delivery: &Delivery) -> Duration {
    delivery.first.unwrap().since(NOW)
}

#[test]
fn a_sound_link_delivers_once_within_its_latency() {
    for delivery in sends(&mut link(), 100) {
        assert!((Duration::from_millis(1)..=Duration::from_millis(2)).contains(&delay(&delivery)));
        assert_eq!(delivery.second, None);
    }
}

#[test]
fn a_partition_delivers_nothing_until_it_ends() {
    let mut link = with(LinkFault::Partition, Instant::MAX);
    assert!(link.is_cut());
    assert!(
        sends(&mut link, 100)
            .iter()
            .all(|one| one.first.is_none() && one.second.is_none())
    );
    link.end(7);
    assert!(!link.is_cut());
    assert!(sends(&mut link, 100).iter().all(|one| one.first.is_some()));
}

#[test]
fn a_hold_delivers_everything_after_its_end() {
    let until = NOW.after(Duration::from_secs(5));
    for delivery in sends(&mut with(LinkFault::Hold, until), 100) {
        assert!(delivery.first.unwrap() > until);
    }
}

#[test]
fn loss_and_duplication_have_their_rates() {
    let lossy = sends(&mut with(LinkFault::Loss { percent: 30 }, Instant::MAX), 10_000);
    let lost = lossy.iter().filter(|one| one.first.is_none()).count();
    assert!((2_800..=3_200).contains(&lost), "{lost}");
    let doubled = sends(
        &mut with(LinkFault::Duplicate { percent: 20 }, Instant::MAX),
        10_000,
    );
    let twice = doubled.iter().filter(|one| one.second.is_some()).count();
    assert!((1_800..=2_200).contains(&twice), "{twice}");
}

#[test]
fn reordered_messages_overtake_each_other() {
    let mut link = with(LinkFault::Reorder { spread_ms: 500 }, Instant::MAX);
    let delays: Vec<_> = sends(&mut link, 100).iter().map(delay).collect();
    assert!(
        delays
            .windows(2)
            .any(|pair| pair[0] > pair[1] + Duration::from_millis(100))
    );
    assert!(delays.iter().all(|one| *one <= Duration::from_millis(502)));
}

#[test]
fn a_half_open_connection_loses_what_is_sent_until_its_sender_notices() {
    let mut link = with(LinkFault::HalfOpen { notice_ms: 800 }, Instant::MAX);
    let arrives = |link: &mut Link, ms| link.send(NOW.after(Duration::from_millis(ms))).first.is_some();
    assert!(!arrives(&mut link, 0));
    assert!(!arrives(&mut link, 799));
    assert!(arrives(&mut link, 800), "a new connection was made");
    assert!(arrives(&mut link, 5_000));
}

#[test]
fn a_delay_has_a_shape() {
    let extra = Latency::Bimodal {
        fast_us: 0,
        slow_us: 900_000,
        slow_percent: 10,
    };
    let delays: Vec<_> = sends(&mut with(LinkFault::Delay { extra }, Instant::MAX), 2_000)
        .iter()
        .map(delay)
        .collect();
    let slow = delays
        .iter()
        .filter(|one| **one > Duration::from_millis(600))
        .count();
    assert!((150..=250).contains(&slow), "{slow}");
    assert!(
        delays
            .iter()
            .all(|one| *one < Duration::from_millis(2) || *one > Duration::from_millis(600))
    );
}
