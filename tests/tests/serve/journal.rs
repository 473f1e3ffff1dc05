//! Journals that were damaged, cut off, replaced or written by a later version.

use std::fs;
use std::path::PathBuf;

use plimsoll_tests::product::{Ended, Installation};

use super::{assert_no_panic, offline, register, stop};

/// How many users the journal holds before something happens to it.
const USERS: usize = 200;
/// The bytes of a SQLite header (<https://www.sqlite.org/fileformat.html>, 1.3) that hold `PRAGMA user_version`.
const USER_VERSION: std::ops::Range<usize> = 60..64;

/// An installation whose journal holds some users and is not in use.
fn with_journal() -> Installation {
    let installation = Installation::new(&offline());
    let mut server = installation.serve_until_ready();
    register(&installation, USERS);
    stop(&mut server);
    assert_eq!(
        check(&installation).code,
        Some(0),
        "the journal is sound before it is damaged"
    );
    installation
}

fn check(installation: &Installation) -> Ended {
    installation.run(&["check"], &installation.journal())
}

fn start(installation: &Installation) -> Ended {
    installation.run(&["serve", "--config"], &installation.config())
}

/// The write-ahead log beside the journal.
fn log_of(installation: &Installation) -> PathBuf {
    installation.journal().with_extension("db-wal")
}

#[track_caller]
fn check_refused(installation: &Installation, expected: &str) {
    let ended = start(installation);
    assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    assert!(
        ended.stderr.contains(expected),
        "{expected:?} is not in:\n{}",
        ended.stderr
    );
    assert_no_panic(&ended.stderr);
    let checked = check(installation);
    assert!(checked.code == Some(1) || checked.code == Some(2), "{checked:?}");
    assert_no_panic(&checked.stderr);
}

#[test]
fn a_damaged_page_is_found_wherever_it_is() {
    let installation = with_journal();
    let sound = fs::read(installation.journal()).unwrap();
    let mut refused = 0;
    for tenth in 0..10 {
        let mut damaged = sound.clone();
        let middle = damaged.len() * (2 * tenth + 1) / 20;
        for byte in &mut damaged[middle..middle + 64] {
            *byte ^= 0x5a;
        }
        fs::write(installation.journal(), damaged).unwrap();
        let checked = check(&installation);
        assert_no_panic(&checked.stderr);
        if checked.code != Some(0) {
            check_refused(&installation, "journal");
            refused += 1;
        }
    }
    assert!(
        refused >= 7,
        "most of a journal is data, and {refused} of 10 damages were found"
    );
}

#[test]
fn a_journal_that_was_cut_off_is_refused() {
    let installation = with_journal();
    let sound = fs::read(installation.journal()).unwrap();
    for keep in [sound.len() / 2, 4096, 100, 1] {
        fs::write(installation.journal(), &sound[..keep]).unwrap();
        check_refused(&installation, "journal");
    }
}

#[test]
fn a_journal_whose_log_was_cut_off_is_whole_up_to_there() {
    let installation = Installation::new(&offline());
    let mut server = installation.serve_until_ready();
    register(&installation, USERS);
    server.kill();
    let log = fs::read(log_of(&installation)).unwrap();
    fs::write(log_of(&installation), &log[..log.len() - log.len() / 3]).unwrap();
    let mut server = installation.serve_until_ready();
    let known = |number| installation.client().get(&format!("/api/v1/users/user-{number}"));
    assert_eq!(
        known(USERS).unwrap().status,
        404,
        "the end is gone, as far as can be told"
    );
    let again = register(&installation, USERS);
    assert_eq!(again.last().unwrap()["id"], format!("user-{USERS}"));
    stop(&mut server);
    assert_eq!(check(&installation).code, Some(0));
}

#[test]
fn a_log_without_its_journal_is_refused() {
    let installation = Installation::new(&offline());
    let mut server = installation.serve_until_ready();
    register(&installation, 1);
    server.kill();
    fs::remove_file(installation.journal()).unwrap();
    check_refused(
        &installation,
        "its write-ahead log is there, the database itself is gone",
    );
}

#[test]
fn a_journal_of_a_later_version_is_refused_and_left_alone() {
    let installation = with_journal();
    let mut newer = fs::read(installation.journal()).unwrap();
    newer[USER_VERSION].copy_from_slice(&1_000_u32.to_be_bytes());
    fs::write(installation.journal(), &newer).unwrap();
    check_refused(&installation, "upgrade plimsoll to open it");
    assert!(
        fs::read(installation.journal()).unwrap() == newer,
        "the file was changed"
    );
}

#[test]
fn a_file_that_is_no_journal_is_refused_and_left_alone() {
    let installation = Installation::new(&offline());
    let letter = "Dear Sir or Madam, ".repeat(1_000);
    fs::write(installation.journal(), &letter).unwrap();
    check_refused(&installation, "it is not a plimsoll journal");
    assert_eq!(fs::read_to_string(installation.journal()).unwrap(), letter);
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    let installation = Installation::new(&offline());
    let mut server = installation.serve_until_ready();
    let before = register(&installation, USERS);
    server.kill();
    let mut server = installation.serve_until_ready();
    assert_eq!(
        register(&installation, USERS),
        before,
        "the same keys give the same users"
    );
    stop(&mut server);
}
