//! Recordings as they should be.

use std::time::Duration;

use plimsoll_core::bank::{Query, Reply};
use plimsoll_core::id::UserId;
use plimsoll_sim::fault::{EndpointFault, Fault as SimFault};
use plimsoll_sim::run::{self, Ending};
use plimsoll_sim::scenario::Expanded;
use plimsoll_sim::world::plan::ScheduledFault;

use super::live::{End, KEY, LIMITS, Place, live, registrations, transfer};
use super::{refused, replayed};
use crate::driver::tests::journal::{Fate, MemoryJournal};
use crate::recorder::RecordingLimits;
use crate::testing::register;

/// Segments so small that a few inputs fill one.
const SMALL: RecordingLimits = RecordingLimits {
    segment_bytes: 3_000,
    ..LIMITS
};

fn text(path: &std::path::Path) -> String {
    path.display().to_string()
}

/// Two lives, of which the first is killed, in many segments.
async fn two_lives() -> Place {
    let place = Place::new();
    place
        .live(SMALL, End::Killed, async |handle| {
            registrations(&handle, "Ada Lovelace", 30).await;
            for number in 0..30 {
                handle.command(transfer(number)).await.unwrap();
            }
        })
        .await;
    place
        .live(SMALL, End::Stopped, async |handle| {
            handle.command(transfer(3)).await.unwrap();
            registrations(&handle, "Grace Hopper", 30).await;
            let again = handle.command(register("Ada Lovelace 3")).await.unwrap();
            assert!(matches!(again, Reply::User { replayed: true, .. }), "{again:?}");
            handle.query(Query::User(UserId::new(7))).await.unwrap();
        })
        .await;
    place
}

#[tokio::test(flavor = "multi_thread")]
async fn every_life_is_driven_again_from_its_beginning_and_from_every_segment() {
    let place = two_lives().await;
    let (recording, journal) = (text(&place.recording()), text(&place.journal()));
    let whole = replayed(&[&recording, "--journal", &journal, "--key", KEY]);
    assert!(
        whole.contains("000001.plmrec: life 1 from its beginning"),
        "{whole}"
    );
    assert!(
        whole.contains("life 2 from its beginning") && whole.contains(", closed\n"),
        "{whole}"
    );
    assert!(
        whole.contains("judged by conservation, exactly_once, idempotency"),
        "{whole}"
    );
    let count = u64::try_from(place.segments()).unwrap();
    assert!(count > 4, "{count} segments");
    let ends: Vec<&str> = whole
        .lines()
        .filter(|line| line.contains(".plmrec: life"))
        .collect();
    for (number, line) in (1..=count).zip(&ends) {
        let alone = replayed(&[&text(&place.segment(number)), "--journal", &journal, "--key", KEY]);
        assert!(
            alone.contains(line),
            "segment {number} alone comes to the same:\n{alone}{line}"
        );
    }
    for name in ["Ada", "Grace"] {
        let tells = |number: u64| {
            let bytes = std::fs::read(place.segment(number)).unwrap();
            bytes.windows(name.len()).any(|window| window == name.as_bytes())
        };
        assert!(!(1..=count).any(tells), "no name is in the recording");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_begins_behind_an_empty_journal_needs_the_journal_and_its_key() {
    let place = two_lives().await;
    let (recording, journal) = (text(&place.recording()), text(&place.journal()));
    let first = replayed(&[&text(&place.segment(1)), "--key", "whatever"]);
    assert!(
        first.contains("life 1 from its beginning"),
        "an empty journal needs none: {first}"
    );
    let missing = refused(&[&recording, "--key", KEY]);
    assert!(
        missing.contains("position") && missing.contains("name the journal with --journal"),
        "{missing}"
    );
    let key = refused(&[&recording, "--journal", &journal, "--key", "another one"]);
    assert!(
        key.contains("it was redacted with key") && key.contains("PLIMSOLL_RECORD__KEY"),
        "{key}"
    );
    let other = two_lives().await;
    let another = refused(&[&recording, "--journal", &text(&other.journal()), "--key", KEY]);
    assert!(
        another.contains("is not the one that was recorded: it differs at position"),
        "{another}"
    );
    let empty = Place::new();
    empty.live(LIMITS, End::Stopped, async |_| {}).await;
    let short = refused(&[&recording, "--journal", &text(&empty.journal()), "--key", KEY]);
    assert!(short.contains("take a later copy"), "{short}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_segments_are_dropped_and_the_rest_is_enough() {
    let place = Place::new();
    let few = RecordingLimits {
        segments_max: 3,
        ..SMALL
    };
    place
        .live(few, End::Stopped, async |handle| {
            registrations(&handle, "user", 100).await
        })
        .await;
    assert_eq!(place.segments(), 3);
    let (recording, journal) = (text(&place.recording()), text(&place.journal()));
    let out = replayed(&[&recording, "--journal", &journal, "--key", KEY]);
    assert!(
        out.starts_with("0000") && out.contains(": life 1 after "),
        "{out}"
    );
    assert!(!out.contains("from its beginning"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_where_it_is_told_to_and_shows_the_state() {
    let place = Place::new();
    place
        .live(LIMITS, End::Stopped, async |handle| {
            registrations(&handle, "user", 3).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            registrations(&handle, "later", 3).await;
        })
        .await;
    let recording = text(&place.recording());
    let at = |until: &str| replayed(&[&recording, "--until", until, "--print-state"]);
    let (by_count, by_place) = (at("4"), at("1:4"));
    assert_eq!(by_count, by_place);
    assert!(
        by_count.contains("replayed 4 inputs: as recorded, stopped after input 1:4 (000001.plmrec, byte "),
        "{by_count}"
    );
    let date = by_count
        .split(", ")
        .find_map(|part| part.split(')').next().filter(|part| part.ends_with('Z')));
    let date = date.unwrap();
    let by_date = at(date);
    let played = |out: &str| {
        out.lines()
            .find(|line| line.starts_with("replayed"))
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        played(&by_date),
        played(&by_count),
        "the same input is the last one by that date"
    );
    let all = at("100000");
    assert!(
        all.contains("\n6 users, 0 transactions\n") && all.contains("\nuser-6/USDT available 0."),
        "{all}"
    );
    assert!(
        all.contains("eip155:56 scanned 0 finalized -\n  one breaker "),
        "{all}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_journal_answers_is_part_of_it() {
    let place = Place::new();
    let journal = MemoryJournal::new(&[
        Fate::Commits,
        Fate::Fails,
        Fate::Fails,
        Fate::UnknownAndKept,
        Fate::UnknownAndLost,
        Fate::UnknownAndKept,
    ]);
    journal.make_head_unreadable(2);
    live(&place.recording(), SMALL, End::Stopped, journal, async |handle| {
        registrations(&handle, "user", 40).await;
    })
    .await;
    replayed(&[&text(&place.recording())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_does_not_keep_up_leaves_a_gap_that_is_told() {
    let place = Place::new();
    let narrow = RecordingLimits {
        queued_bytes_max: 2_000,
        ..LIMITS
    };
    place
        .live(narrow, End::Stopped, async |handle| {
            registrations(&handle, "user", 3).await;
            let many = (0..200).map(|number| handle.command(transfer(number)));
            futures_util::future::join_all(many).await;
            for name in ["after", "the", "gap"] {
                registrations(&handle, name, 3).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    let (recording, journal) = (text(&place.recording()), text(&place.journal()));
    let path = text(&place.recording().join("incident.toml"));
    let arguments = [
        &recording,
        "--journal",
        &journal,
        "--key",
        KEY,
        "--scenario",
        &path,
    ];
    let out = replayed(&arguments);
    assert!(
        out.contains("a gap of ") && out.contains(" inputs: the disk did not keep up"),
        "{out}"
    );
    let incident = Expanded::parse(&path, &std::fs::read_to_string(&path).unwrap()).unwrap();
    let is_crash = |one: &ScheduledFault| matches!(one.fault, SimFault::Process { .. });
    assert!(!incident.plan.faults.iter().any(is_crash), "nobody died in a gap");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_played_is_a_scenario_for_the_simulator() {
    let place = two_lives().await;
    let (recording, journal) = (text(&place.recording()), text(&place.journal()));
    let file = place.recording().join("incident.toml");
    let path = text(&file);
    let arguments = [
        &recording,
        "--journal",
        &journal,
        "--key",
        KEY,
        "--scenario",
        &path,
    ];
    let out = replayed(&arguments);
    assert!(
        out.contains("incident.toml: 31 deeds, ") && out.ends_with(" 0 things left out\n"),
        "{out}"
    );
    let expanded = Expanded::parse(&path, &std::fs::read_to_string(&file).unwrap()).unwrap();
    let plan = &expanded.plan;
    let is_crash = |one: &&ScheduledFault| matches!(one.fault, SimFault::Process { .. });
    assert_eq!(
        plan.faults.iter().filter(is_crash).count(),
        1,
        "{:?}",
        plan.faults
    );
    let is_dead = |one: &ScheduledFault| {
        let fault = EndpointFault::Dead;
        matches!(one.fault, SimFault::Endpoint { fault: found, .. } if found == fault)
    };
    assert!(plan.faults.iter().any(is_dead), "{:?}", plan.faults);
    assert_eq!(plan.topology.users, 60);
    let single = run::replay(plan, expanded.seed, None).unwrap();
    assert_eq!(single.ending, Ending::Passed);

    let arguments = [
        &recording,
        "--journal",
        &journal,
        "--key",
        KEY,
        "--scenario",
        "/nowhere/x",
    ];
    assert_eq!(
        refused(&arguments),
        "write /nowhere/x: No such file or directory (os error 2)"
    );
}
