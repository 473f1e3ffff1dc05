//! What the process does: inputs, records, breakers, its ends and starts, and the figures that change with it.

use std::collections::BTreeMap;

use plimsoll_core::bank::{Act, Bank, Command, Effect, Event, Input, Notice, Record};
use plimsoll_core::digest::Digest;
use plimsoll_core::journal::Head;
use plimsoll_core::ledger::Owner;
use plimsoll_core::machine::Intent;
use plimsoll_core::money::Amount;

use super::{BANK, Scribe, facts, said};
use crate::trace::{
    Body, BreakerMoved, Checkpoint, Crashed, Handled, Ids, Note, Recorded, Restarted, Sample,
};
use crate::world::crew::Tenant;

/// How many inputs there are from one checkpoint to the next.
const STEPS_PER_CHECKPOINT: u64 = 64;

/// How much waits, as far as the trace tells.
#[derive(Debug, Default)]
pub(super) struct Queues {
    pub(super) life: u32,
    /// How many records were decided.
    pub(super) decided: u64,
    /// How many of them are durable.
    pub(super) durable: u64,
    /// How much waits for a process that is held up.
    pub(super) kept: u64,
    /// How many errands are not done.
    pub(super) clients: u64,
    /// How many transactions the bank works on.
    pub(super) open: usize,
}

impl Scribe {
    /// The bank took an input, and `digest` is that of everything up to its effects.
    pub(in crate::world) fn handled(
        &mut self,
        input: &Input,
        effects: &[Effect],
        bank: &Bank,
        digest: &Digest,
    ) {
        self.steps += 1;
        let records = effects
            .iter()
            .filter(|effect| matches!(effect, Intent::Record(_)))
            .count();
        let (event, what, ids) = self.input(&input.event);
        let handled = Handled {
            event: event.to_owned(),
            what,
            wall: input.wall.as_micros(),
            records: records as u64,
            acts: (effects.len() - records) as u64,
            digest: digest.to_string(),
        };
        self.write((BANK, "machine"), ids, Body::Input(handled));
        let mut has_moved = false;
        for effect in effects {
            match effect {
                Intent::Record(record) => {
                    has_moved |= matches!(record, Record::Ledger(_));
                    self.decided(record);
                }
                Intent::Act(Act::Notice(Notice::Breaker { endpoint, from, to })) => {
                    let endpoint = self.endpoint(endpoint.index);
                    let part = format!("breaker {endpoint}");
                    let moved = BreakerMoved {
                        endpoint,
                        from: from.code().to_owned(),
                        to: to.code().to_owned(),
                    };
                    self.write((BANK, &part), Ids::default(), Body::Breaker(moved));
                }
                // Seen where they leave.
                Intent::Act(Act::Notice(_) | Act::Reply { .. } | Act::Ask { .. } | Act::Queue { .. }) => {}
            }
        }
        if has_moved {
            self.sample_balances(bank);
        }
        self.queues.open = bank.state().escrow().open().count();
        self.sample_queues();
        if self.steps.is_multiple_of(STEPS_PER_CHECKPOINT) {
            let checkpoint = Checkpoint {
                steps: self.steps,
                digest: digest.to_string(),
                state: format!("{:032x}", bank.state().digest()),
            };
            self.write((BANK, "machine"), Ids::default(), Body::Checkpoint(checkpoint));
        }
    }

    /// An act left. Messages are told of where they are sent, breakers where they moved.
    pub(super) fn released(&mut self, act: &Act) {
        let Act::Notice(notice) = act else { return };
        let ids = match notice {
            Notice::Stage { tx, .. } | Notice::DeadLettered { tx, .. } => super::about(tx),
            Notice::Credited { deposit, .. } | Notice::Refund { deposit, .. } => Ids {
                ordinal: Some(deposit.ordinal),
                ..super::about(&deposit.tx)
            },
            Notice::Disagreement { .. } | Notice::Cordoned { .. } | Notice::Lane { .. } => Ids::default(),
            Notice::Breaker { .. } => return,
        };
        let text = said::notice(notice, &|number| self.endpoint(number));
        self.write((BANK, "notices"), ids, Body::Notice(Note { text }));
    }

    pub(super) fn crashed(&mut self, lost: usize, durable: &Head) {
        let crashed = Crashed {
            lost: lost as u64,
            position: durable.position.count(),
        };
        self.write((BANK, "process"), self.ids_of_life(), Body::Crashed(crashed));
        self.queues.kept = 0;
        self.is_stopped = false;
        self.queues.decided = durable.position.count();
        self.queues.durable = durable.position.count();
        self.sample_queues();
    }

    pub(super) fn restarted(&mut self, bank: &Bank, durable: &Head) {
        self.queues.life += 1;
        self.calls.retain(|(by, _), _| by.worker.is_some());
        self.queues.decided = durable.position.count();
        self.queues.durable = durable.position.count();
        let restarted = Restarted {
            position: durable.position.count(),
            epoch: durable.epoch,
        };
        self.write((BANK, "process"), self.ids_of_life(), Body::Restarted(restarted));
        self.sample_balances(bank);
        self.sample_queues();
    }

    /// The process is stopped by a fault, or it is not.
    pub(in crate::world) fn stopped(&mut self, is_stopped: bool) {
        if self.is_stopped == is_stopped {
            return;
        }
        self.is_stopped = is_stopped;
        let text = Note { text: String::new() };
        let body = if is_stopped {
            Body::Paused(text)
        } else {
            Body::Resumed(text)
        };
        self.write((BANK, "process"), self.ids_of_life(), body);
    }

    fn ids_of_life(&self) -> Ids {
        Ids {
            life: Some(self.queues.life),
            ..Ids::default()
        }
    }

    fn input(&self, event: &Event) -> (&'static str, String, Ids) {
        match event {
            Event::Tick => ("tick", "time passed".to_owned(), Ids::default()),
            Event::Command { request, command } => {
                let mut ids = self.ids_of_request(*request);
                if let Command::Report(report) = command {
                    ids = super::about(&report.job());
                }
                ("command", said::command(command), ids)
            }
            Event::Query { request, query } => ("query", said::query(query), self.ids_of_request(*request)),
            Event::Answered { call, outcome } => {
                let ids = self.ids_of_call(Tenant::bank(self.queues.life), *call);
                ("answer", said::outcome(outcome), ids)
            }
            Event::Queued { outcome, .. } => ("queued", said::queued(outcome), Ids::default()),
        }
    }

    fn decided(&mut self, record: &Record) {
        self.queues.decided += 1;
        let fact = facts::fact(record, &self.endpoints);
        let recorded = Recorded {
            position: self.queues.decided,
            ..fact.recorded
        };
        let part = match record {
            Record::Ledger(_) => "ledger",
            Record::Escrow(_) => "escrow",
            Record::Administered { .. } => "operators",
            Record::Reconciled { .. } => "reconciler",
            Record::AssetRegistered { .. }
            | Record::UserRegistered { .. }
            | Record::AddressAssigned { .. } => "registry",
        };
        self.write((BANK, part), fact.ids, Body::Record(recorded));
    }

    /// Tells the lengths of the queues, if one changed.
    pub(super) fn sample_queues(&mut self) {
        let Queues {
            decided,
            durable,
            kept,
            clients,
            open,
            ..
        } = self.queues;
        let values = [
            ("records to commit", (decided - durable.min(decided)).to_string()),
            ("inputs kept", kept.to_string()),
            ("clients waiting", clients.to_string()),
            ("transactions open", open.to_string()),
        ];
        let values = values.map(|(name, value)| (name.to_owned(), value));
        self.sample("queues", (BANK, "figures"), values.into());
    }

    /// Tells what the accounts of each asset come to, if that changed.
    fn sample_balances(&mut self, bank: &Bank) {
        let mut assets: BTreeMap<_, BTreeMap<&str, Amount>> = BTreeMap::new();
        for (account, counters) in bank.state().ledger().accounts() {
            let balance = counters.balance(account.owner);
            let figures = assets.entry(account.asset).or_default();
            let mut add = |name, amount: Amount| {
                let so_far = figures.get(name).copied().unwrap_or(Amount::from_minor(0));
                figures.insert(name, so_far.plus(amount).unwrap_or(Amount::MAX));
            };
            match account.owner {
                Owner::User(_) => {
                    add("users", balance.available);
                    add("users held", balance.held);
                    add("users incoming", balance.incoming);
                }
                Owner::Custody(_) => add("custody", balance.available),
                Owner::Suspense => add("suspense", balance.available),
                Owner::Refunds => add("refunds", balance.available),
                Owner::Treasury => add("treasury", balance.available),
                Owner::Issuance => add("issued", balance.available),
                Owner::Fees => add("fees", balance.available),
            }
        }
        for (asset, figures) in assets {
            let decimal = |(name, amount): (&str, Amount)| (name.to_owned(), said::decimal(amount, asset));
            let values = figures.into_iter().map(decimal).collect();
            self.sample(asset.symbol(), (BANK, "figures"), values);
        }
    }

    /// Tells the figures of one kind, if any changed.
    pub(super) fn sample(&mut self, of: &str, place: (&str, &str), values: BTreeMap<String, String>) {
        if self.figures.get(of) == Some(&values) {
            return;
        }
        self.figures.insert(of.to_owned(), values.clone());
        let of = of.to_owned();
        self.write(place, Ids::default(), Body::Sample(Sample { of, values }));
    }
}
