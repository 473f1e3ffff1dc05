use std::collections::BTreeSet;
use std::string::ToString;

use super::Refusal;
use crate::id::TransactionId;
use crate::ledger::AccountKey;
use crate::ledger::script::{asset, owner};

#[test]
fn every_reason_has_its_own_name_and_a_text() {
    let asset = asset("USDT");
    let account = AccountKey {
        owner: owner("alice"),
        asset,
    };
    let transaction = TransactionId::new(1);
    let by = TransactionId::new(2);
    let all = [
        (Refusal::NoTransfers, "a transaction needs at least one transfer"),
        (
            Refusal::TooManyTransfers,
            "a transaction has at most 256 transfers",
        ),
        (
            Refusal::AmountNotPositive,
            "the amount of a transfer must be positive",
        ),
        (
            Refusal::SameAccount,
            "a transfer cannot debit and credit the same account",
        ),
        (Refusal::UnknownAsset { asset }, "asset USDT is not known"),
        (Refusal::AssetDisabled { asset }, "asset USDT is disabled"),
        (
            Refusal::AmountBelowMin { asset },
            "the amount is below the minimum of asset USDT",
        ),
        (
            Refusal::AmountAboveMax { asset },
            "the amount is above the maximum of asset USDT",
        ),
        (Refusal::ExpiryInThePast, "the hold would expire in the past"),
        (
            Refusal::UnknownTransaction { transaction },
            "transaction-1 does not exist",
        ),
        (Refusal::NotAHold { transaction }, "transaction-1 is not a hold"),
        (
            Refusal::HoldAlreadyPosted { transaction },
            "the hold transaction-1 is already posted",
        ),
        (
            Refusal::HoldAlreadyVoided { transaction },
            "the hold transaction-1 is already voided",
        ),
        (
            Refusal::HoldExpired { transaction },
            "the hold transaction-1 has expired",
        ),
        (
            Refusal::AmountsCountDiffers { transaction },
            "posting part of the hold transaction-1 takes one amount for each of its transfers",
        ),
        (
            Refusal::AmountExceedsHold { transaction },
            "an amount to post is negative or more than the hold transaction-1 reserved",
        ),
        (
            Refusal::NotPosted { transaction },
            "transaction-1 is not posted, so it cannot be reversed",
        ),
        (
            Refusal::AlreadyReversed { transaction, by },
            "transaction-1 is already reversed by transaction-2",
        ),
        (
            Refusal::Overflow { asset },
            "the amounts exceed what the ledger can count of asset USDT",
        ),
        (
            Refusal::InsufficientFunds { account },
            "account user-1/USDT does not have enough available",
        ),
        (
            Refusal::BelowMinimum { account },
            "account user-1/USDT would fall below its minimum balance",
        ),
        (
            Refusal::AboveMaximum { account },
            "account user-1/USDT would rise above its maximum balance",
        ),
        (
            Refusal::LimitsInvalid,
            "limits need a minimum of zero or more and a maximum not below it",
        ),
    ];
    let mut codes = BTreeSet::new();
    for (refusal, text) in all {
        assert_eq!(refusal.to_string(), text);
        let code = refusal.code();
        assert!(
            code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{code}"
        );
        assert!(codes.insert(code), "{code} names two reasons");
    }
}
