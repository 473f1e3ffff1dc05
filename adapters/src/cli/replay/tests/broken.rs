//! Recordings that are cut, damaged, incomplete or forged.

use std::path::Path;

use plimsoll_core::bank::{Command, Event};
use plimsoll_core::time::Instant;

use super::live::{End, KEY, LIMITS, Place, registrations, transfer};
use super::{found, refused, replayed};
use crate::recorder::{FORMAT, Frame, Frames, Next, RecordingLimits, segment_of};

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// One life in one segment.
async fn one_segment() -> Place {
    let place = Place::new();
    place
        .live(LIMITS, End::Stopped, async |handle| {
            registrations(&handle, "user", 10).await;
            for number in 0..10 {
                handle.command(transfer(number)).await.unwrap();
            }
        })
        .await;
    place
}

/// One life in several segments.
async fn several_segments() -> Place {
    let place = Place::new();
    let small = RecordingLimits {
        segment_bytes: 2_000,
        ..LIMITS
    };
    place
        .live(small, End::Stopped, async |handle| {
            registrations(&handle, "user", 60).await
        })
        .await;
    assert!(place.segments() > 3, "{} segments", place.segments());
    place
}

fn edit(path: &Path, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    edit(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

/// Writes the segment anew with other frames, and right sums.
fn forge(path: &Path, edit: impl FnOnce(&mut Vec<Frame<'static>>)) {
    let bytes = std::fs::read(path).unwrap();
    let mut frames = Frames::new(&bytes).unwrap();
    let mut all = Vec::new();
    while let Next::Frame(frame) = frames.read().unwrap() {
        all.push(frame);
    }
    edit(&mut all);
    std::fs::write(path, segment_of(&all)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kill_cut_off_is_played_up_to_there() {
    let place = one_segment().await;
    let recording = text(&place.recording());
    let length = std::fs::read(place.segment(1)).unwrap().len();
    edit(&place.segment(1), |bytes| bytes.truncate(length - 3));
    let out = replayed(&[&recording]);
    assert!(
        out.contains(": life 1 from its beginning") && out.contains(" cut off at byte "),
        "{out}"
    );
    assert!(out.contains("in the middle of a frame, as by a kill"), "{out}");
    edit(&place.segment(1), |bytes| bytes.truncate(100));
    let out = replayed(&[&recording]);
    assert!(
        out.contains("000001.plmrec: cut off at byte 10, before anything was recorded in it"),
        "{out}"
    );
    edit(&place.segment(1), Vec::clear);
    let out = replayed(&[&recording]);
    assert!(
        out.contains("000001.plmrec: cut off at byte 0, before anything was recorded in it"),
        "{out}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_named_by_file_byte_and_field() {
    let place = one_segment().await;
    let (recording, segment) = (text(&place.recording()), place.segment(1));
    let sound = std::fs::read(&segment).unwrap();
    let told = |place: usize, bit: u8| {
        edit(&segment, |bytes| bytes[place] ^= bit);
        let error = refused(&[&recording]);
        std::fs::write(&segment, &sound).unwrap();
        assert!(
            error.starts_with(&format!("read {}: at byte ", segment.display())),
            "{error}"
        );
        error.split(": at byte ").nth(1).unwrap().to_owned()
    };
    assert_eq!(told(3, 1), "0, magic: this is not a recording of plimsoll");
    assert_eq!(
        told(8, 4),
        format!(
            "8, version: the recording has version {}, this program reads {FORMAT}",
            FORMAT ^ 4
        )
    );
    assert_eq!(
        told(10, 1),
        "10, length: it does not match its check: the file was changed or damaged"
    );
    assert_eq!(
        told(30, 128),
        "18, payload: it does not match its sum: the file was changed or damaged"
    );
    let last = told(sound.len() - 1, 1);
    assert!(
        last.ends_with(", payload: it does not match its sum: the file was changed or damaged"),
        "{last}"
    );
    replayed(&[&recording]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_segment_may_be_missing_or_cut_short_in_the_middle() {
    let place = several_segments().await;
    let (recording, journal) = (text(&place.recording()), text(&place.journal()));
    let arguments = [recording.as_str(), "--journal", journal.as_str(), "--key", KEY];
    replayed(&arguments);
    let second = std::fs::read(place.segment(2)).unwrap();
    edit(&place.segment(2), |bytes| bytes.truncate(bytes.len() - 5));
    let cut = refused(&arguments);
    assert!(
        cut.starts_with("go on at 000003.plmrec: the segment before is cut off at byte "),
        "{cut}"
    );
    std::fs::write(place.segment(2), &second).unwrap();
    forge(&place.segment(2), |frames| frames.truncate(frames.len() / 2));
    let short = refused(&arguments);
    assert!(
        short.starts_with("go on at 000003.plmrec: it begins after ") && short.contains("frames are missing"),
        "{short}"
    );
    std::fs::remove_file(place.segment(2)).unwrap();
    let missing = refused(&arguments);
    assert_eq!(
        missing,
        format!(
            "find {}: it is missing between the segments before and after it",
            place.segment(2).display()
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_recording_is_refused() {
    let place = Place::new();
    let nowhere = refused(&[&text(&place.recording())]);
    assert!(
        nowhere.starts_with(&format!("read {}: ", place.recording().display())),
        "{nowhere}"
    );
    std::fs::create_dir(place.recording()).unwrap();
    let empty = refused(&[&text(&place.recording())]);
    assert!(empty.ends_with("it holds no *.plmrec file"), "{empty}");
    let other = place.recording().join("journal.db");
    std::fs::write(&other, "SQLite format 3\0 and so on").unwrap();
    assert!(refused(&[&text(&other)]).ends_with("at byte 0, magic: this is not a recording of plimsoll"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_input_that_goes_otherwise_is_named() {
    let place = one_segment().await;
    let mut number = 0;
    let mut forged = None;
    forge(&place.segment(1), |frames| {
        for frame in frames {
            let Frame::Input { event, .. } = frame else {
                continue;
            };
            number += 1;
            if let Event::Command {
                command: command @ Command::Transact(_),
                ..
            } = event.to_mut()
                && forged.is_none()
            {
                *command = transfer(1_000);
                forged = Some(number);
            }
        }
    });
    let out = found(&[&text(&place.recording())]);
    let expected = format!("diverged at input 1:{} (000001.plmrec, byte ", forged.unwrap());
    assert!(out.contains(&expected), "{expected}\n{out}");
    assert!(out.contains("recorded by plimsoll "), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_brings_the_bank_down_is_named() {
    let place = one_segment().await;
    forge(&place.segment(1), |frames| {
        let mut inputs = frames.iter_mut().filter_map(|frame| match frame {
            Frame::Input { now, .. } => Some(now),
            Frame::Opening(_) | Frame::Asked { .. } | Frame::Answered { .. } | Frame::Closing { .. } => None,
        });
        *inputs.nth(1).unwrap() = Instant::ZERO;
    });
    let out = found(&[&text(&place.recording())]);
    assert!(out.contains("at input 1:2 (000001.plmrec, byte "), "{out}");
    assert!(
        out.contains("): the code panicked: time went backwards\n"),
        "{out}"
    );
}
