use super::{RetryBudget, RetryBudgetPolicy, Withdrawal};

#[test]
fn successes_pay_for_retries() {
    let policy = RetryBudgetPolicy {
        capacity: 10,
        retry_cost: 5,
        success_deposit: 1,
    };
    let mut budget = RetryBudget::new(policy);
    assert_eq!(budget.withdraw(), Withdrawal::Granted);
    assert_eq!(budget.withdraw(), Withdrawal::Granted);
    assert_eq!(budget.withdraw(), Withdrawal::Refused);
    (0..5).for_each(|_| budget.deposit());
    assert_eq!(budget.withdraw(), Withdrawal::Granted);
    assert_eq!(budget.withdraw(), Withdrawal::Refused);
    (0..100).for_each(|_| budget.deposit());
    assert_eq!(budget.tokens(), 10);
}

/// However successes and failures are mixed, retries are at most what the bucket held and what successes paid for.
#[test]
fn an_outage_gets_the_bucket_and_no_more() {
    let policy = RetryBudgetPolicy::default();
    let mut budget = RetryBudget::new(policy);
    let granted = (0..10_000)
        .filter(|_| budget.withdraw() == Withdrawal::Granted)
        .count();
    assert_eq!(granted, 100);
    let mut retries = 0;
    for call in 0..10_000 {
        if call % 10 == 0 {
            budget.deposit();
        } else if budget.withdraw() == Withdrawal::Granted {
            retries += 1;
        }
    }
    assert_eq!(retries, 1_000 / 5, "one call in ten worked");
}

#[test]
fn a_policy_that_cannot_be_kept_is_refused() {
    let refused = |capacity, retry_cost, success_deposit| {
        let policy = RetryBudgetPolicy {
            capacity,
            retry_cost,
            success_deposit,
        };
        policy.check().map_err(|error| error.setting)
    };
    assert_eq!(refused(5, 5, 1), Ok(()));
    assert_eq!(refused(4, 5, 1), Err("capacity"));
    assert_eq!(refused(5, 0, 1), Err("retry_cost"));
    assert_eq!(refused(5, 5, 0), Err("success_deposit"));
}
