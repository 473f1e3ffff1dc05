use crate::ledger::script::run;

#[test]
fn the_first_outcome_is_the_outcome_for_ever() {
    run("
        key=1 post custody>alice 10      -> transaction-1
        key=1 post custody>alice 10      -> again transaction-1
        balance alice                    -> 10 available, 0 held, 0 incoming
        key=2 post alice>bob 11          -> insufficient_funds
        post custody>alice 1             -> transaction-2
        key=2 post alice>bob 11          -> again insufficient_funds
        key=3 post nothing               -> no_transfers
        key=3 post nothing               -> again no_transfers
        key=4 hold alice>bob 1 until 5   -> transaction-3
        key=5 post-hold 3                -> transaction-3
        key=5 post-hold 3                -> again transaction-3
        post-hold 3                      -> hold_already_posted
        at 9
        key=4 hold alice>bob 1 until 5   -> again transaction-3
        key=6 reverse 3                  -> transaction-4
        key=6 reverse 3                  -> again transaction-4
        key=7 user post alice>bob 1      -> amount_below_min
        key=7 post alice>bob 1           -> again amount_below_min
    ");
}

#[test]
fn another_body_under_the_key_is_a_conflict() {
    run("
        key=1 post alice>bob 1           -> insufficient_funds
        key=1 post alice>bob 2           -> conflict amounts
        key=1 post alice>bob 1           -> again insufficient_funds
    ");
}

#[test]
#[should_panic(expected = "every answer has one key")]
fn an_answer_without_a_key_is_found() {
    let mut ledger = run("post custody>alice 10 -> transaction-1").ledger;
    let answer = ledger.answers.list[0].clone();
    ledger.answers.list.push(answer);
    ledger.check();
}
