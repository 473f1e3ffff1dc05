use plimsoll_core::escrow::{Agreement, Row};
use plimsoll_core::money::Amount;

use super::super::testing::usdt;
use super::{Truth, judge};

/// What the oracle says of `agreement`, told of so much on chain, when so much was posted and is on its way.
fn check(
    agreement: Agreement,
    on_chain: i128,
    (posted, unposted): (i128, i128),
    is_open: bool,
) -> &'static str {
    check_refunded(agreement, on_chain, (posted, unposted), (0, 0), is_open)
}

/// The same, when so much was refunded and is settled in the books, or was sent back on the chain.
fn check_refunded(
    agreement: Agreement,
    on_chain: i128,
    (posted, unposted): (i128, i128),
    (settled, sent): (i128, i128),
    is_open: bool,
) -> &'static str {
    let row = Row {
        asset: usdt(),
        on_chain: Some(Amount::from_minor(on_chain)),
        in_custody: Amount::from_minor(posted - settled),
        in_flight: Amount::ZERO,
        leaving: Amount::ZERO,
        custody: Amount::from_minor(posted - settled),
        owed: Amount::from_minor(posted - settled),
        agreement,
        named: Vec::new(),
        unnamed: 0,
    };
    let truth = Truth {
        posted,
        unposted,
        settled,
        sent,
        is_open,
    };
    match judge(&row, Some(on_chain), &truth) {
        Ok(()) => "fine",
        Err(violation) => violation.invariant,
    }
}

#[test]
fn a_verdict_must_be_so() {
    use Agreement::{Deficit, Even, Open, Surplus};
    for (agreement, on_chain, books, is_open, said) in [
        (Even, 100, (100, 0), false, "fine"),
        (Open, 100, (100, 0), false, "not_found"),
        (Surplus, 100, (100, 0), false, "false_alarm"),
        (Deficit, 100, (100, 0), false, "false_alarm"),
        (Even, 150, (100, 50), true, "fine"),
        (Open, 150, (100, 50), true, "fine"),
        (Surplus, 150, (100, 50), true, "false_alarm"),
        (Even, 90, (100, 0), false, "not_found"),
        (Deficit, 90, (100, 0), false, "fine"),
        (Surplus, 90, (100, 0), false, "false_alarm"),
        (Open, 140, (100, 50), true, "fine"),
        (Surplus, 110, (100, 0), false, "fine"),
        (Even, 110, (100, 0), false, "not_found"),
        (Deficit, 110, (100, 0), false, "false_alarm"),
    ] {
        let found = check(agreement, on_chain, books, is_open);
        assert_eq!(found, said, "{agreement:?} {on_chain} {books:?}");
    }
}

#[test]
fn refunds_under_way_may_hide_which_way_it_is_and_never_that_it_is() {
    use Agreement::{Deficit, Even, Open, Surplus};
    for (agreement, on_chain, refunds, said) in [
        // Nothing is missing.
        (Even, 100, (30, 0), "fine"),
        (Surplus, 100, (30, 0), "false_alarm"),
        (Even, 70, (0, 30), "fine"),
        (Deficit, 70, (0, 30), "false_alarm"),
        // 10 are gone, and what is settled is still there.
        (Surplus, 90, (30, 0), "fine"),
        (Deficit, 90, (30, 0), "fine"),
        (Even, 90, (30, 0), "not_found"),
        (Open, 90, (30, 0), "not_found"),
        // 10 are too many, and what was sent is not settled.
        (Deficit, 80, (0, 30), "fine"),
        (Surplus, 80, (0, 30), "fine"),
        (Even, 80, (0, 30), "not_found"),
        // All that was sent is settled: there is one way.
        (Surplus, 60, (30, 30), "false_alarm"),
        (Deficit, 60, (30, 30), "fine"),
        (Deficit, 80, (30, 30), "false_alarm"),
    ] {
        let found = check_refunded(agreement, on_chain, (100, 0), refunds, false);
        assert_eq!(found, said, "{agreement:?} {on_chain} {refunds:?}");
    }
}

#[test]
fn figures_must_be_those_of_the_chain_and_of_the_books() {
    let row = |on_chain: i128, in_custody: i128, owed: i128| Row {
        asset: usdt(),
        on_chain: Some(Amount::from_minor(on_chain)),
        in_custody: Amount::from_minor(in_custody),
        in_flight: Amount::ZERO,
        leaving: Amount::ZERO,
        custody: Amount::from_minor(100),
        owed: Amount::from_minor(owed),
        agreement: Agreement::Even,
        named: Vec::new(),
        unnamed: 0,
    };
    let said = |row: Row| {
        let truth = Truth {
            posted: 100,
            unposted: 0,
            settled: 0,
            sent: 0,
            is_open: false,
        };
        judge(&row, Some(100), &truth).map_err(|violation| violation.invariant)
    };
    assert_eq!(said(row(100, 100, 100)), Ok(()));
    assert_eq!(said(row(99, 100, 100)), Err("other_balance"));
    assert_eq!(said(row(100, 99, 100)), Err("other_books"));
    assert_eq!(said(row(100, 100, 99)), Err("unbalanced"));
}
