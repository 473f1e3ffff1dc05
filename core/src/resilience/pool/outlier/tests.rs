use core::time::Duration;

use super::{Outlier, RESULTS};
use crate::resilience::pool::PoolPolicy;
use crate::time::Instant;

fn at(seconds: u64) -> Instant {
    Instant::ZERO.after(Duration::from_secs(seconds))
}

fn policy() -> PoolPolicy {
    PoolPolicy {
        eject_for: Duration::from_secs(30),
        eject_times_max: 3,
        ..PoolPolicy::default()
    }
}

#[test]
fn each_ejection_in_a_row_is_longer_up_to_a_cap_and_good_behaviour_forgives() {
    let mut outlier = Outlier::default();
    // When it is ejected, and until when.
    for (now, until) in [
        (100, 130),
        (130, 190),
        (200, 290),
        (290, 380), // three times at most
        (420, 510), // 40 s forgive one of four
        (640, 670), // 130 s forgive all of them
        (700, 730), // 30 s forgive the one
        (759, 819), // 29 s forgive none
    ] {
        outlier.eject(at(now), &policy());
        assert_eq!(outlier.ejected_until(at(now)), Some(at(until)), "{now}");
        assert!(outlier.is_ejected(at(until - 1)) && !outlier.is_ejected(at(until)));
        assert_eq!(outlier.ejected_until(at(until)), None, "{now}");
    }
}

#[test]
fn a_few_results_make_no_outlier() {
    let mut outlier = Outlier::default();
    for failures in [0, 4, 16] {
        for result in 1..RESULTS {
            assert_eq!(outlier.on_result(result <= failures), None);
        }
        let has_failed = failures == RESULTS;
        assert_eq!(
            outlier.on_result(has_failed),
            Some(u64::from(failures) * 1_000 / 16)
        );
    }
    assert_eq!(outlier.on_result(true), None);
    outlier.eject(at(1), &policy());
    for _ in 1..RESULTS {
        assert_eq!(outlier.on_result(false), None, "it begins anew");
    }
    assert_eq!(outlier.on_result(false), Some(0));
}

#[test]
fn who_comes_back_costs_less_and_less() {
    let slow_start = Duration::from_secs(10);
    let mut outlier = Outlier::default();
    assert_eq!(outlier.costing(at(1), 100, slow_start), 100, "it was never away");
    outlier.come_back(at(20));
    for (now, cost) in [(20, 800), (21, 730), (25, 450), (29, 170), (30, 100), (99, 100)] {
        assert_eq!(outlier.costing(at(now), 100, slow_start), cost, "{now}");
    }
    assert_eq!(outlier.costing(at(20), 100, Duration::ZERO), 100, "switched off");
    outlier.eject(at(40), &policy());
    outlier.come_back(at(50));
    assert!(outlier.is_ejected(at(69)), "nothing else shortens an ejection");
    assert_eq!(outlier.costing(at(70), 100, slow_start), 800);
}
