//! An outbox that goes on from what another one held asks and releases what that one would have.

use std::vec;
use std::vec::Vec;

use super::{Gate, LATER, NOW, accept, append, gate, released, tip};
use crate::journal::Head;
use crate::machine::Intent;
use crate::outbox::{Appended, ImpossibleMoment, Moment, Outbox, Standing};
use crate::time::WallClock;

/// Another gate that goes on where `gate` is, from the stored form.
fn resumed(gate: &Gate) -> Gate {
    let stored = postcard::to_allocvec(&gate.moment()).unwrap();
    let resumed: Gate = Outbox::resume(postcard::from_bytes(&stored).unwrap()).unwrap();
    assert_eq!(resumed.moment(), gate.moment());
    resumed
}

/// A gate with two groups of records, and what is done to it.
fn story(then: impl Fn(&mut Gate)) -> Gate {
    let mut gate = gate();
    accept(&mut gate, &[Intent::Record(1), Intent::Record(2)]);
    accept(&mut gate, &[Intent::Record(3)]);
    then(&mut gate);
    gate
}

#[test]
fn whatever_it_is_doing_it_can_be_gone_on_with() {
    let idle = story(|_| {});
    let mut next = resumed(&idle);
    let batch = append(&mut next, NOW);
    assert_eq!(batch.last.count(), 3);
    let mut next = resumed(&next);
    accept(&mut next, &[Intent::Record(4), Intent::Act("after 4")]);
    assert_eq!(next.on_appended(NOW, Appended::Committed), Standing::Writer);
    assert_eq!((next.head().position.count(), next.uncommitted().count()), (3, 1));
    assert_eq!(released(&mut next), Vec::<&str>::new());
    append(&mut next, NOW);
    assert_eq!(next.on_appended(NOW, Appended::Committed), Standing::Writer);
    assert_eq!(released(&mut next), ["after 4"]);

    let resting = story(|gate| {
        append(gate, NOW);
        assert_eq!(gate.on_appended(NOW, Appended::Failed), Standing::Writer);
    });
    let mut next = resumed(&resting);
    assert!(next.is_store_failing());
    assert_eq!(next.next_deadline(), resting.next_deadline());
    assert_eq!(next.store_request(NOW, WallClock::default()), None);
    append(&mut next, LATER);
}

#[test]
fn a_doubt_is_gone_on_with_and_resolved() {
    let doubtful = story(|gate| {
        append(gate, NOW);
        assert_eq!(gate.on_appended(NOW, Appended::Unknown), Standing::Writer);
    });
    let mut next = resumed(&doubtful);
    assert!(
        next.store_request(NOW, WallClock::default()).is_some(),
        "the head is asked for"
    );
    let mut next = resumed(&next);
    assert_eq!(next.store_request(LATER, WallClock::default()), None, "once");
    assert_eq!(
        next.on_head(NOW, Some(*doubtful.head())),
        Standing::Writer,
        "nothing was written"
    );
    let batch = append(&mut next, LATER);
    assert_eq!(next.on_appended(NOW, Appended::Unknown), Standing::Writer);
    assert!(next.store_request(LATER, WallClock::default()).is_some());
    assert_eq!(next.on_head(LATER, Some(tip(&batch))), Standing::Writer);
    assert!(next.is_empty());

    let fenced = story(|gate| {
        append(gate, NOW);
        assert_eq!(gate.on_appended(NOW, Appended::Fenced), Standing::Fenced);
    });
    let mut next = resumed(&fenced);
    assert_eq!(
        (
            released(&mut next),
            next.store_request(LATER, WallClock::default())
        ),
        (vec![], None)
    );
}

#[test]
fn what_was_committed_before_is_no_part_of_a_batch_under_way() {
    let mut gate = story(|gate| {
        append(gate, NOW);
        assert_eq!(gate.on_appended(NOW, Appended::Committed), Standing::Writer);
    });
    accept(&mut gate, &[Intent::Record(4)]);
    append(&mut gate, NOW);
    accept(&mut gate, &[Intent::Record(5)]);
    let next = resumed(&gate);
    assert_eq!(next.in_flight().map(|batch| batch.last.count()), Some(4));
}

#[test]
fn a_moment_that_never_was_is_refused() {
    let moment = |groups: Vec<Vec<u64>>, flight: &[u8]| -> Moment<u64> {
        let mut bytes = postcard::to_allocvec(&Head::default()).unwrap();
        bytes.extend(postcard::to_allocvec(&groups).unwrap());
        bytes.extend(flight);
        bytes.extend([0, 50]); // the pause: no seconds, 50 ns
        postcard::from_bytes(&bytes).unwrap()
    };
    let resume = |groups: &[&[u64]], flight: &[u8]| {
        let groups = groups.iter().map(|group| group.to_vec()).collect();
        Outbox::<u64, &'static str>::resume(moment(groups, flight)).map(|_| ())
    };
    const IDLE: [u8; 1] = [0];
    let appending = |records: u8| [1, records];
    assert_eq!(resume(&[&[1], &[2, 3]], &IDLE), Ok(()));
    assert_eq!(resume(&[&[1], &[2, 3]], &appending(1)), Ok(()));
    assert_eq!(resume(&[&[1], &[2, 3]], &appending(3)), Ok(()));
    for (groups, flight) in [
        (&[&[1][..], &[]][..], &IDLE[..]),
        (&[&[1], &[2, 3]], &appending(0)),
        (&[&[1], &[2, 3]], &appending(2)),
        (&[&[1], &[2, 3]], &appending(4)),
    ] {
        assert_eq!(
            resume(groups, flight),
            Err(ImpossibleMoment),
            "{groups:?} {flight:?}"
        );
    }
    let late = Head {
        position: crate::journal::Position::new(u64::MAX),
        ..Head::default()
    };
    let mut moment = moment(vec![vec![1]], &IDLE);
    moment.head = late;
    assert_eq!(Gate::resume(moment).map(|_| ()), Err(ImpossibleMoment));
}
