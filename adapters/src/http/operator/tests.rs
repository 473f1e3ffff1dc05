use axum::http::{HeaderMap, HeaderValue, header};

use super::Operator;
use crate::config::{AccessToken, Role};

const SECRETS: [&str; 4] = ["first-secret", "second-secret", "third-secret", "fourth-secret"];

fn identified(authorization: &str) -> Option<(String, Role)> {
    let tokens = SECRETS
        .iter()
        .zip(Role::ALL)
        .map(|(secret, role)| AccessToken::new(format!("of {secret}"), role, secret));
    let tokens: Vec<_> = tokens.collect();
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_bytes(authorization.as_bytes()).expect("a value");
    headers.insert(header::AUTHORIZATION, value);
    let operator = Operator::identify(&tokens, &headers).ok()?;
    Some((operator.name, operator.role))
}

#[test]
fn each_bearer_is_told_from_the_others_and_nobody_else_is_one() {
    for (secret, role) in SECRETS.iter().zip(Role::ALL) {
        let expected = Some((format!("of {secret}"), role));
        assert_eq!(identified(&format!("Bearer {secret}")), expected);
    }
    for forged in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer first-secre",
        "Bearer first-secret ",
        "Bearer  first-secret",
        "Bearer first-secrets",
        "Bearer First-secret",
        "bearer first-secret",
        "Basic first-secret",
        "first-secret",
        "Bearer first-secret, Bearer second-secret",
        "Bearer \u{fc}",
    ] {
        assert_eq!(identified(forged), None, "{forged:?}");
    }
}
