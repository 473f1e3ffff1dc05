use super::{
    amounts, begin_at, cut, keep_claims, keep_deeds, keep_endpoints, keep_faults, keep_movements, merge_user,
    moments, pull, with_amount,
};
use crate::fault::{Cue, EndpointFault, Fault, LinkFault, LinkName, Trigger};
use crate::world::plan::{
    ClaimPlan, Deed, Fate, HoldEnd, HoldPlan, Movement, Plan, ScheduledFault, Shape, Token,
};

fn movement(user: u32) -> Movement {
    Movement {
        shape: Shape::Payment,
        user,
        token: Token::Busd,
        amount_milli: 1_000,
    }
}

fn claim(user: u32, at_ms: u64) -> ClaimPlan {
    ClaimPlan {
        at_ms,
        user,
        key: None,
    }
}

fn deposit(at_ms: u64, users: &[u32], claims: &[(u32, u64)]) -> Deed {
    Deed::Deposit {
        at_ms,
        movements: users.iter().map(|user| movement(*user)).collect(),
        fate: Fate::Mined,
        delay_blocks: 0,
        claims: claims.iter().map(|(user, at_ms)| claim(*user, *at_ms)).collect(),
    }
}

fn attribute(at_ms: u64, deed: u32, ordinal: u32) -> Deed {
    Deed::Attribute {
        at_ms,
        deed,
        ordinal,
        user: 2,
    }
}

fn transfer(at_ms: u64, end_at_ms: u64, reverse_at_ms: Option<u64>) -> Deed {
    Deed::Transfer {
        at_ms,
        from: 1,
        to: 3,
        token: Token::Usdt,
        amount_milli: 1_000,
        key: None,
        hold: Some(HoldPlan {
            expires_after_ms: None,
            end_at_ms,
            end: HoldEnd::Post,
            also: None,
        }),
        reverse_at_ms,
    }
}

fn dead(endpoint: u8, from_ms: u64, until_ms: Option<u64>) -> ScheduledFault {
    ScheduledFault {
        after: None,
        from_ms,
        until_ms,
        fault: Fault::Endpoint {
            endpoint,
            fault: EndpointFault::Dead,
            percent: 100,
        },
    }
}

fn plan(workload: Vec<Deed>, faults: Vec<ScheduledFault>) -> Plan {
    let mut plan = Plan::calm("test", 10_000);
    (plan.workload, plan.faults) = (workload, faults);
    assert_eq!(plan.check(), Ok(()));
    plan
}

#[test]
fn a_deposit_takes_with_it_whoever_says_whose_it_is() {
    let whole = plan(
        vec![
            attribute(5, 2, 0),
            deposit(1, &[0], &[]),
            deposit(2, &[1], &[]),
            attribute(6, 1, 0),
        ],
        vec![],
    );
    let left = keep_deeds(&whole, &[0, 2, 3]);
    assert_eq!(left.workload, [attribute(5, 1, 0), deposit(2, &[1], &[])]);
    assert_eq!(keep_deeds(&whole, &[0, 3]).workload, []);
    let turned = keep_deeds(&whole, &[2, 0, 3]);
    assert_eq!(turned.workload, [deposit(2, &[1], &[]), attribute(5, 0, 0)]);
    assert_eq!(keep_deeds(&whole, &[0, 1, 2, 3]), whole);
    assert_eq!(left.check(), Ok(()));
}

#[test]
fn a_movement_takes_with_it_whoever_says_whose_it_is() {
    let whole = plan(
        vec![
            deposit(1, &[0, 1, 2], &[]),
            attribute(6, 0, 0),
            attribute(7, 0, 2),
            attribute(8, 3, 1),
            deposit(2, &[0, 1], &[]),
        ]
        .into_iter()
        .map(|deed| match deed {
            Deed::Attribute {
                deed: 3,
                at_ms,
                ordinal,
                ..
            } => attribute(at_ms, 4, ordinal),
            other @ (Deed::Attribute { .. }
            | Deed::Deposit { .. }
            | Deed::Transfer { .. }
            | Deed::Balances { .. }
            | Deed::RetryDeadLetters { .. }
            | Deed::Order { .. }) => other,
        })
        .collect(),
        vec![],
    );
    let left = keep_movements(&whole, 0, &[1, 2]);
    let expected = [
        deposit(1, &[1, 2], &[]),
        attribute(7, 0, 1),
        attribute(8, 3, 1),
        deposit(2, &[0, 1], &[]),
    ];
    assert_eq!(left.workload, expected);
    assert_eq!(left.check(), Ok(()));
}

#[test]
fn claims_and_faults_are_kept_by_their_places() {
    let whole = plan(
        vec![deposit(1, &[0], &[(0, 2), (1, 3), (2, 4)])],
        vec![dead(0, 1, None), dead(1, 2, Some(3))],
    );
    assert_eq!(
        keep_claims(&whole, 0, &[0, 2]).workload,
        [deposit(1, &[0], &[(0, 2), (2, 4)])]
    );
    assert_eq!(keep_faults(&whole, &[1]).faults, [dead(1, 2, Some(3))]);
}

#[test]
fn an_endpoint_takes_its_faults_with_it_and_the_others_move_up() {
    let with = |after: Option<Cue>, fault: Fault| ScheduledFault {
        after: after.map(|cue| Trigger { cue, count: 1 }),
        from_ms: 0,
        until_ms: Some(5),
        fault,
    };
    let cut_off = |endpoint| Fault::Network {
        link: LinkName::Endpoint { endpoint },
        direction: crate::fault::Direction::Both,
        fault: LinkFault::Partition,
    };
    let all = Fault::Network {
        link: LinkName::AllEndpoints,
        direction: crate::fault::Direction::Both,
        fault: LinkFault::Partition,
    };
    let mut whole = plan(
        vec![],
        vec![
            dead(0, 0, Some(5)),
            dead(2, 0, Some(5)),
            with(None, cut_off(3)),
            with(None, cut_off(4)),
            with(Some(Cue::Opened { endpoint: 0 }), all.clone()),
            with(Some(Cue::Question { endpoint: 4 }), all.clone()),
        ],
    );
    whole.core = Some(vec![0, 2, 4]);
    let left = keep_endpoints(&whole, &[2, 4]);
    let names: Vec<&str> = left
        .topology
        .endpoints
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["node-2", "node-4"]);
    let expected = [
        dead(0, 0, Some(5)),
        with(None, cut_off(1)),
        with(Some(Cue::Question { endpoint: 1 }), all),
    ];
    assert_eq!(left.faults, expected);
    assert_eq!(left.core, Some(vec![0, 1]));
}

#[test]
fn an_heir_does_what_a_user_did() {
    let whole = plan(
        vec![
            deposit(1, &[0, 3], &[(5, 1)]),
            transfer(1, 2, None),
            attribute(1, 0, 0),
        ],
        vec![],
    );
    let left = merge_user(&whole, 2, 4);
    // The users 3 to 5 are 2 to 4 from here on, and 3 does what 2 did.
    let mut expected = [
        deposit(1, &[0, 2], &[(4, 1)]),
        transfer(1, 2, None),
        attribute(1, 0, 0),
    ];
    if let [_, Deed::Transfer { to, .. }, Deed::Attribute { user, .. }] = &mut expected {
        (*to, *user) = (2, 3);
    }
    assert_eq!(left.workload, expected);
    assert_eq!(left.topology.users, 5);
    assert_eq!(left.check(), Ok(()));
}

#[test]
fn what_begins_after_the_end_is_cut_off_and_what_ends_after_it_ends_there() {
    let mut whole = plan(
        vec![
            attribute(90, 2, 0),
            deposit(200, &[0], &[]),
            deposit(50, &[0], &[(0, 40), (1, 101)]),
            transfer(100, 300, Some(400)),
            transfer(10, 60, Some(70)),
        ],
        vec![dead(0, 100, Some(500)), dead(1, 101, None), dead(2, 3, None)],
    );
    whole.quiet_at_ms = vec![100, 101];
    let left = cut(&whole, 100);
    let expected = [
        attribute(90, 1, 0),
        deposit(50, &[0], &[(0, 40)]),
        transfer(100, 100, None),
        transfer(10, 60, Some(70)),
    ];
    assert_eq!(left.workload, expected);
    assert_eq!(left.faults, [dead(0, 100, Some(100)), dead(2, 3, None)]);
    assert_eq!(
        (left.duration_ms, left.quiet_at_ms.as_slice()),
        (100, [100].as_slice())
    );
    assert_eq!(left.check(), Ok(()));
}

#[test]
fn everything_after_a_gap_comes_sooner() {
    let mut triggered = dead(1, 500, Some(600));
    triggered.after = Some(Trigger {
        cue: Cue::Commit,
        count: 1,
    });
    let whole = plan(
        vec![deposit(100, &[0], &[(0, 700)]), transfer(500, 800, None)],
        vec![dead(0, 50, Some(600)), triggered.clone()],
    );
    assert_eq!(moments(&whole), [50, 100, 500, 600, 700, 800]);
    let left = pull(&whole, 500, 300);
    assert_eq!(
        left.workload,
        [deposit(100, &[0], &[(0, 400)]), transfer(200, 500, None)]
    );
    assert_eq!(left.faults, [dead(0, 50, Some(300)), triggered]);
    assert_eq!(left.duration_ms, 9_700);
}

#[test]
fn what_is_done_before_the_beginning_is_left_out_and_what_is_wrong_is_so_at_once() {
    let mut triggered = dead(1, 50, Some(60));
    triggered.after = Some(Trigger {
        cue: Cue::Commit,
        count: 1,
    });
    let mut whole = plan(
        vec![
            deposit(99, &[0], &[]),
            attribute(300, 2, 0),
            deposit(250, &[0], &[(0, 90), (1, 260)]),
            attribute(300, 0, 0),
        ],
        vec![
            dead(0, 10, Some(99)),
            dead(0, 10, Some(150)),
            dead(2, 3, None),
            triggered.clone(),
        ],
    );
    whole.quiet_at_ms = vec![99, 100];
    let left = begin_at(&whole, 100);
    assert_eq!(
        left.workload,
        [attribute(200, 1, 0), deposit(150, &[0], &[(0, 0), (1, 160)])]
    );
    assert_eq!(left.faults, [dead(0, 0, Some(50)), dead(2, 0, None), triggered]);
    assert_eq!(
        (left.duration_ms, left.quiet_at_ms.as_slice()),
        (9_900, [0].as_slice())
    );
    assert_eq!(left.check(), Ok(()));
}

#[test]
fn equal_amounts_change_together() {
    let whole = plan(
        vec![
            Deed::payment(1, 0, Token::Usdt, 7_000),
            transfer(1, 2, None),
            Deed::payment(1, 1, Token::Usdt, 1_000),
        ],
        vec![],
    );
    assert_eq!(amounts(&whole), [7_000, 1_000]);
    let left = with_amount(&whole, 1_000, 5);
    assert_eq!(amounts(&left), [7_000, 5]);
    assert_eq!(left.workload[0], whole.workload[0]);
    assert_eq!(left.workload[2], Deed::payment(1, 1, Token::Usdt, 5));
    assert_eq!(with_amount(&left, 5, 1_000), whole);
}
