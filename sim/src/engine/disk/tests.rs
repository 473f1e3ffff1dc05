use plimsoll_core::rng::Rng;

use super::Disk;
use crate::fault::CrashLoss;

fn disk() -> Disk {
    let mut disk = Disk::new();
    disk.append(b"safe ");
    disk.sync();
    disk.append(b"unsynced");
    disk
}

fn after(loss: CrashLoss, seed: u64) -> Vec<u8> {
    let mut disk = disk();
    disk.crash(loss, &mut Rng::from_seed(seed));
    disk.bytes().to_vec()
}

#[test]
fn synced_bytes_survive_every_crash() {
    assert_eq!(after(CrashLoss::Lost, 1), b"safe ");
    assert_eq!(after(CrashLoss::Kept, 1), b"safe unsynced");
    let torn: std::collections::BTreeSet<_> =
        (0..200).map(|seed| after(CrashLoss::Torn, seed).len()).collect();
    assert_eq!(torn, (5..=13).collect(), "a write may be torn at any byte");
}

#[test]
fn a_roll_back_takes_only_what_was_not_synced() {
    let mut disk = disk();
    disk.roll_back();
    assert_eq!(disk.bytes(), b"safe ");
    disk.append(b"again");
    disk.sync();
    disk.crash(CrashLoss::Lost, &mut Rng::from_seed(1));
    assert_eq!(disk.bytes(), b"safe again");
}

#[test]
fn what_a_failed_sync_left_behind_comes_back_by_a_crash_or_never() {
    let after = |seed, overwritten: bool| {
        let mut disk = disk();
        disk.fail_to_sync();
        assert_eq!(disk.bytes(), b"safe ", "readers do not see it");
        if overwritten {
            disk.append(b"new");
            disk.sync();
        }
        disk.crash(CrashLoss::Lost, &mut Rng::from_seed(seed));
        disk.bytes().to_vec()
    };
    let outcomes: std::collections::BTreeSet<_> = (0..50).map(|seed| after(seed, false)).collect();
    assert_eq!(outcomes, [b"safe ".to_vec(), b"safe unsynced".to_vec()].into());
    assert!((0..50).all(|seed| after(seed, true) == b"safe new"));
}

#[test]
fn damage_is_silent_and_can_be_undone() {
    let mut disk = disk();
    disk.sync();
    disk.flip(2, 0b100);
    assert_eq!(disk.bytes(), b"sabe unsynced");
    disk.misplace(5..13, 1);
    assert_eq!(disk.bytes(), b"sunsy\0\0\0\0\0\0\0\0");
    assert_eq!(&*disk.intended(), b"safe unsynced");
    disk.append(b" more");
    assert!(disk.is_damaged());
    disk.restore();
    assert_eq!(disk.bytes(), b"safe unsynced more");
    assert!(!disk.is_damaged());
}
