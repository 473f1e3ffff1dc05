use super::{AccessToken, Role, SecretHash};
use crate::config::{ConfigError, ServerConfig};

const SAMPLE: &str = include_str!("../../../plimsoll.sample.toml");
const SECRET: &str = "do-not-show-this-secret";

fn with(tables: &str) -> Result<Vec<AccessToken>, ConfigError> {
    let contents = format!("{SAMPLE}\n{tables}");
    ServerConfig::from_toml(&contents, 7).map(|config| config.api.tokens)
}

fn table(name: &str, role: &str, token: &str) -> String {
    format!("[[api.tokens]]\nname = \"{name}\"\nrole = \"{role}\"\ntoken = \"{token}\"\n")
}

#[test]
fn each_bearer_is_read() {
    let other = "another-secret-of-somebody-else";
    let tables = table("alice", "admin", SECRET) + &table("bob@example.org", "viewer", other);
    let tokens = with(&tables).expect("sound");
    let expected = [
        AccessToken::new("alice", Role::Admin, SECRET),
        AccessToken::new("bob@example.org", Role::Viewer, other),
    ];
    assert_eq!(tokens, expected);
    assert!(bool::from(tokens[0].is_of(&SecretHash::of(SECRET))));
    assert!(!bool::from(tokens[0].is_of(&SecretHash::of(other))));
    assert!(Role::Worker < Role::Viewer && Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
}

#[test]
fn what_is_wrong_with_tokens_is_said_without_showing_one() {
    let tables = [
        table("short", "operator", "short"),
        table("blank", "operator", "a secret with blanks in it"),
        table("odd", "owner", SECRET),
        table("twice", "viewer", "a-secret-that-is-shared-by-two"),
        table("twice", "viewer", "a-secret-of-a-name-twice-given"),
        table("like", "admin", "a-secret-that-is-shared-by-two"),
        table("a b", "viewer", SECRET),
        "[[api.tokens]]\nname = \"bare\"\nrle = \"viewer\"\n".to_owned(),
    ];
    let error = with(&tables.concat()).expect_err("refused").to_string();
    assert!(!error.contains(SECRET) && !error.contains("a-secret-"), "{error}");
    insta::assert_snapshot!(error);
}

#[test]
fn more_tokens_than_are_compared_are_refused() {
    let tables: String = (0..257)
        .map(|n| table(&format!("n{n}"), "viewer", &format!("{SECRET}-{n}")))
        .collect();
    let error = with(&tables).expect_err("refused").to_string();
    assert!(
        error.contains("api.tokens: has 257 tables\n    fix: write at most 256"),
        "{error}"
    );
}

#[test]
fn a_token_is_never_shown() {
    let shown = format!("{:?}", AccessToken::new("alice", Role::Admin, SECRET));
    let hash = blake3::hash(SECRET.as_bytes()).to_hex();
    assert_eq!(
        shown,
        "AccessToken { name: \"alice\", role: Admin, secret: SecretHash(..) }"
    );
    assert!(!shown.contains(hash.as_str()));
}
