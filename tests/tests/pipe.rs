//! What becomes of a command whose output nobody reads any more.

use std::io::PipeWriter;

use plimsoll_tests::process::temporary_folder;
use plimsoll_tests::product::plimsoll;

#[test]
fn a_closed_pipe_ends_a_command_in_silence_and_with_its_own_exit_code() {
    let folder = temporary_folder();
    let file = folder.path().join("faulty.toml");
    std::fs::write(&file, "[api]\nlisten = 7\n").expect("a file can be written");
    let file = file.to_str().expect("the path is text");
    for (arguments, code) in [
        (&["sim", "list"][..], 141),
        (&["sim", "run", "ledger", "--seeds", "1"], 141),
        (&["config", "check", file], 141),
        // It prints nothing there.
        (&["config", "check", "no such file"], 2),
        (&["help", "serve"], 0),
    ] {
        for is_log_closed in [false, true] {
            let mut command = plimsoll();
            command.args(arguments).stdout(unread());
            if is_log_closed {
                command.stderr(unread());
            }
            let ended = command.output().expect("it runs");
            assert_eq!(ended.status.code(), Some(code), "{arguments:?} {ended:?}");
            let is_told = code == 2 && !is_log_closed;
            assert_eq!(!ended.stderr.is_empty(), is_told, "{arguments:?} {ended:?}");
        }
    }
}

/// A pipe that nobody reads.
fn unread() -> PipeWriter {
    let (_, writer) = std::io::pipe().expect("a pipe");
    writer
}
