use super::{Dependency, Excuses};
use crate::fault::{ChainFault, Direction, DiskFault, EndpointFault, Fault, LinkFault, LinkName, StoreFault};
use crate::world::plan::{Plan, ScheduledFault};
use crate::world::quiet::Trouble;

/// What is gone in a world of seven endpoints of four providers (0 and 4, 1 and 5, 2 and 6, 3) in which these faults
/// never end.
fn gone(faults: &[Fault]) -> Vec<Dependency> {
    let mut plan = Plan::calm("gone", 1_000);
    let for_ever = |fault: &Fault| ScheduledFault {
        after: None,
        from_ms: 0,
        until_ms: None,
        fault: fault.clone(),
    };
    plan.faults = faults.iter().map(for_ever).collect();
    assert_eq!(plan.check(), Ok(()));
    let on = Trouble {
        is_on: true,
        has_begun: true,
        ..Trouble::default()
    };
    let Excuses(reasons) = Excuses::of(&plan, &vec![on; faults.len()]);
    reasons.into_iter().map(|reason| reason.dependency).collect()
}

fn link(link: LinkName, fault: LinkFault) -> Fault {
    Fault::Network {
        link,
        direction: Direction::Both,
        fault,
    }
}

fn store(fault: StoreFault, percent: u8) -> Fault {
    Fault::Store { fault, percent }
}

fn dead(endpoint: u8) -> Fault {
    Fault::Endpoint {
        endpoint,
        fault: EndpointFault::Dead,
        percent: 100,
    }
}

#[test]
fn a_dependency_is_gone_when_nothing_of_it_is_left() {
    let all = [0, 1, 2, 3, 4, 5, 6];
    let all_but = |left: &[u8]| -> Vec<Fault> {
        all.iter()
            .filter(|one| !left.contains(one))
            .map(|one| dead(*one))
            .collect()
    };
    assert_eq!(gone(&all_but(&[0, 1])), []);
    assert_eq!(
        gone(&all_but(&[0, 4])),
        [Dependency::Endpoints],
        "one provider is left"
    );
    assert_eq!(gone(&all_but(&[])), [Dependency::Endpoints]);
    let cut = LinkFault::Partition;
    assert_eq!(
        gone(&[link(LinkName::AllEndpoints, cut)]),
        [Dependency::Endpoints]
    );
    assert_eq!(gone(&[link(LinkName::Users, cut)]), [Dependency::Users]);
    assert_eq!(
        gone(&[link(LinkName::Users, LinkFault::Loss { percent: 100 })]),
        [Dependency::Users]
    );
    assert_eq!(gone(&[store(StoreFault::Unavailable, 100)]), [Dependency::Store]);
    let sync_failed = Fault::Disk {
        fault: DiskFault::SyncFailed { percent: 100 },
    };
    assert_eq!(gone(&[sync_failed]), [Dependency::Store]);
    let stall = Fault::Chain {
        fault: ChainFault::FinalityStall,
    };
    assert_eq!(gone(&[stall]), [Dependency::Finality]);
}

#[test]
fn what_only_disturbs_excuses_nothing() {
    for fault in [
        link(LinkName::Users, LinkFault::Loss { percent: 90 }),
        link(LinkName::AllEndpoints, LinkFault::HalfOpen { notice_ms: 5_000 }),
        store(StoreFault::Unavailable, 90),
        store(StoreFault::SlowSync { extra_ms: 100 }, 100),
        store(
            StoreFault::UnknownOutcome {
                committed_percent: 50,
            },
            100,
        ),
        Fault::Disk {
            fault: DiskFault::ReadError,
        },
    ] {
        assert_eq!(gone(std::slice::from_ref(&fault)), [], "{fault:?}");
    }
}

#[test]
fn an_excuse_is_one_for_what_needs_it_alone() {
    let mut plan = Plan::calm("excuse", 1_000);
    plan.faults.push(ScheduledFault {
        after: None,
        from_ms: 0,
        until_ms: None,
        fault: store(StoreFault::Full, 100),
    });
    let idle = Trouble::default();
    assert!(
        Excuses::of(&plan, &[idle])
            .for_want_of(&[Dependency::Store])
            .is_none(),
        "it never began"
    );
    let on = Trouble {
        is_on: true,
        has_begun: true,
        ..idle
    };
    let excuses = Excuses::of(&plan, &[on]);
    assert!(
        excuses
            .for_want_of(&[Dependency::Users, Dependency::Endpoints])
            .is_none()
    );
    let reason = excuses
        .for_want_of(&[Dependency::Users, Dependency::Store])
        .unwrap();
    assert!(
        reason.to_string().starts_with("the store: Store { fault: Full"),
        "{reason}"
    );
}
