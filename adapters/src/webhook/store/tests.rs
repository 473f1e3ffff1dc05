use plimsoll_core::id::UserId;
use plimsoll_core::journal::{ChainHash, Head, Position};
use plimsoll_core::webhook::{Event, EventId, Kind, Topic};

use super::{DeskError, Store, Written};

fn id(position: u64, part: u32) -> EventId {
    EventId {
        position: Position::new(position),
        part,
    }
}

fn head(position: u64) -> Head {
    Head {
        epoch: 1,
        position: Position::new(position),
        hash: ChainHash([7; 32]),
    }
}

fn written(position: u64, part: u32) -> Written {
    let topic = Topic {
        kind: Kind::DepositSeen,
        user: (part > 0).then_some(UserId::new(part.into())),
    };
    Written {
        event: Event {
            id: id(position, part),
            topic,
        },
        body: format!("{position}/{part}"),
    }
}

#[tokio::test]
async fn events_are_read_by_the_page_and_up_to_the_tail() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("x"), &head(3)).await.unwrap();
    let all = [written(4, 0), written(4, 1), written(9, 0)];
    store.append(&all, &head(12)).await.unwrap();
    let events: Vec<Event> = all.iter().map(|one| one.event).collect();
    for (after, limit, expected, reached) in [
        (
            EventId::end_of(Position::new(3)),
            10,
            &events[..],
            EventId::end_of(Position::new(12)),
        ),
        (EventId::end_of(Position::new(3)), 2, &events[..2], id(4, 1)),
        (id(4, 0), 1, &events[1..2], id(4, 1)),
        (id(4, 1), 5, &events[2..], EventId::end_of(Position::new(12))),
        (
            EventId::end_of(Position::new(9)),
            5,
            &[],
            EventId::end_of(Position::new(12)),
        ),
    ] {
        let read = store.read(after, limit).await.unwrap();
        assert_eq!(read, (expected.to_vec(), reached), "{after} {limit}");
    }
    assert_eq!(
        store.body(id(4, 1)).await.unwrap(),
        Some((Kind::DepositSeen, "4/1".to_owned()))
    );
    assert_eq!(store.body(id(4, 2)).await.unwrap(), None);
    assert_eq!(
        store.checkpoint().await.unwrap(),
        (Position::new(12), ChainHash([7; 32]))
    );
}

#[tokio::test]
async fn a_cursor_is_kept_over_openings_and_begins_where_the_journal_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let store = Store::open(&path, &head(3)).await.unwrap();
    let begin = EventId::end_of(Position::new(3));
    assert_eq!(store.cursor("shop", Position::new(3)).await.unwrap(), begin);
    store.keep(&[], &[("shop", id(8, 2))]).await.unwrap();
    drop(store);
    let store = Store::open(&path, &head(99)).await.unwrap();
    assert_eq!(store.cursor("shop", Position::new(99)).await.unwrap(), id(8, 2));
    assert_eq!(
        store.cursor("new", Position::new(99)).await.unwrap(),
        EventId::end_of(Position::new(99))
    );
    assert_eq!(
        store.checkpoint().await.unwrap().0,
        Position::new(3),
        "as it was made"
    );
}

#[tokio::test]
async fn what_every_receiver_has_is_dropped_when_it_is_old() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("x"), &head(0)).await.unwrap();
    let all: Vec<Written> = (1..=100_005).map(|position| written(position, 0)).collect();
    store.append(&all, &head(100_005)).await.unwrap();
    store.prune(id(3, 0)).await.unwrap();
    let first = |read: (Vec<Event>, EventId)| read.0[0].id;
    assert_eq!(
        first(store.read(EventId::default(), 1).await.unwrap()),
        id(3, 0),
        "still to be delivered"
    );
    store.prune(id(100_005, 0)).await.unwrap();
    assert_eq!(
        first(store.read(EventId::default(), 1).await.unwrap()),
        id(5, 0),
        "the newest are kept"
    );
}

#[tokio::test]
async fn what_is_no_file_of_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, vec![7; 4_096]).unwrap();
    assert!(matches!(
        Store::open(&path, &head(0)).await,
        Err(DeskError::Open { .. })
    ));
    let journal = folder.path().join("journal.db");
    let made = crate::store::SqliteJournal::open(&journal, crate::store::Mode::CreateIfMissing).await;
    drop(made.unwrap());
    assert!(matches!(
        Store::open(&journal, &head(0)).await,
        Err(DeskError::NotOurs { .. })
    ));
}
