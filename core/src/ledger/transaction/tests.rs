use crate::id::TransactionId;
use crate::ledger::script::run;

#[test]
fn every_transaction_counts_whatever_became_of_it() {
    let script = run("
        post custody>alice 10            -> transaction-1
        hold alice>bob 4                 -> transaction-2
        void 2                           -> transaction-2
        post bob>alice 1                 -> insufficient_funds
    ");
    assert_eq!(script.ledger.transaction_count(), 2);
    assert_eq!(run("").ledger.transaction_count(), 0);
}

#[test]
#[should_panic(expected = "the legs of transaction-2, which does not exist, were asked for")]
fn a_transaction_that_comes_next_has_no_legs() {
    let script = run("post custody>alice 10 -> transaction-1");
    script.ledger.transactions.legs(TransactionId::new(2));
}
