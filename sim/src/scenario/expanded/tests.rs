use super::super::{Scenario, library};
use super::{Expanded, Origin};

/// The run that `name` comes to with `seed`.
fn expanded(name: &str, seed: u64) -> Expanded {
    let (name, text) = library::EMBEDDED.iter().find(|(one, _)| *one == name).unwrap();
    let scenario = Scenario::parse(name, name, text).unwrap();
    Expanded {
        proves: "It shows \"something\".".to_owned(),
        seed,
        origin: Origin {
            scenario: (*name).to_owned(),
            seed,
            commit: "0123456789ab".to_owned(),
            fingerprint: None,
        },
        plan: scenario.expand(seed),
    }
}

/// A small file to break.
fn small() -> String {
    let mut small = expanded("escrow/reorg", 3);
    small.plan.workload.truncate(2);
    small.to_toml("A comment,\nof two lines.")
}

/// What is said about [`small`] with `from` replaced by `to`.
#[track_caller]
fn check(from: &str, to: &str, expected: &[&str]) {
    let text = small();
    assert!(text.contains(from), "{text}");
    let errors = Expanded::parse("run.toml", &text.replacen(from, to, 1)).unwrap_err();
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let shown: Vec<String> = told.iter().map(|error| shorten(error)).collect();
    assert_eq!(shown, expected, "{}", told.join("\n"));
}

/// Line, field and message, and the hint.
fn shorten(error: &str) -> String {
    let mut lines = error.lines();
    let first = lines.next().unwrap().replacen("run.toml:", "", 1);
    let (line, rest) = first.split_once(':').unwrap();
    let rest = rest.split_once(": ").unwrap().1;
    let help = lines.find_map(|line| line.split_once("= help: "));
    let help = help.map_or_else(String::new, |(_, help)| format!(" ({help})"));
    format!("{line}: {rest}{help}")
}

#[test]
fn every_scenario_reads_back_what_was_written() {
    for (name, _) in library::EMBEDDED
        .iter()
        .filter(|(name, _)| !name.starts_with("corpus/"))
    {
        for seed in [0, 7, u64::MAX - 1] {
            let mut written = expanded(name, seed);
            written.origin.fingerprint = Some("conservation/unbalanced".to_owned());
            let text = written.to_toml("A story.");
            assert!(text.starts_with("# A story.\nexpanded = 1\n"), "{text}");
            assert_eq!(Expanded::parse("file", &text), Ok(written), "{name}: {text}");
        }
    }
}

#[test]
fn a_scenario_may_be_expanded_and_draws_nothing_more() {
    let text = small();
    let scenario = Scenario::parse("corpus/small", "small.toml", &text).unwrap();
    assert_eq!(scenario.expanded().unwrap().seed, 3);
    assert_eq!(scenario.expand(1), scenario.expand(2));
    assert_eq!(scenario.proves(), "It shows \"something\".");
}

#[test]
fn another_version_is_refused_whatever_else_the_file_holds() {
    let expected = "3: expanded: expected version 1, which is what this program reads \
                    (expand it again with the program that wrote it, or replay it there)";
    check("expanded = 1", "expanded = 2\nnew = 5", &[expected]);
    check("expanded = 1", "expanded = \"1\"", &[expected]);
}

#[test]
fn what_cannot_be_read_is_named_by_line_and_field() {
    let whole = "expected a whole number, 0 or more";
    let cases = [
        (
            "seed = 3",
            "sead = 3",
            "5: sead: unknown field `sead`, expected one of `expanded`, `proves`, `seed`, `origin`, `plan` \
             (did you mean `seed`?)",
        ),
        (
            "depth = ",
            "dept = ",
            "22: plan.faults[1].fault.chain.fault.reorg.dept: unknown field `dept`, expected one of `depth`, \
             `vanish_percent` (did you mean `depth`?)",
        ),
        (
            "reorg = ",
            "reorgs = ",
            "22: plan.faults[1].fault.chain.fault.reorgs: unknown variant `reorgs`, expected `reorg` or \
             `finality_stall` (did you mean `reorg`?)",
        ),
        (
            "fate = \"mined\"",
            "fate = \"mint\"",
            "17: plan.workload[0].deposit.fate: unknown variant `mint`, expected one of `mined`, `reverted`, \
             `never_mined` (did you mean `mined`?)",
        ),
        ("seed = 3", "seed = 3\nseed = 4", "6: duplicate key"),
    ];
    for (from, to, expected) in cases {
        check(from, to, &[expected]);
    }
    let negative = format!("28: plan.topology.chain.block_ms: invalid value: integer `-450`, {whole}");
    check("block_ms = ", "block_ms = -", &[&negative]);
    let text = format!("17: plan.workload[0].deposit.movements[0].user: invalid type: string \"3\", {whole}");
    check("user = 3", "user = \"3\"", &[&text]);
    let long = "99999999999999999999";
    let overflow = format!("15: plan.converge_ms: invalid type: integer `{long}150000`, {whole}");
    check("converge_ms = ", &format!("converge_ms = {long}"), &[&overflow]);
}

#[test]
fn what_makes_no_sense_is_named_by_line_and_field() {
    check(
        "until_ms = 25000",
        "until_ms = 60001",
        &["21: plan.faults[0].until_ms: must be 7000 to 60000, and not 60001"],
    );
    check(
        "at_ms = 14652",
        "at_ms = 18446744073709551615",
        &["17: plan.workload[0].deposit.at_ms: must be 0 to 60000, and not 18446744073709551615"],
    );
    check(
        "It shows \"something\".",
        " ",
        &["4: proves: say what the run shows"],
    );
    check(
        "claims = [{ at_ms = 14834, user = 3 }]",
        "claims = [{ at_ms = 14834, user = 8 }]",
        &["17: plan.workload[0].deposit.claims[0].user: must be below topology.users, which is 8, and not 8"],
    );
    check(
        "fault = { chain = { fault = \"finality_stall\" } }",
        "fault = { endpoint = { endpoint = 4, fault = \"dead\" } }",
        &[
            "21: plan.faults[0].fault.endpoint.endpoint: must be the place of one of 4 endpoints, from 0, and not 4",
        ],
    );
}
