//! The newcomer's first minute: `serve --dev`, and the lines that it prints.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use plimsoll_tests::process::{Process, free_port, temporary_folder};
use plimsoll_tests::product::{plimsoll, run_to_end};

use super::stop;

/// The credit of the first claim, held against the journal while the server has it open.
fn verify_the_credit(data: &Path) {
    let journal = std::fs::read_dir(data).expect("the folder is there");
    let journal = journal
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|extension| extension == "db"))
        .expect("a journal");
    let mut command = plimsoll();
    command.arg("verify-credit").arg(journal).arg("claim-1");
    let ended = run_to_end(command);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for expected in [
        "25.000000000000000000 USDT from",
        "credited to user-1",
        "\nverified\n",
    ] {
        assert!(
            ended.stdout.contains(expected),
            "{expected} is not in:\n{}",
            ended.stdout
        );
    }
}

/// How long the greeting promises that it takes, with what people need to paste it.
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn the_printed_lines_credit_a_deposit_within_a_minute() {
    let folder = temporary_folder();
    let mut command = plimsoll();
    command
        .args([
            "serve",
            "--dev",
            "--listen",
            &format!("127.0.0.1:{}", free_port()),
            "--data",
        ])
        .arg(folder.path().join("data"));
    let mut server = Process::spawn("plimsoll", folder.path(), command);
    let began = Instant::now();
    server.await_line("Stop with Ctrl-C", MINUTE);
    let greeting = server.stdout();
    let (_, lines) = greeting.split_once("# 1.").expect("the lines are numbered");
    let (lines, _) = lines.split_once("Stop with").expect("the greeting ends");
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &format!("# 1.{lines}")]);
    let ended = run_to_end(shell);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for expected in [
        r#""status":"credited""#,
        r#""asset":"USDT","available":"25.000000000000000000""#,
        r#""asset":"GOLD","available":"1.00000000""#,
    ] {
        assert!(
            ended.stdout.contains(expected),
            "{expected} is not in:\n{}",
            ended.stdout
        );
    }
    assert!(began.elapsed() < MINUTE, "it took {:?}", began.elapsed());
    verify_the_credit(&folder.path().join("data"));
    stop(&mut server);
}
