//! The `[[webhooks]]` tables: who is told what, signed with what.

use std::collections::BTreeSet;
use std::time::Duration;

use figment::value::Value;
use plimsoll_core::id::UserId;
use plimsoll_core::webhook::{CALLS_MAX, Kind, RECEIVERS_MAX, Subscription, TIMEOUT_MAX, WebhookPolicy};

use super::fault::Faults;
use super::section::{Section, Unfit, duration, list, name, parsed, text, within};
use crate::chain::EndpointUrl;
use crate::webhook::{Secret, WebhookConfig};

/// The fewest characters of a secret: 192 bits in base 64.
const SECRET_CHARS_MIN: usize = 32;
/// The longest name.
const NAME_CHARS_MAX: usize = 32;
/// The most users that one receiver is told of by name.
const USERS_MAX: usize = 1_000;
const ATTEMPTS_MAX: u64 = 100;

/// Reads the tables; those with a fault are left out.
pub(super) fn read_all(sections: Vec<Section>, faults: &mut Faults) -> Vec<WebhookConfig> {
    if sections.len() > RECEIVERS_MAX {
        faults.add(
            "webhooks",
            format!("has {} tables", sections.len()),
            format!("write at most {RECEIVERS_MAX}"),
        );
        return Vec::new();
    }
    let mut webhooks: Vec<WebhookConfig> = Vec::new();
    for section in sections {
        let Some(webhook) = read(section, faults) else {
            continue;
        };
        if webhooks.iter().any(|other| other.name == webhook.name) {
            faults.add(
                format!("webhooks[{}]", webhook.name),
                "is there twice",
                "give each receiver a name of its own: where it is goes by that",
            );
        } else {
            webhooks.push(webhook);
        }
    }
    webhooks
}

fn read(mut section: Section, faults: &mut Faults) -> Option<WebhookConfig> {
    let default = WebhookPolicy::default();
    let called = section.required("name", name(NAME_CHARS_MAX), "\"shop\"", faults);
    if let Some(name) = &called {
        section.identify("webhooks", name);
    }
    let example = "\"https://shop.example.com/plimsoll\"";
    let url = section.required("url", parsed(str::parse::<EndpointUrl>, example), example, faults);
    let new = section.required("secret", secret, "\"...\"   # openssl rand -base64 32", faults);
    let old = section.optional("old_secret", |value| secret(value).map(Some), None, faults);
    let events = section.required("events", list(kinds), "[\"deposit.*\"]", faults);
    let users = section.optional("users", |value| users(value).map(Some), None, faults);
    let timeout = section.optional("timeout", timeout, default.timeout, faults);
    let calls = whole(CALLS_MAX);
    let calls_max = section.optional("calls_max", within(1, calls), whole(default.calls_max), faults);
    let attempts = default.backoff.attempts_max.map_or(ATTEMPTS_MAX, u64::from);
    let attempts = section.optional("attempts_max", within(1, ATTEMPTS_MAX), attempts, faults);
    if events.as_ref().is_some_and(Vec::is_empty) {
        let fix = "name kinds, such as [\"deposit.final\"], or leave the receiver out";
        faults.add(section.path_of("events"), "is empty", fix);
    }
    section.finish(faults);
    let mut policy = WebhookPolicy {
        timeout,
        calls_max: usize::try_from(calls_max).unwrap_or(default.calls_max),
        ..default
    };
    policy.backoff.attempts_max = u32::try_from(attempts).ok();
    assert_eq!(
        policy.check(),
        Ok(()),
        "the bounds of the fields are those of the policy"
    );
    Some(WebhookConfig {
        name: called?,
        url: url?,
        secrets: [Some(new?), old].into_iter().flatten().collect(),
        subscription: Subscription {
            kinds: events?.into_iter().flatten().collect(),
            users,
        },
        policy,
    })
}

fn whole(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The secret itself is never repeated in a fault.
fn secret(value: Value) -> Result<Secret, Unfit> {
    let secret = text(value)?;
    let is_plain = secret.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain && secret.len() >= SECRET_CHARS_MIN {
        return Ok(Secret::new(secret));
    }
    Err(Unfit::new(
        format!("is not at least {SECRET_CHARS_MIN} visible ASCII characters"),
        "make one with: openssl rand -base64 32",
    ))
}

/// The kinds that one entry names: a code, all of a family, or all.
fn kinds(value: Value) -> Result<Vec<Kind>, Unfit> {
    let pattern = text(value)?;
    let family = pattern.strip_suffix('*');
    let is_meant = |kind: &Kind| match family {
        Some(family) => (family.is_empty() || family.ends_with('.')) && kind.code().starts_with(family),
        None => kind.code() == pattern,
    };
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(is_meant).collect();
    if kinds.is_empty() {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        return Err(Unfit::new(
            format!("names \"{pattern}\", which is no kind of event"),
            format!(
                "write some of {}, or \"deposit.*\", \"refund.*\", \"alert.*\", \"*\"",
                known.join(", ")
            ),
        ));
    }
    Ok(kinds)
}

fn users(value: Value) -> Result<BTreeSet<UserId>, Unfit> {
    let users = list(parsed(str::parse::<UserId>, "\"user-1\""))(value)?;
    if (1..=USERS_MAX).contains(&users.len()) {
        return Ok(users.into_iter().collect());
    }
    Err(Unfit::new(
        format!("names {} users", users.len()),
        format!("name 1 to {USERS_MAX}, or leave it out to tell of everybody"),
    ))
}

fn timeout(value: Value) -> Result<Duration, Unfit> {
    let time = duration(value)?;
    if (Duration::from_millis(100)..=TIMEOUT_MAX).contains(&time) {
        return Ok(time);
    }
    Err(Unfit::new(
        format!("is {time:?}"),
        "write a duration from \"100ms\" to \"30s\"",
    ))
}

#[cfg(test)]
mod tests;
