use std::time::Duration;

use plimsoll_core::id::{ChainId, EndpointId};
use plimsoll_core::limits::TEXT_BYTES_MAX;
use plimsoll_core::monitor::MonitorPolicy;
use plimsoll_core::resilience::Window;

use super::{ConfigError, ServerConfig};

const SAMPLE: &str = include_str!("../../plimsoll.sample.toml");
const TOKEN: &str = "do-not-show-this-secret";

fn load(contents: &str) -> Result<ServerConfig, ConfigError> {
    ServerConfig::from_toml(contents, 7)
}

/// The sample with each of `edits` made in it.
fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(SAMPLE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the sample has no {from:?}");
        text.replacen(from, to, 1)
    })
}

#[track_caller]
fn faults(contents: &str) -> String {
    match load(contents) {
        Ok(_) => panic!("the configuration was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_sample_is_sound_and_says_the_defaults() {
    let config = load(SAMPLE).expect("the sample loads");
    let chain = &config.bank.escrow.chains[0];
    assert_eq!(chain.endpoints.len(), 7);
    assert_eq!(config.bank.escrow.chains[1].endpoints.len(), 4);
    assert_eq!(config.endpoints.len(), 11);
    let first = EndpointId {
        chain: ChainId::new(56),
        index: 0,
    };
    assert_eq!(
        config.endpoints[&first].to_string(),
        "https://bsc-dataseed.bnbchain.org"
    );
    let usdt = config
        .bank
        .registry
        .asset("USDT".parse().expect("a symbol"))
        .expect("the asset");
    assert_eq!((usdt.scale, usdt.tokens[0].decimals), (18, 18));
    let price = config.bank.escrow.products[0].price;
    assert_eq!(
        (price.numerator.get(), price.denominator.get()),
        (3, 20_000_000_000_000_000)
    );

    // What the sample spells out is what is assumed when it is left out.
    assert_eq!(config.record.limits, super::RecordConfig::default().limits);
    assert_eq!(config.bank.pool, plimsoll_core::resilience::PoolPolicy::default());
    let schedule = plimsoll_core::escrow::EscrowConfig::default();
    assert_eq!(config.bank.escrow.fast_track, schedule.fast_track);
    assert_eq!(config.bank.escrow.sweep, Duration::from_secs(3));
    assert_eq!(config.bank.escrow.patience, schedule.patience);
    assert_eq!(config.api.rate, super::ApiConfig::default().rate);
    assert_eq!(
        config.api.request_timeout,
        super::ApiConfig::default().request_timeout
    );
}

#[test]
fn every_fault_is_reported_at_once() {
    let contents = edited(&[
        (
            "listen = \"127.0.0.1:8080\"",
            "listen = \"localhost\"\nlisten_on = 1",
        ),
        ("body_bytes_max = 65536", "body_bytes_max = \"64k\""),
        ("path = \"data/journal.db\"", "pth = \"data/journal.db\""),
        ("scale = 18 ", "scale = 6 "),
        (
            "min = \"0.01\"                   # the least",
            "min = \"0.0000001\" # the least",
        ),
        ("chain = 56\n", "chain = 57\n"),
        ("price = \"3/2\"", "price = \"1,5\""),
        ("poll = \"500ms\"", "poll = \"0.5s\""),
        ("collect = []", "collect = [\"0x12\"]"),
        (
            "url = \"https://bsc-dataseed2.bnbchain.org\"",
            "url = \"bsc-dataseed2.bnbchain.org?key=secret\"",
        ),
        ("sweep = \"3s\"", "sweep = \"0s\""),
        ("half_open_permits = 3", "half_open_permits = 300"),
        ("[pool]", "[pol]\n[pool]"),
    ]);
    insta::assert_snapshot!(faults(&contents));
}

#[test]
fn every_fault_between_the_tables_is_reported_at_once() {
    let long_name = format!("name = \"{}\"", "x".repeat(TEXT_BYTES_MAX + 1));
    let mut contents = edited(&[
        ("decimals = 18 ", "decimals = 19 "),
        ("max = \"1500000\"", "max = \"0\""),
        ("name = \"Service credit\"", &long_name),
        ("gives = \"CREDIT\"", "gives = \"GOLD\""),
        ("name = \"bnb-2\"", "name = \"bnb-1\""),
        ("poll = \"500ms\"", "poll = \"1ms\"\nstalled_lag = 19"),
        (
            "fast_track = [\"0s\", \"1s\", \"2s\"]",
            "fast_track = [\"2s\", \"1s\"]",
        ),
        ("ban = \"1s\"", "ban = \"1h\""),
    ]);
    contents.push_str(
        r#"
[[chains]]
id = 97
genesis = "0x6d3c66c5357ec91d5c43af47e234a939b22557cbb552dc45bebbceeed90fbe34"
start_block = 1
[chains.deposit_addresses]
factory = "0x4e59b44847b379578588920ca78fbf26c0b4956c"
init_code_hash = "0x94a41bb7a2e9d9ef2a9d6c1e3f7bd8c40f2bb0fb0cf4e86f4b4a6a4cda6a8c11"
[[chains.endpoints]]
name = "testnet"
provider = "BNB Chain"
url = "http://localhost:8575"
"#,
    );
    insta::assert_snapshot!(faults(&contents));
}

#[test]
fn chains_are_described_in_the_words_of_their_family() {
    let mint = "\"Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB\"";
    let told = faults(&edited(&[("collect = []", &format!("collect = [{mint}]"))]));
    assert!(told.contains("expected \"0x\" and 40 hex digits"), "{told}");

    let told = faults(&edited(&[
        (mint, "\"0x55d398326f99059fF775485246999027B3197955\""),
        (
            "collect = []                   # wallets",
            "collect = [\"es9v\"]  # wallets",
        ),
        (
            "program = \"DepositsBe1ongToTheUsersWhoPaidThem11111111\"",
            "factory = \"x\"",
        ),
    ]));
    for expected in [
        "assets[USDT].tokens[1].contract: is \"0x55d398326f99059fF775485246999027B3197955\": expected the base58 of 32 bytes",
        "chains[solana:5eykt4UsFv].collect: is \"es9v\": expected the base58 of 32 bytes",
        "chains[solana:5eykt4UsFv].deposit_addresses.program: is missing",
        "chains[solana:5eykt4UsFv].deposit_addresses.factory: is not a known field",
    ] {
        assert!(told.contains(expected), "{expected} in {told}");
    }

    let told = faults(&edited(&[(
        "genesis = \"5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d\"",
        "genesis = \"EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG\"",
    )]));
    let expected = "chains[solana:5eykt4UsFv].genesis: chain solana:5eykt4UsFv: its genesis \
                    EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG does not begin with these digits";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn an_empty_file_says_what_is_required() {
    insta::assert_snapshot!(faults(""));
}

#[test]
fn what_is_no_toml_is_refused_with_the_place() {
    let Err(ConfigError::Parse(why)) = load("[api\nlisten = 1") else {
        panic!("expected a parse error");
    };
    assert!(why.contains("line 1"), "{why}");
}

/// Runs `test` on the sample in a file, in an environment of its own.
#[expect(clippy::result_large_err, reason = "the error type is the jail's")]
fn in_jail(test: impl FnOnce(&mut figment::Jail)) {
    figment::Jail::expect_with(|jail| {
        jail.create_file("plimsoll.toml", SAMPLE)?;
        test(jail);
        Ok(())
    });
}

#[test]
fn the_environment_overrides_the_file() {
    in_jail(|jail| {
        jail.set_env("PLIMSOLL_API__LISTEN", "127.0.0.1:9");
        let tokens = format!(r#"[{{name="alice",role="operator",token="{TOKEN}"}}]"#);
        jail.set_env("PLIMSOLL_API__TOKENS", tokens);
        let config = ServerConfig::load(std::path::Path::new("plimsoll.toml"), 7).expect("sound");
        assert_eq!(config.api.listen.port(), 9);
        assert_eq!(
            config.api.tokens,
            [super::AccessToken::new("alice", super::Role::Operator, TOKEN)]
        );
    });
}

#[test]
fn an_unknown_variable_is_refused_like_an_unknown_field() {
    in_jail(|jail| {
        jail.set_env("PLIMSOLL_API__LISTENN", "127.0.0.1:9");
        let error = ServerConfig::load(std::path::Path::new("plimsoll.toml"), 7).expect_err("refused");
        assert!(error.to_string().contains("did you mean \"listen\""), "{error}");
    });
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = ServerConfig::load(std::path::Path::new("/nowhere/plimsoll.toml"), 7).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "read the configuration file /nowhere/plimsoll.toml"
    );
}

#[test]
fn secrets_are_never_shown() {
    let contents = edited(&[
        (
            "[journal]",
            &format!("[[api.tokens]]\nname = \"a\"\nrole = \"admin\"\ntoken = \"{TOKEN}\"\n[journal]"),
        ),
        ("https://bsc.drpc.org", &format!("https://bsc.drpc.org/{TOKEN}")),
    ]);
    let shown = format!("{:?}", load(&contents).expect("sound"));
    assert!(!shown.contains(TOKEN), "{shown}");

    let spoilt = edited(&[
        (
            "[journal]",
            &format!("[[api.tokens]]\nname = \"a\"\nrole = \"admin\"\ntoken = \"{TOKEN} \"\n[journal]"),
        ),
        ("https://bsc.drpc.org", &format!("ftp://bsc.drpc.org/{TOKEN}")),
    ]);
    assert!(!faults(&spoilt).contains(TOKEN));
}

#[test]
fn thresholds_of_the_monitor_are_read_and_checked() {
    let sample = load(SAMPLE).expect("sound");
    assert_eq!(
        sample.monitor,
        MonitorPolicy::default(),
        "the sample shows the defaults"
    );
    let contents = edited(&[
        ("pending_max = 10 ", "pending_max = 500 "),
        ("repeat_after = \"4h\"", "repeat_after = \"30m\""),
    ]);
    let monitor = load(&contents).expect("sound").monitor;
    assert_eq!(
        (monitor.pending_max, monitor.repeat_after),
        (500, Duration::from_secs(1_800))
    );
    let told = faults(&edited(&[
        ("silence_max = \"10s\"", "silence_max = \"0s\""),
        ("clear_percent = 80", "clear_percent = 101"),
        ("dead_letters_max", "dead_letter_max"),
    ]));
    for expected in [
        "monitor.silence_max: silence_max must be longer than zero",
        "monitor.clear_percent: is 101\n    fix: write a number from 1 to 100",
        "monitor.dead_letter_max: is not a known field\n    fix: did you mean \"dead_letters_max\"?",
    ] {
        assert!(told.contains(expected), "{expected} in {told}");
    }
}

#[test]
fn quotas_are_calls_and_a_span() {
    let quotas = |text: &str| edited(&[("quotas = [\"10000/5m\"]", &format!("quotas = {text}"))]);
    let config = load(&quotas("[\"10000/5m\", \"20/1s\"]")).expect("sound");
    let found = &config.bank.escrow.chains[0].endpoints[0].quotas;
    let expected = [(10_000, 300), (20, 1)].map(|(quota, seconds)| Window {
        quota,
        per: Duration::from_secs(seconds),
    });
    assert_eq!(found[..], expected);
    let told = |text: &str| {
        faults(&quotas(text))
            .lines()
            .nth(1)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let place = "chains[56].endpoints[0].quotas: is";
    for (text, expected) in [
        (
            "[\"ten/1s\"]",
            "\"ten/1s\": no whole number of calls comes before the slash",
        ),
        (
            "[\"10 per second\"]",
            "\"10 per second\": there is no slash in it",
        ),
        (
            "[\"10/1d\"]",
            "\"10/1d\": what follows the slash is not a whole number and a unit",
        ),
        ("[\"0/1s\"]", "\"0/1s\": quota must be at least 1"),
        (
            "[\"9/0s\"]",
            "\"9/0s\": per must be a nanosecond for each call to 31 days",
        ),
        ("\"9/1s\"", "not a list"),
    ] {
        assert_eq!(told(text), format!("{place} {expected}"), "{text}");
    }
    let narrow = "chains[56].endpoints[bnb-1].quotas: chain eip155:56: endpoint bnb-1: quotas: 4 calls in 1s leave room for 2 \
                  at once, and the largest question takes 3; allow more, or configure fewer tokens";
    assert_eq!(told("[\"4/1s\"]"), narrow);
}

#[test]
fn a_recording_is_bounded_and_its_key_is_never_shown() {
    let record = |fields: &str| format!("{SAMPLE}\n").replacen("segment_bytes = 67108864", fields, 1);
    let config = load(&record(
        "key = \"do-not-show-this-secret\"\nsegment_bytes = 16384",
    ))
    .expect("it loads");
    assert_eq!(config.record.limits.segment_bytes, 16_384);
    assert_eq!(
        config.record.key.as_ref().map(super::RecordKey::expose),
        Some(TOKEN)
    );
    assert!(!format!("{config:?}").contains(TOKEN));
    let short = faults(&record("key = \"a secret\"\nsegment_bytes = 1000"));
    assert!(
        short.contains("record.key: is not at least 22 visible ASCII characters"),
        "{short}"
    );
    assert!(
        short.contains("record.segment_bytes: is 1000\n    fix: write a number from 16384 to 1073741824"),
        "{short}"
    );
    assert!(!short.contains("a secret"));
}
