//! A seed decides the whole course of a run: two processes come to one digest, and another seed to another.

use std::process::{Child, Command, Output, Stdio};

/// Runs that differ in what could make two of them differ: who is served first after a crash, which of two things that are
/// ready is done first, what is lost and repeated.
const RUNS: [(&str, u64); 7] = [
    ("tests/turmoil/plans/crashes.toml", 1),
    ("tests/turmoil/plans/crashes.toml", 2),
    ("tests/turmoil/plans/partitions.toml", 1),
    ("tests/turmoil/plans/restarts.toml", 1),
    ("escrow/crash_right_after", 1),
    ("escrow/six_of_seven_fail", 1),
    ("escrow/lying_endpoint", 1),
];

fn begin(arguments: &[&str]) -> Child {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_turmoil-world"));
    command.args(arguments).current_dir(root);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("it starts")
}

#[track_caller]
fn finish(child: Child, code: i32) -> (String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    let (out, err) = (text(stdout), text(stderr));
    assert_eq!(status.code(), Some(code), "{out}{err}");
    (out, err)
}

#[test]
fn two_processes_come_to_one_digest_and_two_seeds_to_two() {
    let mut digests = Vec::new();
    for (scenario, seed) in RUNS {
        let seed = seed.to_string();
        let arguments = [scenario, "--seed", &seed, "--digest"];
        // Side by side, so that the second does not run as the first did for being alone.
        let (one, other) = (begin(&arguments), begin(&arguments));
        let ((one, said), (other, _)) = (finish(one, 0), finish(other, 0));
        assert_eq!(one.trim().len(), 32, "{one}");
        assert_eq!(one, other, "{scenario} {seed}: two courses\n{said}");
        digests.push(one);
    }
    let runs = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), runs, "different runs of one digest");
}

#[test]
fn what_was_not_run_is_told_with_why() {
    let cases = [
        (&["escrow/reorgs"][..], 2, "did you mean `escrow/reorg`?"),
        (&["escrow/reorg"], 2, "add --seed"),
        (&["escrow", "--seed", "1"], 2, "names"),
        (&["no_file.toml", "--seed", "1"], 2, "there is no scenario"),
        (&["escrow/bad_luck", "--seed", "1"], 3, "topology.bank.buggify"),
        (&[], 2, "Usage"),
        (&["escrow/reorg", "--seed", "x"], 2, "invalid value"),
    ];
    for (arguments, code, why) in cases {
        let (out, err) = finish(begin(arguments), code);
        assert!(err.contains(why) && out.is_empty(), "{arguments:?}: {out}{err}");
    }
}
