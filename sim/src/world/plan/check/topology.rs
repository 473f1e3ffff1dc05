//! Whether a world of such parts can be.

use core::ops::RangeInclusive;

use plimsoll_core::id::ChainId;
use plimsoll_core::limits::ENDPOINTS_MAX;
use plimsoll_core::resilience::limiter::WINDOWS_MAX;

use super::{BLOCKS_MAX, DURATION_MS_MAX, ENTRIES_MAX, Findings};
use crate::world::plan::{
    BankPlan, BuggifyPlan, ChainKind, ChainPlan, EndpointPlan, PoolPlan, PricePlan, QuotaPlan, StorePlan,
    Theft, Topology, TransferFee, WorkersPlan,
};

/// The longest time between two blocks: an hour.
const BLOCK_MS_MAX: u64 = 3_600_000;
/// How many calls may be allowed: whoever asks an endpoint who it is makes one for each token, at once.
pub(crate) const QUOTA_CALLS: RangeInclusive<u64> = 16..=1_000_000;
/// The shortest time between two sweeps.
const SWEEP_MS_MIN: u64 = 100;
/// The most attempts on the fast track.
const FAST_TRACK_MAX: usize = 16;
/// The most that a site of bad luck may fire: none always, since what always comes again is no bad luck.
const FIRING_PERCENT_MAX: u64 = 50;

pub(super) fn check(topology: &Topology, found: &mut Findings) {
    let Topology {
        chain,
        endpoints,
        users,
        register_ms,
        users_link,
        store: StorePlan { sync },
        bank,
        workers,
    } = topology;
    check_chain(*chain, found);
    check_endpoints(endpoints, found);
    let is_read = topology.readers() >= 2 || endpoints.iter().all(EndpointPlan::tells_everything);
    let expected = "such that two providers search logs and hold those of every block";
    found.require(is_read, format_args!("topology.endpoints"), expected);
    let users = u64::from(*users);
    found.within(format_args!("topology.users"), users, 1, ENTRIES_MAX as u64);
    found.lasts(format_args!("topology.register_ms"), *register_ms);
    found.link(format_args!("topology.users_link"), users_link);
    let expected = "in order and at most an hour";
    found.require(sync.is_sound(), format_args!("topology.store.sync"), expected);
    check_bank(bank, found);
    let is_possible = chain.kind == ChainKind::Evm || bank.stalled_lag.is_none();
    let expected = "left out on Solana, where nothing is attested";
    found.require(is_possible, format_args!("topology.bank.stalled_lag"), expected);
    if let Some(workers) = workers {
        check_workers(*workers, bank, found);
        let is_metered = endpoints.iter().any(|one| !one.quotas.is_empty());
        let expected = "left out where endpoints count calls: workers do not know what others ask";
        found.require(!is_metered, format_args!("topology.workers"), expected);
    }
}

fn check_workers(workers: WorkersPlan, bank: &BankPlan, found: &mut Findings) {
    let WorkersPlan {
        count,
        immediate: _,
        takeover_ms,
        visibility_ms,
        jobs_max,
        queues,
    } = workers;
    let at = format_args!("topology.workers");
    found.within(format_args!("{at}.count"), count.into(), 1, 16);
    let least = bank.sweep_ms.saturating_mul(2);
    found.within(
        format_args!("{at}.takeover_ms"),
        takeover_ms,
        least,
        DURATION_MS_MAX,
    );
    found.within(
        format_args!("{at}.visibility_ms"),
        visibility_ms,
        1_000,
        3_600_000,
    );
    found.within(format_args!("{at}.jobs_max"), jobs_max.into(), 1, 1_024);
    found.link(format_args!("{at}.queues"), &queues);
}

fn check_chain(chain: ChainPlan, found: &mut Findings) {
    let ChainPlan {
        kind,
        id,
        block_ms,
        finality_blocks,
        usdc_retired_after,
        usdc_fee,
        theft,
        attested_blocks,
    } = chain;
    found.within(format_args!("topology.chain.id"), id, 1, ChainId::EIP155_MAX);
    let field = format_args!("topology.chain.block_ms");
    found.within(field, block_ms, 10, BLOCK_MS_MAX);
    let field = format_args!("topology.chain.finality_blocks");
    found.within(field, finality_blocks, 1, BLOCKS_MAX);
    let field = format_args!("topology.chain.attested_blocks");
    let least = finality_blocks.saturating_add(1);
    found.within(field, attested_blocks.unwrap_or(least), least, BLOCKS_MAX);
    let field = format_args!("topology.chain.usdc_retired_after");
    found.within(field, usdc_retired_after.unwrap_or(1), 1, ENTRIES_MAX as u64);
    if let Some(TransferFee {
        after_blocks,
        percent,
    }) = usdc_fee
    {
        let field = format_args!("topology.chain.usdc_fee.after_blocks");
        found.within(field, after_blocks, 1, ENTRIES_MAX as u64);
        let field = format_args!("topology.chain.usdc_fee.percent");
        found.within(field, percent.into(), 1, 100);
    }
    if let Some(Theft {
        at_ms,
        amount_milli: _,
    }) = theft
    {
        let field = format_args!("topology.chain.theft.at_ms");
        found.within(field, at_ms, 0, DURATION_MS_MAX);
    }
    let of_evm = [
        ("usdc_fee", usdc_fee.is_some()),
        ("attested_blocks", attested_blocks.is_some()),
        ("theft", theft.is_some()),
    ];
    for (name, is_set) in of_evm {
        let expected = "left out on Solana, where there is no such thing yet";
        let is_possible = kind == ChainKind::Evm || !is_set;
        found.require(is_possible, format_args!("topology.chain.{name}"), expected);
    }
}

fn check_endpoints(endpoints: &[EndpointPlan], found: &mut Findings) {
    let others = endpoints
        .iter()
        .filter(|one| one.provider != endpoints[0].provider);
    let has_two = others.count() > 0;
    let field = format_args!("topology.endpoints");
    found.require(has_two, field, "of two providers or more");
    found.require(endpoints.len() <= ENDPOINTS_MAX, field, "at most 32");
    for (index, one) in endpoints.iter().enumerate() {
        let EndpointPlan {
            name,
            provider: _,
            link,
            lag_blocks,
            scan_blocks_max,
            refuses_logs: _,
            history_blocks,
            quotas,
        } = one;
        let at = format_args!("topology.endpoints[{index}]");
        let is_named_twice = endpoints[..index].iter().any(|other| other.name == *name);
        found.require(!is_named_twice, format_args!("{at}.name"), "named once");
        found.link(format_args!("{at}.link"), link);
        found.within(format_args!("{at}.lag_blocks"), *lag_blocks, 0, BLOCKS_MAX);
        let most = scan_blocks_max.unwrap_or(BLOCKS_MAX);
        found.within(format_args!("{at}.scan_blocks_max"), most, 1, BLOCKS_MAX);
        let kept = history_blocks.unwrap_or(BLOCKS_MAX);
        found.within(format_args!("{at}.history_blocks"), kept, 1, BLOCKS_MAX);
        check_quotas(format_args!("{at}.quotas"), quotas, found);
    }
}

fn check_quotas(at: core::fmt::Arguments<'_>, quotas: &[QuotaPlan], found: &mut Findings) {
    found.require(quotas.len() <= WINDOWS_MAX, at, "at most 4");
    for (index, quota) in quotas.iter().enumerate() {
        let QuotaPlan { calls, per_ms } = *quota;
        found.within(format_args!("{at}[{index}].per_ms"), per_ms, 1, DURATION_MS_MAX);
        let field = format_args!("{at}[{index}].calls");
        found.within(field, calls.into(), *QUOTA_CALLS.start(), *QUOTA_CALLS.end());
    }
}

fn check_bank(bank: &BankPlan, found: &mut Findings) {
    let BankPlan {
        poll_ms,
        stalled_lag,
        fast_track_ms,
        sweep_ms,
        patience_ms,
        recheck_ms,
        reconcile_ms,
        dismiss_alone_milli: _,
        price,
        mailbox,
        restart_ms,
        buggify,
        pool,
    } = bank;
    let times = [
        ("poll_ms", *poll_ms),
        ("patience_ms", *patience_ms),
        ("restart_ms", *restart_ms),
    ];
    for (name, ms) in times {
        let field = format_args!("topology.bank.{name}");
        found.within(field, ms, 1, DURATION_MS_MAX);
    }
    let field = format_args!("topology.bank.stalled_lag");
    found.within(field, stalled_lag.unwrap_or(20), 20, BLOCKS_MAX);
    let field = format_args!("topology.bank.recheck_ms");
    found.within(field, *recheck_ms, 1_000, DURATION_MS_MAX);
    if let Some(reconcile_ms) = reconcile_ms {
        let field = format_args!("topology.bank.reconcile_ms");
        found.within(field, *reconcile_ms, 1_000, DURATION_MS_MAX);
    }
    found.within(
        format_args!("topology.bank.sweep_ms"),
        *sweep_ms,
        SWEEP_MS_MIN,
        *patience_ms,
    );
    for (index, ms) in fast_track_ms.iter().enumerate() {
        let field = format_args!("topology.bank.fast_track_ms[{index}]");
        found.within(field, *ms, 0, *patience_ms);
    }
    let is_track = fast_track_ms.is_sorted() && fast_track_ms.len() <= FAST_TRACK_MAX;
    let expected = "in ascending order, at most 16 of them";
    found.require(is_track, format_args!("topology.bank.fast_track_ms"), expected);
    check_pool(pool, found);
    let mailbox = u64::from(*mailbox);
    let field = format_args!("topology.bank.mailbox");
    found.within(field, mailbox, 1, u32::MAX.into());
    if let Some(buggify) = buggify {
        check_buggify(*buggify, found);
    }
    if let Some(PricePlan {
        numerator,
        denominator,
    }) = price
    {
        for (name, part) in [("numerator", *numerator), ("denominator", *denominator)] {
            let field = format_args!("topology.bank.price.{name}");
            found.within(field, part, 1, u64::MAX);
        }
    }
}

fn check_buggify(buggify: BuggifyPlan, found: &mut Findings) {
    let BuggifyPlan {
        activation_percent,
        firing_percent,
    } = buggify;
    let at = format_args!("topology.bank.buggify");
    let field = format_args!("{at}.activation_percent");
    found.within(field, activation_percent.into(), 1, 100);
    let field = format_args!("{at}.firing_percent");
    found.within(field, firing_percent.into(), 1, FIRING_PERCENT_MAX);
}

fn check_pool(pool: &PoolPlan, found: &mut Findings) {
    let PoolPlan {
        failures,
        open_ms,
        open_ms_max,
        successes,
        half_open_permits,
        cordon_ms,
        ban_ms,
        ban_ms_max,
        in_flight,
        explore_one_in,
        hedge_share_max,
    } = *pool;
    let settings = [
        ("failures", failures.into(), 1, u32::MAX.into()),
        ("open_ms", open_ms, 1, DURATION_MS_MAX),
        ("open_ms_max", open_ms_max, open_ms, DURATION_MS_MAX),
        ("successes", successes.into(), 1, u32::MAX.into()),
        ("half_open_permits", half_open_permits.into(), 1, 16),
        ("cordon_ms", cordon_ms, 1, DURATION_MS_MAX),
        ("ban_ms", ban_ms, 1, DURATION_MS_MAX),
        ("ban_ms_max", ban_ms_max, ban_ms, DURATION_MS_MAX),
        ("in_flight", in_flight.into(), 1, 64),
        ("explore_one_in", explore_one_in.into(), 2, u32::MAX.into()),
        ("hedge_share_max", hedge_share_max.into(), 0, 100),
    ];
    for (name, value, low, high) in settings {
        found.within(format_args!("topology.bank.pool.{name}"), value, low, high);
    }
}
