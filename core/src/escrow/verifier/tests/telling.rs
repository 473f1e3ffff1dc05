//! What the verifier tells of its work, and that bad luck costs time alone.

use alloc::collections::BTreeSet;
use std::vec;

use super::{Finding, Office, SECOND, Verifier, named};
use crate::chaos::{Chaos, Intensity};
use crate::escrow::testing::{CHAIN, COLLECT, block, config, receipt, registry, tx};
use crate::escrow::{Evidence, TxKey};
use crate::id::ChainId;
use crate::resilience::{BreakerState, CordonReason, PoolPolicy};
use crate::rng::Rng;

#[test]
fn attempts_and_the_finalized_height_are_told() {
    let mut office = Office::new();
    assert_eq!(office.verifier.attempts(named(tx(1))), 0);
    office.watch(tx(1));
    office.run(SECOND * 10);
    let is_attempt = |(_, finding): &&(_, Finding)| matches!(finding, Finding::Absent { .. });
    let attempts = office.findings.iter().filter(is_attempt).count();
    assert!(attempts > 3, "{attempts}");
    let told = office.verifier.attempts(named(tx(1)));
    assert_eq!(usize::try_from(told), Ok(attempts));
    let elsewhere = TxKey {
        chain: ChainId::new(97),
        tx: tx(1),
    };
    assert_eq!(office.verifier.attempts(elsewhere), 0);
    let finalized = office.verifier.finalized(CHAIN).unwrap();
    let newest = office.height() - 2;
    assert!(
        (newest - 1..=newest).contains(&finalized),
        "{finalized} of {newest}"
    );
}

#[test]
fn what_the_bank_must_journal_waits_for_room_and_nothing_else_does() {
    let evidence = Evidence {
        block: block(5),
        digest: 1,
        votes: vec![],
    };
    let (endpoint, reason) = (0, CordonReason::Disagreed);
    let (from, to) = (BreakerState::Closed, BreakerState::Open);
    for (finding, expected) in [
        (
            Finding::Mined {
                receipt: receipt(1, block(5), vec![]),
                evidence,
            },
            true,
        ),
        (
            Finding::Absent {
                tx: tx(1),
                votes: vec![],
            },
            true,
        ),
        (Finding::Undecided { tx: tx(1) }, true),
        (
            Finding::Scanned {
                to: block(5),
                logs: vec![],
            },
            true,
        ),
        (Finding::Disagreed { endpoint }, false),
        (Finding::Cordoned { endpoint, reason }, false),
        (Finding::Breaker { endpoint, from, to }, false),
    ] {
        assert_eq!(finding.makes_records(), expected, "{finding:?}");
    }
}

#[test]
fn bad_luck_costs_time_alone() {
    let mut office = Office::new();
    let intensity = Intensity {
        activation_percent: 100,
        firing_percent: 50,
    };
    office
        .verifier
        .set_chaos(&Chaos::on(Rng::from_seed(1), 1, intensity));
    office.pay(1, COLLECT);
    office.watch(tx(1));
    office.run(SECOND * 60);
    let (_, is_final) = office.mined_after(office.now, tx(1));
    assert!(is_final.is_some());
    assert!(office.scanned() + 4 >= office.height(), "{}", office.scanned());
    let fired: BTreeSet<&str> = office
        .verifier
        .chaos()
        .flat_map(Chaos::sites)
        .filter(|site| site.fired > 0)
        .map(|site| site.name)
        .collect();
    let sites = [
        "desk/few_rounds",
        "desk/verify_again",
        "pool/explore",
        "pool/give_up_early",
        "scan/short",
    ];
    assert_eq!(fired, sites.into());
}

#[test]
fn a_configuration_of_other_chains_is_told_from_its_own() {
    let config = config();
    let verifier = Verifier::new(
        &config,
        &registry(),
        &PoolPolicy::default(),
        &Rng::from_seed(7),
        |_| None,
    );
    assert!(verifier.is_of(&config));
    let mut other = config.clone();
    other.chains[0].start_block += 1;
    assert!(!verifier.is_of(&other));
    other = config.clone();
    other.chains.push(config.chains[0].clone());
    assert!(!verifier.is_of(&other));
}
