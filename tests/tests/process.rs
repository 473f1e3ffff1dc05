//! The guard over child processes.

use std::process::Command;
use std::time::{Duration, Instant};

use plimsoll_tests::process::{Process, temporary_folder, wait_until};

const PATIENCE: Duration = Duration::from_secs(10);

fn shell(folder: &std::path::Path, script: &str) -> Process {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Process::spawn("shell", folder, command)
}

/// Whether the system still has a process of this number.
fn is_alive(id: u32) -> bool {
    std::path::Path::new(&format!("/proc/{id}")).exists()
}

#[test]
fn a_dropped_process_is_dead_and_reaped() {
    let folder = temporary_folder();
    let process = shell(folder.path(), "exec sleep 1000");
    let id = process.id();
    assert!(is_alive(id));
    drop(process);
    assert!(!is_alive(id));
}

#[test]
fn what_it_says_is_kept_across_restarts() {
    let folder = temporary_folder();
    let mut first = shell(folder.path(), "echo ready 1; echo trouble >&2; exec sleep 1000");
    assert_eq!(first.await_line("ready ", PATIENCE), "1");
    first.kill();
    assert!(!first.is_running());
    let second = shell(folder.path(), "echo ready 2; exec sleep 1000");
    wait_until("both have spoken", PATIENCE, || {
        second.stdout() == "ready 1\nready 2\n"
    });
    assert_eq!(second.stderr(), "trouble\n");
}

#[test]
fn a_line_is_waited_for_until_it_is_whole() {
    let folder = temporary_folder();
    let mut process = shell(
        folder.path(),
        "printf 'port 80'; sleep 0.2; echo 80; exec sleep 1000",
    );
    assert_eq!(process.await_line("port ", PATIENCE), "8080");
}

#[test]
#[should_panic(expected = "shell ended without saying \"ready\"")]
fn a_process_that_ends_early_is_not_waited_for() {
    let folder = temporary_folder();
    shell(folder.path(), "exit 3").await_line("ready", PATIENCE);
}

#[test]
fn a_process_can_end_in_its_own_way() {
    let folder = temporary_folder();
    let script = "trap 'echo drained; exit 7' TERM; echo ready; while :; do sleep 0.01; done";
    let mut process = shell(folder.path(), script);
    process.await_line("ready", PATIENCE);
    assert_eq!(process.terminate(PATIENCE).code(), Some(7));
    assert_eq!(process.stdout(), "ready\ndrained\n");
}

#[test]
#[should_panic(expected = "in vain until pigs fly")]
fn waiting_has_an_end() {
    let started = Instant::now();
    wait_until("pigs fly", Duration::from_millis(20), || {
        started.elapsed() > PATIENCE
    });
}
