//! What each fault met, as a heat-map: one HTML file that needs nothing else.

use core::fmt::Write as _;

use crate::coverage::{CONDITIONS, Condition, KINDS, Matrix, reason};

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>What faults met</title>
<style>
:root { color-scheme: light dark; --paper: light-dark(#fff, #14181d); --ink: light-dark(#1c2733, #d8e0e8);
  --line: light-dark(#d9e0e7, #2c343d); --none: light-dark(#fff, #14181d); --hole: #d1495b; }
body { margin: 1rem; background: var(--paper); color: var(--ink); font: 14px/1.4 system-ui, sans-serif; }
p { max-width: 46rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 12px; }
th { font-weight: normal; text-align: left; white-space: nowrap; padding: 1px 6px; }
thead th.state { vertical-align: bottom; padding: 4px 2px; }
thead th.state span { writing-mode: vertical-rl; transform: rotate(180deg); }
thead th.group { border-bottom: 2px solid var(--line); text-align: center; }
tbody th { position: sticky; left: 0; background: var(--paper); }
tbody th small { opacity: .65; }
td { border: 1px solid var(--line); min-width: 2.4em; height: 1.7em; text-align: right; padding: 0 3px;
  font-variant-numeric: tabular-nums; }
td.apart, th.apart { border-left: 3px solid var(--line); }
tr.apart > * { border-top: 3px solid var(--line); }
td.hole { box-shadow: inset 0 0 0 1px var(--hole); }
td.never { background: repeating-linear-gradient(45deg, var(--line) 0 3px, transparent 3px 7px); }
td.wrong { background: var(--hole); color: #fff; }
td[data-heat] { color: #10202e; }
td[data-heat="1"] { background: #eef5e4; } td[data-heat="2"] { background: #cfe8c5; }
td[data-heat="3"] { background: #9fd3b0; } td[data-heat="4"] { background: #6bb8a4; }
td[data-heat="5"] { background: #3f97a0; } td[data-heat="6"] { background: #2a6f97; color: #fff; }
td[data-heat="7"] { background: #1d4e89; color: #fff; }
.key td { min-width: 4em; text-align: center; }
</style></head><body>
<h1>What faults met</h1>
"#;

/// The whole file.
#[must_use]
pub fn heat_map(matrix: &Matrix, title: &str) -> String {
    let mut html = HEAD.to_owned();
    push(&mut html, format_args!("<p>{}</p>\n", escaped(title)));
    push(
        &mut html,
        format_args!(
            "<p>Each cell is the number of runs, of {}, in which the fault was at work while something was in the state. \
             A fault on one endpoint meets the breaker of that endpoint alone. Point at a cell for its words.</p>\n",
            matrix.runs()
        ),
    );
    html.push_str(
        "<table class=\"key\"><tr><td data-heat=\"1\">few</td><td data-heat=\"4\">some</td><td data-heat=\"7\">all \
         runs</td><td class=\"hole\">none</td><td class=\"never\">never can be</td></tr></table>\n\
         <div class=\"scroll\"><table>\n",
    );
    columns(&mut html);
    html.push_str("<tbody>\n");
    for (place, kind) in KINDS.iter().enumerate() {
        let is_apart = place > 0 && KINDS[place - 1].on != kind.on;
        let class = if is_apart { " class=\"apart\"" } else { "" };
        let (on, name) = (escaped(kind.on), escaped(kind.name));
        push(
            &mut html,
            format_args!("<tr{class}><th scope=\"row\"><small>{on}</small> {name}</th>"),
        );
        for column in 0..CONDITIONS.len() {
            cell(&mut html, matrix, place, column);
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>\n</body></html>\n");
    html
}

fn columns(html: &mut String) {
    html.push_str("<thead><tr><th></th>");
    let groups = CONDITIONS.chunk_by(|a, b| a.group() == b.group());
    for group in groups {
        let (name, count) = (group[0].group().name(), group.len());
        push(
            html,
            format_args!("<th class=\"group\" colspan=\"{count}\">{name}</th>"),
        );
    }
    html.push_str("</tr>\n<tr><th></th>");
    for condition in CONDITIONS {
        let (name, meaning) = (condition.name(), escaped(condition.meaning()));
        push(
            html,
            format_args!("<th scope=\"col\" class=\"state\" title=\"{meaning}\"><span>{name}</span></th>"),
        );
    }
    html.push_str("</tr></thead>\n");
}

fn cell(html: &mut String, matrix: &Matrix, place: usize, column: usize) {
    let condition: Condition = CONDITIONS[column];
    let kind = &KINDS[place];
    let (count, runs) = (matrix.count(place, condition), matrix.runs());
    let is_apart = column > 0 && CONDITIONS[column - 1].group() != condition.group();
    let mut class = if is_apart { "apart " } else { "" }.to_owned();
    let never = reason(kind, condition);
    let mut heat = String::new();
    match (count, never) {
        (0, Some(_)) => class.push_str("never"),
        (0, None) => class.push_str("hole"),
        (_, Some(_)) => class.push_str("wrong"),
        (_, None) => heat = format!(" data-heat=\"{}\"", heat_of(count, runs)),
    }
    let why = never.map_or_else(String::new, |reason| format!("; it cannot be: {reason}"));
    let told = format!(
        "{}, {} × {}: {count} of {runs} runs{why}",
        kind.on,
        kind.name,
        condition.name()
    );
    let shown = if count == 0 { String::new() } else { short(count) };
    push(
        html,
        format_args!(
            "<td class=\"{}\"{heat} title=\"{}\">{shown}</td>",
            class.trim_end(),
            escaped(&told)
        ),
    );
}

/// 1 to 7: 7 for all runs, one less for each time that they are three times as few.
fn heat_of(count: u64, runs: u64) -> u64 {
    let mut heat = 7;
    let mut reached = count;
    while heat > 1 && reached < runs {
        reached = reached.saturating_mul(3);
        heat -= 1;
    }
    heat
}

/// A count in four letters at the most, or a little more where that is not to be had.
fn short(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..10_000_000 => format!("{}k", count / 1_000),
        _ => format!("{}M", count / 1_000_000),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn push(text: &mut String, what: core::fmt::Arguments<'_>) {
    let written = text.write_fmt(what);
    assert!(written.is_ok(), "a string takes everything");
}

#[cfg(test)]
mod tests;
