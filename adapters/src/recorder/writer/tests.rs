use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use super::{Begins, Parcel, Writer};
use crate::recorder::folder::{Folder, segments};
use crate::recorder::progress::{Progress, RecordingPulse};

fn parcel(begins: bool, payloads: &[&[u8]]) -> Parcel {
    let mut frames = Vec::new();
    for payload in payloads {
        frames.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
        frames.extend_from_slice(payload);
    }
    Parcel {
        begins: begins.then_some(Begins {
            life: 1,
            inputs: 0,
            digest: 0,
        }),
        frames,
        inputs: payloads.len() as u64,
    }
}

/// Writes `parcels`, the first segment to `first` if it is given.
fn write(folder: &Path, first: Option<File>, parcels: Vec<Parcel>) -> RecordingPulse {
    let progress = Arc::new(Progress::default());
    let mut writer = Writer::new(Folder::open(folder, 10).unwrap(), Arc::clone(&progress)).unwrap();
    if let Some(file) = first {
        writer.first = Some((file, "/dev/full".into()));
    }
    let (sender, receiver) = channel();
    for parcel in parcels {
        progress.on_sent(parcel.frames.len());
        sender.send(parcel).unwrap();
    }
    drop(sender);
    writer.run(&receiver);
    assert_eq!(progress.queued(), 0, "everything sent was taken");
    progress.pulse()
}

#[test]
fn each_beginning_is_a_segment() {
    let place = tempfile::tempdir().unwrap();
    let parcels = vec![
        parcel(true, &[b"one", b"two"]),
        parcel(false, &[b"three"]),
        parcel(true, &[b"four"]),
    ];
    let pulse = write(place.path(), None, parcels);
    let expected = RecordingPulse {
        written: 4,
        ..RecordingPulse::default()
    };
    assert_eq!(pulse, expected);
    let sizes: Vec<u64> = segments(place.path())
        .unwrap()
        .iter()
        .map(|segment| std::fs::metadata(&segment.path).unwrap().len())
        .collect();
    assert_eq!(sizes, [10 + 3 * 16 + 11, 10 + 16 + 4]);
}

#[test]
fn a_full_disk_ends_the_recording_and_is_counted() {
    let place = tempfile::tempdir().unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let pulse = write(place.path(), Some(full), vec![parcel(true, &[b"one", b"two"])]);
    let expected = RecordingPulse {
        written: 0,
        lost: 2,
        has_failed: true,
    };
    assert_eq!(pulse, expected);
}

#[test]
fn a_folder_that_is_gone_ends_the_recording_behind_the_last_whole_frame() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("recording");
    let progress = Arc::new(Progress::default());
    let writer = Writer::new(Folder::open(&folder, 10).unwrap(), Arc::clone(&progress)).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let (sender, receiver) = channel();
    for payload in [b"one", b"two"] {
        let parcel = parcel(true, &[payload]);
        progress.on_sent(parcel.frames.len());
        sender.send(parcel).unwrap();
    }
    drop(sender);
    writer.run(&receiver);
    let pulse = progress.pulse();
    assert!(pulse.has_failed && pulse.written == 0, "{pulse:?}");
}
