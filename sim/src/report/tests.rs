use core::time::Duration;

use super::{Table, bad_luck, failure, landmarks, long, reached, short, summary, thousands};
use crate::coverage::Matrix;
use crate::run::{Failure, Finding, Tally, Times};
use crate::sometimes::{LANDMARKS, Landmarks, Reached, landmark};
use crate::world::BadLuck;
use crate::world::observe::Violation;

fn times(ms: &[u64]) -> Times {
    let mut times = Times::default();
    ms.iter().for_each(|ms| times.add(Duration::from_millis(*ms)));
    times
}

fn tally(failed: u64) -> Tally {
    Tally {
        scenario: "escrow/test".to_owned(),
        handle: "escrow/test".to_owned(),
        is_expanded: false,
        seeds: 100,
        failed,
        simulated: Duration::from_secs(6_000),
        steps: 12_345,
        faults: 7,
        deposits: 3_000,
        credited: 2_999,
        dead_lettered: 1,
        times_to_credit: times(&[431, 431, 1_876]),
        recovered: (Duration::ZERO, 0),
        landmarks: Landmarks::default(),
        bad_luck: BadLuck::default(),
        coverage: Matrix::default(),
        findings: Vec::new(),
        digest: 1,
        digests: Vec::new(),
        busy: Duration::from_millis(250),
    }
}

#[test]
fn the_table_lines_numbers_up() {
    let text = summary(&[tally(0), tally(12)]).to_string();
    let expected = "\
scenario     seeds   simulated  speed-up  faults  deposits  credited  dead letters     p50     p99  MTTR  result
escrow/test    100  1 h 40 min  24 000 x       7      3000      2999             1  431 ms  1.87 s     -  ok
escrow/test    100  1 h 40 min  24 000 x       7      3000      2999             1  431 ms  1.87 s     -  12 FAILED
";
    assert_eq!(text, expected);
}

#[test]
fn a_failure_says_what_where_and_how_to_see_it_again() {
    let finding = Finding {
        seed: 17,
        failure: Failure::Safety(Violation {
            oracle: "exactly_once",
            invariant: "posted_twice",
            detail: "log 0 was posted by transaction-1, and again".to_owned(),
        }),
        count: 3,
    };
    let expected = "\
FAILED  escrow/test  (safety, and 2 other seeds alike)
  seed       17
  commit     abc123
  oracle     exactly_once
  invariant  posted_twice
  detail     log 0 was posted by transaction-1, and again
  replay     plimsoll sim replay escrow/test --seed 17 --trace trace.jsonl
";
    assert_eq!(failure(&tally(3), &finding, "abc123"), expected);
}

#[test]
fn times_and_counts_are_written_for_people() {
    assert_eq!(long(Duration::from_secs(59)), "59 s");
    assert_eq!(long(Duration::from_secs(125)), "2 min 5 s");
    assert_eq!(short(Some(Duration::from_millis(999))), "999 ms");
    assert_eq!(short(Some(Duration::from_millis(12_345))), "12.3 s");
    assert_eq!(thousands(1_234_567).to_string(), "1 234 567");
    assert_eq!(thousands(12).to_string(), "12");
}

#[test]
fn a_table_of_two_columns_has_no_number_between_them() {
    let mut table = Table::new(&["name", "proves"]);
    table.row(vec!["a".to_owned(), "one thing".to_owned()]);
    assert_eq!(table.to_string(), "name  proves\na     one thing\n");
}

#[test]
fn landmarks_are_told_with_those_that_nobody_reached() {
    let mut one = tally(0);
    let mut run = Reached::default();
    run.note(landmark("a hold expired"));
    one.landmarks.add(run);
    one.landmarks.add(run);
    let tallies = [one, tally(0)];
    let text = landmarks(&tallies).to_string();
    let line = |start: &str| {
        let line = text.lines().find(|line| line.starts_with(start)).unwrap();
        line.split_whitespace().rev().take(2).collect::<Vec<_>>()
    };
    assert_eq!(line("a hold expired"), ["200", "2"]);
    assert_eq!(line("a breaker closed again"), ["200", "NEVER"]);
    assert_eq!(text.lines().count(), LANDMARKS.len() + 1);
    assert_eq!(reached(&tallies).missed().count(), LANDMARKS.len() - 1);
}

#[test]
fn every_site_of_bad_luck_has_its_line() {
    let text = bad_luck(&[tally(0)]).to_string();
    assert!(text.starts_with("site"), "{text}");
    for site in plimsoll_core::chaos::SITES {
        assert!(text.contains(site), "{site}");
    }
}
