use core::time::Duration;
use std::string::ToString;
use std::vec::Vec;

use super::{WorkerConfig, WorkerPolicy};
use crate::escrow::testing::{config, registry};
use crate::queue::VISIBILITY_MAX;
use crate::resilience::PoolPolicy;

const MS: Duration = Duration::from_millis(1);

type Change = fn(&mut WorkerPolicy);

#[test]
fn a_policy_can_do_what_it_says() {
    let cases: &[(Change, Option<&str>)] = &[
        (|_| {}, None),
        (|policy| policy.jobs_max = 1, None),
        (|policy| policy.jobs_max = 0, Some("jobs_max")),
        (|policy| policy.jobs_max = 1_024, None),
        (|policy| policy.jobs_max = 1_025, Some("jobs_max")),
        (|policy| policy.visibility = MS * 1_000, None),
        (|policy| policy.visibility = MS * 999, Some("visibility")),
        (|policy| policy.visibility = VISIBILITY_MAX, None),
        (
            |policy| policy.visibility = VISIBILITY_MAX + MS,
            Some("visibility"),
        ),
        (|policy| policy.immediate_poll = MS * 10, None),
        (|policy| policy.immediate_poll = MS * 9, Some("immediate_poll")),
        (|policy| policy.database_poll = MS * 100, None),
        (|policy| policy.database_poll = MS * 99, Some("database_poll")),
        (|policy| policy.call_timeout = MS, None),
        (
            |policy| policy.call_timeout = Duration::ZERO,
            Some("call_timeout"),
        ),
        (|policy| policy.call_timeout = policy.visibility - MS, None),
        (
            |policy| policy.call_timeout = policy.visibility,
            Some("call_timeout"),
        ),
        (|policy| policy.report_timeout = MS, None),
        (
            |policy| policy.report_timeout = Duration::ZERO,
            Some("report_timeout"),
        ),
    ];
    for (change, setting) in cases {
        let mut policy = WorkerPolicy::default();
        change(&mut policy);
        let told = policy.check().err().map(|error| error.setting);
        assert_eq!(told, *setting, "{policy:?}");
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let mut config = WorkerConfig {
        registry: registry(),
        escrow: config(),
        pool: PoolPolicy::default(),
        has_immediate: true,
        policy: WorkerPolicy::default(),
        worker: 9,
        seed: 7,
    };
    assert_eq!(config.check(), Ok(()));
    config.escrow.sweep = Duration::ZERO;
    config.pool.attempt_timeout_min = Duration::ZERO;
    config.policy.jobs_max = 0;
    let errors = config.check().unwrap_err();
    let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "sweep must be at least 100 ms",
            "endpoint pool: attempt_timeout_min must be longer than zero",
            "worker: jobs_max must be 1 to 1024",
        ]
    );
}
