//! A fault in words, made from how plans write it: new kinds of faults need nothing here.

use serde_json::Value;

use super::{BANK, CHAIN, STORE, USERS, WORLD, worker_name};
use crate::fault::Fault;

/// Which nodes a fault hits, and what is wrong with them: `rpc-1: slow, extra 300 ms`.
pub(super) fn words(fault: &Fault, endpoints: &[String]) -> (Vec<String>, String) {
    let value = serde_json::to_value(fault).unwrap_or_default();
    let (on, fields) = tagged(&value);
    let (nodes, subject) = subject(&on, fields, endpoints);
    let mut parts = Vec::new();
    for (name, value) in fields.and_then(Value::as_object).into_iter().flatten() {
        match name.as_str() {
            "endpoint" | "link" | "lane" | "worker" => {}
            "percent" if value.as_u64() == Some(100) => {}
            "percent" => parts.push(format!("{value} % of the time")),
            "direction" if value.as_str() == Some("both") => {}
            "direction" => parts.push(plain(value)),
            "fault" => parts.insert(0, kind(value)),
            _ => parts.push(parameter(name, value)),
        }
    }
    (nodes, format!("{subject}: {}", parts.join(", ")))
}

/// The variant that `value` is of, and its fields: `{"slow":{"extra_ms":300}}` or `"dead"`.
fn tagged(value: &Value) -> (String, Option<&Value>) {
    match value.as_object().and_then(|object| object.iter().next()) {
        Some((tag, fields)) => (tag.clone(), Some(fields)),
        None => (value.as_str().unwrap_or_default().to_owned(), None),
    }
}

fn subject(on: &str, fields: Option<&Value>, endpoints: &[String]) -> (Vec<String>, String) {
    let name = |fields: Option<&Value>| {
        let number = fields?.get("endpoint")?.as_u64()?;
        endpoints.get(usize::try_from(number).ok()?).cloned()
    };
    let one = |node: &str| (vec![node.to_owned()], node.to_owned());
    match on {
        "endpoint" => name(fields).map_or_else(|| one(WORLD), |name| one(&name)),
        "store" => one(STORE),
        "disk" => (vec![STORE.to_owned()], "disk".to_owned()),
        "process" => (vec![BANK.to_owned()], "process".to_owned()),
        "chain" => one(CHAIN),
        "queue" => {
            let lane = fields
                .and_then(|fields| fields.get("lane"))
                .and_then(Value::as_str);
            let lane = lane.unwrap_or(WORLD);
            (vec![lane.to_owned()], format!("{lane} queue"))
        }
        "worker" => {
            let number = fields
                .and_then(|fields| fields.get("worker"))
                .and_then(Value::as_u64);
            let number = number.and_then(|number| u8::try_from(number).ok());
            number.map_or_else(|| one(WORLD), |number| one(&worker_name(number)))
        }
        "network" => {
            let link = fields.and_then(|fields| fields.get("link"));
            let (to, fields) = link.map(tagged).unwrap_or_default();
            match (to.as_str(), name(fields)) {
                ("users", _) => (vec![USERS.to_owned()], "network of users".to_owned()),
                ("all_endpoints", _) => (endpoints.to_vec(), "network to every endpoint".to_owned()),
                (_, Some(name)) => (vec![name.clone()], format!("network to {name}")),
                (_, None) => one(WORLD),
            }
        }
        other => (vec![WORLD.to_owned()], spaced(other)),
    }
}

/// `{"slow":{"extra_ms":300}}` as `slow, extra 300 ms`.
fn kind(value: &Value) -> String {
    let (kind, fields) = tagged(value);
    let fields = fields.and_then(Value::as_object).into_iter().flatten();
    let rest = fields.filter(|(_, value)| !value.is_null());
    let rest = rest.map(|(name, value)| parameter(name, value));
    core::iter::once(spaced(&kind))
        .chain(rest)
        .collect::<Vec<_>>()
        .join(", ")
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
