//! The rules of the format, one assertion each, over runs in which everything happens.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::trace::testing::{note, told, transcript};
use crate::trace::{Body, Transcript};

type Thread = (u64, u64);

fn exported(told: &Transcript) -> Vec<Value> {
    let mut bytes = Vec::new();
    told.write_chrome(&mut bytes).unwrap();
    let mut file: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(file["displayTimeUnit"], "ms");
    assert_eq!(file["otherData"]["scenario"], told.header.scenario);
    let Value::Array(events) = file["traceEvents"].take() else {
        panic!("no list of events")
    };
    events
}

fn of<'a>(events: &'a [Value], phase: &str) -> impl Iterator<Item = &'a Value> {
    let phase = phase.to_owned();
    events.iter().filter(move |event| event["ph"] == phase.as_str())
}

fn thread(event: &Value) -> Thread {
    (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap())
}

/// Its time in nanoseconds.
fn nanos(value: &Value) -> u64 {
    let text = value.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
    whole.parse::<u64>().unwrap() * 1_000 + format!("{part:0<3}").parse::<u64>().unwrap()
}

/// Runs in which everything happens.
static RUNS: LazyLock<Vec<Transcript>> = LazyLock::new(|| {
    vec![
        told("escrow/crash_and_restart", 3),
        told("escrow/every_trap", 1),
        told("escrow/swarm", 11),
        told("escrow/workers", 1),
    ]
});

#[test]
fn every_object_has_what_its_phase_needs() {
    for told in RUNS.iter() {
        let events = exported(told);
        assert!(events.len() > told.events.len());
        let needed = |phase: &str| match phase {
            "M" => &["name", "args"][..],
            "X" => &["name", "cat", "dur", "args"],
            "i" => &["name", "s"],
            "C" => &["name", "args"],
            "s" | "f" => &["name", "cat", "id"],
            "b" | "e" => &["name", "cat", "id"],
            other => panic!("phase {other}"),
        };
        for event in &events {
            let phase = event["ph"].as_str().unwrap();
            for field in needed(phase).iter().chain(&["pid", "tid", "ts"]) {
                assert!(!event[field].is_null(), "{field} is missing in {event}");
            }
            assert!(event["ts"].is_number() && event["pid"].is_u64() && event["tid"].is_u64());
        }
        for event in of(&events, "C") {
            let values = event["args"].as_object().unwrap();
            assert!(
                !values.is_empty() && values.values().all(Value::is_number),
                "{event}"
            );
        }
        for event in of(&events, "f") {
            assert_eq!(event["bp"], "e", "an arrow ends at the slice that is open there");
        }
        assert!(of(&events, "i").all(|event| event["s"] == "g"));
    }
}

#[test]
fn every_process_and_thread_has_one_name() {
    for told in RUNS.iter() {
        let events = exported(told);
        let mut names: BTreeMap<(String, Thread), u32> = BTreeMap::new();
        for event in of(&events, "M") {
            let name = event["name"].as_str().unwrap().to_owned();
            *names.entry((name, thread(event))).or_default() += 1;
        }
        assert!(names.values().all(|count| *count == 1));
        for event in events.iter().filter(|event| event["ph"] != "M") {
            let (pid, tid) = thread(event);
            assert!(
                names.contains_key(&("process_name".to_owned(), (pid, 0))),
                "{event}"
            );
            let is_band = event["ph"] == "b" || event["ph"] == "e";
            assert!(
                is_band || names.contains_key(&("thread_name".to_owned(), (pid, tid))),
                "{event}"
            );
        }
    }
}

#[test]
fn slices_of_a_thread_nest() {
    for told in RUNS.iter() {
        let events = exported(told);
        let mut open: BTreeMap<Thread, Vec<(u64, u64)>> = BTreeMap::new();
        for event in of(&events, "X") {
            let (begin, length) = (nanos(&event["ts"]), nanos(&event["dur"]));
            assert!(length > 0, "{event}");
            let stack = open.entry(thread(event)).or_default();
            stack.retain(|(_, end)| *end > begin);
            if let Some((from, to)) = stack.last() {
                assert!(
                    *from <= begin && begin + length <= *to,
                    "{event} overlaps {from} to {to}"
                );
            }
            stack.push((begin, begin + length));
        }
    }
}

#[test]
fn arrows_go_from_slice_to_slice_and_bands_end() {
    for told in RUNS.iter() {
        let events = exported(told);
        let slices: BTreeMap<(Thread, u64), ()> = of(&events, "X")
            .map(|event| ((thread(event), nanos(&event["ts"])), ()))
            .collect();
        let ends = |phase: &str| {
            let mut found = BTreeMap::new();
            for event in of(&events, phase) {
                assert!(
                    slices.contains_key(&(thread(event), nanos(&event["ts"]))),
                    "{event}"
                );
                let id = event["id"].as_str().unwrap().to_owned();
                assert_eq!(found.insert(id, nanos(&event["ts"])), None, "{event}");
            }
            found
        };
        let (starts, finishes) = (ends("s"), ends("f"));
        assert_eq!(
            starts.keys().collect::<Vec<_>>(),
            finishes.keys().collect::<Vec<_>>()
        );
        assert!(starts.iter().all(|(id, at)| *at <= finishes[id]));
        let arrived = told
            .events
            .iter()
            .filter(|event| matches!(event.body, Body::Arrived(_)))
            .count();
        assert_eq!(finishes.len(), arrived);

        let band = |event: &Value| (event["id"].as_str().unwrap().to_owned(), nanos(&event["ts"]));
        let (opened, closed): (BTreeMap<_, _>, BTreeMap<_, _>) = (
            of(&events, "b").map(band).collect(),
            of(&events, "e").map(band).collect(),
        );
        assert_eq!(opened.len(), of(&events, "b").count());
        assert!(
            opened
                .iter()
                .all(|(id, at)| closed.get(id).is_some_and(|end| at <= end))
        );
        assert_eq!(opened.len(), closed.len());
    }
}

#[test]
fn faults_are_instants_and_bands_and_figures_are_counters() {
    let told = &RUNS[0];
    let events = exported(told);
    let faults = told
        .events
        .iter()
        .filter(|event| event.body.kind().starts_with("fault_"))
        .count();
    assert_eq!(of(&events, "i").count(), faults);
    let bands: Vec<&str> = of(&events, "b")
        .map(|event| event["name"].as_str().unwrap())
        .collect();
    assert!(bands.contains(&"down"), "{bands:?}");
    assert!(
        bands
            .iter()
            .any(|name| name.starts_with("fault 0: process: crash")),
        "{bands:?}"
    );
    let counters: Vec<&str> = of(&events, "C")
        .map(|event| event["name"].as_str().unwrap())
        .collect();
    assert!(counters.contains(&"queues") && counters.contains(&"USDT"));
}

#[test]
fn a_lease_is_a_band_of_its_worker_and_a_queue_has_a_counter() {
    let events = exported(&RUNS[3]);
    let pid = |name: &str| {
        let named = of(&events, "M").find(|event| event["args"]["name"] == name);
        named.unwrap_or_else(|| panic!("no process {name}"))["pid"].clone()
    };
    for worker in ["worker-1", "worker-2", "worker-3"] {
        let mut bands = of(&events, "b").filter(|event| event["pid"] == pid(worker));
        assert!(
            bands.any(|event| event["name"].as_str().unwrap().starts_with("lease of 0x")),
            "{worker}"
        );
    }
    assert!(of(&events, "b").any(|event| event["pid"] == pid("worker-1") && event["name"] == "down"));
    for queue in ["immediate", "database"] {
        assert!(of(&events, "C").any(|event| event["name"] == queue && event["pid"] == pid(queue)));
    }
}

#[test]
fn what_is_said_in_odd_letters_stays_json() {
    let events = exported(&transcript(vec![note(5, 1, "a \"b\" \\ \n \u{1} é")]));
    assert_eq!(of(&events, "X").next().unwrap()["name"], "a \"b\" \\ \n \u{1} é");
}
