//! The world made plain: what is not as usual for no reason becomes usual.

use crate::engine::Latency;
use crate::shrink::search::Search;
use crate::world::plan::{BankPlan, ChainPlan, Expectations, LinkPlan, Plan, PoolPlan, StorePlan, Topology};

/// A change of a plan.
type Edit = fn(&mut Plan);

/// Every change, alone. Latencies become fixed early: what they were drawn as then decides nothing more.
const EDITS: [Edit; 24] = [
    |plan| plan.expect = Expectations::default(),
    |plan| plan.expect.all_credited = false,
    |plan| plan.expect.credit_p99_ms_max = None,
    |plan| plan.expect.failover_added_ms_max = None,
    |plan| plan.expect.recovered_within_ms = None,
    |plan| plan.expect.none_credited_between_ms = None,
    |plan| plan.topology.bank.buggify = None,
    |plan| plan.quiet_at_ms.clear(),
    |plan| plan.core = None,
    links,
    |plan| plan.topology.users_link = PLAIN_LINK,
    |plan| plan.topology.store = PLAIN_STORE,
    bounds,
    chain,
    |plan| plan.topology.bank = BankPlan::default(),
    |plan| plan.topology.bank.poll_ms = BankPlan::default().poll_ms,
    |plan| plan.topology.bank.pool = PoolPlan::default(),
    |plan| plan.topology.bank.fast_track_ms = BankPlan::default().fast_track_ms,
    |plan| plan.topology.bank.sweep_ms = BankPlan::default().sweep_ms,
    |plan| plan.topology.bank.patience_ms = BankPlan::default().patience_ms,
    |plan| plan.topology.bank.price = None,
    |plan| plan.topology.bank.mailbox = BankPlan::default().mailbox,
    |plan| plan.topology.bank.restart_ms = BankPlan::default().restart_ms,
    |plan| plan.topology.register_ms = Topology::default().register_ms,
];

/// A link that always takes the same.
const PLAIN_LINK: LinkPlan = LinkPlan {
    latency: Latency::Fixed { us: 5_000 },
    loss_percent: 0,
    duplicate_percent: 0,
};
const PLAIN_STORE: StorePlan = StorePlan {
    sync: Latency::Fixed { us: 1_000 },
};

/// Makes everything plain at once, or as much of it as goes.
pub(super) fn make_plain(search: &mut Search<'_>) {
    let mut plain = search.plan().clone();
    EDITS.iter().for_each(|edit| edit(&mut plain));
    if search.holds(&plain) {
        return;
    }
    for edit in EDITS {
        let mut plainer = search.plan().clone();
        edit(&mut plainer);
        search.attempt(&plainer);
    }
    for place in 0..search.plan().topology.endpoints.len() {
        let mut plainer = search.plan().clone();
        plainer.topology.endpoints[place].link = PLAIN_LINK;
        search.attempt(&plainer);
    }
}

fn links(plan: &mut Plan) {
    plan.topology
        .endpoints
        .iter_mut()
        .for_each(|one| one.link = PLAIN_LINK);
}

fn bounds(plan: &mut Plan) {
    for one in &mut plan.topology.endpoints {
        (one.lag_blocks, one.scan_blocks_max) = (0, None);
        (one.refuses_logs, one.history_blocks) = (false, None);
        one.quotas.clear();
    }
}

fn chain(plan: &mut Plan) {
    plan.topology.chain = ChainPlan {
        id: plan.topology.chain.id,
        ..ChainPlan::default()
    };
}
