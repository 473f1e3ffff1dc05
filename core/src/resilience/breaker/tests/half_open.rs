//! Between open and closed: permits that are lost, late or too many, early probes, and how long it stays open.

use super::super::BreakerPolicy;
use super::{check, growing};

/// resilience4j#903 and #935, opossum#276, OmniRoute#13836, cc-switch#7206: a half-open permit whose call hangs, panics or
/// is dropped held the breaker half-open for ever.
#[test]
fn half_open_is_never_stuck() {
    let lost = "
        0s    fail fail fail fail fail            -> open
        60s   ask:a ask:b ask:c refused           -> half_open
        60s   a=lose b=lose c=lose refused
        69s   refused                             -> half_open
        70s   tick                                -> open
        129s  refused                             -> open
        130s  ok ok ok                            -> closed
    ";
    let breaker = check(BreakerPolicy::api(), lost);
    assert_eq!(breaker.counters().expired, 1);
    let unseen = "
        0s    fail fail fail fail fail            -> open
        60s   ask:a                               -> half_open
        130s  ok ok ok                            -> closed
    ";
    check(BreakerPolicy::api(), unseen);
    let second_hangs = "
        0s    fail fail fail fail fail            -> open
        60s   ask:a ask:b a=ignored               -> half_open
        69s   tick                                -> half_open
        70s   tick                                -> open
    ";
    check(BreakerPolicy::api(), second_hangs);
    let cancelled = "
        0s    fail fail fail fail fail            -> open
        60s   ask:a ask:b ask:c refused b=cancel ask:d refused  -> half_open
        61s   a=ok c=ignored d=cancel ok ok       -> closed
    ";
    check(BreakerPolicy::api(), cancelled);
}

/// resilience4j#1432, actor-ts#457, tower-resilience#407: half-open let a burst through.
#[test]
fn half_open_lets_no_burst_through() {
    let script = "
        0s   fail fail fail fail fail             -> open
        60s  ask:a ask:b ask:c refused refused refused
        60s  a=ignored ask:d refused b=ok ask:e refused
        61s  c=fail                               -> open
        61s  refused
    ";
    let counters = check(BreakerPolicy::api(), script).counters();
    assert_eq!((counters.admitted, counters.refused), (10, 6));
}

#[test]
fn results_from_before_a_change_are_ignored() {
    let late_failure = "
        0s    ask:late fail fail fail fail fail   -> open
        60s   ok                                  -> half_open
        60s   late=fail                           -> half_open
        60s   ok ok                               -> closed
    ";
    assert_eq!(check(BreakerPolicy::api(), late_failure).counters().stale, 1);
    let late_success = "
        0s    ask:a ask:b ask:c fail fail fail fail fail  -> open
        1s    a=ok                                -> open
        60s   tick b=ok c=ok                      -> half_open
        60s   ok ok                               -> half_open
        60s   ok                                  -> closed
    ";
    check(BreakerPolicy::api(), late_success);
    let expired = "
        0s    fail fail fail fail fail            -> open
        60s   ask:a                               -> half_open
        70s   tick                                -> open
        70s   a=ok                                -> open
        130s  fail                                -> open
    ";
    check(BreakerPolicy::api(), expired);
    let after_reset = "
        0s    ask:a fail fail fail fail reset a=fail fail fail fail fail -> closed
    ";
    check(BreakerPolicy::api(), after_reset);
}

#[test]
fn the_open_time_doubles_up_to_its_maximum_and_starts_over_once_closed() {
    let script = "
        0s    fail fail fail fail fail            -> open
        9s    refused
        10s   fail                                -> open
        29s   refused
        30s   fail                                -> open
        64s   refused
        65s   fail                                -> open
        99s   refused
        100s  ok                                  -> closed
        100s  fail fail fail fail fail            -> open
        109s  refused
        110s  ok                                  -> closed
    ";
    check(growing(), script);
}

#[test]
fn an_early_probe_opens_the_door_and_never_lengthens_the_wait() {
    let policy = BreakerPolicy::api();
    let failing = "
        0s    no_probe fail fail fail fail fail   -> open
        5s    probe:a refused a=fail              -> open
        6s    probe:b probe:c b=ignored c=lose    -> open
        60s   no_probe ok                         -> half_open
    ";
    check(policy, failing);
    let succeeding = "
        0s    fail fail fail fail fail            -> open
        5s    probe:a probe:b a=ok                -> half_open
        5s    b=fail                              -> half_open
        5s    ok ok                               -> closed
    ";
    check(policy, succeeding);
    let one_is_enough = "
        0s    fail fail fail fail fail            -> open
        5s    probe:a a=ok                        -> closed
    ";
    check(growing(), one_is_enough);
}
