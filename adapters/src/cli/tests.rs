use clap::CommandFactory as _;
use clap::Parser as _;

use super::Cli;

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[track_caller]
fn help(path: &[&str]) -> String {
    let arguments = std::iter::once("plimsoll")
        .chain(path.iter().copied())
        .chain(["--help"]);
    match Cli::try_parse_from(arguments) {
        Ok(_) => panic!("no help"),
        Err(help) => help.to_string(),
    }
}

#[test]
fn help_teaches() {
    insta::assert_snapshot!("help", help(&[]));
    insta::assert_snapshot!("help_serve", help(&["serve"]));
    insta::assert_snapshot!("help_check", help(&["check"]));
    insta::assert_snapshot!("help_replay", help(&["replay"]));
    insta::assert_snapshot!("help_watch", help(&["watch"]));
    insta::assert_snapshot!("help_admin", help(&["admin"]));
    insta::assert_snapshot!("help_admin_breaker", help(&["admin", "breaker"]));
    insta::assert_snapshot!("help_admin_pause_endpoint", help(&["admin", "pause", "endpoint"]));
    insta::assert_snapshot!("help_config_check", help(&["config", "check"]));
}

#[track_caller]
fn refusal(arguments: &[&str]) -> String {
    match Cli::try_parse_from(std::iter::once(&"plimsoll").chain(arguments)) {
        Ok(_) => panic!("accepted"),
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn contradictions_are_refused() {
    assert!(refusal(&["serve"]).contains("--config <FILE>"));
    assert!(refusal(&["serve", "--dev", "--config", "x"]).contains("cannot be used with"));
    assert!(refusal(&["serve", "--dev", "--init"]).contains("cannot be used with"));
    assert!(refusal(&["serve", "--dev", "--listen", "nowhere"]).contains("invalid socket address"));
    for until in ["0", "yesterday", "3:", "2026-13-01T00:00:00Z"] {
        let refused = refusal(&["replay", "flight", "--until", until]);
        assert!(
            refused.contains("write a number of inputs such as 1500, SEGMENT:INPUT"),
            "{refused}"
        );
    }
    assert!(refusal(&["serve", "--config", "x", "--listen", "127.0.0.1:1"]).contains("cannot be used with"));
}
