//! A fault in words, made from how plans write it: new kinds of faults need nothing here.

use serde_json::Value;

use super::{BANK, CHAIN, STORE, USERS, WORLD};
use crate::fault::Fault;

/// Which nodes a fault hits, and what is wrong with them: `rpc-1: slow, extra 300 ms`.
pub(super) fn words(fault: &Fault, endpoints: &[String]) -> (Vec<String>, String) {
    let value = serde_json::to_value(fault).unwrap_or_default();
    let (on, subject) = subject(&value, endpoints);
    let mut parts = Vec::new();
    if let Some(fields) = value.as_object() {
        for (name, value) in fields {
            match name.as_str() {
                "on" | "endpoint" | "link" => {}
                "percent" if value.as_u64() == Some(100) => {}
                "percent" => parts.push(format!("{value} % of the time")),
                "direction" if value.as_str() == Some("both") => {}
                "direction" => parts.push(plain(value)),
                "fault" => parts.insert(0, kind(value)),
                _ => parts.push(parameter(name, value)),
            }
        }
    }
    (on, format!("{subject}: {}", parts.join(", ")))
}

fn subject(value: &Value, endpoints: &[String]) -> (Vec<String>, String) {
    let name = |value: &Value| {
        let number = value["endpoint"]
            .as_u64()
            .and_then(|number| usize::try_from(number).ok());
        number.and_then(|number| endpoints.get(number)).cloned()
    };
    let one = |node: &str| (vec![node.to_owned()], node.to_owned());
    match value["on"].as_str() {
        Some("endpoint") => name(value).map_or_else(|| one(WORLD), |name| one(&name)),
        Some("store") => one(STORE),
        Some("process") => (vec![BANK.to_owned()], "process".to_owned()),
        Some("chain") => one(CHAIN),
        Some("network") => {
            let link = &value["link"];
            match (link["to"].as_str(), name(link)) {
                (Some("users"), _) => (vec![USERS.to_owned()], "network of users".to_owned()),
                (Some("all_endpoints"), _) => (endpoints.to_vec(), "network to every endpoint".to_owned()),
                (_, Some(name)) => (vec![name.clone()], format!("network to {name}")),
                (_, None) => one(WORLD),
            }
        }
        Some(other) => (vec![WORLD.to_owned()], spaced(other)),
        None => one(WORLD),
    }
}

/// `{"kind":"slow","extra_ms":300}` as `slow, extra 300 ms`.
fn kind(value: &Value) -> String {
    let Some(fields) = value.as_object() else {
        return plain(value);
    };
    let kind = fields.get("kind").map(plain);
    let rest = fields
        .iter()
        .filter(|(name, value)| *name != "kind" && !value.is_null());
    let rest = rest.map(|(name, value)| parameter(name, value));
    kind.into_iter().chain(rest).collect::<Vec<_>>().join(", ")
}

fn parameter(name: &str, value: &Value) -> String {
    if let Some(name) = name.strip_suffix("_ms") {
        return format!("{} {} ms", spaced(name), plain(value));
    }
    if let Some(name) = name.strip_suffix("_percent") {
        return format!("{} {} %", spaced(name), plain(value));
    }
    if name == "percent" {
        return format!("{} %", plain(value));
    }
    format!("{} {}", spaced(name), plain(value))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => spaced(text),
        Value::Object(_) => kind(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
    }
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}
