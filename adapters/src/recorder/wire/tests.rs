use plimsoll_core::bank::Event;
use plimsoll_core::journal::Head;
use plimsoll_core::outbox::{Appended, Outbox};
use plimsoll_core::time::{Instant, WallClock};
use proptest::prelude::*;

use super::{Damage, Frames, HEAD_BYTES, Next, Sealer, segment_of};
use crate::recorder::frame::{Answered, FORMAT, Frame, Opening};
use crate::recorder::redact::Redactor;
use crate::testing::bank_config;

fn opening() -> Frame<'static> {
    let outbox: Outbox<plimsoll_core::bank::Record, plimsoll_core::bank::Act> = Outbox::new(Head::default());
    Frame::Opening(Box::new(Opening {
        version: "1.2.3".to_owned(),
        now: Instant::from_nanos(1),
        wall: WallClock::from_micros(2),
        inputs: 0,
        lost: 0,
        digest: 3,
        key: Redactor::new("a key").key_id(),
        config: bank_config(),
        outbox: outbox.moment(),
        bank: None,
    }))
}

fn tick(at: u64) -> Frame<'static> {
    Frame::Input {
        now: Instant::from_nanos(at),
        wall: WallClock::from_micros(7),
        digest: at,
        event: std::borrow::Cow::Owned(Event::Tick),
    }
}

fn story() -> Vec<Frame<'static>> {
    let answered = Frame::Answered {
        now: Instant::from_nanos(50),
        answer: Answered::Appended(Appended::Committed),
    };
    let closing = Frame::Closing { inputs: 3, digest: 9 };
    vec![opening(), tick(10), tick(20), answered, tick(60), closing]
}

/// A segment of `frames`, and where each of them ends.
fn segment(frames: &[Frame<'_>]) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = Vec::new();
    let mut sealer = Sealer::begin(&mut bytes);
    let mut ends = vec![bytes.len()];
    for frame in frames {
        sealer.seal(&postcard::to_allocvec(frame).unwrap(), &mut bytes);
        ends.push(bytes.len());
    }
    (bytes, ends)
}

/// Everything that can be read of `bytes`, and how they end.
fn read(bytes: &[u8]) -> (Vec<Frame<'static>>, Result<Next, Damage>) {
    let mut found = Vec::new();
    let mut frames = match Frames::new(bytes) {
        Ok(frames) => frames,
        Err(damage) => return (found, Err(damage)),
    };
    loop {
        match frames.read() {
            Ok(Next::Frame(frame)) => found.push(frame),
            end => return (found, end),
        }
    }
}

#[test]
fn what_was_written_is_read() {
    let (bytes, _) = segment(&story());
    assert_eq!(read(&bytes), (story(), Ok(Next::End)));
}

#[test]
fn a_segment_may_end_anywhere_and_what_is_whole_is_read() {
    let (bytes, ends) = segment(&story());
    for length in 0..bytes.len() {
        let whole = ends[1..].iter().filter(|end| **end <= length).count();
        let last = if length < HEAD_BYTES { length } else { ends[whole] };
        let end = if length >= HEAD_BYTES && last == length {
            Next::End
        } else {
            Next::CutOff(last)
        };
        let (found, found_end) = read(&bytes[..length]);
        assert_eq!(
            (found.as_slice(), found_end),
            (&story()[..whole], Ok(end)),
            "{length} bytes"
        );
    }
}

#[test]
fn no_bit_may_flip() {
    let (bytes, ends) = segment(&story());
    for place in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[place / 8] ^= 1 << (place % 8);
        let (found, end) = read(&flipped);
        let damage = end.expect_err("a flipped bit is seen");
        let whole = ends[1..].iter().filter(|end| **end <= place / 8).count();
        assert_eq!(found, story()[..whole], "only what is before it is read");
        assert!(damage.offset <= place / 8, "{damage} is told behind bit {place}");
    }
}

#[test]
fn no_frame_may_be_taken_out_put_in_or_moved() {
    let (bytes, ends) = segment(&story());
    let cut = |from: usize, to: usize| [&bytes[..ends[from]], &bytes[ends[to]..]].concat();
    let twice = |frame: usize| [&bytes[..ends[frame + 1]], &bytes[ends[frame]..]].concat();
    for frame in 1..story().len() - 1 {
        assert!(
            read(&cut(frame, frame + 1)).1.is_err(),
            "frame {frame} is missing"
        );
        assert!(read(&twice(frame)).1.is_err(), "frame {frame} is there twice");
    }
}

#[test]
fn what_is_no_recording_is_named() {
    let told = |bytes: &[u8]| read(bytes).1.map_err(|damage| damage.to_string());
    let magic = "at byte 0, magic: this is not a recording of plimsoll";
    assert_eq!(told(b"SQLite format 3\0"), Err(magic.to_owned()));
    assert_eq!(told(b"X"), Err(magic.to_owned()));
    let version = format!("at byte 8, version: the recording has version 258, this program reads {FORMAT}");
    assert_eq!(told(b"PLIMSREC\x02\x01rest"), Err(version));
    let order = |frames: &[Frame<'_>]| told(&segment(frames).0);
    let first = "at byte 18, payload: an opening is the first frame, and the first frame alone";
    assert_eq!(order(&[tick(1)]), Err(first.to_owned()));
    assert!(order(&[opening(), opening()]).is_err());
    assert!(order(&[opening(), Frame::Closing { inputs: 0, digest: 0 }, tick(1)]).is_err());
    let (mut bytes, mut ends) = segment(&[opening()]);
    bytes.extend([0; 100]);
    assert_eq!(
        told(&bytes),
        Ok(Next::CutOff(ends.pop().unwrap())),
        "space that was never filled"
    );
}

#[test]
fn a_frame_that_is_none_is_no_frame_whatever_its_sum_says() {
    let mut bytes = Vec::new();
    let mut sealer = Sealer::begin(&mut bytes);
    sealer.seal(&postcard::to_allocvec(&opening()).unwrap(), &mut bytes);
    let start = bytes.len();
    for payload in [&[][..], &[9], &[4, 1], &[4, 1, 1, 1]] {
        let (mut bytes, mut sealer) = (bytes.clone(), sealer.clone());
        sealer.seal(payload, &mut bytes);
        let damage = read(&bytes).1.expect_err("no frame");
        assert_eq!(
            (damage.offset, damage.field),
            (start + 8, "payload"),
            "{payload:?}"
        );
    }
}

proptest! {
    #[test]
    fn bytes_that_nobody_sealed_are_no_frames(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(read(&bytes).0, vec![]);
        prop_assert_eq!(read(&[b"PLIMSREC\x01\x00", bytes.as_slice()].concat()).0, vec![]);
    }

    #[test]
    fn payloads_that_nobody_encoded_are_frames_or_damage(payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..4)) {
        let mut bytes = segment_of(&[]);
        let mut sealer = Sealer::begin(&mut Vec::new());
        for payload in &payloads {
            sealer.seal(payload, &mut bytes);
        }
        prop_assert!(read(&bytes).1.is_err(), "none of them is an opening");
        let mut bytes = Vec::new();
        let mut sealer = Sealer::begin(&mut bytes);
        sealer.seal(&postcard::to_allocvec(&opening()).unwrap(), &mut bytes);
        for payload in &payloads {
            sealer.seal(payload, &mut bytes);
        }
        let (found, end) = read(&bytes);
        prop_assert!(end.is_err() || found.len() == payloads.len() + 1, "each is a frame, or damage: {:?}", end);
    }

    #[test]
    fn whatever_is_changed_is_seen_or_cut_off(place in 0usize..2_000, with in proptest::collection::vec(any::<u8>(), 0..40), length in 0usize..2_000) {
        let (whole, _) = segment(&story());
        let mut bytes = whole.clone();
        let place = place % bytes.len();
        bytes.splice(place..(place + with.len()).min(whole.len()), with);
        bytes.truncate(length.max(1));
        let (found, end) = read(&bytes);
        let is_prefix = whole.starts_with(&bytes);
        prop_assert_eq!(&found[..], &story()[..found.len()], "nothing is read that was not written");
        prop_assert!(is_prefix || end != Ok(Next::End), "{:?}", end);
    }
}
