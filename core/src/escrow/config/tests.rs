use core::num::NonZeroU64;
use core::time::Duration;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::{DepositAddresses, EndpointConfig, EscrowConfig, EscrowConfigError, Product};
use crate::escrow::testing::{asset, chain, config, registry};
use crate::id::{Address, BlockHash, ChainId};
use crate::limits::ENDPOINTS_MAX;
use crate::money::{Ratio, Registry};
use crate::resilience::Window;

const OTHER: ChainId = ChainId::new(97);

/// What is said of a configuration after `edit`, in the words that people read.
#[track_caller]
fn check(edit: impl FnOnce(&mut EscrowConfig), expected: &[&str]) {
    let mut config = config();
    edit(&mut config);
    let errors = config.check(&registry()).err().unwrap_or_default();
    let told: Vec<_> = errors.iter().map(EscrowConfigError::to_string).collect();
    assert_eq!(told, expected);
}

fn product(pays: &str, gives: &str) -> Product {
    let one = NonZeroU64::MIN;
    Product {
        pays: asset(pays),
        gives: asset(gives),
        price: Ratio {
            numerator: one,
            denominator: one,
        },
    }
}

#[test]
fn a_sound_configuration_is_accepted() {
    check(|_| {}, &[]);
    check(|config| config.products.clear(), &[]);
    check(|config| config.fast_track.clear(), &[]);
    check(|config| config.patience = config.sweep, &[]);
    check(
        |config| config.chains[0].endpoints = endpoints(ENDPOINTS_MAX),
        &[],
    );
    check(|config| config.chains[0].poll = Duration::from_millis(50), &[]);
}

fn endpoints(count: usize) -> Vec<EndpointConfig> {
    let numbered = |n| EndpointConfig {
        name: std::format!("rpc-{n}"),
        provider: std::format!("provider-{n}"),
        quotas: vec![],
    };
    (0..count).map(numbered).collect()
}

#[test]
fn quotas_leave_room_for_the_largest_question() {
    let quotas = |calls: &[u32]| {
        let per = Duration::from_secs(1);
        let window = |quota: &u32| Window { quota: *quota, per };
        calls.iter().map(window).collect::<Vec<_>>()
    };
    for (calls, expected) in [
        (&[16, 1_000][..], &[][..]),
        (&[5], &[]),
        (&[9; 4], &[]),
        (
            &[4],
            &[
                "chain eip155:56: endpoint rpc-0: quotas: 4 calls in 1s leave room for 2 at once, and the largest \
               question takes 3; allow more, or configure fewer tokens",
            ],
        ),
        (
            &[0],
            &["chain eip155:56: endpoint rpc-0: quotas: quota must be at least 1"],
        ),
        (
            &[9; 5],
            &["chain eip155:56: endpoint rpc-0: quotas: there are 5, expected at most 4"],
        ),
    ] {
        check(
            |config| config.chains[0].endpoints[0].quotas = quotas(calls),
            expected,
        );
    }
}

#[test]
fn each_chain_is_there_once_with_independent_endpoints() {
    check(
        |config| config.chains.push(chain()),
        &["chain eip155:56 is configured twice"],
    );
    check(
        |config| config.chains[0].endpoints.clear(),
        &["chain eip155:56: 0 endpoints, expected 1 to 32"],
    );
    check(
        |config| config.chains[0].endpoints = endpoints(ENDPOINTS_MAX + 1),
        &["chain eip155:56: 33 endpoints, expected 1 to 32"],
    );
    check(
        |config| config.chains[0].endpoints.truncate(1),
        &["chain eip155:56: its endpoints have one provider; a credit needs two independent ones"],
    );
    check(
        |config| {
            for endpoint in &mut config.chains[0].endpoints {
                endpoint.provider = "the same".to_string();
            }
        },
        &["chain eip155:56: its endpoints have one provider; a credit needs two independent ones"],
    );
    check(
        |config| config.chains[0].endpoints[3].name = "rpc-0".to_string(),
        &["chain eip155:56: endpoint rpc-0 is configured twice"],
    );
}

#[test]
fn chains_and_tokens_name_each_other() {
    check(
        |config| {
            config.chains.push(super::ChainConfig { id: OTHER, ..chain() });
        },
        &["chain eip155:97: no asset has a token on it"],
    );
    check(
        |config| config.chains.clear(),
        &["asset USDT: its token is on eip155:56, which is not configured"],
    );
}

#[test]
fn products_are_of_known_assets_and_one_for_each_paid() {
    check(
        |config| config.products = vec![product("USDT", "TIN")],
        &["product USDT -> TIN: TIN is not a configured asset"],
    );
    check(
        |config| config.products = vec![product("LEAD", "TIN")],
        &[
            "product LEAD -> TIN: LEAD is not a configured asset",
            "product LEAD -> TIN: TIN is not a configured asset",
        ],
    );
    let rule =
        |pays, gives| std::format!("product {pays} -> {gives}: an asset buys one product, and never itself");
    check(
        |config| config.products = vec![product("USDT", "USDT")],
        &[&rule("USDT", "USDT")],
    );
    check(
        |config| config.products.push(product("USDT", "GOLD")),
        &[&rule("USDT", "GOLD")],
    );
}

#[test]
fn schedules_make_progress() {
    let seconds = |n: &[u64]| n.iter().copied().map(Duration::from_secs).collect();
    check(
        |config| config.fast_track = seconds(&[1, 0]),
        &["fast_track must be in ascending order"],
    );
    check(
        |config| config.fast_track = seconds(&[0; 17]),
        &["fast_track must be at most 16 attempts"],
    );
    check(
        |config| config.fast_track = seconds(&[24 * 60 * 60 + 1]),
        &["fast_track must be within patience"],
    );
    check(
        |config| config.sweep = Duration::from_millis(99),
        &["sweep must be at least 100 ms"],
    );
    check(
        |config| {
            config.fast_track.clear();
            config.patience = Duration::from_millis(2_999);
        },
        &["patience must be at least one sweep"],
    );
    for (takeover, expected) in [
        (6_000, &[][..]),
        (5_999, &["takeover must be at least two sweeps"]),
    ] {
        let takeover = Duration::from_millis(takeover);
        let workers = super::Workers {
            has_immediate: false,
            takeover,
        };
        check(|config| config.workers = Some(workers), expected);
    }
    for (recheck, expected) in [(1_000, &[][..]), (999, &["recheck must be at least 1 s"])] {
        check(|config| config.recheck = Duration::from_millis(recheck), expected);
    }
    for count in [0, 4_097] {
        check(
            |config| config.rounds_max = count,
            &["rounds_max must be 1 to 4096"],
        );
    }
    check(
        |config| config.chains[0].poll = Duration::from_millis(49),
        &["poll must be at least 50 ms"],
    );
    check(|config| config.chains[0].stalled_lag = Some(20), &[]);
    check(
        |config| config.chains[0].stalled_lag = Some(19),
        &["stalled_lag must be at least 20 blocks of an EVM chain"],
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    check(
        |config| {
            config.chains[0].endpoints[1].name = "rpc-0".to_string();
            config.chains[0].poll = Duration::ZERO;
            config.products = vec![product("USDT", "TIN")];
            config.sweep = Duration::ZERO;
            config.rounds_max = 0;
        },
        &[
            "chain eip155:56: endpoint rpc-0 is configured twice",
            "poll must be at least 50 ms",
            "product USDT -> TIN: TIN is not a configured asset",
            "sweep must be at least 100 ms",
            "rounds_max must be 1 to 4096",
        ],
    );
    let empty = EscrowConfig::default();
    assert_eq!(
        empty.check(&Registry::default()),
        Ok(()),
        "nothing to do is no fault"
    );
}

#[test]
fn a_chain_is_named_in_the_words_of_its_family() {
    let mint = Address::Solana([1; 32]);
    let text = "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi";
    check(
        |config| config.chains[0].genesis = BlockHash::Solana([1; 32]),
        &[&std::format!(
            "chain eip155:56: its genesis {text} is not named as on such a chain"
        )],
    );
    check(
        |config| {
            config.chains[0].addresses = DepositAddresses::Program { program: mint };
            config.chains[0].collect.push(mint);
        },
        &[
            &std::format!("chain eip155:56: its program {text} is not named as on such a chain"),
            &std::format!("chain eip155:56: its collect address {text} is not named as on such a chain"),
        ],
    );
    let mut usdt = registry().asset(asset("USDT")).unwrap().clone();
    usdt.tokens[0].contract = mint;
    let errors = config().check(&Registry::new(vec![usdt]).unwrap()).unwrap_err();
    let foreign =
        |error: &EscrowConfigError| matches!(error, EscrowConfigError::ForeignName { what: "token", .. });
    assert!(errors.iter().any(foreign), "{errors:?}");
}

#[test]
fn a_solana_cluster_is_accepted_with_the_genesis_that_names_it() {
    let genesis = BlockHash::Solana([1; 32]);
    let id = ChainId::of_cluster(&genesis).unwrap();
    let mint = Address::Solana([2; 32]);
    let mut usdt = registry().asset(asset("USDT")).unwrap().clone();
    usdt.tokens[0].chain = id;
    usdt.tokens[0].contract = mint;
    let mut config = EscrowConfig {
        products: vec![],
        ..config()
    };
    config.chains[0] = super::ChainConfig {
        id,
        genesis,
        addresses: DepositAddresses::Program { program: mint },
        collect: vec![mint],
        ..chain()
    };
    let registry = Registry::new(vec![usdt]).unwrap();
    assert_eq!(config.check(&registry), Ok(()));

    config.chains[0].genesis = BlockHash::Solana([3; 32]);
    config.chains[0].endpoints[0].quotas = vec![Window {
        quota: 16,
        per: Duration::from_secs(1),
    }];
    let errors = config.check(&registry).unwrap_err();
    let told: Vec<_> = errors.iter().map(EscrowConfigError::to_string).collect();
    assert_eq!(
        told,
        [
            "chain solana:4vJ9JU1bJJ: endpoint rpc-0: quotas: 16 calls in 1s leave room for 8 at once, and the largest \
             question takes 14; allow more, or configure fewer tokens",
            "chain solana:4vJ9JU1bJJ: its genesis CktRuQ2mttgRGkXJtyksdKHjUdc2C4TgDzyB98oEzy8 does not begin with these digits",
        ]
    );
}
