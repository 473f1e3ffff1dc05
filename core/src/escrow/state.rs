//! What is durable of the escrow. It changes by [`EscrowState::apply`] alone, and every step of a life is asserted.

mod letters;
mod refunds;
mod suspense;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::deposit::{Beneficiary, Booked, Claim, DepositKey, Evidence, Stage, TxKey, sums};
use super::dust::{Dust, DustPlace, Heap};
use super::evm::BlockRef;
use super::letter::Proposal;
use super::letters::Letters;
use super::reason::{DeadLetterReason, Reason, SuspenseReason};
use super::record::{EscrowRecord, Resolution};
use super::refund::Refunds;
use super::replay::{Replay, ReplayEnd};
use crate::digest::Digest;
use crate::id::{AssetId, ChainId, ClaimId, IdempotencyKey, Text, TransactionId, UserId};
use crate::money::Amount;
use crate::table::Table;
use crate::time::WallClock;
use refunds::Given;
pub use refunds::Holding;

/// A transaction that somebody named, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Watch {
    /// Where it is in its life.
    pub stage: Stage,
    /// When it was first named.
    pub named_at: WallClock,
    /// When automation last began with it, or its chain was resumed: patience counts from here.
    pub since: WallClock,
    /// How often it was seen: the generation of its holds.
    pub sightings: u32,
    /// Whether the scanner found it in a final block.
    pub is_found: bool,
}

/// A deposit in suspense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Suspended {
    /// The deposit as it was booked.
    pub booked: Booked,
    /// Why it is nobody's.
    pub reason: SuspenseReason,
}

/// The durable state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EscrowState {
    watches: BTreeMap<TxKey, Watch>,
    claims: BTreeMap<ClaimId, Claim>,
    claim_keys: Table<IdempotencyKey, ClaimId>,
    claim_of: BTreeMap<(UserId, TxKey), ClaimId>,
    scanned: BTreeMap<ChainId, BlockRef>,
    /// Every deposit that was ever posted: the promise, as a set.
    posted: Table<DepositKey, TransactionId>,
    suspense: BTreeMap<DepositKey, Suspended>,
    /// What of it is below the minimum.
    dust: Dust,
    /// Whose it became.
    given: BTreeMap<DepositKey, Given>,
    refunds: Refunds,
    /// What automation works on, oldest first. Derived.
    open: BTreeSet<(WallClock, TxKey)>,
    /// What each transaction that is not settled came to when it was last seen, by asset.
    amounts: BTreeMap<TxKey, Vec<(AssetId, Amount)>>,
    letters: Letters,
    /// The highest block of each chain from which something was posted. Derived.
    newest_final: BTreeMap<ChainId, u64>,
    /// The last replay of dead letters.
    replay: Option<Replay>,
    /// How many watches are in each stage. Derived.
    stages: BTreeMap<&'static str, usize>,
}

impl EscrowState {
    /// The watch on `tx`.
    #[must_use]
    pub fn watch(&self, tx: TxKey) -> Option<&Watch> {
        self.watches.get(&tx)
    }

    /// Every watch, by key.
    pub fn watches(&self) -> impl Iterator<Item = (TxKey, &Watch)> {
        self.watches.iter().map(|(tx, watch)| (*tx, watch))
    }

    /// What automation works on, oldest first.
    pub fn open(&self) -> impl ExactSizeIterator<Item = (WallClock, TxKey)> + '_ {
        self.open.iter().copied()
    }

    /// How many watches are in each stage.
    pub fn stages(&self) -> impl Iterator<Item = (&'static str, usize)> + '_ {
        self.stages.iter().map(|(name, count)| (*name, *count))
    }

    /// The claim called `id`.
    #[must_use]
    pub fn claim(&self, id: ClaimId) -> Option<&Claim> {
        self.claims.get(&id)
    }

    /// The claim that was filed with `key`.
    #[must_use]
    pub fn claim_by_key(&self, key: &IdempotencyKey) -> Option<&Claim> {
        self.claim_keys.get(key).and_then(|id| self.claims.get(id))
    }

    /// The claim of `user` on `tx`.
    #[must_use]
    pub fn claim_of(&self, user: UserId, tx: TxKey) -> Option<&Claim> {
        self.claim_of.get(&(user, tx)).and_then(|id| self.claims.get(id))
    }

    /// How many claims of `user` are on transactions that are not settled, counting at most `limit`.
    #[must_use]
    pub fn open_claims(&self, user: UserId, limit: usize) -> usize {
        let first = TxKey {
            chain: ChainId::new(0),
            tx: crate::id::TxHash::Evm([0; 32]),
        };
        let mine = self
            .claim_of
            .range((user, first)..)
            .take_while(|((owner, _), _)| *owner == user);
        let unsettled = |tx: &TxKey| {
            self.watches.get(tx).is_some_and(|watch| match watch.stage {
                Stage::Final { .. } | Stage::Rejected { .. } | Stage::Dismissed => false,
                Stage::Observed | Stage::Seen { .. } | Stage::Reorged { .. } | Stage::DeadLetter { .. } => {
                    true
                }
            })
        };
        mine.filter(|((_, tx), _)| unsettled(tx)).take(limit).count()
    }

    /// The name of the next claim.
    #[must_use]
    pub fn next_claim(&self) -> ClaimId {
        self.claims
            .last_key_value()
            .map_or(ClaimId::new(1), |(id, _)| id.next())
    }

    /// The last block scanned on `chain`.
    #[must_use]
    pub fn scanned(&self, chain: ChainId) -> Option<BlockRef> {
        self.scanned.get(&chain).copied()
    }

    /// The highest block of `chain` from which something was posted.
    #[must_use]
    pub fn newest_final(&self, chain: ChainId) -> Option<u64> {
        self.newest_final.get(&chain).copied()
    }

    /// What a transaction that is not settled came to when it was last seen, by asset, if it ever was.
    #[must_use]
    pub fn last_seen(&self, tx: TxKey) -> Option<&[(AssetId, Amount)]> {
        self.amounts.get(&tx).map(Vec::as_slice)
    }

    /// The posting of a deposit, if it was posted.
    #[must_use]
    pub fn posting(&self, deposit: &DepositKey) -> Option<TransactionId> {
        self.posted.get(deposit).copied()
    }

    /// The deposits in suspense, by key.
    pub fn suspense(&self) -> impl Iterator<Item = (DepositKey, &Suspended)> {
        self.suspense.iter().map(|(key, suspended)| (*key, suspended))
    }

    /// The deposits in suspense after `after`, by key, at most `limit`.
    #[must_use]
    pub fn suspense_after(&self, after: Option<DepositKey>, limit: usize) -> Vec<(DepositKey, Suspended)> {
        use core::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        let rest = self.suspense.range((from, Unbounded)).take(limit);
        rest.map(|(key, suspended)| (*key, *suspended)).collect()
    }

    /// The deposit in suspense called `key`.
    #[must_use]
    pub fn suspended(&self, key: &DepositKey) -> Option<&Suspended> {
        self.suspense.get(key)
    }

    /// What is below the minimum and lies at `place`.
    #[must_use]
    pub fn dust(&self, place: &DustPlace) -> Option<&Heap> {
        self.dust.heap(place)
    }

    /// Every place where deposits below the minimum lie.
    pub fn dust_heaps(&self) -> impl Iterator<Item = (DustPlace, &Heap)> {
        self.dust.heaps()
    }

    /// A digest of everything durable. Walks everything: for checks only.
    #[must_use]
    pub fn digest(&self) -> u128 {
        let claims: Vec<_> = self.claims.iter().collect();
        Digest::of(&(
            &self.watches,
            claims,
            &self.scanned,
            (&self.suspense, &self.dust, &self.given, &self.refunds),
            (&self.amounts, self.letters.by_key(), &self.replay),
            self.claim_keys.digest(),
            self.posted.digest(),
        ))
    }

    /// Takes one fact in.
    ///
    /// # Panics
    /// When the fact breaks the life of a deposit: the journal is then not one that this code wrote.
    pub fn apply(&mut self, record: &EscrowRecord) {
        match record {
            EscrowRecord::ClaimFiled {
                claim,
                key,
                user,
                tx,
                at,
            } => self.apply_claim(*claim, *key, *user, *tx, *at),
            EscrowRecord::Scanned { chain, to, found, at } => {
                let found = found.iter().map(|tx| TxKey {
                    chain: *chain,
                    tx: *tx,
                });
                self.apply_scanned(*chain, *to, found, *at);
            }
            EscrowRecord::Seen {
                tx,
                evidence,
                deposits,
                ..
            } => self.apply_seen(*tx, evidence.clone(), deposits.clone()),
            EscrowRecord::Reorged { tx, was, .. } => self.apply_reorged(*tx, *was),
            EscrowRecord::Final {
                tx,
                evidence,
                deposits,
                ..
            } => self.apply_final(*tx, evidence.clone(), deposits.clone()),
            EscrowRecord::Rejected {
                tx, reason, evidence, ..
            } => self.apply_rejected(*tx, *reason, evidence.clone()),
            EscrowRecord::DeadLettered { tx, reason, at } => self.apply_dead_letter(*tx, *reason, *at),
            EscrowRecord::DeadLetterResolved {
                tx, resolution, at, ..
            } => self.apply_resolution(*tx, *resolution, *at),
            EscrowRecord::SuspenseAttributed {
                deposit,
                user,
                purchase,
                ..
            } => self.apply_attribution(deposit, *user, *purchase),
            EscrowRecord::DeadLetterDetailed { tx, history } => self.letters.detail(*tx, history.clone()),
            EscrowRecord::DismissalProposed {
                tx,
                actor,
                reason,
                at,
            } => self.apply_proposal(*tx, actor, reason, *at),
            EscrowRecord::DeadLetterReopened { tx, at } => self.apply_resolution(*tx, Resolution::Retry, *at),
            EscrowRecord::ReplayBegan { replay, plan, at, .. } => self.apply_replay(*replay, *plan, *at),
            EscrowRecord::DeadLetterReplayed { tx, replay, at } => self.apply_replayed(*tx, *replay, *at),
            EscrowRecord::ReplayEnded { replay, end, .. } => self.replay_mut(*replay).end = Some(*end),
            EscrowRecord::ReplayCancelled { replay, .. } => {
                self.replay_mut(*replay).end = Some(ReplayEnd::Cancelled);
            }
            EscrowRecord::DustCredited { user, deposits, .. } => self.apply_dust(deposits, *user),
            EscrowRecord::Refund(record) => self.apply_refund(record),
        }
    }

    fn apply_proposal(&mut self, tx: TxKey, actor: &Text, reason: &Text, at: WallClock) {
        let (actor, reason) = (actor.clone(), reason.clone());
        self.letters.propose(tx, Proposal { actor, reason, at });
    }

    fn apply_dead_letter(&mut self, tx: TxKey, reason: DeadLetterReason, since: WallClock) {
        self.enter(tx, Stage::DeadLetter { reason, since });
    }

    fn apply_claim(
        &mut self,
        id: ClaimId,
        key: IdempotencyKey,
        user: UserId,
        tx: TxKey,
        filed_at: WallClock,
    ) {
        let claim = Claim {
            id,
            user,
            tx,
            filed_at,
        };
        assert_eq!(claim.id, self.next_claim(), "claims are numbered without gaps");
        self.claims.insert(claim.id, claim);
        assert!(
            self.claim_keys.insert(key, claim.id).is_none(),
            "a claim's key was used twice"
        );
        let earlier = self.claim_of.insert((claim.user, claim.tx), claim.id);
        assert!(earlier.is_none(), "{} claimed {:?} twice", claim.user, claim.tx);
        self.name(claim.tx, claim.filed_at);
    }

    fn apply_scanned(
        &mut self,
        chain: ChainId,
        to: BlockRef,
        found: impl Iterator<Item = TxKey>,
        at: WallClock,
    ) {
        let before = self.scanned.insert(chain, to);
        assert!(
            before.is_none_or(|before| before.number < to.number),
            "the cursor of {chain} went back"
        );
        for tx in found {
            // A finalized log is what a dead letter was waiting for.
            self.take_up(tx, at);
            if let Some(watch) = self.watches.get_mut(&tx) {
                watch.is_found = true;
            }
        }
    }

    /// Makes automation work on `tx`, whether it was named before, given up, or neither. What is settled stays so.
    pub(crate) fn take_up(&mut self, tx: TxKey, at: WallClock) {
        self.name(tx, at);
        let given_up = |watch: &Watch| matches!(watch.stage, Stage::DeadLetter { .. } | Stage::Dismissed);
        if self.watches.get(&tx).is_some_and(given_up) {
            self.revive(tx, at);
        }
    }

    /// Gives automation all its patience anew with everything on `chain` that it works on: nobody tried while the chain was
    /// paused.
    pub(crate) fn renew(&mut self, chain: ChainId, at: WallClock) {
        for (_, tx) in self.open.iter().filter(|(_, tx)| tx.chain == chain) {
            if let Some(watch) = self.watches.get_mut(tx) {
                watch.since = at;
            }
        }
    }

    fn apply_seen(&mut self, tx: TxKey, evidence: Evidence, deposits: Vec<Booked>) {
        if let Some(watch) = self.watches.get_mut(&tx) {
            watch.sightings += 1;
        }
        let amounts = sums(deposits.iter().map(|booked| &booked.deposit));
        self.amounts.insert(tx, amounts);
        self.enter(tx, Stage::Seen { evidence, deposits });
    }

    fn apply_final(&mut self, tx: TxKey, evidence: Evidence, deposits: Vec<Booked>) {
        assert!(evidence.is_final(), "{tx:?} was made final without finality");
        assert!(evidence.votes.len() >= 2, "{tx:?} was made final on one voice");
        self.apply_postings(tx, &deposits);
        let newest = self.newest_final.entry(tx.chain).or_default();
        *newest = evidence.block.number.max(*newest);
        self.enter(tx, Stage::Final { evidence, deposits });
    }

    fn apply_rejected(&mut self, tx: TxKey, reason: Reason, evidence: Evidence) {
        assert!(evidence.is_final(), "{tx:?} was rejected without finality");
        self.enter(tx, Stage::Rejected { reason, evidence });
    }

    fn apply_reorged(&mut self, tx: TxKey, was: BlockRef) {
        let seen_there =
            |watch: &Watch| matches!(&watch.stage, Stage::Seen { evidence, .. } if evidence.block == was);
        assert!(
            self.watches.get(&tx).is_some_and(seen_there),
            "{tx:?} was not seen in {was:?}"
        );
        self.enter(tx, Stage::Reorged { was });
    }

    fn apply_postings(&mut self, tx: TxKey, deposits: &[Booked]) {
        assert!(!deposits.is_empty(), "{tx:?} is final without a deposit");
        for booked in deposits {
            let key = DepositKey {
                tx,
                ordinal: booked.deposit.ordinal,
            };
            let Some(transaction) = booked.transaction else {
                unreachable!("{key:?} is final and not posted")
            };
            let earlier = self.posted.insert(key, transaction);
            assert!(
                earlier.is_none(),
                "{key:?} was posted twice: {earlier:?} and {transaction}"
            );
            if let Beneficiary::Suspense(reason) = booked.deposit.beneficiary {
                let suspended = Suspended {
                    booked: *booked,
                    reason,
                };
                self.suspense.insert(key, suspended);
                self.dust.put(key, &suspended);
            }
        }
    }

    /// Starts a watch on `tx`, if there is none.
    fn name(&mut self, tx: TxKey, at: WallClock) {
        if self.watches.contains_key(&tx) {
            return;
        }
        let watch = Watch {
            stage: Stage::Observed,
            named_at: at,
            since: at,
            sightings: 0,
            is_found: false,
        };
        self.watches.insert(tx, watch);
        *self.stages.entry(Stage::Observed.name()).or_default() += 1;
        self.open.insert((at, tx));
    }

    fn revive(&mut self, tx: TxKey, at: WallClock) {
        self.enter(tx, Stage::Observed);
        if let Some(watch) = self.watches.get_mut(&tx) {
            watch.since = at;
        }
    }

    /// Moves `tx` to `stage`, if its life allows it.
    fn enter(&mut self, tx: TxKey, stage: Stage) {
        let Some(watch) = self.watches.get_mut(&tx) else {
            unreachable!("{tx:?} is not watched")
        };
        let (from, to) = (watch.stage.name(), stage.name());
        assert!(watch.stage.may_become(&stage), "{tx:?} went from {from} to {to}");
        if let Some(count) = self.stages.get_mut(from) {
            *count -= 1;
        }
        *self.stages.entry(to).or_default() += 1;
        if let Stage::DeadLetter { .. } = watch.stage {
            self.letters.remove(tx);
        }
        match stage {
            Stage::DeadLetter { reason, since } => {
                let amounts = self.amounts.get(&tx).cloned();
                self.letters.insert(tx, reason, since, amounts);
            }
            Stage::Final { .. } | Stage::Rejected { .. } => {
                self.amounts.remove(&tx);
            }
            Stage::Observed | Stage::Seen { .. } | Stage::Reorged { .. } | Stage::Dismissed => {}
        }
        let entry = (watch.named_at, tx);
        if stage.is_open() {
            self.open.insert(entry);
        } else {
            self.open.remove(&entry);
        }
        watch.stage = stage;
    }
}

#[cfg(test)]
mod tests;
