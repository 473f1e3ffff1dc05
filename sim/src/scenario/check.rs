//! What a scenario's fields mean together: times within the run, targets that exist, worlds that can work.

mod faults;
mod size;

use core::ops::Range;

use plimsoll_core::limits::ENDPOINTS_MAX;
use toml::Spanned;

use super::error::ScenarioError;
use super::faults::endpoint_name;
use super::kinds::{Claiming, DepositKind, OrderKind};
use super::schema::{OrdersTable, ScenarioTable, WorldTable};
use super::values::{Millis, Span};
use crate::world::plan::{ChainKind, QUOTA_CALLS};

/// Everything that is wrong with `table`, which was read from `text`.
pub(super) fn check(file: &str, text: &str, table: &ScenarioTable) -> Vec<ScenarioError> {
    let mut findings = Findings {
        file,
        text,
        duration: *table.duration_ms.get_ref(),
        found: Vec::new(),
    };
    for at in &table.quiet_at_ms {
        findings.within(&Spanned::new(at.span(), Span::of(*at.get_ref())));
    }
    findings.world(table);
    findings.workload(table);
    for fault in &table.faults {
        findings.fault(fault, table);
    }
    findings.size(table);
    findings.expectations(table);
    findings.swarm(table);
    findings.found
}

struct Findings<'a> {
    file: &'a str,
    text: &'a str,
    duration: Millis,
    found: Vec<ScenarioError>,
}

impl Findings<'_> {
    fn add(&mut self, place: Range<usize>, message: String) {
        self.found
            .push(ScenarioError::at(self.file, self.text, place, message));
    }

    fn require(&mut self, holds: bool, place: Range<usize>, message: &str) {
        if !holds {
            self.add(place, message.to_owned());
        }
    }

    /// That nothing happens after the run is over.
    fn within(&mut self, at: &Spanned<Span<Millis>>) {
        if at.get_ref().high > self.duration {
            let message = format!(
                "{} is after the end of the run at {}",
                at.get_ref().high,
                self.duration
            );
            self.add(at.span(), message);
        }
    }

    fn world(&mut self, table: &ScenarioTable) {
        let world = &table.world;
        let endpoints = world.endpoints.get_ref().len();
        self.require(
            !table.proves.get_ref().trim().is_empty(),
            table.proves.span(),
            "say what the scenario shows",
        );
        self.require(
            self.duration.0 > 0,
            table.duration_ms.span(),
            "a run must last at least 1 ms",
        );
        self.require(
            (2..=ENDPOINTS_MAX).contains(&endpoints),
            world.endpoints.span(),
            "a credit needs two endpoints of different providers, and a chain has at most 32",
        );
        let fits = world.quotas.get_ref().iter().all(|quota| {
            QUOTA_CALLS.contains(&quota.calls.into()) && (1..=self.duration.0.max(1)).contains(&quota.per_ms)
        });
        self.require(
            fits && world.quotas.get_ref().len() <= 4,
            world.quotas.span(),
            "at most four quotas, each of 16 to 1000000 calls in 1 ms to the length of the run",
        );
        if let Some(providers) = &world.providers {
            let possible = (2..=endpoints).contains(&providers.get_ref().len());
            let message = "a credit needs two providers, and each runs at least one of the endpoints";
            self.require(possible, providers.span(), message);
        }
        self.history(table);
        self.pace(table);
    }

    /// How often things happen, and how long they may take.
    fn pace(&mut self, table: &ScenarioTable) {
        let world = &table.world;
        self.require(
            world.block_ms.get_ref().0 >= 10,
            world.block_ms.span(),
            "blocks are at least 10 ms apart",
        );
        let depth = world.finality_blocks.get_ref().0;
        let message = "the finalized block is 1 to 10000 blocks behind the latest";
        self.require(
            (1..=10_000).contains(&depth),
            world.finality_blocks.span(),
            message,
        );
        self.require(
            world.poll_ms.get_ref().0 >= 50,
            world.poll_ms.span(),
            "polls are at least 50 ms apart",
        );
        let message = "patience must last at least one sweep of 3000 ms";
        self.require(
            world.patience_ms.get_ref().0 >= 3_000,
            world.patience_ms.span(),
            message,
        );
        self.require(
            world.recheck_ms.get_ref().0 >= 1_000,
            world.recheck_ms.span(),
            "dead letters are looked at again at most each 1000 ms",
        );
        let (sweep, patience) = (world.sweep_ms.get_ref().0, world.patience_ms.get_ref().0);
        self.require(
            (100..=patience).contains(&sweep),
            world.sweep_ms.span(),
            "sweeps are at least 100 ms apart, and at most as far as patience lasts",
        );
        let takes_over = world.workers.get_ref().0 == 0 || world.takeover_ms.get_ref().0 / 2 >= sweep;
        self.require(
            takes_over,
            world.takeover_ms.span(),
            "the bank takes over after two sweeps at the earliest",
        );
        if let Some(seeds) = &table.seeds {
            let message = "a run of zero seeds proves nothing";
            self.require(seeds.get_ref().0 > 0, seeds.span(), message);
        }
        if let Some(every) = &world.reconcile_ms {
            let message = "custody is reconciled at most each 1000 ms";
            self.require(every.get_ref().0 >= 1_000, every.span(), message);
        }
    }

    /// What endpoints cannot tell, and what stands for nothing any more.
    fn history(&mut self, table: &ScenarioTable) {
        let world = &table.world;
        let known = faults::endpoints_of(table);
        for names in [&world.without_logs, &world.pruned] {
            for name in &names.get_ref().0 {
                self.known(name, &names.span(), &known);
            }
        }
        self.require(
            (1..=10_000).contains(&world.history_blocks.get_ref().0),
            world.history_blocks.span(),
            "expected 1 to 10000 blocks",
        );
        if let Some(blocks) = &world.attested_blocks {
            let least = world.finality_blocks.get_ref().0 + 1;
            let is_behind = (least..=10_000).contains(&blocks.get_ref().0);
            let message =
                "what is attested is behind what is finalized, and at most 10000 blocks behind the latest";
            self.require(is_behind, blocks.span(), message);
        }
        if let Some(lag) = &world.stalled_lag {
            let is_possible = (20..=10_000).contains(&lag.get_ref().0);
            self.require(is_possible, lag.span(), "expected 20 to 10000 blocks");
        }
        self.of_evm(world);
        if let Some(blocks) = &world.usdc_retired_after {
            self.require(
                blocks.get_ref().0 > 0,
                blocks.span(),
                "expected 1 to 100000 blocks",
            );
        }
        if let Some(fee) = &world.usdc_fee {
            self.require(
                fee.after_blocks.get_ref().0 > 0,
                fee.after_blocks.span(),
                "expected 1 to 100000 blocks",
            );
            self.require(
                fee.percent.get_ref().0 > 0,
                fee.percent.span(),
                "expected 1 to 100",
            );
        }
    }

    /// What there is on EVM chains alone.
    fn of_evm(&mut self, world: &WorldTable) {
        if world.chain == ChainKind::Evm {
            return;
        }
        let no_fee = "a token of Solana that keeps a fee is none that is taken";
        let unattested = "nothing is attested on Solana: `confirmed` and `finalized` are all there is";
        let unseen = "what deposit addresses hold is not looked at on Solana, so nobody would notice a theft";
        let spans = [
            (world.usdc_fee.as_ref().map(|fee| fee.percent.span()), no_fee),
            (world.attested_blocks.as_ref().map(Spanned::span), unattested),
            (world.stalled_lag.as_ref().map(Spanned::span), unattested),
            (world.theft.as_ref().map(|theft| theft.at_ms.span()), unseen),
        ];
        for (span, message) in spans {
            if let Some(span) = span {
                self.require(false, span, message);
            }
        }
    }

    fn workload(&mut self, table: &ScenarioTable) {
        let workload = &table.workload;
        let users = workload.users.get_ref().0;
        self.require(
            (1..=10_000).contains(&users),
            workload.users.span(),
            "expected 1 to 10000 users",
        );
        for deposits in &workload.deposits {
            self.within(&deposits.at_ms);
            let needs_two = deposits.claim.get_ref() == &Claiming::Stolen
                || deposits.kind.get_ref() == &DepositKind::Several;
            self.require(
                users >= 2 || !needs_two,
                deposits.kind.span(),
                "this needs two users",
            );
            let is_claimed = deposits.claim.get_ref() != &Claiming::Never;
            let is_named = is_claimed || deposits.kind.get_ref() != &DepositKind::NeverMined;
            self.require(
                is_named,
                deposits.claim.span(),
                "a transaction that is never mined and never claimed is nothing",
            );
        }
        for transactions in &workload.transactions {
            self.within(&transactions.at_ms);
            self.require(
                users >= 2,
                transactions.count.span(),
                "payments between users need two users",
            );
            self.require(
                !transactions.kinds.get_ref().is_empty(),
                transactions.kinds.span(),
                "the list is empty",
            );
        }
        for orders in &workload.orders {
            self.orders(orders, table);
        }
        for at in workload
            .retry_dead_letters_at_ms
            .iter()
            .chain(&workload.replay_dead_letters_at_ms)
            .chain(&workload.dry_run_dead_letters_at_ms)
            .chain(&workload.dismiss_dead_letters_at_ms)
            .chain(&workload.attribute_suspense_at_ms)
        {
            self.within(&Spanned::new(at.span(), Span::of(*at.get_ref())));
        }
    }

    fn orders(&mut self, orders: &OrdersTable, table: &ScenarioTable) {
        self.within(&orders.at_ms);
        let (lasts, is_of_endpoint) = match orders.kind.get_ref() {
            OrderKind::PauseChain | OrderKind::Drain => (true, false),
            OrderKind::PauseEndpoint | OrderKind::ForceOpen | OrderKind::Disable => (true, true),
            OrderKind::Sweep | OrderKind::Process | OrderKind::Refund => (false, false),
        };
        self.require(
            !lasts || table.quiet_at_ms.is_empty(),
            orders.kind.span(),
            "an order that lasts may keep from settling what must settle in a quiet period",
        );
        if let Some(target) = &orders.target {
            self.require(is_of_endpoint, target.span(), "this order is about no endpoint");
            let endpoints = table.world.endpoints.get_ref().len();
            let is_there = (0..endpoints).any(|place| endpoint_name(place) == *target.get_ref());
            self.require(is_there, target.span(), "there is no such endpoint");
        }
    }

    fn expectations(&mut self, table: &ScenarioTable) {
        if let Some(between) = &table.expect.none_credited_between_ms {
            self.within(between);
        }
    }

    fn swarm(&mut self, table: &ScenarioTable) {
        let Some(swarm) = &table.swarm else { return };
        let endpoints = swarm.endpoints.get_ref();
        let possible = endpoints.low.len() >= 2 && endpoints.high.len() <= ENDPOINTS_MAX;
        self.require(possible, swarm.endpoints.span(), "a chain has 2 to 32 endpoints");
        let users = swarm.users.get_ref();
        let possible = users.low.0 >= 1 && users.high.0 <= 10_000;
        self.require(possible, swarm.users.span(), "expected 1 to 10000 users");
        let poll = swarm.poll_ms.get_ref();
        let is_slow = poll.low.0 >= 50;
        self.require(is_slow, swarm.poll_ms.span(), "polls are at least 50 ms apart");
        let drawn = [
            (table.workload.deposits.is_empty(), "workload.deposits"),
            (table.workload.transactions.is_empty(), "workload.transactions"),
            (table.workload.orders.is_empty(), "workload.orders"),
            (table.faults.is_empty(), "faults"),
        ];
        for (is_absent, name) in drawn {
            let message = format!("a swarm draws its own: leave `{name}` out");
            self.require(is_absent, table.proves.span(), &message);
        }
    }
}
