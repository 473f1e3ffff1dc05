//! Answers as tables for people: a line for each plain field, and below them a table for each list.

use serde_json::{Map, Value};

/// `body` for people.
pub(super) fn shown(body: &Value) -> String {
    let mut text = String::new();
    if let Value::Object(fields) = body {
        object("", fields, &mut text);
    } else {
        line(&[cell(body)], &[0], &mut text);
    }
    text
}

fn object(under: &str, fields: &Map<String, Value>, text: &mut String) {
    let plain: Vec<_> = fields.iter().filter(|(_, value)| !is_list(value)).collect();
    let width = plain.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in plain {
        line(&[name.clone(), cell(value)], &[width], text);
    }
    for (name, value) in fields {
        if let Value::Array(rows) = value {
            let title = if under.is_empty() {
                name.clone()
            } else {
                format!("{under} {name}")
            };
            table(&title, rows, text);
        }
    }
}

/// The rows as a table, with a column for each plain field that one of them has; what is nested follows.
fn table(title: &str, rows: &[Value], text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
    if rows.is_empty() {
        text.push_str(&format!("{title}: none\n"));
        return;
    }
    text.push_str(&format!("{title}:\n"));
    let mut columns: Vec<&String> = Vec::new();
    for (name, value) in rows.iter().filter_map(Value::as_object).flatten() {
        if !is_list(value) && !columns.contains(&name) {
            columns.push(name);
        }
    }
    let head: Vec<String> = columns.iter().map(|name| (*name).clone()).collect();
    let cells = |row: &Value| {
        let Value::Object(fields) = row else {
            return vec![cell(row)];
        };
        let cells = columns
            .iter()
            .map(|name| fields.get(*name).map(cell).unwrap_or_default());
        cells.collect()
    };
    let body: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let width = |column: usize| {
        let lengths = core::iter::once(&head)
            .chain(&body)
            .filter_map(|row| row.get(column));
        lengths.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for row in core::iter::once(&head)
        .filter(|head| !head.is_empty())
        .chain(&body)
    {
        text.push_str("  ");
        line(row, &widths, text);
    }
    for (row, cells) in rows.iter().zip(&body) {
        let Value::Object(fields) = row else { continue };
        for (name, value) in fields {
            if let Value::Array(nested) = value {
                let of = cells.first().map(String::as_str).unwrap_or_default();
                table(format!("{of} {name}").trim(), nested, text);
            }
        }
    }
}

fn line(cells: &[String], widths: &[usize], text: &mut String) {
    let mut written = String::new();
    for (place, cell) in cells.iter().enumerate() {
        let width = widths.get(place).copied().unwrap_or(0);
        written.push_str(&format!("{cell:width$}  "));
    }
    text.push_str(written.trim_end());
    text.push('\n');
}

const fn is_list(value: &Value) -> bool {
    matches!(value, Value::Array(_))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| format!("{name} {}", cell(value)));
            fields.collect::<Vec<_>>().join(", ")
        }
        Value::Array(_) => String::new(),
    }
}
