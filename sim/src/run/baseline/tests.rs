use core::time::Duration;

use plimsoll_core::escrow::{DepositKey, TxKey};
use plimsoll_core::id::{ChainId, TxHash};

use super::{Waits, judge, undisturbed};
use crate::scenario::Scenario;
use crate::world::plan::Plan;

/// Deposits that were waited for so many milliseconds.
fn waits(ms: &[u64]) -> Waits {
    let wait = |(ms, ordinal): (&u64, u32)| {
        let tx = TxKey {
            chain: ChainId::new(56),
            tx: TxHash::Evm([1; 32]),
        };
        (DepositKey { tx, ordinal }, Duration::from_millis(*ms))
    };
    ms.iter().zip(0..).map(wait).collect()
}

/// Whether a delay of at most 500 ms was kept.
fn is_kept(disturbed: &[u64], undisturbed: &[u64]) -> bool {
    judge(Duration::from_millis(500), &waits(disturbed), &waits(undisturbed)).is_ok()
}

#[test]
fn no_deposit_is_delayed_by_more_than_the_bound() {
    assert!(is_kept(&[500, 1_500], &[0, 1_000]));
    assert!(is_kept(&[100, 0], &[900, 0]), "sooner is no harm");
    assert!(
        !is_kept(&[0, 0, 501], &[2_000, 2_000, 0]),
        "what is gained does not count"
    );
}

#[test]
fn deposits_of_one_run_alone_are_not_compared_and_some_must_be() {
    assert!(is_kept(&[100, 9_000], &[100]));
    assert!(is_kept(&[100], &[100, 9_000]));
    assert!(!is_kept(&[9_000], &[]));
    assert!(!is_kept(&[], &[9_000]));
}

fn plan(claim: &str, claim_after_ms: u64) -> Plan {
    let text = format!(
        "proves = \"One deposit is credited.\"\nduration_ms = 12_000\n[world]\nendpoints = 3\n[workload]\nusers = 1\n\
         [[workload.deposits]]\nkind = \"plain\"\ncount = 1\nat_ms = 1_000\nclaim = \"{claim}\"\n\
         claim_after_ms = {claim_after_ms}\n"
    );
    let scenario = Scenario::parse("one", "one.toml", &text).unwrap();
    scenario.expand(1)
}

#[test]
fn a_wait_begins_with_finality_or_with_the_claim_if_that_comes_later() {
    let wait = |claim, after| {
        let waits: Vec<Duration> = undisturbed(&plan(claim, after), 1)
            .unwrap()
            .into_values()
            .collect();
        assert_eq!(waits.len(), 1);
        waits[0]
    };
    // The block is final 1.8 s after the payment at the latest; the scanner comes each second.
    assert!((Duration::from_millis(1)..Duration::from_millis(1_300)).contains(&wait("never", 0)));
    assert!((Duration::from_millis(1)..Duration::from_millis(400)).contains(&wait("once", 200)));
    assert_eq!(
        wait("once", 8_000),
        Duration::ZERO,
        "the scanner was there before"
    );
}

#[test]
fn a_plan_that_fails_by_itself_is_no_baseline() {
    let mut plan = plan("once", 200);
    plan.topology.endpoints[0].lag_blocks = 10_000;
    plan.topology.endpoints[1].lag_blocks = 10_000;
    let violation = undisturbed(&plan, 1).unwrap_err();
    assert!(
        violation.detail.starts_with("the run fails without faults too: "),
        "{violation}"
    );
}
