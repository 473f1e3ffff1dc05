//! Traces of runs.

use std::path::Path;

use plimsoll_sim::engine::trace::Seal;
use plimsoll_sim::run::replay;
use plimsoll_sim::scenario::Scenario;
use plimsoll_sim::scenario::library::EMBEDDED;
use plimsoll_sim::trace::{Memory, Transcript};
use plimsoll_sim::world::Tracing;

/// How many events of a trace its seed keeps.
const EVENTS: usize = 25;

/// Anything is read or refused with a place and a reason, and read alike twice.
pub(super) fn run(data: &[u8]) -> bool {
    read(data) | read(&sealed(data))
}

fn read(bytes: &[u8]) -> bool {
    match Transcript::parse(Path::new("fuzz.jsonl"), bytes) {
        Ok(trace) => {
            assert!(!trace.events.is_empty());
            assert_eq!(trace.end.events, trace.events.len() as u64);
            true
        }
        Err(error) => {
            assert!(error.to_string().contains("fuzz.jsonl"), "{error}");
            false
        }
    }
}

/// The lines of `data`, each without its brace, with right sums: random lines never have those.
fn sealed(data: &[u8]) -> Vec<u8> {
    let mut seal = Seal::new();
    let mut out = Vec::new();
    for line in data.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let sum = seal.over(line);
        out.extend_from_slice(line);
        out.extend_from_slice(format!(",\"sum\":\"{sum:016x}\"}}\n").as_bytes());
    }
    out
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let is_it = |(name, _): &&(&str, &str)| *name == "escrow/reorg";
    let (name, text) = EMBEDDED.iter().find(is_it).expect("a scenario");
    let plan = Scenario::parse(name, name, text).expect("sound").expand(1);
    let memory = Memory::new();
    let tracing = Tracing {
        out: Box::new(memory.clone()),
        build: "0.1.0".to_owned(),
    };
    replay(&plan, 1, Some(tracing)).expect("sound");
    let trace = String::from_utf8(memory.take()).expect("text");
    let without_sum = |line: &str| line.split_once(",\"sum\":").expect("sealed").0.to_owned();
    let lines: Vec<_> = trace.lines().map(without_sum).collect();
    let (end, events) = lines.split_last().expect("an end");
    let (head, number) = end.split_once("\"events\":").expect("it says how many");
    let rest = number.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let end = format!("{head}\"events\":{EVENTS}{rest}");
    // Its beginning; and its header with a piece from the middle.
    let begins = [&events[..=EVENTS], core::slice::from_ref(&end)].concat();
    let middle = [&events[..1], &events[events.len() / 2..][..EVENTS], &[end]].concat();
    [begins, middle]
        .map(|lines| lines.join("\n").into_bytes())
        .to_vec()
}
