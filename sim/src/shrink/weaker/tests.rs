use proptest::prelude::*;

use super::weaker;
use crate::engine::Latency;
use crate::fault::{
    ChainFault, CrashLoss, Cue, Direction, EndpointFault, Fault, Lie, LinkFault, LinkName, ProcessFault,
    StoreFault, Trigger,
};
use crate::scenario::{Scenario, library};
use crate::world::plan::{Plan, ScheduledFault};

fn scheduled(fault: Fault) -> ScheduledFault {
    ScheduledFault {
        after: None,
        from_ms: 0,
        until_ms: Some(1_000),
        fault,
    }
}

/// What `fault` becomes, in the form that it is written in.
fn becomes(one: &ScheduledFault) -> Vec<String> {
    let mut plan = Plan::calm("test", 5_000);
    plan.topology.endpoints.truncate(2);
    let show = |one: ScheduledFault| {
        let after = one
            .after
            .map_or_else(String::new, |after| format!("after {} ", after.count));
        let until = one.until_ms.map_or(-1, |ms| i64::try_from(ms).unwrap());
        format!(
            "{after}{until} {}",
            serde_json::to_string(&one.fault).unwrap().replace('"', "")
        )
    };
    weaker(&plan, one).into_iter().map(show).collect()
}

#[track_caller]
fn check(fault: Fault, expected: &[&str]) {
    assert_eq!(becomes(&scheduled(fault)), expected);
}

fn endpoint(fault: EndpointFault, percent: u8) -> Fault {
    Fault::Endpoint {
        endpoint: 1,
        fault,
        percent,
    }
}

#[test]
fn an_endpoint_that_lies_may_be_silent_gone_in_error_or_slow() {
    let lie = EndpointFault::Lying { lie: Lie::OmittedLog };
    check(
        endpoint(lie, 40),
        &[
            "1000 {endpoint:{endpoint:1,fault:{slow:{extra_ms:1000}},percent:100}}",
            "1000 {endpoint:{endpoint:1,fault:server_error,percent:100}}",
            "1000 {endpoint:{endpoint:1,fault:dead,percent:100}}",
            "1000 {endpoint:{endpoint:1,fault:never_answers,percent:100}}",
            "1000 {endpoint:{endpoint:1,fault:{lying:{lie:omitted_log}},percent:100}}",
        ],
    );
    check(
        endpoint(EndpointFault::ServerError, 100),
        &["1000 {endpoint:{endpoint:1,fault:{slow:{extra_ms:1000}},percent:100}}"],
    );
    check(
        endpoint(EndpointFault::Slow { extra_ms: 20 }, 100),
        &[
            "1000 {endpoint:{endpoint:1,fault:{slow:{extra_ms:1}},percent:100}}",
            "1000 {endpoint:{endpoint:1,fault:{slow:{extra_ms:10}},percent:100}}",
        ],
    );
}

#[test]
fn a_link_is_cut_at_one_endpoint_or_one_way() {
    let partition = |link| Fault::Network {
        link,
        direction: Direction::Both,
        fault: LinkFault::Partition,
    };
    check(
        partition(LinkName::AllEndpoints),
        &[
            "1000 {network:{link:all_endpoints,direction:both,fault:{delay:{extra:{fixed:{us:1000000}}}}}}",
            "1000 {network:{link:{endpoint:{endpoint:0}},direction:both,fault:partition}}",
            "1000 {network:{link:{endpoint:{endpoint:1}},direction:both,fault:partition}}",
            "1000 {network:{link:all_endpoints,direction:to_bank,fault:partition}}",
            "1000 {network:{link:all_endpoints,direction:from_bank,fault:partition}}",
        ],
    );
    let delay = Fault::Network {
        link: LinkName::Users,
        direction: Direction::ToBank,
        fault: LinkFault::Delay {
            extra: Latency::Exponential {
                min_us: 1_000,
                mean_us: 500,
            },
        },
    };
    check(
        delay,
        &["1000 {network:{link:users,direction:to_bank,fault:{delay:{extra:{fixed:{us:1500}}}}}}"],
    );
}

#[test]
fn a_process_that_dies_may_pause_and_a_store_that_forgets_may_be_slow() {
    let crash = Fault::Process {
        fault: ProcessFault::Crash {
            loss: CrashLoss::Lost,
        },
    };
    check(
        crash,
        &[
            "1000 {process:{fault:{slow:{extra_ms:100}}}}",
            "1000 {process:{fault:restart}}",
            "1000 {process:{fault:pause}}",
            "1000 {process:{fault:{crash:{loss:kept}}}}",
        ],
    );
    let unknown = Fault::Store {
        fault: StoreFault::UnknownOutcome { committed_percent: 1 },
        percent: 100,
    };
    check(
        unknown,
        &[
            "1000 {store:{fault:{slow_sync:{extra_ms:1000}},percent:100}}",
            "1000 {store:{fault:full,percent:100}}",
            "1000 {store:{fault:unavailable,percent:100}}",
            "1000 {store:{fault:{unknown_outcome:{committed_percent:0}},percent:100}}",
        ],
    );
    let jump = Fault::Process {
        fault: ProcessFault::ClockJump { by_ms: -2 },
    };
    check(
        jump,
        &[
            "1000 {process:{fault:{clock_skew:{by_ms:-2}}}}",
            "1000 {process:{fault:{clock_jump:{by_ms:-1}}}}",
        ],
    );
}

#[test]
fn what_never_ends_may_end_and_what_waits_may_wait_for_less() {
    let mut stall = scheduled(Fault::Chain {
        fault: ChainFault::FinalityStall,
    });
    stall.until_ms = None;
    stall.after = Some(Trigger {
        cue: Cue::Commit,
        count: 3,
    });
    assert_eq!(
        becomes(&stall),
        [
            "after 3 5000 {chain:{fault:finality_stall}}",
            "after 1 -1 {chain:{fault:finality_stall}}",
            "after 2 -1 {chain:{fault:finality_stall}}",
        ]
    );
}

/// A plan of the swarm.
fn drawn(seed: u64) -> Plan {
    let (name, text) = library::EMBEDDED
        .iter()
        .find(|(one, _)| *one == "escrow/swarm")
        .unwrap();
    Scenario::parse(name, name, text).unwrap().expand(seed)
}

proptest! {
    /// However a fault is weakened again and again, there is an end, and it never comes back to what it was.
    #[test]
    fn weakening_ends(seed in 0_u64..1_000, which: prop::sample::Index, choices: [prop::sample::Index; 32]) {
        let plan = drawn(seed);
        if plan.faults.is_empty() {
            return Ok(());
        }
        let mut one = which.get(&plan.faults).clone();
        let mut seen = vec![one.clone()];
        for choice in choices.iter().cycle() {
            let weaker = weaker(&plan, &one);
            if weaker.is_empty() {
                break;
            }
            one = choice.get(&weaker).clone();
            prop_assert!(!seen.contains(&one), "{one:?} again");
            seen.push(one.clone());
        }
    }
}
