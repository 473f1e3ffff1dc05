//! [`Troubles`]: what endpoints, the journal and the process did wrong, as faults from one moment to another.

use std::collections::BTreeMap;

use plimsoll_core::escrow::Fault as Silence;
use plimsoll_core::id::{CallId, ChainId, EndpointId};
use plimsoll_core::outbox::Appended;
use plimsoll_sim::fault::{CrashLoss, EndpointFault, Fault, ProcessFault, StoreFault};
use plimsoll_sim::world::plan::ScheduledFault;

use crate::recorder::{Answered, HeadSeen};

/// What went wrong so far.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    asked: BTreeMap<CallId, (EndpointId, u64)>,
    /// What an endpoint does, since when, and when it was last seen to.
    endpoints: BTreeMap<EndpointId, Spell<EndpointFault>>,
    store: Option<Spell<StoreFault>>,
    over: Vec<(Option<EndpointId>, ScheduledFault)>,
}

/// The same trouble from one moment to another.
#[derive(Debug, Clone, Copy)]
struct Spell<F> {
    fault: F,
    from_ms: u64,
    until_ms: u64,
}

impl Troubles {
    /// An endpoint is asked.
    pub(super) fn ask(&mut self, at_ms: u64, call: CallId, endpoint: EndpointId) {
        self.asked.insert(call, (endpoint, at_ms));
    }

    /// An endpoint answers, or does not.
    pub(super) fn answer(&mut self, at_ms: u64, call: CallId, silence: Option<&Silence>) {
        let Some((endpoint, asked_ms)) = self.asked.remove(&call) else {
            return;
        };
        let fault = silence.map(fault_of);
        if let Some(spell) = self.endpoints.get_mut(&endpoint) {
            if Some(spell.fault) == fault {
                spell.until_ms = spell.until_ms.max(at_ms);
                return;
            }
            let spell = *spell;
            self.endpoints.remove(&endpoint);
            self.end_endpoint(endpoint, spell);
        }
        if let Some(fault) = fault {
            let (from_ms, until_ms) = (asked_ms, at_ms);
            self.endpoints.insert(
                endpoint,
                Spell {
                    fault,
                    from_ms,
                    until_ms,
                },
            );
        }
    }

    /// The journal answers.
    pub(super) fn journal(&mut self, at_ms: u64, answer: Answered) {
        let fault = match answer {
            Answered::Appended(Appended::Failed) | Answered::Head(HeadSeen::Unreadable) => {
                Some(StoreFault::Unavailable)
            }
            Answered::Appended(Appended::Unknown) => Some(StoreFault::UnknownOutcome {
                committed_percent: 50,
            }),
            Answered::Appended(Appended::Committed | Appended::Fenced)
            | Answered::Head(HeadSeen::Committed | HeadSeen::NotCommitted | HeadSeen::Another) => None,
        };
        if let Some(spell) = &mut self.store {
            if fault.is_none_or(|fault| fault == spell.fault) {
                spell.until_ms = spell.until_ms.max(at_ms);
            }
            if fault == Some(spell.fault) {
                return;
            }
        }
        if let Some(spell) = self.store.take() {
            self.end_store(spell);
        }
        self.store = fault.map(|fault| Spell {
            fault,
            from_ms: at_ms,
            until_ms: at_ms,
        });
    }

    /// The process died, and was up again.
    pub(super) fn crash(&mut self, from_ms: u64, up_ms: u64) {
        self.asked.clear();
        let loss = CrashLoss::Kept;
        let fault = Fault::Process {
            fault: ProcessFault::Crash { loss },
        };
        self.over.push((None, scheduled(from_ms, up_ms, fault)));
    }

    /// All faults, of which those of endpoints are of `chain`, within `duration_ms`.
    pub(super) fn finish(mut self, chain: ChainId, duration_ms: u64) -> impl Iterator<Item = ScheduledFault> {
        for (endpoint, spell) in core::mem::take(&mut self.endpoints) {
            self.end_endpoint(endpoint, spell);
        }
        if let Some(spell) = self.store.take() {
            self.end_store(spell);
        }
        let of_chain = move |(endpoint, _): &(Option<EndpointId>, _)| {
            endpoint.is_none_or(|endpoint| endpoint.chain == chain)
        };
        self.over.into_iter().filter(of_chain).map(move |(_, mut fault)| {
            fault.until_ms = fault.until_ms.map(|until_ms| until_ms.min(duration_ms));
            fault
        })
    }

    fn end_endpoint(&mut self, id: EndpointId, spell: Spell<EndpointFault>) {
        let fault = Fault::Endpoint {
            endpoint: id.index,
            fault: spell.fault,
            percent: 100,
        };
        self.over
            .push((Some(id), scheduled(spell.from_ms, spell.until_ms, fault)));
    }

    fn end_store(&mut self, spell: Spell<StoreFault>) {
        let fault = Fault::Store {
            fault: spell.fault,
            percent: 100,
        };
        self.over
            .push((None, scheduled(spell.from_ms, spell.until_ms, fault)));
    }
}

/// A fault that lasts a millisecond at least.
fn scheduled(from_ms: u64, until_ms: u64, fault: Fault) -> ScheduledFault {
    ScheduledFault {
        after: None,
        from_ms,
        until_ms: Some(until_ms.max(from_ms + 1)),
        fault,
    }
}

/// What an endpoint does that answers so.
fn fault_of(silence: &Silence) -> EndpointFault {
    match silence {
        Silence::Timeout => EndpointFault::NeverAnswers,
        Silence::Connection => EndpointFault::Dead,
        Silence::RateLimited { retry_after } => EndpointFault::RateLimited {
            retry_after_ms: retry_after.map(|pause| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)),
        },
        Silence::Auth => EndpointFault::Auth,
        Silence::Server { .. } => EndpointFault::ServerError,
        Silence::NotReady => EndpointFault::NotReady,
        Silence::Malformed { .. } => EndpointFault::Malformed,
        // Whoever refuses scans alike is tried alike.
        Silence::TooLarge | Silence::Unsupported | Silence::Pruned => EndpointFault::TooLarge,
    }
}
