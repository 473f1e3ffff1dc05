//! A process that ends at a bad moment, and one that starts with another configuration.

use core::time::Duration;
use std::vec;
use std::vec::Vec;

use super::bends::{silent, without_receipts};
use super::{House, key, named, replayed};
use crate::bank::{Bank, BankConfig, Command, ConfigError, OpenError, Record, Refusal, Reply};
use crate::escrow::testing::{CHAIN, COLLECT, asset, block, chain, tx};
use crate::escrow::{Resolution, deposit_address};
use crate::id::{Address, UserId};
use crate::ledger::LedgerRecord;
use crate::money::{Asset, Registry};
use crate::time::WallClock;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn edit_assets(config: &mut BankConfig, edit: impl Fn(&mut Asset)) {
    let mut assets: Vec<Asset> = config.registry.assets().cloned().collect();
    assets.iter_mut().for_each(edit);
    config.registry = Registry::new(assets).unwrap();
}

fn retry(n: u8) -> Command {
    Command::ResolveDeadLetter {
        tx: named(n),
        resolution: Resolution::Retry,
        actor: "ops".into(),
        reason: "set right".into(),
    }
}

#[test]
fn a_long_pause_of_the_process_does_not_count_against_a_deposit_that_nobody_looked_for() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.bend_all(without_receipts);
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.mine(4);
    assert_eq!(
        house.stage(1),
        "observed",
        "the scanner found it, and nobody showed it"
    );
    house.now = house.now.after(DAY * 2);
    house.restart(|_| {});
    house.bends.clear();
    house.mine(4);
    assert_eq!(house.stage(1), "final");
    assert_eq!(house.balances(alice), (0, 0, 10));
    house.audit();
}

#[test]
fn what_was_named_by_a_clock_that_ran_ahead_is_given_up_all_the_same() {
    let mut house = House::with(|config| config.escrow.patience = SECOND * 10);
    let (alice, _) = house.register("alice");
    let dawn = house.dawn;
    house.dawn = dawn.after(DAY * 36_500);
    house.claim(alice, 1);
    house.dawn = dawn;
    house.restart(|_| {});
    house.mine(20);
    assert_eq!(house.stage(1), "dead_letter");
    house.audit();
}

#[test]
fn a_chain_with_work_under_way_cannot_be_taken_out_of_the_configuration() {
    let mut house = House::with(|config| config.escrow.patience = SECOND * 10);
    let (alice, _) = house.register("alice");
    house.claim(alice, 1);
    let mut config = house.bank.config().clone();
    config.escrow.chains.clear();
    edit_assets(&mut config, |asset| asset.tokens.clear());
    let refused = Bank::open(config.clone(), house.bank.state().clone()).unwrap_err();
    assert_eq!(
        refused,
        [OpenError::ChainMissing {
            chain: CHAIN,
            open: 1
        }]
    );
    house.mine(14);
    assert_eq!(house.stage(1), "dead_letter");
    house.bank = Bank::open(config, replayed(&house.records)).unwrap();
    assert_eq!(
        house.command(retry(1)),
        Reply::Refused(Refusal::UnknownChain(CHAIN))
    );
    house.audit();
}

#[test]
fn a_seen_deposit_that_another_configuration_no_longer_knows_is_for_a_person_to_look_at() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    assert_eq!(house.stage(1), "seen");
    house.restart(|config| {
        edit_assets(config, |asset| {
            asset
                .tokens
                .iter_mut()
                .for_each(|token| token.contract = Address::Evm([0x66; 20]));
        });
    });
    house.mine(70); // so far that the scanner does not come back to it
    assert_eq!(house.stage(1), "dead_letter");
    house.restart(|config| {
        edit_assets(config, |asset| {
            asset
                .tokens
                .iter_mut()
                .for_each(|token| token.contract = crate::escrow::testing::TOKEN);
        });
    });
    house.handle(crate::bank::Event::Tick);
    assert_eq!(house.command(retry(1)), Reply::Done);
    house.mine(4);
    assert_eq!(house.stage(1), "final");
    assert_eq!(house.balances(alice), (0, 0, 10));
    house.audit();
}

/// What an operator takes out of the configuration by mistake.
type Mistake = fn(&mut BankConfig);

#[test]
fn the_slow_sweep_closes_what_another_configuration_no_longer_knew_once_all_of_it_is_known_again() {
    let another_token: Mistake = |config| {
        edit_assets(config, |asset| {
            let tokens = asset.tokens.iter_mut();
            tokens.for_each(|token| token.contract = Address::Evm([0x66; 20]));
        });
    };
    let no_collect_address: Mistake = |config| config.escrow.chains[0].collect.clear();
    for (mistake, what) in [
        (another_token, "nothing of it is known"),
        (no_collect_address, "one of two is known"),
    ] {
        let mut house = House::new();
        let (alice, address) = house.register("alice");
        house.mine(1);
        house.pay(1, &[(address, 3_000), (COLLECT, 4_000)]);
        house.claim(alice, 1);
        assert_eq!(house.stage(1), "seen");
        let right = house.bank.config().clone();
        house.restart(mistake);
        house.mine(70);
        house.pass(SECOND * 1_300);
        assert_eq!(
            house.stage(1),
            "dead_letter",
            "{what}: it is a person's to decide"
        );
        house.restart(|config| *config = right);
        house.pass(SECOND * 700);
        assert_eq!((house.stage(1), house.final_deposits(1)), ("final", 2), "{what}");
        assert_eq!(house.balances(alice), (0, 0, 10));
        house.audit();
    }
}

#[test]
fn a_new_chain_is_scanned_only_once_every_user_has_an_address_on_it() {
    let before = |n: u64| {
        let (user, name) = (UserId::new(n), std::format!("user {n}"));
        let registered = Record::UserRegistered {
            user,
            key: key(&name),
            name,
            addresses: vec![],
            at: WallClock::default(),
        };
        let opened = LedgerRecord::AccountsOpened {
            user,
            assets: vec![asset("USDT")],
        };
        [registered, Record::Ledger(opened)]
    };
    let assets = [("USDT", 18), ("GOLD", 2)].map(|(symbol, scale)| Record::AssetRegistered {
        asset: asset(symbol),
        scale,
    });
    let records = assets.into_iter().chain((1..=20_000).flat_map(before)).collect();
    let mut house = House::after(records, |_| {});
    let early = deposit_address(&chain().addresses, UserId::new(1));
    house.pay(1, &[(early, 3_000)]);
    house.mined.get_mut(&tx(1)).unwrap().block = block(5); // in the first range that is scanned
    house.mine(5);
    assert_eq!(house.stage(1), "final");
    house.audit();
}

#[test]
fn a_pool_policy_that_makes_no_sense_is_refused_and_not_a_panic() {
    let house = House::new();
    let mut config = house.bank.config().clone();
    config.pool.probe_interval = Duration::ZERO;
    config.escrow.rounds_max = 0;
    let open = |config| Bank::open(config, house.bank.state().clone()).unwrap_err();
    assert_eq!(open(config.clone()).len(), 2, "all at once");
    config.escrow.rounds_max = 1;
    let [OpenError::Config(ConfigError::Pool(error))] = open(config)[..] else {
        panic!("only the pool is wrong")
    };
    assert_eq!(error.setting, "probe_interval");
}

#[test]
fn a_restart_in_the_middle_of_everything_asks_again() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.bend_all(silent);
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    for _ in 0..5 {
        house.pass(SECOND / 3);
        house.restart(|_| {});
    }
    house.bends.clear();
    house.mine(4);
    assert_eq!(house.balances(alice), (0, 0, 10));
    house.audit();
}
