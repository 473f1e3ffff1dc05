//! Segments of a flight recording.

use core::hash::Hasher as _;
use std::borrow::Cow;

use plimsoll_adapters::config::ServerConfig;
use plimsoll_adapters::recorder::{Asked, FORMAT, Frame, Frames, Next, Opening, Redactor};
use plimsoll_core::bank::{Act, Bank, Event, Record, State};
use plimsoll_core::digest::Digest;
use plimsoll_core::id::RequestId;
use plimsoll_core::journal::Head;
use plimsoll_core::outbox::Outbox;
use plimsoll_core::time::{Instant, WallClock};

/// The most frames that one input is made into.
const FRAMES_MAX: usize = 16;
/// What stands between the frames of an input.
const SEPARATOR: &[u8] = b"\n--\n";
/// How long the head of a segment is.
const HEAD_BYTES: usize = 10;

/// A segment is read frame by frame, refused with a place, or ends; and it ends the same way when it is read again.
pub(super) fn run(data: &[u8]) -> bool {
    // Random bytes never have right sums: these have, so that what they guard is reached, too.
    let taken = read(data) | read(&sealed(data));
    if let Ok((frame, rest)) = postcard::take_from_bytes::<Frame<'_>>(data) {
        let written = postcard::to_allocvec(&frame).expect("a frame is always encodable");
        assert!(
            written.len() <= data.len() - rest.len(),
            "a frame was written longer than it was read"
        );
        assert_eq!(postcard::from_bytes::<Frame<'_>>(&written).as_ref(), Ok(&frame));
    }
    taken
}

/// Whether there was a frame.
fn read(bytes: &[u8]) -> bool {
    let Ok(mut frames) = Frames::new(bytes) else {
        return false;
    };
    loop {
        let before = frames.offset();
        match frames.read() {
            Ok(Next::Frame(_)) => assert!(frames.offset() > before, "a frame has a length"),
            Ok(Next::CutOff(at)) => {
                assert!(at <= bytes.len());
                return before > HEAD_BYTES;
            }
            Ok(Next::End) => {
                assert_eq!(before, bytes.len());
                return before > HEAD_BYTES;
            }
            Err(damage) => {
                assert!(damage.offset <= bytes.len(), "{damage}");
                return before > HEAD_BYTES;
            }
        }
    }
}

/// The pieces of `data` as the frames of a segment, by the form that `recorder::wire` describes.
fn sealed(data: &[u8]) -> Vec<u8> {
    let mut out = b"PLIMSREC".to_vec();
    out.extend(FORMAT.to_le_bytes());
    let mut sum = Digest::new();
    sum.write(&out);
    for payload in pieces(data).take(FRAMES_MAX) {
        let length = u32::try_from(payload.len()).expect("inputs are short");
        let mut check = sum;
        check.write_u32(length);
        out.extend(length.to_le_bytes());
        out.extend_from_slice(&check.finish().to_le_bytes()[..4]);
        out.extend_from_slice(payload);
        sum.write(payload);
        out.extend(sum.finish().to_le_bytes());
    }
    out
}

fn pieces(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::from_fn(move || {
        if data.is_empty() {
            return None;
        }
        let found = data
            .windows(SEPARATOR.len())
            .position(|window| window == SEPARATOR);
        let (piece, rest) = match found {
            Some(at) => (&data[..at], &data[at + SEPARATOR.len()..]),
            None => (data, &data[data.len()..]),
        };
        data = rest;
        Some(piece)
    })
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let (now, wall) = (
        Instant::from_nanos(300),
        WallClock::from_micros(1_700_000_000_000_000),
    );
    let config = ServerConfig::from_toml(super::http::CONFIG, 7)
        .expect("sound")
        .bank;
    let bank = Bank::open(config.clone(), State::default()).expect("opens");
    let opening = Opening {
        version: "0.1.0".to_owned(),
        now,
        wall,
        inputs: 0,
        lost: 0,
        digest: 5,
        key: Redactor::new("a key").key_id(),
        config,
        outbox: Outbox::<Record, Act>::new(Head::default()).moment(),
        bank: Some(bank.volatile().clone()),
    };
    let input = |command| Frame::Input {
        now,
        wall,
        digest: 6,
        event: Cow::Owned(Event::Command {
            request: RequestId::new(1),
            command,
        }),
    };
    let mut frames = vec![Frame::Opening(Box::new(opening))];
    frames.extend(super::http::commands().into_iter().map(input));
    frames.push(Frame::Asked {
        now,
        wall,
        request: Asked::ReadHead,
    });
    frames.push(Frame::Closing { inputs: 2, digest: 9 });
    let payloads: Vec<_> = frames
        .iter()
        .map(|frame| postcard::to_allocvec(frame).expect("encodable"))
        .collect();
    vec![payloads.join(SEPARATOR), sealed(&payloads.join(SEPARATOR))]
}
