//! What merely stands, and is copied when somebody looks: how the bank, its endpoints, its chains and its journal are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use plimsoll_core::bank::{ChainStatus, EndpointStatus, Status};
use plimsoll_core::escrow::{Abilities, Service};
use plimsoll_core::resilience::BreakerState;
use plimsoll_core::time::WallClock;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::label::{ChainLabel, EndpointLabel, EndpointStateLabel, StageLabel};
use crate::driver::Pulse;

/// Every state of a breaker: the one it is in shows 1, the others 0.
const BREAKER_STATES: [BreakerState; 5] = [
    BreakerState::Closed,
    BreakerState::Open,
    BreakerState::HalfOpen,
    BreakerState::ForcedOpen,
    BreakerState::Disabled,
];

type Seconds = Gauge<f64, AtomicU64>;

/// What is copied from the status and the pulse.
#[derive(Default)]
pub(super) struct Standing {
    watched: Family<StageLabel, Gauge>,
    users: Gauge,
    transactions: Gauge,
    oldest_open_seconds: Seconds,
    oldest_dead_letter_seconds: Seconds,
    refunds_pending: Gauge,
    oldest_refund_seconds: Seconds,
    endpoint_up: Family<EndpointLabel, Gauge>,
    endpoint_latency: Family<EndpointLabel, Seconds>,
    endpoint_latest: Family<EndpointLabel, Gauge>,
    endpoint_finalized: Family<EndpointLabel, Gauge>,
    endpoint_ejected: Family<EndpointLabel, Gauge>,
    endpoint_refuses_logs: Family<EndpointLabel, Gauge>,
    endpoint_refuses_receipts: Family<EndpointLabel, Gauge>,
    endpoint_history_from: Family<EndpointLabel, Gauge>,
    endpoint_hedges: Family<EndpointLabel, Counter>,
    endpoint_hedges_won: Family<EndpointLabel, Counter>,
    breaker_state: Family<EndpointStateLabel, Gauge>,
    chain_finalized: Family<ChainLabel, Gauge>,
    chain_scanned: Family<ChainLabel, Gauge>,
    chain_finality_lag: Family<ChainLabel, Gauge>,
    chain_history_used: Family<ChainLabel, Gauge>,
    backfill_remaining: Family<ChainLabel, Gauge>,
    backfill_rate: Family<ChainLabel, Gauge>,
    reconciled_age: Family<ChainLabel, Seconds>,
    reconciled_mismatch: Family<ChainLabel, Gauge>,
    journal_position: Gauge,
    journal_uncommitted: Gauge,
    journal_up: Gauge,
    commit_seconds: Seconds,
    heartbeat_seconds: Seconds,
}

impl Standing {
    /// Makes everything that stands known to `registry`.
    pub(super) fn register(&self, registry: &mut Registry) {
        self.register_bank(registry);
        self.register_endpoints(registry);
        self.register_chains(registry);
        self.register_journal(registry);
    }

    fn register_bank(&self, registry: &mut Registry) {
        registry.register("watched", "Transactions on chain by stage", self.watched.clone());
        registry.register("users", "Users", self.users.clone());
        registry.register(
            "transactions",
            "Ledger transactions posted or refused",
            self.transactions.clone(),
        );
        let help = "Age of the oldest transaction on chain that is not settled";
        registry.register_with_unit(
            "oldest_open",
            help,
            Unit::Seconds,
            self.oldest_open_seconds.clone(),
        );
        let help = "Age of the oldest dead letter";
        registry.register_with_unit(
            "oldest_dead_letter",
            help,
            Unit::Seconds,
            self.oldest_dead_letter_seconds.clone(),
        );
        registry.register(
            "refunds_pending",
            "Refunds that operators are to pay",
            self.refunds_pending.clone(),
        );
        let help = "Age of the oldest refund that is to be paid";
        registry.register_with_unit(
            "oldest_refund",
            help,
            Unit::Seconds,
            self.oldest_refund_seconds.clone(),
        );
    }

    fn register_endpoints(&self, registry: &mut Registry) {
        registry.register(
            "endpoint_up",
            "1 if the endpoint may be asked",
            self.endpoint_up.clone(),
        );
        let help = "Usual time of the endpoint to answer";
        registry.register_with_unit(
            "endpoint_latency",
            help,
            Unit::Seconds,
            self.endpoint_latency.clone(),
        );
        registry.register(
            "endpoint_latest_height",
            "Its latest block",
            self.endpoint_latest.clone(),
        );
        registry.register(
            "endpoint_finalized_height",
            "Its finalized block",
            self.endpoint_finalized.clone(),
        );
        registry.register(
            "endpoint_ejected",
            "1 if the endpoint is rested as an outlier",
            self.endpoint_ejected.clone(),
        );
        registry.register(
            "endpoint_refuses_logs",
            "1 if the endpoint searches no logs",
            self.endpoint_refuses_logs.clone(),
        );
        registry.register(
            "endpoint_refuses_receipts",
            "1 if the endpoint tells no receipts",
            self.endpoint_refuses_receipts.clone(),
        );
        registry.register(
            "endpoint_history_from_height",
            "Lowest block whose logs it holds, if it has forgotten some",
            self.endpoint_history_from.clone(),
        );
        registry.register(
            "endpoint_hedges",
            "Questions put to the endpoint, too, because another one was slow to answer",
            self.endpoint_hedges.clone(),
        );
        registry.register(
            "endpoint_hedges_won",
            "Those of them that it answered before the slow one",
            self.endpoint_hedges_won.clone(),
        );
        registry.register(
            "breaker_state",
            "1 for the state of the breaker",
            self.breaker_state.clone(),
        );
    }

    fn register_chains(&self, registry: &mut Registry) {
        let help = "Block that two independent endpoints have finalized";
        registry.register("chain_finalized_height", help, self.chain_finalized.clone());
        registry.register(
            "chain_scanned_height",
            "Last block scanned",
            self.chain_scanned.clone(),
        );
        registry.register(
            "chain_finality_lag_blocks",
            "Blocks by which finality trails the head",
            self.chain_finality_lag.clone(),
        );
        registry.register(
            "chain_history_used_percent",
            "How much of the logs that two providers keep the scanner is behind",
            self.chain_history_used.clone(),
        );
        registry.register(
            "chain_backfill_remaining_blocks",
            "Blocks to read until the scanner has caught up; 0 if it has",
            self.backfill_remaining.clone(),
        );
        registry.register(
            "chain_backfill_blocks_per_second",
            "Blocks read in a second while it catches up",
            self.backfill_rate.clone(),
        );
        let help = "Since custody was last reconciled";
        registry.register_with_unit("reconciled_age", help, Unit::Seconds, self.reconciled_age.clone());
        registry.register(
            "reconciled_mismatch",
            "1 if the chain had not what the books say",
            self.reconciled_mismatch.clone(),
        );
    }

    fn register_journal(&self, registry: &mut Registry) {
        registry.register(
            "journal_position",
            "Records committed",
            self.journal_position.clone(),
        );
        registry.register(
            "journal_uncommitted",
            "Records that wait for a commit",
            self.journal_uncommitted.clone(),
        );
        registry.register(
            "journal_up",
            "1 if the journal takes what it is given",
            self.journal_up.clone(),
        );
        registry.register_with_unit(
            "journal_commit",
            "The last commit",
            Unit::Seconds,
            self.commit_seconds.clone(),
        );
        let help = "Since the driver's loop went round last";
        registry.register_with_unit(
            "driver_heartbeat_age",
            help,
            Unit::Seconds,
            self.heartbeat_seconds.clone(),
        );
    }

    /// Shows how the driver is.
    pub(super) fn take_pulse(&self, pulse: &Pulse, heartbeat_age: Duration) {
        self.journal_position.set(clamped(pulse.committed));
        self.journal_uncommitted.set(clamped(pulse.uncommitted));
        self.journal_up.set(i64::from(!pulse.is_journal_failing));
        self.commit_seconds.set(pulse.commit_latency.as_secs_f64());
        self.heartbeat_seconds.set(heartbeat_age.as_secs_f64());
    }

    /// Shows how the bank stands at `now`.
    pub(super) fn take_status(&self, now: WallClock, status: &Status) {
        for (stage, count) in &status.stages {
            self.watched
                .get_or_create(&StageLabel {
                    stage: (*stage).to_owned(),
                })
                .set(clamped(*count as u64));
        }
        self.users.set(clamped(status.users as u64));
        self.transactions.set(clamped(status.transactions));
        let age = |since: Option<WallClock>| since.map_or(0.0, |since| now.since(since).as_secs_f64());
        self.oldest_open_seconds.set(age(status.oldest_open));
        self.oldest_dead_letter_seconds
            .set(age(status.oldest_dead_letter));
        self.refunds_pending.set(clamped(status.refunds_pending as u64));
        self.oldest_refund_seconds.set(age(status.oldest_refund));
        status.chains.iter().for_each(|chain| self.take_chain(now, chain));
    }

    fn take_chain(&self, now: WallClock, status: &ChainStatus) {
        let chain = status.chain.to_string();
        let label = ChainLabel { chain: chain.clone() };
        if let Some(finalized) = status.finalized {
            self.chain_finalized.get_or_create(&label).set(clamped(finalized));
        }
        if let Some(scanned) = status.scanned {
            self.chain_scanned.get_or_create(&label).set(clamped(scanned));
        }
        let gauge = |family: &Family<ChainLabel, Gauge>, value: u64| {
            family.get_or_create(&label).set(clamped(value));
        };
        gauge(&self.chain_finality_lag, status.finality_lag().unwrap_or(0));
        gauge(&self.chain_history_used, status.history_used().unwrap_or(0));
        let backfill = status.backfill;
        let remaining = backfill.map_or(0, |one| one.target.saturating_sub(one.at));
        gauge(&self.backfill_remaining, remaining);
        gauge(
            &self.backfill_rate,
            backfill.map_or(0, |one| one.blocks_per_second),
        );
        if let Some((at, worst)) = status.reconciled {
            let age = now.since(at).as_secs_f64();
            self.reconciled_age.get_or_create(&label).set(age);
            let is_off = i64::from(worst.is_mismatch());
            self.reconciled_mismatch.get_or_create(&label).set(is_off);
        }
        for endpoint in &status.endpoints {
            self.take_endpoint(
                &EndpointLabel {
                    chain: chain.clone(),
                    endpoint: endpoint.name.clone(),
                },
                endpoint,
            );
        }
    }

    fn take_endpoint(&self, label: &EndpointLabel, status: &EndpointStatus) {
        self.endpoint_up
            .get_or_create(label)
            .set(i64::from(status.is_up()));
        if let Some(latency) = status.latency {
            self.endpoint_latency
                .get_or_create(label)
                .set(latency.as_secs_f64());
        }
        if let Some((latest, finalized)) = status.heights {
            self.endpoint_latest.get_or_create(label).set(clamped(latest));
            self.endpoint_finalized
                .get_or_create(label)
                .set(clamped(finalized));
        }
        let Abilities {
            receipts,
            logs,
            history_from,
        } = status.abilities;
        self.endpoint_ejected
            .get_or_create(label)
            .set(i64::from(status.is_ejected));
        let refuses = |service| i64::from(service == Service::Refused);
        self.endpoint_refuses_logs.get_or_create(label).set(refuses(logs));
        self.endpoint_refuses_receipts
            .get_or_create(label)
            .set(refuses(receipts));
        if let Some(from) = history_from {
            self.endpoint_history_from.get_or_create(label).set(clamped(from));
        }
        // The bank counts them, since the start of the process.
        let count = |family: &Family<EndpointLabel, Counter>, value| {
            family
                .get_or_create(label)
                .inner()
                .store(value, Ordering::Relaxed);
        };
        count(&self.endpoint_hedges, status.hedges.sent);
        count(&self.endpoint_hedges_won, status.hedges.won);
        for state in BREAKER_STATES {
            let is_in = i64::from(state == status.breaker);
            self.breaker_state
                .get_or_create(&label.clone().in_state(state.code()))
                .set(is_in);
        }
    }
}

fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
