//! Each pass alone, with a failure that is easy to see.

use core::ops::ControlFlow;

use super::super::PASSES;
use crate::fault::{EndpointFault, Fault, LinkFault, LinkName};
use crate::shrink::search::{Effort, Progress, Search, Sight};
use crate::world::plan::{Deed, Movement, Plan, ScheduledFault, Shape, Token, Topology};

/// What the pass of this name leaves of `plan` while `fails`.
fn left_of(pass: &str, plan: &Plan, fails: impl Fn(&Plan) -> bool) -> Plan {
    assert_eq!(plan.check(), Ok(()));
    assert!(fails(plan));
    let sight = Sight {
        ended_ms: 3_210,
        events: 0,
    };
    let mut judge = |plan: &Plan, _: u64| fails(plan).then_some(sight);
    let mut watch = |_: &Progress| ControlFlow::Continue(());
    let mut search = Search::new((plan, 0, sight), &mut judge, &mut watch, 1_000);
    let pass = PASSES.iter().find(|one| one.name == pass).unwrap();
    search.begin(pass.name, Effort::FINE);
    (pass.run)(&mut search);
    assert!(!search.is_over());
    search.plan().clone()
}

fn plan(times: &[u64]) -> Plan {
    let mut plan = Plan::calm("test", 10_000);
    plan.workload = times.iter().map(|at_ms| payment(*at_ms)).collect();
    plan
}

fn payment(at_ms: u64) -> Deed {
    Deed::payment(at_ms, 1, Token::Usdt, 7_000)
}

fn transfer(from: u32, to: u32, amount_milli: u64) -> Deed {
    Deed::Transfer {
        at_ms: 0,
        from,
        to,
        token: Token::Usdt,
        amount_milli,
        key: None,
        hold: None,
        reverse_at_ms: None,
    }
}

fn never_answers(from_ms: u64, until_ms: u64) -> ScheduledFault {
    ScheduledFault {
        after: None,
        from_ms,
        until_ms: Some(until_ms),
        fault: Fault::Endpoint {
            endpoint: 0,
            fault: EndpointFault::NeverAnswers,
            percent: 100,
        },
    }
}

fn times(plan: &Plan) -> Vec<u64> {
    plan.workload.iter().map(Deed::at_ms).collect()
}

#[test]
fn the_end_is_cut_off_where_the_run_failed_and_before() {
    let whole = plan(&[1_000, 3_000, 3_500, 9_000]);
    let left = left_of("cut the end off", &whole, |plan| times(plan).contains(&3_000));
    assert_eq!((times(&left), left.duration_ms), (vec![1_000, 3_000], 3_000));
    let left = left_of("cut the end off", &whole, |plan| times(plan).contains(&9_000));
    assert_eq!(left.duration_ms, 9_000);
}

#[test]
fn the_beginning_is_cut_off_by_whole_blocks_after_the_users_have_come() {
    let whole = plan(&[1_000, 9_000]);
    let left = left_of("cut the beginning off", &whole, |plan| !times(plan).is_empty());
    assert_eq!((times(&left), left.duration_ms), (vec![900], 1_900));
    let left = left_of("cut the beginning off", &whole, |plan| plan.workload.len() == 2);
    assert_eq!(times(&left), [550, 8_550]);
}

#[test]
fn what_need_not_be_odd_becomes_plain() {
    let mut whole = plan(&[]);
    let topology = &mut whole.topology;
    topology.users_link.loss_percent = 7;
    topology.endpoints[2].lag_blocks = 3;
    topology.bank.poll_ms = 123;
    (whole.core, whole.quiet_at_ms) = (Some(vec![0, 1]), vec![5]);
    whole.expect.all_credited = true;
    let fails = |plan: &Plan| plan.topology.users_link.loss_percent > 0;
    let left = left_of("make the world plain", &whole, fails);
    assert_eq!((left.core, left.quiet_at_ms.len()), (None, 0));
    assert!(!left.expect.all_credited);
    assert_eq!(left.topology.bank, Topology::default().bank);
    assert_eq!(left.topology.endpoints[2].lag_blocks, 0);
    assert_eq!(left.topology.users_link.loss_percent, 7);
}

#[test]
fn quiet_periods_users_and_endpoints_are_left_out() {
    let mut whole = plan(&[]);
    whole.quiet_at_ms = vec![1, 2, 3];
    let left = left_of("leave quiet periods out", &whole, |plan| {
        plan.quiet_at_ms.contains(&2)
    });
    assert_eq!(left.quiet_at_ms, [2]);
    whole.workload = vec![transfer(4, 2, 1_000)];
    let is_between_two =
        |plan: &Plan| matches!(plan.workload[..], [Deed::Transfer { from, to, .. }] if from != to);
    let left = left_of("leave users out", &whole, is_between_two);
    assert_eq!(left.topology.users, 2);
    let left = left_of("leave endpoints out", &whole, |plan| {
        plan.topology.endpoints.iter().any(|one| one.name == "node-5")
    });
    let names: Vec<&str> = left
        .topology
        .endpoints
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&"node-5"), "{names:?}");
}

#[test]
fn two_that_cannot_go_alone_go_together() {
    let mut whole = plan(&[1, 2, 3]);
    whole.faults = vec![never_answers(1, 2), never_answers(3, 4)];
    // A fault and a deed are there both or not at all, but for one deed.
    let is_paired = |plan: &Plan| plan.workload.len() == plan.faults.len() + 1;
    let left = left_of("leave deeds out", &whole, is_paired);
    assert_eq!((left.faults.len(), left.workload.len()), (2, 3));
    let left = left_of("leave pairs out", &whole, is_paired);
    assert_eq!((left.faults.len(), left.workload.len()), (0, 1));
}

#[test]
fn claims_and_movements_are_left_out() {
    let mut whole = plan(&[1, 2]);
    let movement = |user| Movement {
        shape: Shape::Payment,
        user,
        token: Token::Usdt,
        amount_milli: 1_000,
    };
    if let Deed::Deposit { movements, .. } = &mut whole.workload[0] {
        movements.extend((2..5).map(movement));
    }
    let pays = |plan: &Plan, user| {
        plan.workload.iter().any(|deed| match deed {
            Deed::Deposit { movements, .. } => movements.contains(&movement(user)),
            Deed::Transfer { .. }
            | Deed::Balances { .. }
            | Deed::RetryDeadLetters { .. }
            | Deed::Attribute { .. }
            | Deed::Order { .. } => false,
        })
    };
    let left = left_of("leave movements out", &whole, |plan| pays(plan, 3));
    let Deed::Deposit { movements, .. } = &left.workload[0] else {
        panic!("{:?}", left.workload)
    };
    assert_eq!(movements, &[movement(3)]);
}

#[test]
fn faults_become_weaker_and_shorter() {
    let mut whole = plan(&[]);
    whole.faults = vec![never_answers(100, 9_000)];
    let left = left_of("weaken faults", &whole, |plan| !plan.faults.is_empty());
    let slow = Fault::Endpoint {
        endpoint: 0,
        fault: EndpointFault::Slow { extra_ms: 1 },
        percent: 100,
    };
    assert_eq!(left.faults[0].fault, slow);
    let covers = |plan: &Plan| {
        let one = &plan.faults[0];
        one.from_ms <= 4_000 && one.until_ms >= Some(5_000)
    };
    let left = left_of("shorten faults", &whole, covers);
    assert_eq!(left.faults, [never_answers(4_000, 5_000)]);
    whole.faults[0].fault = Fault::Network {
        link: LinkName::AllEndpoints,
        direction: crate::fault::Direction::Both,
        fault: LinkFault::Partition,
    };
    let is_cut = |plan: &Plan| {
        matches!(
            plan.faults[0].fault,
            Fault::Network {
                fault: LinkFault::Partition,
                ..
            }
        )
    };
    let left = left_of("weaken faults", &whole, is_cut);
    let narrow = Fault::Network {
        link: LinkName::Endpoint { endpoint: 0 },
        direction: crate::fault::Direction::ToBank,
        fault: LinkFault::Partition,
    };
    assert_eq!(left.faults[0].fault, narrow);
}

#[test]
fn gaps_close_and_what_is_left_is_in_order() {
    let whole = plan(&[9_000, 1_000, 5_000]);
    let keeps_apart = |plan: &Plan| {
        let times = times(plan);
        times.len() == 3 && times[0] >= times[2] + 200 && times[2] >= times[1]
    };
    let left = left_of("close gaps", &whole, keeps_apart);
    assert_eq!(times(&left), [200, 0, 0]);
    assert_eq!(left.duration_ms, 200);
    let left = left_of("put in order of time", &whole, |plan| plan.workload.len() == 3);
    assert_eq!(times(&left), [1_000, 5_000, 9_000]);
}

#[test]
fn amounts_become_round_together_and_deeds_come_sooner() {
    let mut whole = plan(&[]);
    whole.workload = vec![
        transfer(0, 1, 7_531),
        transfer(0, 1, 7_531),
        transfer(0, 1, 6_420),
    ];
    let is_repeated = |plan: &Plan| plan.workload[0] == plan.workload[1];
    let left = left_of("lower amounts", &whole, is_repeated);
    assert_eq!(
        left.workload,
        [
            transfer(0, 1, 1_000),
            transfer(0, 1, 1_000),
            transfer(0, 1, 1_000)
        ]
    );
    let left = left_of("bring deeds forward", &plan(&[7_777]), |plan| {
        times(plan)[0] >= 1_234
    });
    assert!((1_234..=2_000).contains(&times(&left)[0]), "{:?}", times(&left));
}
