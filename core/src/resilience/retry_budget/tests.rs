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
