//! Oracles: what must be so in every run, one property a file.
//!
//! An oracle shares no decision with the code that it judges. It keeps a slow, obvious picture of its own, made from
//! the records, the replies and what the chain knows about itself, and complains when the bank does not fit it. What
//! the scenario expects beyond that is judged by [`expectation`].

pub mod alerts;
pub mod asking;
mod books;
pub mod breakers;
pub mod canary;
pub mod conservation;
pub mod dates;
pub mod dead_letters;
pub mod decisions;
pub mod durability;
pub mod exactly_once;
pub mod expectation;
pub mod idempotency;
pub mod integrity;
pub mod lifecycle;
pub mod orders;
pub mod panel;
pub mod reconciliation;
pub mod refunds;
pub mod replay;
mod standing;
pub mod suspense;
pub mod testimony;
pub mod told;
mod twin;
pub mod zero_loss;

use plimsoll_core::bank::BankConfig;

use crate::world::observe::{Oracle, Violation};
use crate::world::plan::Plan;

/// Every oracle, for one run of `plan`.
#[must_use]
pub fn all(plan: &Plan) -> Vec<Box<dyn Oracle>> {
    let mut oracles: Vec<Box<dyn Oracle>> = vec![
        Box::new(conservation::Conservation::default()),
        Box::new(exactly_once::ExactlyOnce::default()),
        Box::new(lifecycle::Lifecycle::new(plan)),
        Box::new(testimony::Testimony::new(plan)),
        Box::new(asking::Asking::new(plan)),
        Box::new(breakers::Breakers::new(plan)),
        Box::new(orders::Orders::new(plan)),
        Box::new(alerts::Alerts::new(plan)),
        Box::new(idempotency::Idempotency::default()),
        Box::new(decisions::Decisions::default()),
        Box::new(told::Told::default()),
        Box::new(suspense::Suspense::new(plan)),
        Box::new(refunds::Refunds::default()),
        Box::new(reconciliation::Reconciled::default()),
        Box::new(dead_letters::DeadLetters::default()),
        Box::new(dates::Dates::default()),
        Box::new(durability::Durability::default()),
        Box::new(integrity::Integrity::default()),
        Box::new(replay::Replay::default()),
        Box::new(zero_loss::ZeroLoss::default()),
        Box::new(expectation::Expectation::default()),
    ];
    if let Some(kind) = plan.expect.canary {
        oracles.push(Box::new(canary::Canary::new(kind)));
    }
    oracles
}

/// The oracles that can judge a recording of a bank with `config`: they need nothing but inputs, effects and records. Those
/// that judge what endpoints say know of one chain, and of lives that are seen from their beginning.
#[must_use]
pub fn of_recording(config: &BankConfig, is_from_beginning: bool) -> Vec<Box<dyn Oracle + Send>> {
    let mut oracles: Vec<Box<dyn Oracle + Send>> = vec![
        Box::new(conservation::Conservation::default()),
        Box::new(exactly_once::ExactlyOnce::default()),
        Box::new(idempotency::Idempotency::default()),
        Box::new(told::Told::default()),
        Box::new(dead_letters::DeadLetters::default()),
        Box::new(dates::Dates::default()),
        Box::new(durability::Durability::default()),
        Box::new(orders::Orders::of_recording(config, is_from_beginning)),
        Box::new(replay::Replay::default()),
    ];
    let [chain] = config.escrow.chains.as_slice() else {
        return oracles;
    };
    let providers: Vec<String> = chain.endpoints.iter().map(|one| one.provider.clone()).collect();
    if is_from_beginning {
        oracles.push(Box::new(testimony::Testimony::of_providers(providers.clone())));
        let names = chain.endpoints.iter().map(|one| one.name.clone());
        let breakers = breakers::Breakers::of_recording(config.pool, chain.id, names);
        oracles.extend(breakers.map(|breakers| Box::new(breakers) as Box<dyn Oracle + Send>));
    }
    oracles.push(Box::new(lifecycle::Lifecycle::blind(providers)));
    oracles
}

/// A way to complain: a violation in the name of one oracle.
const fn broken(oracle: &'static str, invariant: &'static str, detail: String) -> Violation {
    Violation {
        oracle,
        invariant,
        detail,
    }
}

#[cfg(test)]
mod testing;
