use std::string::String;

use super::LedgerRecord;
use crate::id::{TransactionId, UserId};
use crate::ledger::fingerprint::{Fingerprint, Receipt};
use crate::ledger::script::{asset, command, key_number, owner, transfers};
use crate::ledger::{AccountKey, Ledger, Limits, Outcome, Refusal};
use crate::money::Amount;
use crate::time::WallClock;

fn receipt(text: &str) -> Receipt {
    Receipt {
        key: key_number(0xabcd),
        fingerprint: Fingerprint::of(&command(text)),
    }
}

/// Records are journalled: what one build wrote, the next must read.
#[test]
fn known_answers_of_the_stored_form() {
    let id = TransactionId::new(300);
    let transfer = "custody>alice 10";
    let table = [
        (
            LedgerRecord::Posted {
                receipt: receipt("void 1"),
                transaction: id,
                transfers: transfers(transfer),
            },
            Some(Outcome::Accepted(id)),
            "00cdab000000000000000000000000000004053a230f00000000000000000000000000000000ac02010138000155534454000000000000000014",
        ),
        (
            LedgerRecord::Held {
                receipt: receipt("void 1"),
                transaction: id,
                transfers: transfers("suspense>treasury 1, issuance>fees 2 GOLD"),
                expires_at: Some(WallClock::from_micros(7)),
            },
            Some(Outcome::Accepted(id)),
            "01cdab000000000000000000000000000004053a230f00000000000000000000000000000000ac02020203555344540000000000000000020405474f4c44000000000000000004010e",
        ),
        (
            LedgerRecord::HoldPosted {
                receipt: receipt("void 1"),
                hold: id,
                amounts: Some([1, 0].map(Amount::from_minor).into()),
            },
            Some(Outcome::Accepted(id)),
            "02cdab000000000000000000000000000004053a230f00000000000000000000000000000000ac0201020200",
        ),
        (
            LedgerRecord::HoldVoided {
                receipt: receipt("void 1"),
                hold: id,
            },
            Some(Outcome::Accepted(id)),
            "03cdab000000000000000000000000000004053a230f00000000000000000000000000000000ac02",
        ),
        (LedgerRecord::HoldExpired { hold: id }, None, "04ac02"),
        (
            LedgerRecord::Reversed {
                receipt: receipt("void 1"),
                transaction: id,
                original: TransactionId::new(2),
            },
            Some(Outcome::Accepted(id)),
            "05cdab000000000000000000000000000004053a230f00000000000000000000000000000000ac0202",
        ),
        (
            LedgerRecord::Refused {
                receipt: receipt("void 1"),
                refusal: Refusal::LimitsInvalid,
            },
            Some(Outcome::Refused(Refusal::LimitsInvalid)),
            "06cdab000000000000000000000000000004053a230f0000000000000000000000000000000016",
        ),
        (
            LedgerRecord::AccountsOpened {
                user: UserId::new(1),
                assets: [asset("USDT")].into(),
            },
            None,
            "070101555344540000000000000000",
        ),
        (
            LedgerRecord::LimitsSet {
                account: AccountKey {
                    owner: owner("bob"),
                    asset: asset("USDT"),
                },
                limits: Limits {
                    minimum: Amount::ZERO,
                    maximum: Amount::from_minor(64),
                },
            },
            None,
            "080002555344540000000000000000008001",
        ),
    ];
    for (record, outcome, stored) in table {
        let bytes = postcard::to_allocvec(&record).unwrap();
        let hex: String = bytes.iter().map(|byte| std::format!("{byte:02x}")).collect();
        assert_eq!(hex, stored, "{record:?}");
        assert_eq!(postcard::from_bytes::<LedgerRecord>(&bytes).unwrap(), record);
        assert_eq!(Ledger::outcome_of(&record), outcome);
    }
}
