use crate::ledger::script::run;
use crate::time::WallClock;

#[test]
fn a_hold_locks_on_both_sides_until_it_is_resolved() {
    run("
        post custody>alice 10            -> transaction-1
        hold alice>bob 8                 -> transaction-2
        balance alice                    -> 2 available, 8 held, 0 incoming
        balance bob                      -> 0 available, 0 held, 8 incoming
        post alice>bob 3                 -> insufficient_funds
        hold alice>bob 3                 -> insufficient_funds
        post bob>alice 1                 -> insufficient_funds
        hold custody>alice 5             -> transaction-3
        balance custody                  -> 10 available, 0 held, 5 incoming
        post-hold 2                      -> transaction-2
        balance alice                    -> 2 available, 0 held, 5 incoming
        balance bob                      -> 8 available, 0 held, 0 incoming
        void 3                           -> transaction-3
        balance alice                    -> 2 available, 0 held, 0 incoming
        balance custody                  -> 10 available, 0 held, 0 incoming
        hold alice>custody 2             -> transaction-4
        balance custody                  -> 8 available, 2 held, 0 incoming
    ");
}

#[test]
fn a_hold_is_posted_in_part_and_the_rest_released() {
    run("
        post custody>alice 10            -> transaction-1
        hold alice>bob 4, alice>fees 2   -> transaction-2
        post-hold 2 1                    -> amounts_count_differs
        post-hold 2 1,1,1                -> amounts_count_differs
        post-hold 2 5,1                  -> amount_exceeds_hold
        post-hold 2 1,-1                 -> amount_exceeds_hold
        post-hold 2 3,0                  -> transaction-2
        balance alice                    -> 7 available, 0 held, 0 incoming
        balance bob                      -> 3 available, 0 held, 0 incoming
        reverse 2                        -> transaction-3
        balance alice                    -> 10 available, 0 held, 0 incoming
        state 2                          -> HoldPosted, reversed by transaction-3
        hold alice>bob 4                 -> transaction-4
        post-hold 4 0                    -> transaction-4
        balance alice                    -> 10 available, 0 held, 0 incoming
        reverse 4                        -> transaction-5
    ");
}

#[test]
fn a_hold_is_resolved_at_most_once() {
    let endings = [
        (
            "post-hold 2",
            "transaction-2",
            "hold_already_posted",
            "transaction-4",
        ),
        (
            "post-hold 2 0",
            "transaction-2",
            "hold_already_posted",
            "transaction-4",
        ),
        ("void 2", "transaction-2", "hold_already_voided", "not_posted"),
        ("expire 9", "transaction-2", "hold_expired", "not_posted"),
    ];
    for (ending, answer, after, reversed) in endings {
        let mut script = run("
            post custody>alice 10        -> transaction-1
            hold alice>bob 4 until 5     -> transaction-2
            hold alice>bob 4             -> transaction-3
            reverse 2                    -> not_posted
            at 4
        ");
        if ending.starts_with("expire") {
            script.go_on("at 5");
        }
        script.go_on(&std::format!(
            "
            {ending}                     -> {answer}
            post-hold 2                  -> {after}
            post-hold 2 9                -> {after}
            void 2                       -> {after}
            at 6
            expire 9                     ->
            void 2                       -> {after}
            reverse 2                    -> {reversed}
            void 3                       -> transaction-3
        "
        ));
    }
    run("
        post custody>alice 10            -> transaction-1
        post-hold 1                      -> not_a_hold
        void 1                           -> not_a_hold
        void 2                           -> unknown_transaction
        post-hold 0                      -> unknown_transaction
    ");
}

#[test]
fn a_hold_is_over_at_its_date_whether_or_not_somebody_looked() {
    run("
        post custody>alice 10            -> transaction-1
        at 5
        hold alice>bob 1 until 5         -> expiry_in_the_past
        hold alice>bob 1 until 6         -> transaction-2
        hold alice>bob 1 until 7         -> transaction-3
        at 6
        post-hold 2                      -> hold_expired
        void 2                           -> hold_expired
        state 2                          -> Pending { expires_at: Some(WallClock(6)) }
        balance alice                    -> 8 available, 2 held, 0 incoming
        post-hold 3                      -> transaction-3
        expire 9                         -> transaction-2
        state 2                          -> Expired
        balance alice                    -> 9 available, 0 held, 0 incoming
        at 5
        void 2                           -> hold_expired
    ");
}

#[test]
fn what_is_due_comes_by_date_and_in_small_numbers() {
    let mut script = run("
        post custody>alice 10            -> transaction-1
        hold alice>bob 1 until 8         -> transaction-2
        hold alice>bob 1 until 6         -> transaction-3
        hold alice>bob 1                 -> transaction-4
        hold alice>bob 1 until 6         -> transaction-5
        at 5
        expire 9                         ->
    ");
    assert_eq!(script.ledger.next_expiry(), Some(WallClock::from_micros(6)));
    script.go_on(
        "
        at 9
        expire 0                         ->
        expire 2                         -> transaction-3 transaction-5
        expire 2                         -> transaction-2
        expire 2                         ->
    ",
    );
    assert_eq!(script.ledger.next_expiry(), None);
}
