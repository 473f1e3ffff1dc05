//! Hand-made runs, in which it is known what each fault must meet.

use crate::coverage::{CONDITIONS, Condition, KINDS};
use crate::scenario::Scenario;
use crate::world::World;

/// What the faults of this scenario met, `kind: conditions` a line, of the group `of` alone.
#[track_caller]
fn check(rest: &str, of: &[Condition], expected: &[&str]) {
    let text = format!("proves = \"x\"\nduration_ms = 60_000\n{rest}");
    let plan = Scenario::parse("test", "test.toml", &text).unwrap().expand(1);
    let outcome = World::new(&plan, 1).unwrap().covered().run();
    assert!(outcome.verdict.is_passed(), "{:?}", outcome.verdict);
    let cells = outcome.stats.coverage.unwrap();
    let mut met = Vec::new();
    for (row, kind) in KINDS.iter().enumerate() {
        let any = CONDITIONS.iter().any(|condition| cells.has(row, *condition));
        let names: Vec<&str> = of
            .iter()
            .filter(|condition| cells.has(row, **condition))
            .map(|condition| condition.name())
            .collect();
        if any {
            met.push(format!("{}: {}", kind.name, names.join(", ")));
        }
    }
    assert_eq!(met, expected);
}

const DEPOSIT: &str =
    "[[workload.deposits]]\nkind = \"plain\"\ncount = 1\nat_ms = 5_000\nclaim = \"never\"\n";

const DEPOSITS: [Condition; 4] = [
    Condition::Unnamed,
    Condition::Observed,
    Condition::Seen,
    Condition::Posted,
];

#[test]
fn a_fault_that_lasts_meets_what_comes_and_one_that_happens_what_was_there() {
    let faults = "[[faults]]\nkind = \"clock_skew\"\nat_ms = 1_000\nuntil_ms = 4_000\nby_ms = 5\n\
        [[faults]]\nkind = \"store_slow\"\nextra_ms = 2\nat_ms = 1_000\nuntil_ms = 19_000\n\
        [[faults]]\nkind = \"clock_jump\"\nat_ms = 18_000\nby_ms = 5\n";
    check(
        &format!("{DEPOSIT}{faults}"),
        &DEPOSITS,
        &[
            "store_slow: unnamed, observed, posted",
            "clock_skew: ",
            "clock_jump: posted",
        ],
    );
}

#[test]
fn an_endpoints_fault_meets_its_own_breaker_and_others_meet_any() {
    let faults = "[[faults]]\nkind = \"dead\"\ntarget = \"rpc-2\"\nat_ms = 1_000\nuntil_ms = 12_000\n\
        [[faults]]\nkind = \"slow\"\ntarget = \"rpc-2\"\nextra_ms = 1\nat_ms = 11_000\nuntil_ms = 40_000\n\
        [[faults]]\nkind = \"delay\"\ntarget = \"rpc-1\"\nextra_ms = 1\nat_ms = 1_000\nuntil_ms = 40_000\n\
        [[faults]]\nkind = \"clock_skew\"\nat_ms = 1_000\nuntil_ms = 40_000\nby_ms = 5\n";
    let breakers = [
        Condition::Closed,
        Condition::Open,
        Condition::HalfOpen,
        Condition::ShutOut,
    ];
    // Early probes make a breaker half-open as soon as its endpoint is well again.
    check(
        &format!("[world]\nendpoints = 2\npoll_ms = 200\n{DEPOSIT}{faults}"),
        &breakers,
        &[
            "dead: closed, open",
            "slow: closed, open, half-open",
            "delay: closed",
            "clock_skew: closed, open, half-open",
        ],
    );
}

#[test]
fn a_crash_meets_the_process_as_it_was_and_lasting_faults_its_absence() {
    let faults = "[[faults]]\nkind = \"crash\"\nloss = \"lost\"\nat_ms = 2_000\nuntil_ms = 6_000\n\
        [[faults]]\nkind = \"crash\"\nloss = \"kept\"\nat_ms = 4_000\nuntil_ms = 4_500\n\
        [[faults]]\nkind = \"pause\"\nat_ms = 9_000\nuntil_ms = 10_000\n\
        [[faults]]\nkind = \"finality_stall\"\nat_ms = 1_000\nuntil_ms = 12_000\n";
    let process = [Condition::Paused, Condition::Down];
    // The crash of a process that is not there meets nothing at all.
    check(
        &format!("{DEPOSIT}{faults}"),
        &process,
        &[
            "crash, all lost: ",
            "pause: paused",
            "finality_stall: paused, down",
        ],
    );
}

#[test]
fn lanes_are_told_apart() {
    let claimed = DEPOSIT.replace("\"never\"", "\"once\"");
    let fault = "[[faults]]\nkind = \"clock_skew\"\nat_ms = 1_000\nuntil_ms = 19_000\nby_ms = 5\n";
    let lanes = [
        Condition::Claim,
        Condition::Scanner,
        Condition::FastTrack,
        Condition::Sweep,
        Condition::Heads,
        Condition::Identity,
    ];
    check(
        &format!("{DEPOSIT}{fault}"),
        &lanes,
        &["clock_skew: scanner, fast track, heads"],
    );
    check(
        &format!("{claimed}{fault}"),
        &lanes,
        &["clock_skew: claim, scanner, fast track, heads"],
    );
    // What is never mined is swept until patience ends.
    let never = claimed.replace("plain", "never_mined");
    let swept = "clock_skew: claim, scanner, fast track, sweep, heads";
    check(&format!("{never}{fault}"), &lanes, &[swept]);
}

#[test]
fn the_gate_to_the_store_is_told_as_it_is() {
    let faults = "[[faults]]\nkind = \"commit_unknown\"\ncommitted_percent = 50\nat_ms = 4_000\nuntil_ms = 12_000\n\
        [[faults]]\nkind = \"store_unavailable\"\nat_ms = 12_500\nuntil_ms = 15_000\n";
    let meanwhile = DEPOSIT
        .replace("\"never\"", "\"once\"\nclaim_after_ms = 100")
        .replace("5_000", "13_000");
    let gate = [
        Condition::Idle,
        Condition::Appending,
        Condition::Doubtful,
        Condition::Resting,
    ];
    check(
        &format!("{DEPOSIT}{meanwhile}{faults}"),
        &gate,
        &[
            "store_unavailable: idle, appending, resting",
            "commit_unknown: idle, appending, doubtful",
        ],
    );
}
