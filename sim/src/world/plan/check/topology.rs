//! Whether the world that a plan describes can be.

use plimsoll_core::limits::ENDPOINTS_MAX;

use super::{BLOCKS_MAX, DURATION_MS_MAX, ENTRIES_MAX, Findings};
use crate::world::plan::{BankPlan, ChainPlan, EndpointPlan, Topology};

pub(super) fn check(topology: &Topology, found: &mut Findings) {
    let Topology {
        chain,
        endpoints,
        users,
        register_ms,
        users_link,
        store,
        bank,
    } = topology;
    check_chain(chain, found);
    check_endpoints(endpoints, found);
    found.within(
        format_args!("topology.users"),
        u64::from(*users),
        1,
        ENTRIES_MAX as u64,
    );
    found.within(
        format_args!("topology.register_ms"),
        *register_ms,
        0,
        DURATION_MS_MAX,
    );
    found.link(format_args!("topology.users_link"), users_link);
    found.require(
        store.sync.is_sound(),
        format_args!("topology.store.sync"),
        "in order and at most an hour",
    );
    check_bank(bank, found);
}

fn check_chain(chain: &ChainPlan, found: &mut Findings) {
    found.within(format_args!("topology.chain.id"), chain.id, 1, u64::MAX);
    found.within(
        format_args!("topology.chain.block_ms"),
        chain.block_ms,
        10,
        3_600_000,
    );
    found.within(
        format_args!("topology.chain.finality_blocks"),
        chain.finality_blocks,
        1,
        BLOCKS_MAX,
    );
}

fn check_endpoints(endpoints: &[EndpointPlan], found: &mut Findings) {
    let is_other = |one: &EndpointPlan| one.provider != endpoints[0].provider;
    found.require(
        endpoints.iter().any(is_other),
        format_args!("topology.endpoints"),
        "of two providers or more",
    );
    found.require(
        endpoints.len() <= ENDPOINTS_MAX,
        format_args!("topology.endpoints"),
        "at most 32",
    );
    for (index, one) in endpoints.iter().enumerate() {
        let at = format_args!("topology.endpoints[{index}]");
        let is_named_twice = endpoints[..index].iter().any(|other| other.name == one.name);
        found.require(!is_named_twice, format_args!("{at}.name"), "named once");
        found.link(format_args!("{at}.link"), &one.link);
        found.within(format_args!("{at}.lag_blocks"), one.lag_blocks, 0, BLOCKS_MAX);
        found.within(
            format_args!("{at}.scan_blocks_max"),
            one.scan_blocks_max.unwrap_or(BLOCKS_MAX),
            1,
            BLOCKS_MAX,
        );
    }
}

fn check_bank(bank: &BankPlan, found: &mut Findings) {
    found.within(
        format_args!("topology.bank.mailbox"),
        bank.mailbox.into(),
        1,
        u32::MAX.into(),
    );
    found.within(
        format_args!("topology.bank.restart_ms"),
        bank.restart_ms,
        1,
        DURATION_MS_MAX,
    );
    let price = bank
        .price
        .is_none_or(|price| price.numerator > 0 && price.denominator > 0);
    found.require(price, format_args!("topology.bank.price"), "positive");
}
