//! Operators' acts, and the orders that stand because of them.
//!
//! An act is a fact: it is journalled with who ordered it and why before anybody is told that it was done. What holds
//! from there on (who is not asked, whether anything new is taken in) is an order, and survives a restart. Endpoints are
//! named, not numbered, so that an order follows its endpoint through changes of the configuration; one that is about an
//! endpoint or a chain that is not configured does nothing until it is again.
//!
//! An act carries a key like every write: a request that comes late must not pause again what was resumed in between.

use alloc::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::command::check_text;
use super::{Bank, Effect, Record, Refusal, Reply};
use crate::escrow::verifier::Out;
use crate::escrow::{RefundAct, Stage, TxKey};
use crate::id::{ChainId, EndpointId, IdempotencyKey, RefundId, Text, TransactionId};
use crate::machine::{Deadline, Effects};
use crate::resilience::{BreakerOrder, BreakerState};

/// What an operator can order. The order of the variants is part of the stored format: add at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AdminAct {
    /// Nobody is asked anything about the chain. Claims are still accepted and wait; what is under way is forgotten.
    PauseChain(ChainId),
    /// The chain is worked on again: everything that waits is due at once, and gets all its patience anew.
    ResumeChain(ChainId),
    /// The endpoint is not asked any more. What it is being asked is let go without blame, what it reported is forgotten.
    PauseEndpoint(EndpointName),
    /// The endpoint may be asked again, once it has proved to be what it should be.
    ResumeEndpoint(EndpointName),
    /// The endpoint's breaker obeys.
    Breaker {
        /// Whose.
        endpoint: EndpointName,
        /// What.
        order: BreakerOrder,
    },
    /// Everything that is not settled is due at once.
    Sweep,
    /// The transaction is verified at once, whether anybody named it or not, and also if it is a dead letter.
    Process(TxKey),
    /// Nothing new is taken in: no users, claims, payments, holds or reversals. What is open goes on, and can be ended.
    Drain,
    /// New things are taken in again.
    Undrain,
    /// What custody addresses hold on the chain is held against the books.
    Reconcile(ChainId),
    /// A deposit is sent back, or it is said what came of that.
    Refund(RefundAct),
}

/// An endpoint as operators name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EndpointName {
    /// Its chain.
    pub chain: ChainId,
    /// Its name in the configuration.
    pub name: Text,
}

/// What an act did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ActDone {
    /// The order stands from here on, or no longer does.
    Ordered {
        /// Whether it was otherwise before.
        changed: bool,
    },
    /// The breaker obeyed.
    Breaker {
        /// Its state before.
        from: BreakerState,
        /// Its state after.
        to: BreakerState,
    },
    /// So many transactions were made due. Those of a paused chain wait all the same, and are not counted.
    Swept {
        /// How many.
        due: usize,
    },
    /// The transaction is about to be verified.
    Processing {
        /// What was known of it before.
        known: Known,
    },
    /// The refund moved money: to be paid, out of custody, or back.
    Refund {
        /// The refund.
        refund: RefundId,
        /// How.
        transaction: TransactionId,
    },
    /// The refund takes another operator, who orders the same.
    RefundProposed,
}

/// What is known of a transaction that is to be processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Known {
    /// Nothing: nobody had named it.
    Unnamed,
    /// Automation is working on it.
    Open,
    /// Automation had given it up, or a person had.
    GivenUp,
}

/// An act that was done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Acted {
    act: AdminAct,
    actor: Text,
    reason: Text,
    done: ActDone,
}

/// What holds by order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Orders {
    paused_chains: BTreeSet<ChainId>,
    /// Those about which something is ordered.
    endpoints: BTreeMap<EndpointName, EndpointOrders>,
    is_draining: bool,
    /// Every act that was done, by its key.
    acts: BTreeMap<IdempotencyKey, Acted>,
}

/// What holds for one endpoint by order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct EndpointOrders {
    /// Whether it is not to be asked.
    pub is_paused: bool,
    /// What its breaker was told, if it may not decide by itself.
    pub breaker: Option<BreakerOrder>,
}

impl Orders {
    /// Whether nothing new is taken in.
    #[must_use]
    pub const fn is_draining(&self) -> bool {
        self.is_draining
    }

    /// Whether nobody is asked about `chain`.
    #[must_use]
    pub fn is_chain_paused(&self, chain: ChainId) -> bool {
        self.paused_chains.contains(&chain)
    }

    /// The chains that are paused, configured or not.
    pub fn paused_chains(&self) -> impl Iterator<Item = ChainId> + '_ {
        self.paused_chains.iter().copied()
    }

    /// The endpoints about which something is ordered, configured or not.
    pub fn endpoints(&self) -> impl Iterator<Item = (&EndpointName, EndpointOrders)> {
        self.endpoints.iter().map(|(name, orders)| (name, *orders))
    }

    /// What holds for the endpoint called `name` of `chain`.
    #[must_use]
    pub fn of(&self, chain: ChainId, name: &str) -> EndpointOrders {
        let name = EndpointName {
            chain,
            name: name.into(),
        };
        self.endpoints.get(&name).copied().unwrap_or_default()
    }

    /// Whether an act was done under `key`.
    #[must_use]
    pub fn knows(&self, key: &IdempotencyKey) -> bool {
        self.acts.contains_key(key)
    }

    /// The act that was done under `key`.
    pub(super) fn acted(&self, key: &IdempotencyKey) -> Option<&Acted> {
        self.acts.get(key)
    }

    /// Takes in an act.
    ///
    /// # Panics
    /// When its key was used before: the journal is then not one that this code wrote.
    pub(super) fn apply(&mut self, key: IdempotencyKey, acted: Acted) {
        self.follow(&acted.act);
        assert!(
            self.acts.insert(key, acted).is_none(),
            "an act's key was used twice"
        );
    }

    fn follow(&mut self, act: &AdminAct) {
        match act {
            AdminAct::PauseChain(chain) => {
                self.paused_chains.insert(*chain);
            }
            AdminAct::ResumeChain(chain) => {
                self.paused_chains.remove(chain);
            }
            AdminAct::PauseEndpoint(name) => self.change(name, |orders| orders.is_paused = true),
            AdminAct::ResumeEndpoint(name) => self.change(name, |orders| orders.is_paused = false),
            AdminAct::Breaker { endpoint, order } => {
                let standing = match order {
                    BreakerOrder::ForceOpen | BreakerOrder::Disable => Some(*order),
                    BreakerOrder::Reset => None,
                };
                self.change(endpoint, |orders| orders.breaker = standing);
            }
            AdminAct::Drain => self.is_draining = true,
            AdminAct::Undrain => self.is_draining = false,
            AdminAct::Sweep | AdminAct::Process(_) | AdminAct::Reconcile(_) | AdminAct::Refund(_) => {}
        }
    }

    fn change(&mut self, name: &EndpointName, change: impl FnOnce(&mut EndpointOrders)) {
        let mut orders = self.endpoints.remove(name).unwrap_or_default();
        change(&mut orders);
        if orders != EndpointOrders::default() {
            self.endpoints.insert(name.clone(), orders);
        }
    }
}

impl Acted {
    pub(super) const fn new(act: AdminAct, actor: Text, reason: Text, done: ActDone) -> Self {
        Self {
            act,
            actor,
            reason,
            done,
        }
    }

    /// The transaction that it makes automation take up, if it does.
    pub(super) const fn processed(&self) -> Option<TxKey> {
        match &self.act {
            AdminAct::Process(tx) => Some(*tx),
            AdminAct::PauseChain(_)
            | AdminAct::ResumeChain(_)
            | AdminAct::PauseEndpoint(_)
            | AdminAct::ResumeEndpoint(_)
            | AdminAct::Breaker { .. }
            | AdminAct::Sweep
            | AdminAct::Drain
            | AdminAct::Undrain
            | AdminAct::Reconcile(_)
            | AdminAct::Refund(_) => None,
        }
    }

    /// The chain that is worked on again because of it.
    pub(super) fn resumed(&self) -> Option<ChainId> {
        let has_changed = self.done == ActDone::Ordered { changed: true };
        match &self.act {
            AdminAct::ResumeChain(chain) => Some(*chain).filter(|_| has_changed),
            AdminAct::PauseChain(_)
            | AdminAct::Process(_)
            | AdminAct::PauseEndpoint(_)
            | AdminAct::ResumeEndpoint(_)
            | AdminAct::Breaker { .. }
            | AdminAct::Sweep
            | AdminAct::Drain
            | AdminAct::Undrain
            | AdminAct::Reconcile(_)
            | AdminAct::Refund(_) => None,
        }
    }
}

impl Bank {
    pub(super) fn administer(
        &mut self,
        key: IdempotencyKey,
        act: AdminAct,
        actor: Text,
        reason: Text,
        fx: &mut Effects<Effect>,
    ) -> Result<Reply, Refusal> {
        if let Some(earlier) = self.state.orders().acted(&key) {
            let field = match (
                earlier.act == act,
                earlier.reason == reason,
                earlier.actor == actor,
            ) {
                (true, true, true) => {
                    return Ok(Reply::Administered {
                        done: earlier.done,
                        replayed: true,
                    });
                }
                (false, _, _) => "act",
                (true, false, _) => "reason",
                (true, true, false) => "actor",
            };
            return Ok(Reply::Conflict { field });
        }
        check_text("actor", &actor)?;
        check_text("reason", &reason)?;
        let done = self.outcome_of(&act, &actor, fx)?;
        let record = Record::Administered {
            key,
            act: act.clone(),
            actor,
            reason,
            done,
            at: self.wall,
        };
        self.record(record, fx);
        self.obey(&act, done)?;
        self.verifier_due = Some(Deadline {
            at: self.now,
            why: "an operator acted",
        });
        Ok(Reply::Administered {
            done,
            replayed: false,
        })
    }

    /// What `act` will have done: whether there is what it names, and what it changes. Money moves here already: its records
    /// go before that of the act.
    fn outcome_of(
        &mut self,
        act: &AdminAct,
        actor: &Text,
        fx: &mut Effects<Effect>,
    ) -> Result<ActDone, Refusal> {
        let orders = self.state.orders();
        let changed = match act {
            AdminAct::PauseChain(chain) | AdminAct::ResumeChain(chain) => {
                self.check_chain(*chain)?;
                orders.is_chain_paused(*chain) == matches!(act, AdminAct::ResumeChain(_))
            }
            AdminAct::PauseEndpoint(name) | AdminAct::ResumeEndpoint(name) => {
                self.configured(name)?;
                let is_paused = orders.of(name.chain, &name.name).is_paused;
                is_paused == matches!(act, AdminAct::ResumeEndpoint(_))
            }
            AdminAct::Drain | AdminAct::Undrain => orders.is_draining() == matches!(act, AdminAct::Undrain),
            AdminAct::Reconcile(chain) => {
                self.check_reconcilable(*chain)?;
                !self.reconciler.is_wanted(*chain)
            }
            AdminAct::Breaker { endpoint, order } => {
                let from = self.verifier.breaker(self.configured(endpoint)?);
                let to = order.state();
                return Ok(ActDone::Breaker { from, to });
            }
            AdminAct::Sweep => {
                let due = self.verifier.waiting();
                return Ok(ActDone::Swept { due });
            }
            AdminAct::Process(tx) => return self.known(*tx).map(|known| ActDone::Processing { known }),
            AdminAct::Refund(refund) => return self.refund(refund, actor, fx),
        };
        Ok(ActDone::Ordered { changed })
    }

    /// Makes the verifier follow.
    fn obey(&mut self, act: &AdminAct, done: ActDone) -> Result<(), Refusal> {
        if done == (ActDone::Ordered { changed: false }) {
            return Ok(());
        }
        match act {
            AdminAct::PauseChain(chain) => self.verifier.pause(self.now, *chain, &mut self.out),
            AdminAct::ResumeChain(chain) => self.verifier.resume(self.now, *chain),
            AdminAct::PauseEndpoint(name) => {
                let endpoint = self.configured(name)?;
                self.verifier.pause_endpoint(self.now, endpoint, &mut self.out);
            }
            AdminAct::ResumeEndpoint(name) => self.verifier.resume_endpoint(self.configured(name)?),
            AdminAct::Breaker { endpoint, order } => {
                let endpoint = self.configured(endpoint)?;
                self.verifier.order(self.now, endpoint, *order, &mut self.out);
            }
            AdminAct::Sweep => self.verifier.sweep(self.now),
            AdminAct::Process(tx) => {
                self.watch(*tx);
                self.verifier.force(self.now, *tx);
            }
            AdminAct::Reconcile(chain) => self.want_reconciled(*chain),
            AdminAct::Drain | AdminAct::Undrain | AdminAct::Refund(_) => {}
        }
        Ok(())
    }

    /// What is known of `tx`, if it can be processed.
    fn known(&self, tx: TxKey) -> Result<Known, Refusal> {
        self.check_chain(tx.chain)?;
        if self.state.orders().is_chain_paused(tx.chain) {
            return Err(Refusal::ChainPaused(tx.chain));
        }
        match self.state.escrow().watch(tx).map(|watch| &watch.stage) {
            Some(Stage::Final { .. } | Stage::Rejected { .. }) => Err(Refusal::AlreadySettled),
            Some(Stage::Observed | Stage::Seen { .. } | Stage::Reorged { .. }) => Ok(Known::Open),
            Some(Stage::DeadLetter { .. } | Stage::Dismissed) => Ok(Known::GivenUp),
            None => Ok(Known::Unnamed),
        }
    }

    /// The endpoint called `name`, if it is configured.
    pub(super) fn configured(&self, name: &EndpointName) -> Result<EndpointId, Refusal> {
        self.check_chain(name.chain)?;
        let chain = self.config.escrow.chains.iter().find(|one| one.id == name.chain);
        let named = chain.and_then(|chain| chain.endpoints.iter().position(|one| one.name == name.name));
        let index = named.and_then(|index| u8::try_from(index).ok());
        let index = index.ok_or(Refusal::UnknownEndpoint(name.chain))?;
        Ok(EndpointId {
            chain: name.chain,
            index,
        })
    }

    /// Makes a bank that was just opened obey the orders that stand. What they name and nobody configured is passed over.
    pub(super) fn obey_standing_orders(&mut self) {
        let orders = self.state.orders().clone();
        // Nobody is under way, and nothing changes that was known before: there is nothing to tell.
        let mut untold = Out::default();
        for (name, orders) in orders.endpoints() {
            let Ok(endpoint) = self.configured(name) else {
                continue;
            };
            if orders.is_paused {
                self.verifier.pause_endpoint(self.now, endpoint, &mut untold);
            }
            if let Some(order) = orders.breaker {
                self.verifier.order(self.now, endpoint, order, &mut untold);
            }
        }
        for chain in orders.paused_chains() {
            self.verifier.pause(self.now, chain, &mut untold);
        }
        self.verifier_due = self.verifier.next_deadline();
    }

    /// Refuses what is new while nothing new is taken in.
    pub(super) fn check_takes_in(&self) -> Result<(), Refusal> {
        if self.state.orders().is_draining() {
            Err(Refusal::Draining)
        } else {
            Ok(())
        }
    }
}
