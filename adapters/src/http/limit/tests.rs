use std::net::IpAddr;
use std::time::Duration;

use plimsoll_core::time::Instant;

use super::{CLIENTS_MAX, RateLimiter, client_of};
use crate::config::RateLimit;

const ADA: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

fn limiter() -> RateLimiter {
    RateLimiter::new(RateLimit {
        per_second: 10,
        burst: 3,
    })
}

fn at(millis: u64) -> Instant {
    Instant::ZERO.after(Duration::from_millis(millis))
}

#[test]
fn a_burst_is_let_through_and_then_the_rate() {
    let limiter = limiter();
    for _ in 0..3 {
        assert_eq!(limiter.admit(at(0), ADA), Ok(()));
    }
    assert_eq!(limiter.admit(at(0), ADA), Err(Duration::from_millis(100)));
    assert_eq!(limiter.admit(at(99), ADA), Err(Duration::from_millis(1)));
    assert_eq!(limiter.admit(at(100), ADA), Ok(()));
    assert_eq!(limiter.admit(at(100), ADA), Err(Duration::from_millis(100)));
    // A pause earns a burst again, and no more than one.
    for _ in 0..3 {
        assert_eq!(limiter.admit(at(60_000), ADA), Ok(()));
    }
    assert!(limiter.admit(at(60_000), ADA).is_err());
}

#[test]
fn clients_do_not_pay_for_each_other() {
    let limiter = limiter();
    let bob = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));
    for _ in 0..3 {
        assert_eq!(limiter.admit(at(0), ADA), Ok(()));
    }
    assert!(limiter.admit(at(0), ADA).is_err());
    assert_eq!(limiter.admit(at(0), bob), Ok(()));
}

#[test]
fn a_network_of_ipv6_is_one_client_and_a_mapped_address_is_ipv4() {
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    assert_eq!(
        client_of(address("2001:db8::1")),
        client_of(address("2001:db8::ffff:2"))
    );
    assert_ne!(
        client_of(address("2001:db8::1")),
        client_of(address("2001:db8:0:1::1"))
    );
    assert_eq!(client_of(address("::ffff:192.0.2.1")), ADA);
}

#[test]
fn memory_is_bounded_and_clients_whose_pause_is_over_make_room() {
    let limiter = limiter();
    let client = |number: usize| {
        IpAddr::V4(std::net::Ipv4Addr::from_bits(
            u32::try_from(number).expect("small"),
        ))
    };
    for number in 0..CLIENTS_MAX {
        assert_eq!(limiter.admit(at(0), client(number)), Ok(()));
    }
    assert!(limiter.admit(at(0), client(CLIENTS_MAX)).is_err());
    assert_eq!(limiter.admit(at(1001), client(CLIENTS_MAX)), Ok(()));
}
