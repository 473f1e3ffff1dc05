//! People: clients who repeat a request under one key until it is answered.
//!
//! Each first attempt of a write may be given up by its client at a moment drawn from the seed: before the request arrived,
//! while it waits for a commit, or when the answer is on its way.

use std::time::Duration;

use plimsoll_core::id::ChainId;
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;
use plimsoll_sim::model::chain::Payee;
use plimsoll_sim::world::plan::{Deed, Plan};
use serde_json::{Value, json};

use super::clock::at;
use super::stage::Stage;
use crate::http::{Answer, Client};
use crate::process::pause;

/// How long a client waits for an answer before it asks again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// The shortest and the longest pause before a client asks again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));
/// The longest after which a client that will not hear the first answer goes away.
const IMPATIENCE_MAX: Duration = Duration::from_millis(60);
/// How often somebody looks whether the transaction that they will claim was sent.
const LOOK: Duration = Duration::from_millis(100);

/// A claim that a user will file.
struct Filing {
    at: Instant,
    key: String,
    deed: u32,
}

/// One user.
pub(super) struct Person {
    number: u32,
    arrives: Instant,
    filings: Vec<Filing>,
    chain: ChainId,
    stage: Stage,
    url: String,
    rng: Rng,
}

/// How many claims `plan` has.
pub(super) fn claims(plan: &Plan) -> usize {
    plan.workload.iter().map(|deed| claims_of(deed).len()).sum()
}

impl Person {
    /// User `number` of `plan`, who reaches the bank at `url`.
    pub(super) fn new(plan: &Plan, number: u32, url: &str, stage: &Stage, rng: &Rng) -> Self {
        let topology = &plan.topology;
        let mut filings = Vec::new();
        for (deed, place) in plan.workload.iter().zip(0u32..) {
            for (claim, nth) in claims_of(deed)
                .iter()
                .zip(0u32..)
                .filter(|(claim, _)| claim.user == number)
            {
                filings.push(Filing {
                    at: at(claim.at_ms),
                    key: claim
                        .key
                        .map_or_else(|| format!("claim-{place}-{nth}"), |key| format!("shared-{key}")),
                    deed: place,
                });
            }
        }
        filings.sort_by_key(|filing| filing.at);
        Self {
            number,
            arrives: at(topology.register_ms * u64::from(number) / u64::from(topology.users)),
            filings,
            chain: ChainId::new(topology.chain.id),
            stage: stage.clone(),
            url: url.to_owned(),
            rng: rng.fork_indexed("person", number.into()),
        }
    }

    /// Registers, and claims what the plan says when it is due.
    pub(super) fn live(mut self) {
        if let Err(trouble) = self.try_to_live() {
            self.stage.complain(format!("user {}: {trouble}", self.number));
        }
    }

    fn try_to_live(&mut self) -> Result<(), String> {
        self.stage.clock.wait_until(self.arrives);
        let me = json!({"name": name(self.number)});
        let Some(registered) = self.write("/api/v1/users", &format!("user-{}", self.number), &me)? else {
            return Ok(());
        };
        let id = registered["id"].as_str().unwrap_or_default().to_owned();
        let address = registered["deposit_addresses"][0]["address"].as_str();
        let account = Payee {
            user: id.parse().map_err(|_| format!("is called {id:?}"))?,
            address: address
                .and_then(|text| text.parse().ok())
                .ok_or("has no address")?,
        };
        self.stage.registered(self.number, account);
        for filing in std::mem::take(&mut self.filings) {
            self.stage.clock.wait_until(filing.at);
            let Some(tx) = self.await_transaction(filing.deed) else {
                return Ok(());
            };
            let claim = json!({"user": id, "chain": self.chain.to_string(), "tx": tx});
            if self
                .write("/api/v1/escrow/claims", &filing.key, &claim)?
                .is_none()
            {
                return Ok(());
            }
            self.stage.claimed();
        }
        Ok(())
    }

    /// The hash of what `deed` sends: on a real chain it has none before. Nothing if the world ends before that.
    fn await_transaction(&self, deed: u32) -> Option<String> {
        loop {
            if let Some(tx) = self.stage.transaction(deed) {
                return Some(tx.to_string());
            }
            if self.stage.is_over() {
                return None;
            }
            pause(LOOK);
        }
    }

    /// Repeats a write under `key` until it is answered; nothing if the world ends before that.
    fn write(&mut self, path: &str, key: &str, body: &Value) -> Result<Option<Value>, String> {
        let is_impatient = self.rng.chance(1, 2);
        let mut patience = if is_impatient {
            self.rng.duration(Duration::from_millis(1), IMPATIENCE_MAX)
        } else {
            ANSWER_TIMEOUT
        };
        while !self.stage.is_over() {
            let client = Client::with_patience(&self.url, patience);
            match client.post(path, &[("idempotency-key", key)], body) {
                Ok(Answer {
                    status: 200..=299,
                    body,
                }) => return Ok(Some(body)),
                Ok(Answer {
                    status: 429 | 503 | 504,
                    ..
                })
                | Err(_) => {}
                Ok(Answer { status, body }) => return Err(format!("{path}: {status}: {body}")),
            }
            self.stage.repeated();
            patience = ANSWER_TIMEOUT;
            pause(self.rng.duration(PAUSE.0, PAUSE.1));
        }
        Ok(None)
    }
}

/// What user `number` is called.
pub(super) fn name(number: u32) -> String {
    format!("user {number}")
}

fn claims_of(deed: &Deed) -> &[plimsoll_sim::world::plan::ClaimPlan] {
    match deed {
        Deed::Deposit { claims, .. } => claims,
        Deed::Transfer { .. }
        | Deed::Balances { .. }
        | Deed::RetryDeadLetters { .. }
        | Deed::Attribute { .. }
        | Deed::Order { .. } => unreachable!("a plan of anything else is refused"),
    }
}
