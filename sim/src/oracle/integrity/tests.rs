use super::super::testing::{bank, head, judge};
use super::Integrity;
use crate::fault::{DiskFault, Fault};
use crate::world::observe::{DiskEvent, Observation};

/// What happens in a test, in a letter each: `D`amaged, `R`efused, `C`opy restored, `S`tarted, `E`rror of reading begins,
/// `e`nds.
#[track_caller]
fn check(story: &str, expected: &str) {
    let mut oracle = Integrity::default();
    let read_error = Fault::Disk {
        fault: DiskFault::ReadError,
    };
    let (bank, durable) = (bank(&[]), head(0));
    let mut found = "fine";
    for letter in story.chars() {
        let damaged = DiskEvent::Damaged { offset: 7 };
        let refused = DiskEvent::Refused {
            offset: 0,
            why: "on purpose".to_owned(),
        };
        let seen = match letter {
            'D' => Observation::Disk(&damaged),
            'R' => Observation::Disk(&refused),
            'C' => Observation::Disk(&DiskEvent::Restored),
            'S' => Observation::Restarted {
                bank: &bank,
                durable: &durable,
            },
            'E' | 'e' => Observation::Fault {
                fault: &read_error,
                is_over: letter == 'e',
            },
            other => panic!("{other} is nothing"),
        };
        found = judge(&mut oracle, &seen);
        if found != "fine" {
            break;
        }
    }
    assert_eq!(found, expected, "{story}");
}

#[test]
fn damage_must_be_found_out_before_a_process_starts() {
    check("SDRCS", "fine");
    check("SDDRCSDRC", "fine");
    check("SDS", "damage_served");
    check("SDRS", "damage_served");
    check("SDC", "damage_unnoticed");
}

#[test]
fn a_journal_that_can_be_read_is_never_refused() {
    check("SR", "sound_journal_refused");
    check("SERCS", "fine");
    check("SEeR", "sound_journal_refused");
    check("SDRCR", "sound_journal_refused");
}
