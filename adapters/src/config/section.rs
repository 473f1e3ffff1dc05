//! Reads one table of a configuration, field by field, and goes on after a fault.
//!
//! A derived deserialiser stops at the first fault; a person who mends a configuration wants all of them. So each
//! field is taken by name from the merged values, and what nobody took is reported as unknown, with the nearest
//! name that would have been taken.

use std::time::Duration;

use figment::value::{Dict, Num, Value};

use super::fault::Faults;

/// Why a value does not do: what is wrong, and what to write.
pub(super) struct Unfit {
    pub(super) problem: String,
    pub(super) fix: String,
}

impl Unfit {
    pub(super) fn new(problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            fix: fix.into(),
        }
    }
}

/// A table being read.
pub(super) struct Section {
    path: String,
    values: Dict,
    taken: Vec<&'static str>,
}

impl Section {
    /// The table `value` at `path`; an empty one, with a fault noted, if it is no table.
    pub(super) fn new(path: &str, value: Value, faults: &mut Faults) -> Self {
        let values = match value.into_dict() {
            Some(values) => values,
            None => {
                faults.add(
                    path,
                    "is not a table",
                    format!("write it as [{path}] with fields below it"),
                );
                Dict::new()
            }
        };
        Self {
            path: path.to_owned(),
            values,
            taken: Vec::new(),
        }
    }

    /// Where a field of this table is.
    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Calls this table by what identifies it rather than by its place in a list.
    pub(super) fn identify(&mut self, list: &str, identity: &str) {
        self.path = format!("{list}[{identity}]");
    }

    /// A field that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(Value) -> Result<T, Unfit>,
        example: &str,
        faults: &mut Faults,
    ) -> Option<T> {
        self.taken.push(name);
        let Some(value) = self.values.remove(name) else {
            faults.add(
                self.path_of(name),
                "is missing",
                format!("add it, for example {name} = {example}"),
            );
            return None;
        };
        self.parsed(name, parse, value, faults)
    }

    /// A field that may be left out, and then is `default`. A fault gives the default too, so that reading goes on.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(Value) -> Result<T, Unfit>,
        default: T,
        faults: &mut Faults,
    ) -> T {
        self.taken.push(name);
        match self.values.remove(name) {
            Some(value) => self.parsed(name, parse, value, faults).unwrap_or(default),
            None => default,
        }
    }

    /// A table below this one; an empty one if it is left out.
    pub(super) fn table(&mut self, name: &'static str, faults: &mut Faults) -> Self {
        self.taken.push(name);
        let path = self.path_of(name);
        let value = self
            .values
            .remove(name)
            .unwrap_or_else(|| Value::from(Dict::new()));
        Self::new(&path, value, faults)
    }

    /// A table below this one, if it is there.
    pub(super) fn table_if_any(&mut self, name: &'static str, faults: &mut Faults) -> Option<Self> {
        self.taken.push(name);
        let value = self.values.remove(name)?;
        Some(Self::new(&self.path_of(name), value, faults))
    }

    /// The tables of a list below this one; none if it is left out.
    pub(super) fn tables(&mut self, name: &'static str, faults: &mut Faults) -> Vec<Self> {
        self.taken.push(name);
        let path = self.path_of(name);
        let Some(value) = self.values.remove(name) else {
            return Vec::new();
        };
        let Value::Array(_, entries) = value else {
            faults.add(
                &path,
                "is not a list of tables",
                format!("write each entry as [[{path}]]"),
            );
            return Vec::new();
        };
        let section = |(index, entry)| Self::new(&format!("{path}[{index}]"), entry, faults);
        entries.into_iter().enumerate().map(section).collect()
    }

    /// Reports what nobody took.
    pub(super) fn finish(self, faults: &mut Faults) {
        for name in self.values.keys() {
            let path = self.path_of(name);
            let fix = match nearest(name, &self.taken) {
                Some(meant) => format!("did you mean \"{meant}\"? if not, remove it"),
                None => format!("remove it; known here: {}", self.taken.join(", ")),
            };
            faults.add(path, "is not a known field", fix);
        }
    }

    fn parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(Value) -> Result<T, Unfit>,
        value: Value,
        faults: &mut Faults,
    ) -> Option<T> {
        match parse(value) {
            Ok(parsed) => Some(parsed),
            Err(Unfit { problem, fix }) => {
                faults.add(self.path_of(name), problem, fix);
                None
            }
        }
    }
}

/// A text.
pub(super) fn text(value: Value) -> Result<String, Unfit> {
    match value {
        Value::String(_, text) => Ok(text),
        Value::Char(_, one) => Ok(one.to_string()),
        Value::Bool(..) | Value::Num(..) | Value::Empty(..) | Value::Dict(..) | Value::Array(..) => {
            Err(Unfit::new("is not a text", "put it in double quotes"))
        }
    }
}

/// A name of at most `most` letters, digits, dots, underscores and hyphens.
pub(super) fn name(most: usize) -> impl Fn(Value) -> Result<String, Unfit> {
    move |value| {
        let name = text(value)?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if name.bytes().all(is_plain) && (1..=most).contains(&name.len()) {
            return Ok(name);
        }
        Err(Unfit::new(
            "is not a name",
            format!("write 1 to {most} letters, digits, dots, underscores or hyphens"),
        ))
    }
}

/// `true` or `false`.
pub(super) fn boolean(value: Value) -> Result<bool, Unfit> {
    value
        .to_bool()
        .ok_or_else(|| Unfit::new("is not a truth value", "write true or false, without quotes"))
}

/// A whole number that is not negative.
pub(super) fn whole(value: Value) -> Result<u64, Unfit> {
    let number = match &value {
        Value::Num(_, number) => signed(number).and_then(|wide| u64::try_from(wide).ok()),
        Value::String(..)
        | Value::Char(..)
        | Value::Bool(..)
        | Value::Empty(..)
        | Value::Dict(..)
        | Value::Array(..) => None,
    };
    number.ok_or_else(|| Unfit::new("is not a whole number", "write digits alone, without quotes"))
}

fn signed(number: &Num) -> Option<i128> {
    number
        .to_i128()
        .or_else(|| number.to_u128().and_then(|wide| i128::try_from(wide).ok()))
}

/// A whole number within `low..=high`.
pub(super) fn within(low: u64, high: u64) -> impl Fn(Value) -> Result<u64, Unfit> {
    move |value| {
        let number = whole(value)?;
        if (low..=high).contains(&number) {
            Ok(number)
        } else {
            Err(Unfit::new(
                format!("is {number}"),
                format!("write a number from {low} to {high}"),
            ))
        }
    }
}

/// A text that `parse` understands; `example` shows one.
pub(super) fn parsed<T, E: std::fmt::Display>(
    parse: impl Fn(&str) -> Result<T, E>,
    example: &str,
) -> impl Fn(Value) -> Result<T, Unfit> {
    move |value| {
        let text = text(value)?;
        parse(&text).map_err(|error| {
            Unfit::new(
                format!("is \"{text}\": {error}"),
                format!("write one like {example}"),
            )
        })
    }
}

/// A list of texts, each of which `parse` understands.
pub(super) fn list<T>(parse: impl Fn(Value) -> Result<T, Unfit>) -> impl Fn(Value) -> Result<Vec<T>, Unfit> {
    move |value| match value {
        Value::Array(_, entries) => entries.into_iter().map(&parse).collect(),
        Value::String(..)
        | Value::Char(..)
        | Value::Bool(..)
        | Value::Num(..)
        | Value::Empty(..)
        | Value::Dict(..) => Err(Unfit::new("is not a list", "write it in square brackets")),
    }
}

/// A duration such as `"500ms"`.
pub(super) fn duration(value: Value) -> Result<Duration, Unfit> {
    parsed(parse_duration, "\"500ms\", \"3s\", \"5m\" or \"24h\"")(value)
}

/// Reads a whole number and a unit: `ms`, `s`, `m` or `h`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    const MALFORMED: &str = "not a whole number and a unit";
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let millis_per_unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(MALFORMED),
    };
    let number: u64 = number.parse().map_err(|_| MALFORMED)?;
    let millis = number
        .checked_mul(millis_per_unit)
        .ok_or("longer than can be counted")?;
    Ok(Duration::from_millis(millis))
}

/// The name of `known` that `name` is a slip of the keyboard away from.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let distance = |other: &&&'static str| strsim::levenshtein(name, other);
    known
        .iter()
        .min_by_key(distance)
        .copied()
        .filter(|other| strsim::levenshtein(name, other) <= 2.max(name.len() / 3))
}
