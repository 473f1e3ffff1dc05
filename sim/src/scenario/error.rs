//! [`ScenarioError`]: what is wrong with a scenario, where exactly, and what was probably meant.
//!
//! Every error is made from a place in the text. The field is found from the place, so that faults which the TOML
//! parser finds and faults which only the meaning shows are reported alike.

use core::fmt;
use core::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError {
    /// The file, as the user named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The path of the field, such as `faults[1].kind`; empty when no field can be told.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    pub help: Option<String>,
    /// The line itself.
    pub source: String,
}

impl ScenarioError {
    /// An error at the bytes `place` of `text`.
    #[must_use]
    pub fn at(file: &str, text: &str, place: Range<usize>, message: String) -> Self {
        let start = place.start.min(text.len());
        let before = text.get(..start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[line_start..].lines().next().unwrap_or("");
        let help = suggestion(&message);
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            field: field_at(text, start),
            message,
            help,
            source: line.to_owned(),
        }
    }

    /// The same error with a hint.
    #[must_use]
    pub fn with_help(mut self, help: String) -> Self {
        self.help = Some(help);
        self
    }

    /// An error that the TOML parser found.
    #[must_use]
    pub(crate) fn from_toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        // The parser gives no place when a whole table is at fault: then it is the start of the file.
        Self::at(file, text, error.span().unwrap_or(0..0), plainly(error.message()))
    }

    /// An error in the field at `path`, such as `plan.faults[3].until_ms`, or in the innermost table on the way to it
    /// that is there.
    #[must_use]
    pub(crate) fn in_field(file: &str, text: &str, path: &str, message: String) -> Self {
        let mut error = Self::at(file, text, place_of(text, path), message);
        path.clone_into(&mut error.field);
        error
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file, line, column, ..
        } = self;
        write!(f, "{file}:{line}:{column}: ")?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        writeln!(f, "{}", self.message)?;
        let margin = " ".repeat(line.to_string().len());
        writeln!(f, "{margin} |")?;
        writeln!(f, "{line} | {}", self.source)?;
        write!(f, "{margin} | {}^", " ".repeat(column - 1))?;
        match &self.help {
            Some(help) => write!(f, "\n{margin} = help: {help}"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for ScenarioError {}

/// The one of `known` that `found` was probably meant to be.
#[must_use]
pub fn closest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(found, name), name));
    let (distance, name) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= found.len().max(name.len()).div_ceil(3)).then_some(name)
}

/// The parser's message in the words that serde has for the same elsewhere.
fn plainly(message: &str) -> String {
    let unexpected = message.strip_prefix("unexpected keys in table: ");
    let Some((found, known)) = unexpected.and_then(|rest| rest.split_once(", available keys: ")) else {
        let whole = "expected a whole number, 0 or more";
        let message = message
            .replace("expected u64", whole)
            .replace("expected u32", whole);
        return message.replace(" as i128", "");
    };
    let known: Vec<String> = known.split(", ").map(|name| format!("`{name}`")).collect();
    let first = found.split(", ").next().unwrap_or(found);
    format!("unknown field `{first}`, expected one of {}", known.join(", "))
}

/// Where the field at `path` is, or as much of the way to it as there is.
fn place_of(text: &str, path: &str) -> Range<usize> {
    let (root, _) = DeTable::parse_recoverable(text);
    let mut place = 0..0;
    let mut table = Some(root.get_ref());
    for step in path.split('.') {
        let (name, index) = match step.split_once('[') {
            Some((name, index)) => (name, index.trim_end_matches(']').parse::<usize>().ok()),
            None => (step, None),
        };
        let Some((key, value)) = table.and_then(|table| table.get_key_value(name)) else {
            break;
        };
        let entry = index.and_then(|index| value.get_ref().as_array()?.get(index));
        place = match entry {
            Some(entry) => entry.span(),
            None => key.span(),
        };
        table = entry.unwrap_or(value).get_ref().as_table();
    }
    place
}

/// A hint from serde's message about an unknown name, which quotes the name and then every known one.
fn suggestion(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let found = quoted.next()?;
    closest(found, quoted).map(|name| format!("did you mean `{name}`?"))
}

/// The path of the innermost field whose key or value spans the byte `place`.
fn field_at(text: &str, place: usize) -> String {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut path = String::new();
    in_table(table.get_ref(), place, &mut path);
    path
}

fn in_table(table: &DeTable<'_>, place: usize, path: &mut String) {
    for (key, value) in table.iter() {
        let before = path.len();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key.get_ref());
        let deeper = path.len();
        in_value(value, place, path);
        if path.len() > deeper || spans(&key.span(), place) || spans(&value.span(), place) {
            return;
        }
        path.truncate(before);
    }
}

fn in_value(value: &Spanned<DeValue<'_>>, place: usize, path: &mut String) {
    match value.get_ref() {
        DeValue::Table(table) => in_table(table, place, path),
        DeValue::Array(array) => {
            for (index, item) in array.iter().enumerate() {
                let before = path.len();
                path.push_str(&format!("[{index}]"));
                let deeper = path.len();
                in_value(item, place, path);
                if path.len() > deeper || spans(&item.span(), place) {
                    return;
                }
                path.truncate(before);
            }
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {}
    }
}

fn spans(range: &Range<usize>, place: usize) -> bool {
    range.contains(&place) || range.start == place
}

#[cfg(test)]
mod tests;
