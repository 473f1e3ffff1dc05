use std::vec::Vec;

use super::{Appended, Outbox, Standing, StoreRequest};
use crate::chaos::{Chaos, Intensity};
use crate::journal::{Batch, Head, Position};
use crate::limits::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX, UNCOMMITTED_RECORDS_MAX};
use crate::machine::{DependsOnFacts, Effects, Intent};
use crate::rng::Rng;
use crate::time::{Instant, WallClock};

mod moment;

type Gate = Outbox<u64, &'static str>;

impl DependsOnFacts for &str {
    fn depends_on_facts(&self) -> bool {
        !self.ends_with('?')
    }
}

const NOW: Instant = Instant::from_nanos(1_000);
const LATER: Instant = Instant::from_nanos(10_000_000_000);

fn gate() -> Gate {
    Outbox::new(Head {
        epoch: 1,
        ..Head::default()
    })
}

fn accept(gate: &mut Gate, intents: &[Intent<u64, &'static str>]) {
    let mut fx = Effects::new();
    intents.iter().for_each(|intent| fx.push(intent.clone()));
    gate.accept(&mut fx);
}

fn released(gate: &mut Gate) -> Vec<&'static str> {
    core::iter::from_fn(|| gate.pop()).collect()
}

fn append(gate: &mut Gate, now: Instant) -> Batch {
    match gate.store_request(now, WallClock::default()) {
        Some(StoreRequest::Append(batch)) => batch,
        other => panic!("{other:?}"),
    }
}

fn tip(batch: &Batch) -> Head {
    Head {
        epoch: batch.epoch,
        position: batch.last,
        hash: batch.hash,
    }
}

#[test]
fn an_act_waits_for_the_records_before_it_and_for_no_others() {
    let mut gate = gate();
    accept(
        &mut gate,
        &[Intent::Act("free"), Intent::Record(1), Intent::Act("after 1")],
    );
    assert_eq!(released(&mut gate), ["free"]);
    append(&mut gate, NOW);
    accept(&mut gate, &[Intent::Record(2), Intent::Act("after 2")]);
    assert!(
        gate.store_request(NOW, WallClock::default()).is_none(),
        "one append at a time"
    );
    assert_eq!(released(&mut gate), [""; 0]);
    assert_eq!(gate.on_appended(NOW, Appended::Committed), Standing::Writer);
    assert_eq!(released(&mut gate), ["after 1"]);
    append(&mut gate, NOW);
    assert_eq!(gate.on_appended(NOW, Appended::Committed), Standing::Writer);
    assert_eq!(released(&mut gate), ["after 2"]);
    assert!(gate.is_empty());
    assert_eq!(gate.head().position, Position::new(2));
}

#[test]
fn a_failed_append_is_offered_again_after_a_growing_pause() {
    let mut gate = gate();
    accept(&mut gate, &[Intent::Record(1), Intent::Act("a")]);
    let mut now = NOW;
    let mut pauses = Vec::new();
    for _ in 0..8 {
        append(&mut gate, now);
        assert_eq!(gate.on_appended(now, Appended::Failed), Standing::Writer);
        assert!(gate.is_store_failing());
        assert!(gate.store_request(now, WallClock::default()).is_none());
        let at = gate.next_deadline().unwrap().at;
        pauses.push(at.since(now).as_millis());
        now = at;
    }
    assert_eq!(pauses, [50, 100, 200, 400, 800, 1600, 2000, 2000]);
    assert_eq!(released(&mut gate), [""; 0]);
    append(&mut gate, now);
    assert_eq!(gate.on_appended(now, Appended::Committed), Standing::Writer);
    assert_eq!(released(&mut gate), ["a"]);
    assert!(!gate.is_store_failing());
}

#[track_caller]
fn doubtful(head: impl Fn(&Head, &Batch) -> Option<Head>) -> (Gate, Standing) {
    let mut gate = gate();
    accept(&mut gate, &[Intent::Record(1), Intent::Act("a")]);
    let before = *gate.head();
    let batch = append(&mut gate, NOW);
    assert_eq!(gate.on_appended(NOW, Appended::Unknown), Standing::Writer);
    assert_eq!(
        released(&mut gate),
        [""; 0],
        "an unknown outcome releases nothing"
    );
    assert_eq!(
        gate.store_request(NOW, WallClock::default()),
        Some(StoreRequest::ReadHead)
    );
    assert!(
        gate.store_request(NOW, WallClock::default()).is_none(),
        "one question at a time"
    );
    let standing = gate.on_head(NOW, head(&before, &batch));
    (gate, standing)
}

#[test]
fn an_unknown_outcome_is_resolved_by_the_head() {
    let (mut gate, standing) = doubtful(|_, batch| Some(tip(batch)));
    assert_eq!(
        (standing, released(&mut gate)),
        (Standing::Writer, std::vec!["a"])
    );

    let (mut gate, standing) = doubtful(|before, _| Some(*before));
    assert_eq!((standing, released(&mut gate)), (Standing::Writer, std::vec![]));
    append(&mut gate, LATER);

    let (mut gate, standing) = doubtful(|_, _| None);
    assert_eq!((standing, released(&mut gate)), (Standing::Writer, std::vec![]));
    assert_eq!(
        gate.store_request(LATER, WallClock::default()),
        Some(StoreRequest::ReadHead)
    );
}

#[test]
fn a_foreign_head_fences_for_ever() {
    let foreign: [fn(&Head, &Batch) -> Head; 3] = [
        |_, batch| Head {
            epoch: 2,
            ..tip(batch)
        },
        |before, _| Head { epoch: 2, ..*before },
        |_, batch| Head {
            hash: Default::default(),
            ..tip(batch)
        },
    ];
    for (index, head) in foreign.iter().enumerate() {
        let (mut gate, standing) = doubtful(|before, batch| Some(head(before, batch)));
        assert_eq!(standing, Standing::Fenced, "{index}");
        assert!(gate.store_request(LATER, WallClock::default()).is_none());
        assert_eq!(released(&mut gate), [""; 0]);
    }
}

#[test]
fn acts_alone_give_the_store_nothing_to_append() {
    let mut gate = gate();
    accept(&mut gate, &[Intent::Act("a")]);
    assert_eq!(gate.store_request(NOW, WallClock::default()), None);
    assert_eq!(released(&mut gate), ["a"]);
}

/// What a gate tells of itself: the position after what it accepted, the last position under way, whether that is in
/// doubt, and whether nothing waits.
fn told(gate: &Gate) -> (u64, Option<u64>, bool, bool) {
    let in_flight = gate.in_flight().map(|batch| batch.last.count());
    (
        gate.accepted().count(),
        in_flight,
        gate.is_in_doubt(),
        gate.is_empty(),
    )
}

#[test]
fn what_a_gate_tells_of_itself() {
    let mut gate = gate();
    assert_eq!(told(&gate), (0, None, false, true));
    accept(&mut gate, &[Intent::Act("a"), Intent::Act("asked?")]);
    assert_eq!(told(&gate), (0, None, false, false));
    assert_eq!(gate.pop(), Some("asked?"));
    assert_eq!(told(&gate), (0, None, false, false), "an act waits");
    assert_eq!(gate.pop(), Some("a"));
    assert_eq!(told(&gate), (0, None, false, true));
    accept(&mut gate, &[Intent::Record(1), Intent::Record(2)]);
    assert_eq!(told(&gate), (2, None, false, false));
    let batch = append(&mut gate, NOW);
    accept(&mut gate, &[Intent::Record(3)]);
    assert_eq!(told(&gate), (3, Some(2), false, false));
    assert_eq!(gate.on_appended(NOW, Appended::Unknown), Standing::Writer);
    assert_eq!(told(&gate), (3, Some(2), true, false));
    assert!(gate.store_request(NOW, WallClock::default()).is_some());
    assert_eq!(gate.on_head(NOW, Some(tip(&batch))), Standing::Writer);
    assert_eq!(told(&gate), (3, None, false, false));
    append(&mut gate, NOW);
    assert_eq!(gate.on_appended(NOW, Appended::Committed), Standing::Writer);
    assert_eq!(told(&gate), (3, None, false, true));
}

#[test]
fn a_batch_never_splits_a_group() {
    let mut gate = gate();
    let group: Vec<_> = (0..1_500).map(Intent::Record).collect();
    for _ in 0..6 {
        accept(&mut gate, &group);
    }
    let batch = append(&mut gate, NOW);
    assert_eq!(batch.last.count(), 7_500);
    assert!(batch.last.count() <= BATCH_RECORDS_MAX as u64);
    assert_eq!(gate.on_appended(NOW, Appended::Committed), Standing::Writer);
    assert_eq!(append(&mut gate, NOW).last.count(), 9_000);
    assert_eq!(gate.next_deadline(), None);
}

#[test]
fn a_batch_is_never_larger_than_the_store_takes() {
    let mut gate: Outbox<std::string::String, &'static str> = Outbox::new(Head::default());
    let (records, bytes) = (80, 1 << 20);
    for _ in 0..records {
        let mut fx = Effects::new();
        fx.push(Intent::Record("x".repeat(bytes)));
        gate.accept(&mut fx);
    }
    while gate.uncommitted().next().is_some() {
        let Some(StoreRequest::Append(batch)) = gate.store_request(NOW, WallClock::default()) else {
            panic!("records wait")
        };
        assert!(batch.bytes.len() <= BATCH_BYTES_MAX);
        assert_eq!(gate.on_appended(NOW, Appended::Committed), Standing::Writer);
    }
    assert_eq!(gate.head().position, Position::new(records));
}

#[test]
fn a_question_waits_for_no_fact_until_too_many_wait_for_the_store() {
    let mut gate = gate();
    accept(
        &mut gate,
        &[Intent::Record(1), Intent::Act("told"), Intent::Act("asked?")],
    );
    assert_eq!(released(&mut gate), ["asked?"]);
    while !gate.is_saturated() {
        accept(&mut gate, &std::vec![Intent::Record(1); 1_024]);
    }
    accept(&mut gate, &[Intent::Act("asked again?")]);
    assert_eq!(released(&mut gate), [""; 0]);
    for _ in 0..=UNCOMMITTED_RECORDS_MAX / BATCH_RECORDS_MAX {
        append(&mut gate, NOW);
        assert_eq!(gate.on_appended(NOW, Appended::Committed), Standing::Writer);
        if gate.uncommitted().next().is_none() {
            break;
        }
    }
    assert_eq!(released(&mut gate), ["told", "asked again?"]);
    append_is_fenced(gate);
}

fn append_is_fenced(mut gate: Gate) {
    accept(&mut gate, &[Intent::Record(1), Intent::Act("asked?")]);
    append(&mut gate, NOW);
    assert_eq!(gate.on_appended(NOW, Appended::Fenced), Standing::Fenced);
    assert_eq!(released(&mut gate), [""; 0], "who lost its office asks nothing");
}

/// Commits eight records under bad luck: how many batches that took, how often the head was read, how often bad luck
/// struck.
fn unlucky(seed: u64) -> (u64, u64, u64) {
    let intensity = Intensity {
        activation_percent: 100,
        firing_percent: 50,
    };
    let mut gate = gate().with_chaos(Chaos::on(Rng::from_seed(seed), 1, intensity));
    for record in 0..8 {
        assert!(!gate.is_saturated());
        accept(&mut gate, &[Intent::Record(record), Intent::Act("told")]);
    }
    assert!(gate.is_saturated(), "there is room for eight records");
    let (mut now, mut durable) = (NOW, *gate.head());
    let (mut told, mut batches, mut doubts) = (0, 0, 0);
    while !gate.is_empty() {
        now = now.after(core::time::Duration::from_millis(10));
        assert!(now < LATER, "bad luck holds it up for ever");
        let standing = match gate.store_request(now, WallClock::default()) {
            Some(StoreRequest::Append(batch)) => {
                batches += 1;
                durable = tip(&batch);
                gate.on_appended(now, Appended::Committed)
            }
            Some(StoreRequest::ReadHead) => {
                doubts += 1;
                gate.on_head(now, Some(durable))
            }
            None => Standing::Writer,
        };
        assert_eq!(standing, Standing::Writer);
        told += released(&mut gate).len() as u64;
        assert!(told <= gate.head().position.count());
    }
    assert_eq!((told, gate.head().position), (8, Position::new(8)));
    let fired = gate.chaos().sites().map(|site| site.fired).sum();
    (batches, doubts, fired)
}

#[test]
fn bad_luck_delays_acts_and_lets_none_out_early() {
    let runs: Vec<_> = (0..20).map(unlucky).collect();
    assert!(runs.iter().any(|(batches, ..)| *batches > 3), "{runs:?}");
    assert!(runs.iter().any(|(_, doubts, _)| *doubts > 0), "{runs:?}");
    assert!(runs.iter().all(|(.., fired)| *fired > 0), "{runs:?}");
}
