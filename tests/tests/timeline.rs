//! The timeline of a run, in the browser that it is made for.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_tests::browser::{Shown, open};
use plimsoll_tests::process::temporary_folder;
use plimsoll_tests::product;
use tempfile::TempDir;

/// Two deposits, one dead endpoint of three, and an expectation that fails.
const SCENARIO: &str = "\
proves = \"What a failure looks like.\"
duration_ms = 6_000

[world]
endpoints = 3

[workload]
users = 2

[[workload.deposits]]
kind = \"plain\"
count = 2
at_ms = [1_000, 2_000]

[[faults]]
kind = \"dead\"
target = \"rpc-2\"
at_ms = 500
for_ms = 3_000

[expect]
rejected = 1
";

/// A folder with the timeline of a run that fails.
fn timeline() -> (TempDir, PathBuf) {
    let folder = temporary_folder();
    let (scenario, page) = (
        folder.path().join("failing.toml"),
        folder.path().join("timeline.html"),
    );
    fs::write(&scenario, SCENARIO).expect("a file can be written");
    let arguments = [
        "sim",
        "replay",
        scenario.to_str().expect("the path is text"),
        "--seed",
        "7",
        "--html",
        page.to_str().expect("the path is text"),
    ];
    let mut command = product::plimsoll();
    command.args(arguments);
    let ended = product::run_to_end(command);
    assert_eq!(ended.code, Some(13), "{ended:?}");
    (folder, page)
}

#[track_caller]
fn sound(page: &Path, fragment: &str) -> Shown {
    let shown = open(page, fragment);
    assert_eq!(shown.console, Vec::<String>::new());
    assert!(
        shown.dom.contains("data-ready=\"yes\""),
        "its script ran to the end"
    );
    assert!(!shown.dom.contains("data-error"));
    shown
}

#[track_caller]
fn number(shown: &Shown, name: &str) -> u64 {
    shown
        .attribute("status", &format!("data-{name}"))
        .parse()
        .expect("a whole number")
}

#[test]
fn lanes_bands_and_the_failure_are_there() {
    let (_folder, page) = timeline();
    let shown = sound(&page, "");
    assert_eq!(
        shown.count("<g class=\"lane\""),
        8,
        "world, users, bank, store, chain and three endpoints"
    );
    assert!(
        shown.count("<rect class=\"band fault\"") == 1,
        "the dead endpoint"
    );
    assert!(shown.dom.contains("data-what=\"rpc-2: dead\""));
    assert_eq!(shown.count("<line class=\"failure\""), 1);
    assert!(
        shown
            .dom
            .contains("expectation rejected: expected 1, found only 0")
    );
    assert_eq!(number(&shown, "in-view"), number(&shown, "count"));
    assert_eq!(shown.count("class=\"journey\""), 0, "no deposit was chosen");
}

#[test]
fn a_journey_is_highlighted() {
    let (_folder, page) = timeline();
    let shown = sound(&page, "deposit=2");
    assert_eq!(shown.count("<polyline class=\"journey\""), 1);
    assert_eq!(shown.attribute("status", "data-deposit"), "2");
    assert!(shown.count("<li>") > 10, "its events are listed");
    assert!(
        number(&shown, "from") > 900_000,
        "the view is that of the journey"
    );
}

/// What the timeline shows of workers: the scenario's seed 1 kills the worker that has deposit 20 in its hands.
#[test]
fn workers_and_queues_have_lanes_and_a_job_is_followed_from_hand_to_hand() {
    let folder = temporary_folder();
    let page = folder.path().join("workers.html");
    let mut command = product::plimsoll();
    command.args(["sim", "replay", "escrow/workers", "--seed", "1", "--html"]);
    command.arg(&page);
    let ended = product::run_to_end(command);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let shown = sound(&page, "deposit=20");
    for lane in ["immediate", "database", "worker-1", "worker-2", "worker-3"] {
        let begin = format!("<g class=\"lane\" data-node=\"{lane}\">");
        assert_eq!(shown.count(&begin), 1, "{lane}");
    }
    assert!(
        shown.count("<rect class=\"band down\"") >= 3,
        "workers that are dead"
    );
    for band in [
        "immediate queue: loses answers, 40 % of the time",
        "worker-2: pause",
    ] {
        assert!(shown.dom.contains(&format!("data-what=\"{band}\"")), "{band}");
    }
    for step in [
        "is handed over",
        "is leased to worker-2, attempt 2",
        "was leased to worker-2, which died",
        "is worker-2's no more: the lease ran out",
        "is leased to worker-3, attempt 3",
        "is completed by worker-3",
    ] {
        assert!(shown.dom.contains(step), "{step}");
    }
    let worker = sound(&page, "node=worker-2&kind=died");
    assert!(number(&worker, "matched") > 0);
}

#[test]
fn filters_and_times_narrow_what_is_shown() {
    let (_folder, page) = timeline();
    let whole = sound(&page, "");
    let mut last = number(&whole, "in-view");
    for fragment in [
        "node=bank",
        "node=bank&kind=sent",
        "node=bank&kind=sent&filter=receipt",
    ] {
        let shown = sound(&page, fragment);
        let matched = number(&shown, "matched");
        assert!(0 < matched && matched < last, "{fragment}: {matched} of {last}");
        last = matched;
    }
    let shown = sound(&page, "filter=no+such+text");
    assert_eq!(number(&shown, "matched"), 0);
    let shown = sound(&page, "from=1&to=2");
    assert_eq!(
        (number(&shown, "from"), number(&shown, "to")),
        (1_000_000, 2_000_000)
    );
    assert!(number(&shown, "in-view") < number(&whole, "in-view"));
    assert_eq!(shown.count("<line class=\"failure\""), 0, "it is later");
}

#[test]
fn wheel_and_keys_zoom_and_pan() {
    let (folder, page) = timeline();
    let acted = |number: usize, script: &str| {
        let path = folder.path().join(format!("acted-{number}.html"));
        let text = fs::read_to_string(&page).unwrap();
        fs::write(
            &path,
            text.replace("</body>", &format!("<script>{script}</script></body>")),
        )
        .unwrap();
        let shown = sound(&path, "from=2&to=4");
        (self::number(&shown, "from"), self::number(&shown, "to"))
    };
    let key = |key: &str| format!("chart.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}' }}));");
    let (from, to) = acted(
        0,
        "chart.dispatchEvent(new WheelEvent('wheel', { deltaY: -200, clientX: 700 }));",
    );
    assert!(
        2_000_000 < from && to < 4_000_000,
        "the wheel zooms in: {from} to {to}"
    );
    let (from, to) = acted(1, &key("-"));
    assert!(
        from < 2_000_000 && 4_000_000 < to,
        "minus zooms out: {from} to {to}"
    );
    assert_eq!(acted(2, &key("ArrowRight")), (2_200_000, 4_200_000));
    assert_eq!(acted(3, &key("ArrowLeft")), (1_800_000, 3_800_000));
    assert_eq!(acted(4, &key("0")), (0, 6_000_000), "all of it");
}
