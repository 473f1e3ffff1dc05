//! The expanded scenario: one run as a file, so that a failure outlives the generator that drew it.
//!
//! A scenario and a seed mean something only with the program that expands them. The expanded file holds what they
//! came to: the whole [`Plan`], every time absolute, and the seed that decides what the plan leaves to chance, such as
//! each latency. Where it comes from is told and never read. It is TOML, one deed and one fault a line, marked by
//! `expanded = 1`, the version of the form.

use core::fmt::Write as _;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::DeTable;

use super::ScenarioError;
use crate::world::plan::{Plan, Topology};

/// The version of the form that this program reads and writes.
pub const VERSION: u64 = 1;
/// The field that marks the form.
const MARK: &str = "expanded";

/// One run, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    /// What the run shows, in one sentence.
    pub proves: String,
    /// Decides whatever the plan leaves to chance.
    pub seed: u64,
    /// Where it comes from.
    pub origin: Origin,
    /// What happens.
    pub plan: Plan,
}

/// Where an expanded scenario comes from: for people, the run does not depend on it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The scenario that drew it.
    pub scenario: String,
    /// The seed that it was drawn from.
    pub seed: u64,
    /// The commit of the program that drew it.
    pub commit: String,
    /// The fingerprint of the failure that it shows, if it was kept for one.
    #[serde(default)]
    pub fingerprint: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "expanded")]
    _version: u64,
    proves: Spanned<String>,
    seed: u64,
    origin: Origin,
    plan: Plan,
}

#[derive(Serialize)]
struct Head<'a> {
    expanded: u64,
    proves: &'a str,
    seed: u64,
    origin: &'a Origin,
}

/// Whether `text` says that it is of this form, in whatever version.
pub(super) fn is_marked(text: &str) -> bool {
    DeTable::parse_recoverable(text).0.get_ref().contains_key(MARK)
}

impl Expanded {
    /// Reads the `text` of `file`.
    ///
    /// # Errors
    /// What is wrong: one error when the text is no such file at all, else everything that makes no sense.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<ScenarioError>> {
        if let Some(error) = other_version(file, text) {
            return Err(vec![error]);
        }
        let read: Result<File, _> = toml::from_str(text);
        let read = read.map_err(|error| vec![ScenarioError::from_toml(file, text, &error)])?;
        let mut found = Vec::new();
        if read.proves.get_ref().trim().is_empty() {
            let message = "say what the run shows".to_owned();
            found.push(ScenarioError::in_field(file, text, "proves", message));
        }
        for fault in read.plan.check().err().unwrap_or_default() {
            let path = format!("plan.{}", fault.field);
            let message = format!("must be {}", fault.expected);
            found.push(ScenarioError::in_field(file, text, &path, message));
        }
        if !found.is_empty() {
            return Err(found);
        }
        Ok(Self {
            proves: read.proves.into_inner(),
            seed: read.seed,
            origin: read.origin,
            plan: read.plan,
        })
    }

    /// The file's text, below the lines of `comment`.
    #[must_use]
    pub fn to_toml(&self, comment: &str) -> String {
        let Self {
            proves,
            seed,
            origin,
            plan,
        } = self;
        let head = Head {
            expanded: VERSION,
            proves,
            seed: *seed,
            origin,
        };
        let mut text = String::new();
        for line in comment.lines() {
            push(&mut text, format_args!("{}\n", format!("# {line}").trim_end()));
        }
        text.push_str(&table(&head));
        write_plan(&mut text, plan);
        text
    }
}

/// That the file is of a version that this program does not read.
fn other_version(file: &str, text: &str) -> Option<ScenarioError> {
    let (root, _) = DeTable::parse_recoverable(text);
    let given = root.get_ref().get(MARK);
    let number = given.and_then(|value| value.get_ref().as_integer());
    let is_known = number.is_some_and(|number| number.as_str() == VERSION.to_string());
    if given.is_none() || is_known {
        return None;
    }
    let message = format!("expected version {VERSION}, which is what this program reads");
    let help = "expand it again with the program that wrote it, or replay it there".to_owned();
    Some(ScenarioError::in_field(file, text, MARK, message).with_help(help))
}

fn write_plan(text: &mut String, plan: &Plan) {
    let Plan {
        name,
        duration_ms,
        converge_ms,
        quiet_at_ms,
        core,
        topology,
        workload,
        faults,
        expect,
    } = plan;
    text.push_str("\n[plan]\n");
    field(text, "name", name);
    field(text, "duration_ms", duration_ms);
    field(text, "converge_ms", converge_ms);
    if !quiet_at_ms.is_empty() {
        field(text, "quiet_at_ms", quiet_at_ms);
    }
    if let Some(core) = core {
        field(text, "core", core);
    }
    list(text, "workload", workload);
    list(text, "faults", faults);
    write_topology(text, topology);
    push(text, format_args!("\n[plan.expect]\n{}", table(expect)));
}

fn write_topology(text: &mut String, topology: &Topology) {
    let Topology {
        chain,
        endpoints,
        users,
        register_ms,
        users_link,
        store,
        bank,
        workers,
    } = topology;
    text.push_str("\n[plan.topology]\n");
    field(text, "users", users);
    field(text, "register_ms", register_ms);
    field(text, "chain", chain);
    list(text, "endpoints", endpoints);
    field(text, "users_link", users_link);
    field(text, "store", store);
    field(text, "bank", bank);
    if let Some(workers) = workers {
        field(text, "workers", workers);
    }
}

fn field(text: &mut String, name: &str, value: &impl Serialize) {
    push(text, format_args!("{name} = {}\n", inline(value)));
}

/// One entry a line.
fn list(text: &mut String, name: &str, entries: &[impl Serialize]) {
    if entries.is_empty() {
        return push(text, format_args!("{name} = []\n"));
    }
    push(text, format_args!("{name} = [\n"));
    for entry in entries {
        push(text, format_args!("    {},\n", inline(entry)));
    }
    text.push_str("]\n");
}

fn inline(value: &impl Serialize) -> String {
    let mut text = String::new();
    let written = value.serialize(toml::ser::ValueSerializer::new(&mut text));
    assert!(
        written.is_ok(),
        "a plan is numbers, text, lists and tables: {written:?}"
    );
    text
}

fn table(value: &impl Serialize) -> String {
    let written = toml::to_string(value);
    written.unwrap_or_else(|error| unreachable!("the parts of a file are a table: {error}"))
}

fn push(text: &mut String, what: core::fmt::Arguments<'_>) {
    let written = text.write_fmt(what);
    assert!(written.is_ok(), "a string takes everything");
}

#[cfg(test)]
mod tests;
