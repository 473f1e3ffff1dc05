use super::Limits;
use crate::ledger::script::{asset, owner, registry, run};
use crate::ledger::{AccountKey, Ledger, Refusal, Rules};

#[test]
fn limits_bind_from_the_moment_they_are_set() {
    run("
        limits alice 0..10               -> set
        post custody>alice 11            -> above_maximum
        post custody>alice 10            -> transaction-1
        hold custody>alice 1             -> above_maximum
        limits alice 4..12               -> set
        hold custody>alice 2             -> transaction-2
        post custody>alice 1             -> above_maximum
        post alice>bob 7                 -> below_minimum
        hold alice>bob 7                 -> below_minimum
        hold alice>bob 6                 -> transaction-3
        post alice>bob 1                 -> below_minimum
        post custody>alice 1             -> above_maximum
        post-hold 2                      -> transaction-2
        void 3                           -> transaction-3
        balance alice                    -> 12 available, 0 held, 0 incoming
        reverse 1                        -> below_minimum
    ");
}

#[test]
fn limits_bind_every_kind_of_owner() {
    run("
        limits custody 0..10             -> set
        post custody>alice 11            -> above_maximum
        post custody>alice 10            -> transaction-1
        limits custody 4..10             -> set
        post alice>custody 7             -> below_minimum
        post alice>custody 6             -> transaction-2
    ");
}

#[test]
fn limits_that_are_broken_already_are_refused() {
    run("
        post custody>alice 10            -> transaction-1
        limits alice 11..20              -> below_minimum
        limits alice 0..9                -> above_maximum
        hold alice>bob 4                 -> transaction-2
        limits alice 7..20               -> below_minimum
        limits alice 0..9                -> above_maximum
        limits bob 0..3                  -> above_maximum
        limits alice 6..10               -> set
        limits alice -1..10              -> limits_invalid
        limits alice 7..6                -> limits_invalid
        limits alice 0..max              -> set
    ");
}

#[test]
fn only_known_assets_get_limits() {
    let ledger = Ledger::new();
    let registry = registry();
    let decide = |symbol| {
        let account = AccountKey {
            owner: owner("alice"),
            asset: asset(symbol),
        };
        ledger.decide_limits(Rules::Registered(&registry), account, Limits::default())
    };
    let unknown = Refusal::UnknownAsset { asset: asset("NONE") };
    assert_eq!(decide("NONE"), Err(unknown));
    assert!(decide("USDT").is_ok());
    assert!(decide("OLD").is_ok());
}
