use super::{CordonReason, Unavailable};

/// Logs are searched and metrics are kept under these names.
#[test]
fn every_reason_has_its_name_and_says_whose_it_is() {
    let unavailable = [
        (Unavailable::Exhausted, "exhausted", false),
        (Unavailable::Cordoned, "cordoned", false),
        (Unavailable::Unverified, "unverified", false),
        (Unavailable::Banned, "banned", false),
        (Unavailable::Refused, "refused", false),
        (Unavailable::Limited, "limited", true),
        (Unavailable::Busy, "busy", true),
    ];
    for (why, code, is_restraint) in unavailable {
        assert_eq!((why.code(), why.is_restraint()), (code, is_restraint));
    }
    let cordons = [
        (CordonReason::WrongChain, "wrong_chain"),
        (CordonReason::WrongGenesis, "wrong_genesis"),
        (CordonReason::WrongDecimals, "wrong_decimals"),
        (CordonReason::Disagreed, "disagreed"),
    ];
    for (reason, code) in cordons {
        assert_eq!(reason.code(), code);
    }
}
