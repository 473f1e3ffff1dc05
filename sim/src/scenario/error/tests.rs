use super::super::Scenario;
use super::closest;

/// A scenario whose text goes on with `rest` on line 3 is refused with exactly `expected`.
#[track_caller]
fn check(rest: &str, expected: &str) {
    let text = format!("proves = \"x\"\nduration_ms = 60_000\n{rest}");
    let errors = Scenario::parse("test", "test.toml", &text)
        .err()
        .unwrap_or_default();
    let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let first: Vec<&str> = shown.iter().filter_map(|error| error.lines().next()).collect();
    let help = shown
        .iter()
        .filter_map(|error| error.split_once("= help: "))
        .map(|(_, help)| help);
    let all: Vec<&str> = first.into_iter().chain(help).collect();
    assert_eq!(all.join("\n"), expected);
}

#[test]
fn an_unknown_field_is_refused_with_a_suggestion() {
    check(
        "[world]\nendpionts = 3",
        "test.toml:4:1: world.endpionts: unknown field `endpionts`, expected one of `endpoints`, `providers`, \
         `quotas`, `without_logs`, `pruned`, `history_blocks`, `latency_ms`, `latency_shape`, `commit_ms`, `chain`, `block_ms`, \
         `finality_blocks`, `usdc_retired_after`, `usdc_fee`, `attested_blocks`, `stalled_lag`, `hedge_share_max`, \
         `poll_ms`, `patience_ms`, `recheck_ms`, `reconcile_ms`, `theft`, `dismiss_alone_max`, `buggify`, `workers`, `takeover_ms`, \
         `fast_track_ms`, `sweep_ms`\n\
         did you mean `endpoints`?",
    );
}

#[test]
fn the_whole_error_shows_the_line_and_points_at_it() {
    let text = "proves = \"x\"\nduration_ms = 60_000\n[[faults]]\nkind = \"ded\"\n";
    let errors = Scenario::parse("test", "scenarios/test.toml", text).unwrap_err();
    let shown = errors[0].to_string();
    assert!(
        shown.starts_with("scenarios/test.toml:4:8: faults[0].kind: unknown variant `ded`"),
        "{shown}"
    );
    let rest: Vec<&str> = shown.lines().skip(1).collect();
    assert_eq!(
        rest,
        [
            "  |",
            "4 | kind = \"ded\"",
            "  |        ^",
            "  = help: did you mean `dead`?"
        ]
    );
}

#[test]
fn times_are_never_negative_and_never_overflow() {
    check(
        "[world]\nblock_ms = -5",
        "test.toml:4:12: world.block_ms: found -5, expected whole milliseconds from 0 to 604800000 (a week)",
    );
    check(
        "[world]\npoll_ms = 99999999999999999999",
        "test.toml:4:11: world.poll_ms: found 99999999999999999999, expected whole milliseconds from 0 to 604800000 \
         (a week)",
    );
    check(
        "[world]\nlatency_ms = [40, 10]",
        "test.toml:4:14: world.latency_ms: the lowest is above the highest",
    );
    check(
        "[world]\nlatency_ms = [40, -10]",
        "test.toml:4:19: world.latency_ms[1]: found -10, expected whole milliseconds from 0 to 604800000 (a week)",
    );
    check(
        "[workload]\nretry_dead_letters_at_ms = [70_000]",
        "test.toml:4:29: workload.retry_dead_letters_at_ms[0]: 70000 ms is after the end of the run at 60000 ms",
    );
}

#[test]
fn amounts_are_text_and_positive() {
    check(
        "[workload]\nfund = 3",
        "test.toml:4:8: workload.fund: invalid type: integer `3`, expected an amount in quotes, such as \"12.50\"",
    );
    check(
        "[workload]\nfund = \"0\"",
        "test.toml:4:8: workload.fund: `0`: expected 0.001 to 1000000",
    );
    check(
        "[workload]\nfund = \"1.2345\"",
        "test.toml:4:8: workload.fund: `1.2345`: more than 3 decimals",
    );
    check(
        "[workload]\nfund = \"1000001\"",
        "test.toml:4:8: workload.fund: `1000001`: expected 0.001 to 1000000",
    );
    let huge = "9".repeat(60);
    check(
        &format!("[workload]\nfund = \"{huge}\""),
        &format!("test.toml:4:8: workload.fund: `{huge}`: amount is out of range"),
    );
}

#[test]
fn unknown_targets_are_refused_with_a_suggestion() {
    check(
        "[[faults]]\nkind = \"dead\"\nat_ms = 5\ntarget = [\"rpc-1\", \"rcp-2\"]",
        "test.toml:6:10: faults[0].target: there is no `rcp-2` to hit: the world has 3 endpoints\n\
         did you mean `rpc-2`?",
    );
    check(
        "[[faults]]\nkind = \"dead\"\nat_ms = 5\ntarget = \"users\"",
        "test.toml:6:10: faults[0].target: there is no `users` to hit: the world has 3 endpoints",
    );
}

#[test]
fn impossible_worlds_are_refused() {
    let two = "a credit needs two endpoints of different providers, and a chain has at most 32";
    check(
        "[world]\nendpoints = 1",
        &format!("test.toml:4:13: world.endpoints: {two}"),
    );
    check(
        "[world]\nendpoints = 33",
        &format!("test.toml:4:13: world.endpoints: {two}"),
    );
    check(
        "[world]\nproviders = 4",
        "test.toml:4:13: world.providers: a credit needs two providers, and each runs at least one of the endpoints",
    );
    for (fee, column, what) in [
        (
            "after_blocks = 0, percent = 3",
            29,
            "after_blocks: expected 1 to 100000 blocks",
        ),
        ("after_blocks = 5, percent = 0", 42, "percent: expected 1 to 100"),
        (
            "after_blocks = 5, percent = 101",
            42,
            "percent: found 101, expected a share from 0 to 100 percent",
        ),
    ] {
        check(
            &format!("[world]\nusdc_fee = {{ {fee} }}"),
            &format!("test.toml:4:{column}: world.usdc_fee.{what}"),
        );
    }
    for (setting, place) in [
        (
            "usdc_fee = { after_blocks = 5, percent = 1 }",
            "5:42: world.usdc_fee.percent: a token of Solana that keeps a fee is none that is taken",
        ),
        (
            "attested_blocks = 9",
            "5:19: world.attested_blocks: nothing is attested on Solana: `confirmed` and `finalized` are all there is",
        ),
        (
            "stalled_lag = 30",
            "5:15: world.stalled_lag: nothing is attested on Solana: `confirmed` and `finalized` are all there is",
        ),
        (
            "theft = { at_ms = 5, amount = \"7\" }",
            "5:19: world.theft.at_ms: what deposit addresses hold is not looked at on Solana, so nobody would notice a theft",
        ),
    ] {
        check(
            &format!("[world]\nchain = \"solana\"\n{setting}"),
            &format!("test.toml:{place}"),
        );
    }
    check(
        "[workload]\nusers = 1\n[[workload.deposits]]\nkind = \"plain\"\ncount = 1\nat_ms = 1\nclaim = \"stolen\"",
        "test.toml:6:8: workload.deposits[0].kind: this needs two users",
    );
    check(
        "[workload]\nusers = 2\n[[workload.deposits]]\nkind = \"plain\"\ncount = 49_999\nat_ms = 1",
        "test.toml:4:9: workload.users: a run has at most 50000 users, deposits, transactions and orders",
    );
    check(
        "[[faults]]\nkind = \"crash\"\nat_ms = 1\nfor_ms = 5\ncount = 1_000\ndwell_ms = 20",
        "test.toml:3:1: faults[0]: with those before it comes to more than the 100000 faults that a run may have",
    );
    check(
        "[world]\nsweep_ms = 99",
        "test.toml:4:12: world.sweep_ms: sweeps are at least 100 ms apart, and at most as far as patience lasts",
    );
    check(
        "[world]\nworkers = 1\nsweep_ms = 3_001\ntakeover_ms = 6_001",
        "test.toml:6:15: world.takeover_ms: the bank takes over after two sweeps at the earliest",
    );
    check(
        "seeds = 0",
        "test.toml:3:9: seeds: a run of zero seeds proves nothing",
    );
    check(
        "[swarm]\npoll_ms = [49, 80]",
        "test.toml:4:11: swarm.poll_ms: polls are at least 50 ms apart",
    );
}

#[test]
fn faults_have_the_fields_that_their_kind_takes_and_an_end_after_their_beginning() {
    let fault =
        |fields: &str| format!("[[faults]]\nkind = \"slow\"\ntarget = \"rpc-1\"\nat_ms = 50\n{fields}");
    check(
        &fault(""),
        "test.toml:3:1: faults[0]: `slow` needs the field `extra_ms`",
    );
    check(
        &fault("extra_ms = 5\nblocks = 3"),
        "test.toml:8:10: faults[0].blocks: `blocks` means nothing to `slow`",
    );
    check(
        &fault("extra_ms = 5\nuntil_ms = 50"),
        "test.toml:8:12: faults[0].until_ms: a fault must end after it began",
    );
    check(
        &fault("extra_ms = 5\nuntil_ms = 60\nfor_ms = 1"),
        "test.toml:8:12: faults[0].until_ms: give `until_ms` or `for_ms`, not both",
    );
    check(
        "[[faults]]\nkind = \"crash\"\nat_ms = 50",
        "test.toml:3:1: faults[0]: give `until_ms` or `for_ms`: this must end",
    );
    check(
        "[[faults]]\nkind = \"reorg\"\nblocks = 2\nat_ms = 50\nfor_ms = 5",
        "test.toml:7:10: faults[0].for_ms: `reorg` happens at a moment and has no end",
    );
}

#[test]
fn a_fault_begins_at_a_time_or_after_something() {
    let fault = |fields: &str| format!("[[faults]]\nkind = \"pause\"\n{fields}");
    check(
        &fault("for_ms = 5"),
        "test.toml:3:1: faults[0]: missing field `at_ms`, or `after`",
    );
    check(
        &fault("after = { event = \"comit\" }\nfor_ms = 5"),
        "test.toml:5:19: faults[0].after.event: unknown variant `comit`, expected one of `commit`, `question`, \
         `request`, `seen`, `credited`, `reorged`, `dead_letter`, `opened`, `start`, `leased`\n\
         did you mean `commit`?",
    );
    check(
        &fault("after = { event = \"commit\", count = 0 }\nfor_ms = 5"),
        "test.toml:5:37: faults[0].after.count: nothing has happened before it happened once",
    );
    check(
        &fault("after = { event = \"question\" }\nfor_ms = 5"),
        "test.toml:5:9: faults[0].after: `question` needs the field `of`",
    );
    check(
        &fault("after = { event = \"opened\", of = \"rpc-4\" }\nfor_ms = 5"),
        "test.toml:5:34: faults[0].after.of: there is no `rpc-4` to hit: the world has 3 endpoints\n\
         did you mean `rpc-1`?",
    );
    check(
        &fault("after = { event = \"seen\", of = \"rpc-1\" }\nfor_ms = 5"),
        "test.toml:5:32: faults[0].after.of: `of` means nothing to `seen`",
    );
    check(
        &fault("after = { event = \"seen\" }\nuntil_ms = 5"),
        "test.toml:6:12: faults[0].until_ms: nobody knows when it begins: give `for_ms`",
    );
}

#[test]
fn what_comes_and_goes_takes_its_time_and_ends() {
    check(
        "[[faults]]\nkind = \"bit_flip\"\nat_ms = 5\ndwell_ms = 100",
        "test.toml:6:12: faults[0].dwell_ms: what happens at a moment cannot come and go",
    );
    check(
        "[[faults]]\nkind = \"read_error\"\nat_ms = 5\nfor_ms = 500\ndwell_ms = 9",
        "test.toml:7:12: faults[0].dwell_ms: a fault that comes and goes stays on and off for at least 10 ms",
    );
    check(
        "[[faults]]\nkind = \"read_error\"\nat_ms = 5\ndwell_ms = 90",
        "test.toml:3:1: faults[0]: give `until_ms` or `for_ms`: this must end",
    );
}

#[test]
fn a_drift_has_the_fields_that_it_takes() {
    let fault = |fields: &str| format!("[[faults]]\nkind = \"clock_drift\"\nat_ms = 50\n{fields}");
    check(
        &fault("drift = \"linear\""),
        "test.toml:3:1: faults[0]: `linear` drift needs the field `ppm`",
    );
    check(
        &fault("drift = \"step\"\nby_ms = 5\nevery_ms = 10\nppm = 5"),
        "test.toml:6:9: faults[0].drift: `ppm` means nothing to `step` drift",
    );
    check(
        &fault("drift = \"linear\"\nppm = 1_000_000"),
        "test.toml:3:1: faults[0]: must be 0 to 900000, and not 1000000",
    );
}

#[test]
fn isolation_cuts_one_off() {
    let fault =
        |target: &str| format!("[[faults]]\nkind = \"isolate\"\nat_ms = 5\nfor_ms = 5\ntarget = {target}");
    check(
        &fault("[\"rpc-1\", \"rpc-2\"]"),
        "test.toml:7:10: faults[0].target: one is cut off from everybody else at a time",
    );
    check(
        &fault("\"users\""),
        "test.toml:7:10: faults[0].target: there is no `users` to hit: the world has 3 endpoints",
    );
}

#[test]
fn two_liars_at_once_are_refused() {
    check(
        "[[faults]]\nkind = \"wrong_chain\"\nat_ms = 5\ntarget = [\"rpc-1\", \"rpc-2\"]",
        "test.toml:6:10: faults[0].target: two endpoints that lie at once make a quorum that nobody could see through",
    );
    check(
        "[[faults]]\nkind = \"wrong_chain\"\nat_ms = 5\ntarget = \"rpc-1\"\n\
         [[faults]]\nkind = \"wrong_chain\"\nat_ms = 6\ntarget = \"rpc-2\"",
        "test.toml:7:1: faults[1]: must be apart from faults[0]: two providers that lie alike at once make a quorum",
    );
}

#[test]
fn what_is_no_toml_or_no_table_is_refused_at_its_place() {
    check("[world", "test.toml:3:7: unclosed table, expected `]`");
    check("duration_ms = 3", "test.toml:3:1: duplicate key");
    check(
        "[[faults]]\nat_ms = 5",
        "test.toml:3:1: faults[0]: missing field `kind`",
    );
}

#[test]
fn a_swarm_draws_its_own() {
    check(
        "[swarm]\n[[faults]]\nkind = \"pause\"\nat_ms = 5\nfor_ms = 5",
        "test.toml:1:10: proves: a swarm draws its own: leave `faults` out",
    );
}

#[test]
fn a_suggestion_is_near_or_absent() {
    let known = ["endpoints", "providers"];
    assert_eq!(closest("endpoint", known), Some("endpoints"));
    assert_eq!(closest("zebra", known), None);
}
