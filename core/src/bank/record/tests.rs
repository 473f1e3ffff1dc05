//! The stored form, byte for byte: a change here means that old journals are read as something else.

use std::string::String;
use std::vec;
use std::vec::Vec;

use super::Record;
use crate::escrow::testing::{CHAIN, asset, block};
use crate::escrow::{EscrowRecord, TxKey};
use crate::id::{Address, IdempotencyKey, TxHash, UserId};
use crate::ledger::LedgerRecord;
use crate::time::WallClock;

#[test]
fn every_record_is_stored_as_it_always_was() {
    let (user, address) = (UserId::new(300), Address::Evm([0xaa; 20]));
    // The family comes before the bytes.
    let (usdt, address_stored) = ("555344540000000000000000", std::format!("00{}", "aa".repeat(20)));
    let tx = TxKey {
        chain: CHAIN,
        tx: TxHash::Evm([1; 32]),
    };
    let table = [
        (
            Record::AssetRegistered {
                asset: asset("USDT"),
                scale: 18,
            },
            std::format!("00{usdt}12"),
        ),
        (
            Record::UserRegistered {
                user,
                key: IdempotencyKey::from_bytes([2; 16]),
                name: "al".into(),
                addresses: vec![(CHAIN, address)],
                at: WallClock::from_micros(1),
            },
            std::format!("01ac02{}02616c0138{address_stored}02", "02".repeat(16)),
        ),
        (
            Record::AddressAssigned {
                user,
                chain: CHAIN,
                address,
            },
            std::format!("02ac0238{address_stored}"),
        ),
        (
            Record::Ledger(LedgerRecord::AccountsOpened {
                user,
                assets: vec![asset("USDT")],
            }),
            std::format!("0307ac0201{usdt}"),
        ),
        (
            Record::Escrow(EscrowRecord::Reorged {
                tx,
                was: block(5),
                at: WallClock::from_micros(1),
            }),
            std::format!("04033800{}0500{:016x}{}02", "01".repeat(32), 5, "b1".repeat(24)),
        ),
    ];
    for (record, expected) in table {
        let bytes: Vec<u8> = postcard::to_allocvec(&record).unwrap();
        let stored: String = bytes.iter().map(|byte| std::format!("{byte:02x}")).collect();
        assert_eq!(stored, expected, "{record:?}");
        assert_eq!(postcard::from_bytes::<Record>(&bytes).unwrap(), record);
    }
}
