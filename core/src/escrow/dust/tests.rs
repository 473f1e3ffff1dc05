use super::{Dust, DustPlace};
use crate::escrow::testing::{CHAIN, PAYER, asset, tx};
use crate::escrow::{Beneficiary, Booked, Deposit, DepositKey, Suspended, SuspenseReason, TxKey};
use crate::money::Amount;

fn suspended(amount: i128, reason: SuspenseReason) -> Suspended {
    let deposit = Deposit {
        ordinal: 0,
        asset: asset("USDT"),
        amount: Amount::from_minor(amount),
        from: PAYER,
        to: PAYER,
        beneficiary: Beneficiary::Suspense(reason),
    };
    let booked = Booked {
        deposit,
        transaction: None,
        purchase: None,
    };
    Suspended { booked, reason }
}

fn key(n: u8) -> DepositKey {
    let tx = TxKey {
        chain: CHAIN,
        tx: tx(n),
    };
    DepositKey { tx, ordinal: 0 }
}

#[test]
fn only_what_is_below_the_minimum_gathers_and_an_empty_place_is_none() {
    let place = DustPlace {
        chain: CHAIN,
        to: PAYER,
        asset: asset("USDT"),
    };
    let mut dust = Dust::default();
    for (n, reason) in (1..).zip(SuspenseReason::ALL.iter().copied()) {
        dust.put(key(n), &suspended(7, reason));
    }
    dust.put(key(9), &suspended(5, SuspenseReason::BelowMinimum));
    let heap = dust.heap(&place).unwrap();
    assert_eq!((heap.sum.minor(), heap.deposits.len()), (12, 2));
    dust.take(&key(9), &suspended(5, SuspenseReason::BelowMinimum));
    dust.take(&key(1), &suspended(7, SuspenseReason::Unattributed));
    assert_eq!(dust.heap(&place).unwrap().sum.minor(), 7);
    dust.take(&key(2), &suspended(7, SuspenseReason::BelowMinimum));
    assert_eq!(dust, Dust::default());
}
