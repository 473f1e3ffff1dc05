use super::Comparison;
use crate::trace::testing::{note, transcript};
use crate::trace::{Body, Checkpoint, Transcript};

fn usual() -> Transcript {
    let mut events: Vec<_> = (0..8)
        .map(|n| note(n * 1_000_000, n, &format!("event {n}")))
        .collect();
    events[1].body = Body::Checkpoint(Checkpoint {
        steps: 64,
        digest: "d1".to_owned(),
        state: "51".to_owned(),
    });
    transcript(events)
}

#[test]
fn traces_of_other_builds_are_the_same() {
    let (a, mut b) = (usual(), usual());
    b.header.build = "another".to_owned();
    let comparison = Comparison::of(("a.jsonl", &a), ("b.jsonl", &b));
    assert!(comparison.is_same());
    assert_eq!(comparison.first_difference(), None);
    insta::assert_snapshot!("same", comparison.to_string());
}

#[test]
fn the_first_event_that_differs_is_shown_with_its_fields() {
    let (a, mut b) = (usual(), usual());
    b.events[5] = note(5_000_000, 5, "something else");
    b.events[5].ids.call = Some(3);
    b.events[6] = note(6_000_000, 6, "and more");
    let comparison = Comparison::of(("a.jsonl", &a), ("b.jsonl", &b));
    assert_eq!(comparison.first_difference(), Some(5));
    assert!(!comparison.is_same());
    insta::assert_snapshot!("different", comparison.to_string());
}

#[test]
fn a_trace_that_is_shorter_differs_where_it_ends() {
    let (a, mut b) = (usual(), usual());
    b.events.truncate(6);
    let comparison = Comparison::of(("a.jsonl", &a), ("b.jsonl", &b));
    assert_eq!(comparison.first_difference(), Some(6));
    insta::assert_snapshot!("shorter", comparison.to_string());
    assert_eq!(
        Comparison::of(("b.jsonl", &b), ("a.jsonl", &a)).first_difference(),
        Some(6)
    );
}

#[test]
fn an_end_that_differs_is_a_difference() {
    let (a, mut b) = (usual(), usual());
    b.end.end = "crash".to_owned();
    let comparison = Comparison::of(("a.jsonl", &a), ("b.jsonl", &b));
    assert_eq!(comparison.first_difference(), None);
    assert!(!comparison.is_same());
    insta::assert_snapshot!("ends", comparison.to_string());
}

#[test]
fn traces_of_other_runs_are_not_the_same() {
    let (a, mut b) = (usual(), usual());
    b.header.seed = 8;
    let comparison = Comparison::of(("a.jsonl", &a), ("b.jsonl", &b));
    assert!(!comparison.is_same());
    insta::assert_snapshot!("runs", comparison.to_string());
}
