//! What people ask.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::effect::{ChainStatus, ClaimStatus, ClaimVerdict, ClaimView, EndpointStatus, Reply, Status};
use super::{Bank, Effect, Query, Refusal};
use crate::escrow::{
    Abilities, Agreement, Beneficiary, Booked, ChainConfig, Claim, Reason, Refund, RefundStage, Stage,
};
use crate::id::{ChainId, ClaimId, RefundId, RequestId, UserId};
use crate::machine::Effects;
use crate::resilience::Hedges;
use crate::time::WallClock;

/// The longest list that one reply holds.
pub(super) const LIST_MAX: usize = 1_000;

impl Bank {
    pub(super) fn on_query(&mut self, request: RequestId, query: Query, fx: &mut Effects<Effect>) {
        let reply = match query {
            Query::User(user) => self.user_reply(user, false),
            Query::Balances(user) => self.balances(user),
            Query::Claim(claim) => self.claim_reply(claim, false),
            Query::Transaction(id) => self
                .state
                .ledger()
                .transaction(id)
                .map(Reply::Transaction)
                .ok_or(Refusal::UnknownTransaction),
            Query::DeadLetters { filter, after, limit } => Ok(self.dead_letters(&filter, after, limit)),
            Query::DeadLetter(tx) => self.dead_letter_reply(tx),
            Query::DeadLetterGroups => Ok(Reply::DeadLetterGroups(
                self.state.escrow().dead_letter_groups(LIST_MAX),
            )),
            Query::DryRun(tx) => match self.dry_run(request, tx) {
                Ok(()) => return,
                Err(refusal) => Err(refusal),
            },
            Query::Suspense { after, limit } => Ok(Reply::Suspense(
                self.state.escrow().suspense_after(after, limit.min(LIST_MAX)),
            )),
            Query::Refunds {
                is_pending,
                after,
                limit,
            } => Ok(self.refunds(is_pending, after, limit.min(LIST_MAX))),
            Query::Reconciliations => Ok(self.reconciliations()),
            Query::Status => Ok(Reply::Status(Box::new(self.status()))),
        };
        self.reply(request, reply.unwrap_or_else(Reply::Refused), fx);
    }

    fn refunds(&self, is_pending: bool, after: Option<RefundId>, limit: usize) -> Reply {
        let escrow = self.state.escrow();
        let is_next = |refund: &&Refund| {
            let is_wanted = !is_pending || refund.stage == RefundStage::Pending;
            is_wanted && after.is_none_or(|after| refund.id > after)
        };
        let refunds = escrow.refunds().filter(is_next).take(limit);
        let proposed = escrow.refund_proposals().take(LIST_MAX);
        Reply::Refunds {
            refunds: refunds.copied().collect(),
            proposed: proposed.map(|(key, one)| (key, one.clone())).collect(),
        }
    }

    fn reconciliations(&self) -> Reply {
        let last = self.state.reconciled();
        Reply::Reconciliations {
            last: last.map(|(chain, last)| (chain, last.clone())).collect(),
            under_way: self.reconciler.progress(),
        }
    }

    pub(super) fn user_reply(&self, user: UserId, replayed: bool) -> Result<Reply, Refusal> {
        let found = self.state.user(user).ok_or(Refusal::UnknownUser(user))?;
        let (name, addresses) = (found.name.clone(), found.addresses.clone());
        Ok(Reply::User {
            user,
            name,
            addresses,
            replayed,
        })
    }

    pub(super) fn claim_reply(&self, id: ClaimId, replayed: bool) -> Result<Reply, Refusal> {
        let claim = self.state.escrow().claim(id).ok_or(Refusal::UnknownClaim(id))?;
        Ok(Reply::Claim {
            claim: Box::new(self.claim_view(claim)),
            replayed,
        })
    }

    fn balances(&self, user: UserId) -> Result<Reply, Refusal> {
        self.state.user(user).ok_or(Refusal::UnknownUser(user))?;
        Ok(Reply::Balances(self.state.ledger().balances_of(user).collect()))
    }

    fn claim_view(&self, claim: &Claim) -> ClaimView {
        let Claim {
            id,
            user,
            tx,
            filed_at,
        } = *claim;
        let Some(watch) = self.state.escrow().watch(tx) else {
            unreachable!("{id} claims what is not watched")
        };
        let attempts = self.verifier.attempts(tx);
        ClaimView {
            id,
            user,
            tx,
            filed_at,
            status: claim_status(&watch.stage, user, attempts),
            attempts,
            finalized_height: self.verifier.finalized(tx.chain),
            stage: watch.stage.clone(),
            refunds: self.state.escrow().refunds_of(tx).copied().collect(),
        }
    }

    /// How everything stands: the answer to [`Query::Status`].
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            users: self.state.users().len(),
            transactions: self.state.ledger().transaction_count(),
            stages: self.state.escrow().stages().collect(),
            open: self.state.escrow().open().len(),
            oldest_open: self.state.escrow().open().next().map(|(named, _)| named),
            dead_letters: self.state.escrow().dead_letter_count(),
            oldest_dead_letter: self.state.escrow().oldest_dead_letter(),
            refunds_pending: self.state.escrow().refunds_pending().len(),
            oldest_refund: self.oldest_refund(),
            is_draining: self.state.orders().is_draining(),
            replay: self.state.escrow().replay().copied(),
            immediate: self.dispatch.immediate(),
            chains: self.chains(),
        }
    }

    fn oldest_refund(&self) -> Option<WallClock> {
        let oldest = self.state.escrow().refunds_pending().next()?;
        self.state
            .escrow()
            .refund(oldest)
            .map(|refund| refund.requested_at)
    }

    /// What the hedges came to that were put to all endpoints of all chains.
    #[must_use]
    pub fn hedges(&self) -> Hedges {
        self.verifier.hedges()
    }

    /// How every chain and its endpoints stand.
    #[must_use]
    pub fn chains(&self) -> Vec<ChainStatus> {
        let chains = self.config.escrow.chains.iter();
        chains.map(|chain| self.chain_status(chain)).collect()
    }

    fn reconciled(&self, chain: ChainId) -> Option<(WallClock, Agreement)> {
        let mut all = self.state.reconciled();
        let (_, last) = all.find(|(of, _)| *of == chain)?;
        Some((last.at, last.worst()))
    }

    fn chain_status(&self, config: &ChainConfig) -> ChainStatus {
        let chain = config.id;
        let endpoints = config
            .endpoints
            .iter()
            .zip(self.verifier.endpoints(chain, self.now));
        let endpoint = |(config, (status, abilities, hedges)): (
            &crate::escrow::EndpointConfig,
            (crate::resilience::pool::EndpointStatus, Abilities, Hedges),
        )| {
            EndpointStatus {
                name: config.name.clone(),
                provider: config.provider.clone(),
                orders: self.state.orders().of(chain, &config.name),
                breaker: status.breaker,
                verified: status.verified,
                cordon: status.cordon.map(|cordon| cordon.reason),
                latency: status.latency,
                heights: status.heights.map(|heights| (heights.latest, heights.finalized)),
                is_ejected: status.ejected_until.is_some(),
                abilities,
                hedges,
            }
        };
        ChainStatus {
            chain,
            is_paused: self.state.orders().is_chain_paused(chain),
            reconciled: self.reconciled(chain),
            scanned: self.verifier.scanned(chain),
            finalized: self.verifier.finalized(chain),
            backfill: self.verifier.backfill(chain, self.now),
            endpoints: endpoints.map(endpoint).collect(),
        }
    }
}

/// How a claim of `user` on a transaction in `stage` stands.
fn claim_status(stage: &Stage, user: UserId, attempts: u32) -> ClaimStatus {
    let theirs = |deposits: &[Booked]| -> Vec<Booked> {
        let mine = |booked: &&Booked| booked.deposit.beneficiary == Beneficiary::User(user);
        deposits.iter().filter(mine).copied().collect()
    };
    match stage {
        Stage::Observed if attempts == 0 => ClaimStatus::Observed,
        Stage::Observed => ClaimStatus::Verifying,
        Stage::Seen { deposits, .. } => ClaimStatus::Seen(theirs(deposits)),
        Stage::Reorged { .. } => ClaimStatus::Reorged,
        Stage::Final { deposits, .. } => ClaimStatus::Settled(verdict(deposits, theirs(deposits))),
        Stage::Rejected { reason, .. } => ClaimStatus::Settled(ClaimVerdict::Rejected(*reason)),
        Stage::DeadLetter { reason, .. } => ClaimStatus::DeadLetter(*reason),
        Stage::Dismissed => ClaimStatus::Dismissed,
    }
}

/// What a final transaction is to a claimant whose deposits are `theirs`.
fn verdict(deposits: &[Booked], theirs: Vec<Booked>) -> ClaimVerdict {
    if !theirs.is_empty() {
        return ClaimVerdict::Credited(theirs);
    }
    let nobodys = |booked: &&Booked| matches!(booked.deposit.beneficiary, Beneficiary::Suspense(_));
    let suspended: Vec<Booked> = deposits.iter().filter(nobodys).copied().collect();
    if suspended.is_empty() {
        ClaimVerdict::Rejected(Reason::NotYours)
    } else {
        ClaimVerdict::Suspense(suspended)
    }
}
