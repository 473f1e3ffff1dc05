//! Recordings of real drivers, replayed whole, in part, cut, damaged and forged.

mod broken;
mod live;
mod whole;

use clap::Parser as _;

use super::{ReplayArgs, answer};

#[derive(Debug, clap::Parser)]
struct Arguments {
    #[command(flatten)]
    replay: ReplayArgs,
}

/// What `plimsoll replay` with these arguments answers: the exit code, standard output, standard error.
#[track_caller]
fn replay(arguments: &[&str]) -> (u8, String, String) {
    let arguments = std::iter::once(&"replay").chain(arguments);
    let args = Arguments::try_parse_from(arguments).unwrap().replay;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = answer(&args, &mut out, &mut err).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(out), text(err))
}

/// The output of a replay that goes as recorded.
#[track_caller]
fn replayed(arguments: &[&str]) -> String {
    let (code, out, err) = replay(arguments);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("inputs: as recorded"), "{out}");
    out
}

/// The error of a replay that cannot be.
#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let (code, out, err) = replay(arguments);
    assert_eq!(code, 2, "{out}{err}");
    err.strip_prefix("error: failed to ")
        .unwrap()
        .trim_end()
        .to_owned()
}

/// The output of a replay that finds something.
#[track_caller]
fn found(arguments: &[&str]) -> String {
    let (code, out, err) = replay(arguments);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    out
}
