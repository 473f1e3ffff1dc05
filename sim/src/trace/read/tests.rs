use std::path::Path;

use super::{ReadError, Transcript};
use crate::engine::Trace;
use crate::trace::Memory;
use crate::trace::testing::{bytes as trace, end, header, note};

/// Lines with sums that fit.
fn sealed(lines: &[&str]) -> Vec<u8> {
    let memory = Memory::new();
    let mut trace = Trace::to(Box::new(memory.clone()));
    for line in lines {
        trace.line(&serde_json::from_str::<Box<serde_json::value::RawValue>>(line).unwrap());
    }
    trace.finish().unwrap();
    memory.take()
}

fn read(bytes: &[u8]) -> Result<Transcript, ReadError> {
    Transcript::parse(Path::new("run.jsonl"), bytes)
}

#[track_caller]
fn refused(bytes: &[u8]) -> String {
    match read(bytes) {
        Ok(transcript) => panic!("{transcript:?} was read"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_trace_is_read_as_it_was_written() {
    let events = vec![
        note(5, 1, "a \"quoted\" word"),
        note(5, 2, "a \"quoted\" word"),
        note(9, 0, "a \"quoted\" word"),
    ];
    let read = read(&trace(&events)).unwrap();
    assert_eq!(read.header, header());
    assert_eq!(read.events, events);
    assert_eq!(read.end, end(3));
}

#[test]
fn every_prefix_is_refused() {
    let bytes = trace(&[note(5, 1, "a \"quoted\" word"), note(9, 2, "a \"quoted\" word")]);
    for len in 0..bytes.len() {
        let error = refused(&bytes[..len]);
        assert!(error.starts_with("run.jsonl: "), "{len}: {error}");
    }
}

#[test]
fn every_flipped_bit_is_refused_on_its_line() {
    let bytes = trace(&[note(5, 1, "a \"quoted\" word"), note(9, 2, "a \"quoted\" word")]);
    let mut line = 1;
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << bit;
            let error = refused(&flipped);
            let found = (1..=5).find(|line| error.contains(&format!("run.jsonl: line {line}: ")));
            // A line end that is gone makes one line of two, and one that is new makes two of one.
            let is_line_end = bytes[place] == b'\n' || flipped[place] == b'\n';
            assert!(
                found == Some(line) || is_line_end && found.is_some_and(|found| found <= line + 1),
                "byte {place} bit {bit} of line {line}: {error}"
            );
        }
        line += usize::from(bytes[place] == b'\n');
    }
}

#[test]
fn lines_left_out_doubled_or_swapped_are_refused() {
    let bytes = trace(&[
        note(5, 1, "a \"quoted\" word"),
        note(9, 2, "a \"quoted\" word"),
        note(9, 3, "a \"quoted\" word"),
    ]);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for orders in [
        vec![0, 2, 3, 4],
        vec![0, 1, 1, 2, 3, 4],
        vec![0, 1, 3, 2, 4],
        vec![1, 2, 3, 4],
    ] {
        let changed: Vec<u8> = orders.iter().flat_map(|place| lines[*place]).copied().collect();
        refused(&changed);
    }
    let longer = [&bytes[..], lines[4]].concat();
    assert!(refused(&longer).contains("line 6: something follows the end"));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let header = serde_json::to_string(&header()).unwrap();
    let end = |events| serde_json::to_string(&end(events)).unwrap();
    let good = r#"{"t":5,"seq":1,"node":"bank","part":"machine","kind":"note","ids":{},"data":{"text":""}}"#;
    let after = |line: &str| sealed(&[&header, good, line, &end(2)]);
    let cases = [
        ("empty", Vec::new()),
        ("no trace", b"hello\n".to_vec()),
        ("other json", sealed(&["{\"t\":5}"])),
        (
            "other version",
            sealed(&[&header.replace("\"trace\":2", "\"trace\":1"), good, &end(1)]),
        ),
        (
            "unknown header field",
            sealed(&[&header.replace("\"seed\"", "\"sead\""), good, &end(1)]),
        ),
        ("no events", sealed(&[&header, &end(0)])),
        ("no end", sealed(&[&header, good])),
        ("other count", sealed(&[&header, good, &end(2)])),
        ("unknown kind", after(&good.replace("note", "nite"))),
        ("missing data", after(&good.replace("\"text\":\"\"", ""))),
        ("unknown data", after(&good.replace("text", "texts"))),
        ("wrong data", after(&good.replace("\"text\":\"\"", "\"text\":1"))),
        (
            "wrong id",
            after(&good.replace("\"ids\":{}", "\"ids\":{\"fault\":-1}")),
        ),
        (
            "unknown id",
            after(&good.replace("\"ids\":{}", "\"ids\":{\"faults\":1}")),
        ),
        ("wrong time", after(&good.replace("\"t\":5", "\"t\":\"5\""))),
        ("earlier", after(&good.replace("\"t\":5", "\"t\":4"))),
        ("earlier number", after(&good.replace("\"seq\":1", "\"seq\":0"))),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|(name, bytes)| format!("{name}\n  {}", refused(bytes)))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Transcript::read(Path::new("/nowhere/run.jsonl"))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("/nowhere/run.jsonl: failed to read it: "),
        "{error}"
    );
}
