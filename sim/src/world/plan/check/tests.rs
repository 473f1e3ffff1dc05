use plimsoll_core::resilience::PoolPolicy;

use super::super::{
    ChainKind, Deed, Movement, Plan, PoolPlan, ScheduledFault, Shape, Theft, Token, TransferFee,
};
use crate::fault::{EndpointFault, Fault, Lie, LinkFault, LinkName};

#[track_caller]
fn check(change: impl FnOnce(&mut Plan), expected: &[&str]) {
    let mut plan = Plan::calm("check", 10_000);
    change(&mut plan);
    let found = plan.check().err().unwrap_or_default();
    let fields: Vec<&str> = found.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, expected);
}

fn lie(endpoint: u8, from_ms: u64, until_ms: u64) -> ScheduledFault {
    let fault = EndpointFault::Lying { lie: Lie::OmittedLog };
    ScheduledFault {
        after: None,
        from_ms,
        until_ms: Some(until_ms),
        fault: Fault::Endpoint {
            endpoint,
            fault,
            percent: 100,
        },
    }
}

#[test]
fn a_calm_plan_is_sound() {
    check(|_| {}, &[]);
}

#[test]
fn everything_wrong_is_named_at_once() {
    check(
        |plan| {
            plan.duration_ms = 0;
            plan.topology.chain.id = 1 << 63; // the number of a cluster
            plan.topology.chain.block_ms = 0;
            plan.workload.push(Deed::Balances { at_ms: 0, user: 99 });
        },
        &[
            "duration_ms",
            "topology.chain.id",
            "topology.chain.block_ms",
            "workload[0].balances.user",
        ],
    );
}

#[test]
fn a_cluster_has_nothing_that_evm_chains_alone_have() {
    let with = |kind| {
        move |plan: &mut Plan| {
            let chain = &mut plan.topology.chain;
            chain.kind = kind;
            chain.usdc_fee = Some(TransferFee {
                after_blocks: 1,
                percent: 1,
            });
            chain.attested_blocks = Some(10);
            chain.theft = Some(Theft {
                at_ms: 1,
                amount_milli: 1,
            });
            plan.topology.bank.stalled_lag = Some(20);
        }
    };
    check(with(ChainKind::Evm), &[]);
    check(
        with(ChainKind::Solana),
        &[
            "topology.chain.usdc_fee",
            "topology.chain.attested_blocks",
            "topology.chain.theft",
            "topology.bank.stalled_lag",
        ],
    );
}

#[test]
fn a_movement_is_on_the_chain_and_moves_something() {
    let movement = Movement {
        shape: Shape::Payment,
        user: 0,
        token: Token::Gold,
        amount_milli: 0,
    };
    check(
        |plan| {
            plan.workload.push(Deed::Deposit {
                at_ms: 0,
                movements: vec![movement],
                fate: Default::default(),
                delay_blocks: 0,
                claims: Vec::new(),
            });
        },
        &[
            "workload[0].deposit.movements[0].token",
            "workload[0].deposit.movements[0].amount_milli",
        ],
    );
}

#[test]
fn liars_of_two_providers_must_not_overlap() {
    check(|plan| plan.faults = vec![lie(0, 0, 100), lie(1, 101, 200)], &[]);
    check(|plan| plan.faults = vec![lie(0, 0, 100), lie(4, 50, 200)], &[]);
    check(
        |plan| plan.faults = vec![lie(0, 0, 100), lie(1, 100, 200)],
        &["faults[1]"],
    );
}

#[test]
fn faults_end_with_the_plan_and_holds_release() {
    check(
        |plan| plan.faults = vec![lie(9, 5, 10_001)],
        &["faults[0].until_ms", "faults[0].fault.endpoint.endpoint"],
    );
    let hold = Fault::Network {
        link: LinkName::Users,
        direction: Default::default(),
        fault: LinkFault::Hold,
    };
    let hold = ScheduledFault {
        after: None,
        from_ms: 0,
        until_ms: None,
        fault: hold,
    };
    check(
        |plan| plan.faults = vec![hold],
        &["faults[0].fault.network.fault"],
    );
}

#[test]
fn the_banks_settings_must_be_such_that_it_opens() {
    check(
        |plan| {
            plan.topology.bank.sweep_ms = 5_000;
            plan.topology.bank.patience_ms = 3_000;
            plan.topology.bank.fast_track_ms = vec![2_000, 1_000, 4_000];
            plan.topology.bank.pool.open_ms_max = 1;
            plan.topology.bank.pool.explore_one_in = 1;
            plan.topology.bank.pool.hedge_share_max = 101;
        },
        &[
            "topology.bank.sweep_ms",
            "topology.bank.fast_track_ms[2]",
            "topology.bank.fast_track_ms",
            "topology.bank.pool.open_ms_max",
            "topology.bank.pool.explore_one_in",
            "topology.bank.pool.hedge_share_max",
        ],
    );
}

#[test]
fn a_pool_is_as_in_production_unless_it_is_told_otherwise() {
    assert_eq!(PoolPlan::default().policy(), PoolPolicy::default());
}
