//! The `[record]` table: how `serve --record` redacts and bounds its recording.

use std::fmt;

use figment::value::Value;

use super::fault::Faults;
use super::section::{Section, Unfit, text, within};
use crate::recorder::RecordingLimits;

/// The fewest characters of a key: 128 bits in base 64.
const KEY_CHARS_MIN: usize = 22;
const SEGMENT_BYTES_MIN: u64 = 16 << 10;
const SEGMENT_BYTES_MAX: u64 = 1 << 30;
const SEGMENTS_MIN: u64 = 2;
const SEGMENTS_MAX: u64 = 100_000;

/// How many bytes may wait for the disk: some seconds of a very busy bank.
const QUEUED_BYTES_MAX: usize = 32 << 20;

/// How a recording is made, where one is asked for.
#[derive(Debug, Clone)]
pub struct RecordConfig {
    /// What texts about persons are hashed with; without it nothing is recorded.
    pub key: Option<RecordKey>,
    /// How much is kept.
    pub limits: RecordingLimits,
}

/// The secret that texts about persons are hashed with. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordKey(String);

impl RecordKey {
    /// The key `secret`.
    #[must_use]
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret, for the one who hashes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(..)")
    }
}

impl Default for RecordConfig {
    /// A gigabyte at most.
    fn default() -> Self {
        Self {
            key: None,
            limits: RecordingLimits {
                segment_bytes: 64 << 20,
                segments_max: 16,
                queued_bytes_max: QUEUED_BYTES_MAX,
            },
        }
    }
}

/// Reads the table.
pub(super) fn read(mut section: Section, faults: &mut Faults) -> RecordConfig {
    let RecordConfig { limits, .. } = RecordConfig::default();
    let key = section.optional("key", |value| key(text(value)?).map(Some), None, faults);
    let bytes = size(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
    let segment_bytes = section.optional("segment_bytes", bytes, limits.segment_bytes, faults);
    let count = size(SEGMENTS_MIN, SEGMENTS_MAX);
    let segments_max = section.optional("segments_max", count, limits.segments_max, faults);
    section.finish(faults);
    RecordConfig {
        key,
        limits: RecordingLimits {
            segment_bytes,
            segments_max,
            ..limits
        },
    }
}

/// The secret itself is never repeated in a fault.
fn key(secret: String) -> Result<RecordKey, Unfit> {
    let plain = secret.bytes().all(|byte| byte.is_ascii_graphic());
    if plain && secret.len() >= KEY_CHARS_MIN {
        return Ok(RecordKey(secret));
    }
    Err(Unfit::new(
        format!("is not at least {KEY_CHARS_MIN} visible ASCII characters"),
        "make one with: openssl rand -base64 24",
    ))
}

fn size(low: u64, high: u64) -> impl Fn(Value) -> Result<usize, Unfit> {
    move |value| within(low, high)(value).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}
