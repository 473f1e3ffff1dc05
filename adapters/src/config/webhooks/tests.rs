use figment::Figment;
use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Value};
use plimsoll_core::id::UserId;
use plimsoll_core::webhook::{Kind, Topic};

use super::read_all;
use crate::config::fault::Faults;
use crate::config::section::Section;
use crate::webhook::WebhookConfig;

fn read(toml: &str) -> (Vec<WebhookConfig>, String) {
    let values: Dict = Figment::from(Toml::string(toml)).extract().expect("TOML");
    let mut faults = Faults::default();
    let mut root = Section::new("", Value::from(values), &mut faults);
    let webhooks = read_all(root.tables("webhooks", &mut faults), &mut faults);
    root.finish(&mut faults);
    let faults: Vec<String> = faults.into_sorted().iter().map(ToString::to_string).collect();
    (webhooks, faults.join("\n"))
}

#[test]
fn a_receiver_is_read_with_everything_that_it_may_have() {
    let (webhooks, faults) = read(
        r#"
        [[webhooks]]
        name = "shop"
        url = "https://shop.example.com/hooks?key=k"
        secret = "0123456789abcdef0123456789abcdef"
        old_secret = "fedcba9876543210fedcba9876543210"
        events = ["deposit.*", "alert.raised"]
        users = ["user-1", "user-7"]
        timeout = "3s"
        calls_max = 4
        attempts_max = 3
        "#,
    );
    assert_eq!(faults, "");
    let [shop] = &webhooks[..] else {
        panic!("{webhooks:?}")
    };
    assert_eq!((shop.secrets.len(), shop.policy.calls_max), (2, 4));
    assert_eq!(shop.policy.backoff.attempts_max, Some(3));
    assert_eq!(shop.subscription.kinds.len(), 8);
    let topic = |user| Topic {
        kind: Kind::DepositFinal,
        user: Some(UserId::new(user)),
    };
    assert!(shop.subscription.has(topic(7)) && !shop.subscription.has(topic(2)));
    let shown = format!("{shop:?}");
    assert!(!shown.contains("0123") && !shown.contains("key=k"), "{shown}");
}

#[test]
fn everything_that_is_wrong_is_said_with_its_mending_and_without_the_secret() {
    let (_, faults) = read(
        r#"
        [[webhooks]]
        name = "a b"
        url = "ftp://x"
        secret = "hunter2"
        events = []
        [[webhooks]]
        name = "shop"
        url = "http://user:pass@x/"
        secret = "0123456789abcdef0123456789abcdef"
        events = ["deposit.credited"]
        users = []
        timeout = "1m"
        calls_max = 17
        attempts_max = 0
        retries = 3
        [[webhooks]]
        name = "good"
        url = "http://x/"
        secret = "0123456789abcdef0123456789abcdef"
        events = ["*"]
        [[webhooks]]
        name = "good"
        url = "http://x/"
        secret = "0123456789abcdef0123456789abcdef"
        events = ["*"]
        "#,
    );
    assert!(!faults.contains("hunter2"), "{faults}");
    insta::assert_snapshot!("faults", faults);
}
