//! What keeps a server from starting: each reason with what to do about it, and an exit code.

use plimsoll_core::id::Address;
use plimsoll_tests::process::free_port;
use plimsoll_tests::product::{Ended, Installation, Settings};

use super::{assert_no_panic, offline, register, stop};

/// Checks that a start was refused, and that the reason says all of `expected`, each once.
#[track_caller]
fn check_refused(ended: &Ended, expected: &[&str]) {
    assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    assert_no_panic(&ended.stderr);
    for text in expected {
        assert!(
            ended.stderr.contains(text),
            "{text:?} is not in:\n{}",
            ended.stderr
        );
    }
}

#[test]
fn a_second_server_on_one_journal_is_refused() {
    let installation = Installation::new(&offline());
    let mut first = installation.serve_until_ready();
    installation.configure(&offline().to_toml(free_port(), &installation.journal()));
    let second = installation.run(&["serve", "--config"], &installation.config());
    check_refused(
        &second,
        &["another process has this journal open", "stop the other process"],
    );
    assert_eq!(register(&installation, 1)[0]["id"], "user-1", "the first goes on");
    stop(&mut first);
}

#[test]
fn a_second_server_on_one_port_is_refused() {
    let (installation, other) = (Installation::new(&offline()), Installation::new(&offline()));
    let mut first = installation.serve_until_ready();
    other.configure(&offline().to_toml(installation.port(), &other.journal()));
    let second = other.run(&["serve", "--init", "--config"], &other.config());
    check_refused(&second, &["listen on 127.0.0.1", "in use"]);
    stop(&mut first);
}

#[test]
fn a_missing_journal_is_refused_unless_one_is_asked_for() {
    let installation = Installation::new(&offline());
    let ended = installation.run(&["serve", "--config"], &installation.config());
    check_refused(
        &ended,
        &["find a journal at", "check the path in the configuration"],
    );
    assert!(!installation.journal().exists(), "it made one all the same");
}

#[test]
fn a_missing_configuration_is_refused() {
    let installation = Installation::new(&offline());
    let nowhere = installation.config().with_file_name("nowhere.toml");
    let ended = installation.run(&["serve", "--config"], &nowhere);
    check_refused(&ended, &["read the configuration file", "nowhere.toml"]);
}

#[test]
fn every_fault_of_a_configuration_is_reported_at_once() {
    let Settings { mut assets, .. } = offline();
    assets[1].min = "0.001";
    assets[0].scale = 6;
    let faulty = Settings {
        assets,
        price: Some(("USDT", "GOLD", "0")),
        patience: "soon",
        endpoints: vec![offline().endpoints.swap_remove(0)],
        ..offline()
    };
    let installation = Installation::new(&faulty);
    let toml = faulty.to_toml(free_port(), &installation.journal());
    installation.configure(&toml.replace("rate_burst = 1000000", "rate_brust = 7"));
    let expected = [
        "api.rate_brust",
        "assets[CREDIT].min",
        "assets[USDT].scale",
        "chains[56].endpoints",
        "escrow.patience",
        "products[USDT -> GOLD]",
    ];
    let ended = installation.run(&["serve", "--config"], &installation.config());
    check_refused(&ended, &expected);
    let checked = installation.run(&["config", "check"], &installation.config());
    assert_eq!(checked.code, Some(1), "{checked:?}");
    for path in expected {
        assert!(
            checked.stdout.contains(path),
            "{path} is not in:\n{}",
            checked.stdout
        );
    }
}

#[test]
fn malformed_hashes_and_addresses_are_named_with_what_is_expected() {
    let settings = offline();
    let installation = Installation::new(&settings);
    let mut toml = settings.to_toml(free_port(), &installation.journal());
    let cut = |text: String| text[..text.len() - 1].to_owned();
    for (whole, broken) in [
        (settings.genesis.to_string(), cut(settings.genesis.to_string())),
        (Settings::FACTORY.to_string(), "0x12".to_owned()),
        (Address::Evm([0x55; 20]).to_string(), "0x55zz".to_owned()),
        (
            "collect = []".to_owned(),
            "collect = [\"vitalik.eth\"]".to_owned(),
        ),
    ] {
        assert!(toml.contains(&whole), "{whole} is not in:\n{toml}");
        toml = toml.replace(&whole, &broken);
    }
    installation.configure(&toml);
    let ended = installation.run(&["serve", "--config"], &installation.config());
    check_refused(
        &ended,
        &[
            "assets[USDT].tokens[0].contract: is \"0x55zz\": expected \"0x\" and 40 hex digits",
            "chains[56].collect: is \"vitalik.eth\": expected",
            "chains[56].deposit_addresses.factory: is \"0x12\": expected",
            "chains[56].genesis: is \"0x",
            "expected \"0x\" and 64 hex digits",
        ],
    );
}

#[test]
fn a_journal_binds_the_configuration() {
    let installation = Installation::new(&offline());
    stop(&mut installation.serve_until_ready());
    let Settings { mut assets, .. } = offline();
    assets[1].scale = 4;
    let changed = Settings { assets, ..offline() };
    installation.configure(&changed.to_toml(free_port(), &installation.journal()));
    let ended = installation.run(&["serve", "--config"], &installation.config());
    check_refused(
        &ended,
        &["asset CREDIT", "the journal counts in 2 decimals", "set it back"],
    );
}
