use std::collections::BTreeSet;

use super::super::Scenario;
use crate::fault::{Cue, Direction, Fault, LinkFault, LinkName, StoreFault};
use crate::world::plan::ScheduledFault;

/// What a scenario of a minute with three endpoints and these `[[faults]]` comes to for a seed.
#[track_caller]
fn faults(fields: &str, seed: u64) -> Vec<ScheduledFault> {
    let text = format!("proves = \"x\"\nduration_ms = 60_000\n[[faults]]\n{fields}");
    let scenario = Scenario::parse("test", "test.toml", &text);
    let scenario = scenario.unwrap_or_else(|errors| panic!("{}", errors[0]));
    let plan = scenario.expand(seed);
    assert_eq!(plan.check(), Ok(()));
    plan.faults
}

fn windows(faults: &[ScheduledFault]) -> Vec<(u64, u64)> {
    faults
        .iter()
        .map(|one| (one.from_ms, one.until_ms.unwrap()))
        .collect()
}

#[test]
fn a_fault_that_comes_and_goes_stays_on_and_off_for_at_least_so_long() {
    let fields =
        "kind = \"dead\"\ntarget = \"rpc-1\"\nat_ms = 1_000\nuntil_ms = 50_000\ndwell_ms = [500, 2_000]\n";
    let windows = windows(&faults(fields, 3));
    assert!(windows.len() > 10, "{windows:?}");
    assert_eq!(windows[0].0, 1_000);
    let last = windows.len() - 1;
    for (place, (from, until)) in windows.iter().enumerate() {
        assert!(
            until - from <= 2_000 && (place == last || until - from >= 500),
            "{windows:?}"
        );
    }
    for pair in windows.windows(2) {
        let off = pair[1].0 - pair[0].1;
        assert!((500..=2_000).contains(&off), "{windows:?}");
    }
    assert!(windows[last].1 <= 50_000);
}

#[test]
fn a_swizzle_stops_every_link_and_lets_every_link_go_in_random_orders() {
    let orders: BTreeSet<Vec<u64>> = (0..20)
        .map(|seed| {
            let faults = faults("kind = \"swizzle\"\nat_ms = 10_000\nfor_ms = 8_000\n", seed);
            assert_eq!(faults.len(), 4, "three endpoints and the users");
            for one in &faults {
                let until = one.until_ms.unwrap();
                assert!((10_000..14_000).contains(&one.from_ms), "{one:?}");
                assert!(until > 14_000 && until <= 18_000, "{one:?}");
                assert!(matches!(
                    one.fault,
                    Fault::Network {
                        fault: LinkFault::Hold,
                        ..
                    }
                ));
            }
            let stops: BTreeSet<u64> = faults.iter().map(|one| one.from_ms).collect();
            let starts: BTreeSet<u64> = faults.iter().map(|one| one.until_ms.unwrap()).collect();
            assert_eq!((stops.len(), starts.len()), (4, 4), "one by one");
            faults.iter().map(|one| one.from_ms).collect()
        })
        .collect();
    assert!(orders.len() > 5, "{orders:?}");
}

#[test]
fn one_is_cut_off_from_everybody() {
    let bank = faults(
        "kind = \"isolate\"\ntarget = \"bank\"\nat_ms = 5\nfor_ms = 10\n",
        1,
    );
    let cut = |link| Fault::Network {
        link,
        direction: Direction::Both,
        fault: LinkFault::Partition,
    };
    let store = Fault::Store {
        fault: StoreFault::Unavailable,
        percent: 100,
    };
    let found: Vec<Fault> = bank.into_iter().map(|one| one.fault).collect();
    assert_eq!(found, [cut(LinkName::AllEndpoints), cut(LinkName::Users), store]);
    let one = faults(
        "kind = \"isolate\"\ntarget = \"rpc-3\"\nat_ms = 5\nfor_ms = 10\n",
        1,
    );
    assert_eq!(one[0].fault, cut(LinkName::Endpoint { endpoint: 2 }));
    let drawn: BTreeSet<u8> = (0..40)
        .map(|seed| {
            let faults = faults("kind = \"isolate\"\nat_ms = 5\nfor_ms = 10\n", seed);
            let of = |endpoint: &u8| cut(LinkName::Endpoint { endpoint: *endpoint }) == faults[0].fault;
            (0..3).find(of).unwrap_or(3)
        })
        .collect();
    assert_eq!(drawn, [0, 1, 2, 3].into());
}

#[test]
fn a_lost_response_is_lost_on_its_way_to_whoever_asked() {
    let fields = "kind = \"response_lost\"\ntarget = [\"rpc-1\", \"users\"]\nat_ms = 5\npercent = 40\n";
    let found: Vec<Fault> = faults(fields, 1).into_iter().map(|one| one.fault).collect();
    let lost = |link, direction| Fault::Network {
        link,
        direction,
        fault: LinkFault::Loss { percent: 40 },
    };
    let expected = [
        lost(LinkName::Endpoint { endpoint: 0 }, Direction::ToBank),
        lost(LinkName::Users, Direction::FromBank),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_fault_that_waits_counts_its_times_from_its_cue() {
    let fields = "kind = \"pause\"\nafter = { event = \"question\", of = \"rpc-2\", count = 7 }\nat_ms = 20\nfor_ms = 300\n";
    let [one] = &faults(fields, 1)[..] else {
        panic!("one fault")
    };
    let trigger = one.after.unwrap();
    assert_eq!((trigger.cue, trigger.count), (Cue::Question { endpoint: 1 }, 7));
    assert_eq!((one.from_ms, one.until_ms), (20, Some(320)));
    let at_once = faults("kind = \"usurped\"\nafter = { event = \"commit\" }\n", 1);
    let trigger = at_once[0].after.unwrap();
    assert_eq!(
        (trigger.cue, trigger.count, at_once[0].from_ms),
        (Cue::Commit, 1, 0)
    );
}
