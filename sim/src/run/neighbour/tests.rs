use super::neighbour;
use crate::run::{Ending, prove, traced};
use crate::scenario::Scenario;
use crate::trace::Beside;

/// Of these faults the middle one alone keeps the deposits from being credited.
const TEXT: &str = "\
proves = \"Which fault it is.\"
duration_ms = 10_000

[world]
endpoints = 2

[workload]
users = 2

[[workload.deposits]]
kind = \"plain\"
count = 2
at_ms = [1_000, 2_000]

[[faults]]
kind = \"slow\"
target = \"rpc-2\"
at_ms = 300
for_ms = 100
extra_ms = 10

[[faults]]
kind = \"dead\"
target = \"rpc-1\"
at_ms = 500

[[faults]]
kind = \"slow\"
target = \"rpc-2\"
at_ms = 600
for_ms = 300
extra_ms = 10

[expect]
all_credited = true
";

#[test]
fn the_nearest_neighbour_lacks_the_fault_that_matters() {
    let plan = Scenario::parse("which", "which", TEXT).unwrap().expand(1);
    let (single, failing) = traced(&plan, 1).unwrap();
    assert!(matches!(single.ending, Ending::Failed(_)));
    let found = neighbour(&plan, 1, &failing).unwrap().unwrap();
    assert_eq!(found.without, 1);
    let parting = failing.events[found.common].at;
    assert_eq!(parting.as_nanos(), 500_000_000, "the fault begins there");
    let story = failing.story(None).unwrap();
    let other = found.told.story(story.deposit()).unwrap();
    let beside = Beside::of((&failing, &story), (&found.told, &other), "fault 1", found.common);
    insta::assert_snapshot!("beside", beside.to_string());
}

#[test]
fn a_run_that_fails_for_no_fault_has_no_neighbour() {
    let text = TEXT.replace("all_credited = true", "rejected = 1");
    let plan = Scenario::parse("none", "none", &text).unwrap().expand(1);
    assert!(!prove(&plan, 1, false).unwrap().ending.is_passed());
    let (_, failing) = traced(&plan, 1).unwrap();
    assert!(neighbour(&plan, 1, &failing).unwrap().is_none());
}
