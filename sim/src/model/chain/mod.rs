//! A chain: blocks, a finality tag that trails them, reorganisations, and transactions with token logs. Or a Solana cluster: a
//! block is then a slot, some of which are skipped, and transactions have balances of token accounts instead.
//!
//! Blocks come by the clock and cost nothing: a height is a division, a hash a function of height and fork. Only
//! transactions are kept, each with every place where it ever was and since when, so that the chain can be looked at
//! as of any earlier moment: that is what a lagging endpoint shows.
//!
//! The chain knows what it made. [`Chain::truth`] tells for each log of each transaction what is due for it, from
//! what the plan meant and not from any rule for judging logs.

mod calendar;
mod event;
mod forks;
mod gains;
mod house;
mod log;
mod truth;
mod view;

use std::collections::BTreeMap;

use plimsoll_core::escrow::{BlockRef, Log, TokenBalance};
use plimsoll_core::id::{BlockHash, ChainId, TxHash};
use plimsoll_core::rng::Rng;
use plimsoll_core::table::Table;
use plimsoll_core::time::Instant;

pub use calendar::FIRST_HEIGHT;
pub use event::{ChainEvent, Moved, TxIndex};
pub use house::Held;
use house::PaidBack;
pub use log::{Payee, plain_transfer};
pub use truth::{Due, Truth};
pub use view::View;

use crate::world::plan::{ChainKind, ChainPlan, Fate, Movement, Theft};
use calendar::Calendar;
use forks::Forks;

#[derive(Debug, Clone)]
struct Transaction {
    hash: TxHash,
    succeeded: bool,
    /// With indexes counted from 0; the place in a block shifts them.
    logs: Vec<Log>,
    /// On Solana.
    balances: Vec<TokenBalance>,
    truths: Vec<Truth>,
    /// Where it was, oldest first.
    placements: Vec<Placement>,
    finalized_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Placement {
    since: Instant,
    spot: Option<Spot>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spot {
    number: u64,
    first_index: u64,
}

/// The chain.
#[derive(Debug, Clone)]
pub struct Chain {
    kind: ChainKind,
    id: ChainId,
    calendar: Calendar,
    forks: Forks,
    /// From which height on USDC is another contract that nobody was told of.
    usdc_retired_at: Option<u64>,
    transactions: Vec<Transaction>,
    by_hash: Table<TxHash, TxIndex>,
    /// Every transaction that ever was at a height.
    heights: BTreeMap<u64, Vec<TxIndex>>,
    /// From which height on the contract of USDC keeps so much of a hundred of each transfer.
    usdc_fee: Option<(u64, u8)>,
    theft: Option<Theft>,
    paid_back: Vec<PaidBack>,
    rng: Rng,
}

impl Chain {
    /// A chain without transactions.
    #[must_use]
    pub fn new(plan: &ChainPlan, rng: Rng) -> Self {
        let salt = rng.fork("salt").next_u64();
        Self {
            kind: plan.kind,
            id: plan.chain_id(),
            calendar: Calendar::new(plan),
            forks: Forks::new(plan.kind, salt),
            usdc_retired_at: plan.usdc_retired_after.map(|blocks| FIRST_HEIGHT + blocks),
            transactions: Vec::new(),
            by_hash: Table::new(),
            heights: BTreeMap::new(),
            usdc_fee: plan
                .usdc_fee
                .map(|fee| (FIRST_HEIGHT + fee.after_blocks, fee.percent)),
            theft: plan.theft,
            paid_back: Vec::new(),
            rng,
        }
    }

    /// What kind of chain it is.
    #[must_use]
    pub const fn kind(&self) -> ChainKind {
        self.kind
    }

    /// What the bank calls it.
    #[must_use]
    pub const fn chain_id(&self) -> ChainId {
        self.id
    }

    /// The number of that.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id.number()
    }

    /// The hash of block 0.
    #[must_use]
    pub fn genesis(&self) -> BlockHash {
        match self.kind {
            ChainKind::Evm => self.block(0, Instant::ZERO).hash,
            ChainKind::Solana => ChainPlan::CLUSTER_GENESIS,
        }
    }

    /// Makes the name of a transaction that does not exist yet.
    pub fn announce(&mut self) -> TxIndex {
        let place = u32::try_from(self.transactions.len());
        let index = TxIndex(place.unwrap_or_else(|_| unreachable!("more than 2^32 transactions")));
        let mut draws = self.rng.fork_indexed("transaction", u64::from(index.0));
        let hash = match self.kind {
            ChainKind::Evm => TxHash::Evm(bytes(&mut draws)),
            ChainKind::Solana => TxHash::Solana(bytes(&mut draws)),
        };
        self.by_hash.insert(hash, index);
        self.transactions.push(Transaction {
            hash,
            succeeded: false,
            logs: Vec::new(),
            balances: Vec::new(),
            truths: Vec::new(),
            placements: Vec::new(),
            finalized_at: None,
        });
        index
    }

    /// Sends an announced transaction to the chain at `now`: it says `movements`, `payees` give the addresses of the
    /// users named in them. Returns when it will be mined, if ever: in the block after `delay_blocks` others.
    pub fn send(
        &mut self,
        now: Instant,
        index: TxIndex,
        (movements, payees): (&[Movement], &dyn Fn(u32) -> Payee),
        fate: Fate,
        delay_blocks: u64,
    ) -> Option<Instant> {
        let mut draws = self.rng.fork_indexed("payer", u64::from(index.0));
        let tx = &mut self.transactions[index.place()];
        tx.succeeded = fate == Fate::Mined;
        if self.kind == ChainKind::Solana {
            let made = gains::make(movements, payees, &mut draws);
            (tx.balances, tx.truths) = if tx.succeeded { made } else { gains::undone(made) };
        } else if tx.succeeded {
            for (movement, number) in movements.iter().zip(0u64..) {
                let (log, truth) = log::make(movement, payees(movement.user), number, &mut draws);
                tx.logs.push(log);
                tx.truths.push(truth);
            }
        }
        let height = self.made_from(self.calendar.height(now) + 1 + delay_blocks);
        (fate != Fate::NeverMined).then(|| self.calendar.time_of(height))
    }

    /// Puts a transaction into the latest block.
    pub fn mine(&mut self, now: Instant, index: TxIndex) -> ChainEvent {
        let number = self.height(now);
        let block = self.place(now, index, number);
        let tx = self.hash_of(index);
        ChainEvent::Mined { tx, block }
    }

    /// Replaces the last `depth` blocks, or as many of them as are not final. Returns the lowest height replaced and
    /// what became of the transactions in them; `None` when every block is final.
    pub fn reorganise(
        &mut self,
        now: Instant,
        depth: u64,
        vanish_percent: u8,
    ) -> Option<(u64, Vec<(TxIndex, Moved)>)> {
        let (latest, finalized) = (self.height(now), self.settled(now));
        let from = (finalized + 1).max((latest + 1).saturating_sub(depth));
        if from > latest {
            return None;
        }
        let mut draws = self.rng.fork_indexed("reorganisation", self.forks.count());
        self.forks.replace(now, from);
        let in_range = |one: &(TxIndex, Option<Spot>)| one.1.is_some_and(|spot| spot.number >= from);
        let hit: Vec<TxIndex> = self
            .places(now)
            .filter(in_range)
            .map(|(index, _)| index)
            .collect();
        let moved = hit.into_iter().map(|index| {
            self.transactions[index.place()].placements.push(Placement {
                since: now,
                spot: None,
            });
            let target = self.made_from(draws.between(from, latest + 2));
            let what = if draws.chance(u64::from(vanish_percent), 100) {
                Moved::Gone
            } else if target <= latest {
                Moved::Again(self.place(now, index, target))
            } else {
                Moved::Later(self.calendar.time_of(target))
            };
            (index, what)
        });
        let moved = moved.collect();
        Some((from, moved))
    }

    /// Stops finality from `now` until [`Chain::resume_finality`], at the latest until `until`.
    pub fn stall_finality(&mut self, id: u32, now: Instant, until: Instant) {
        self.calendar.stall(id, now, until);
    }

    /// Ends the stall known as `id`: finality catches up at once.
    pub fn resume_finality(&mut self, id: u32, now: Instant) {
        self.calendar.resume(id, now);
    }

    /// Notes that a transaction's block is final, if it is and was not before.
    pub fn finalize(&mut self, now: Instant, index: TxIndex) -> Option<ChainEvent> {
        let finalized = self.settled(now);
        let spot = self.spot(index, now).filter(|spot| spot.number <= finalized)?;
        let block = self.block(spot.number, now);
        let tx = &mut self.transactions[index.place()];
        if tx.finalized_at.is_some() {
            return None;
        }
        tx.finalized_at = Some(now);
        Some(ChainEvent::Finalized { tx: tx.hash, block })
    }

    /// When a block at the latest height could become final, if finality does not stall.
    #[must_use]
    pub fn finality_due(&self, now: Instant) -> Instant {
        self.calendar.finality_of(self.height(now))
    }

    /// When the next block comes.
    #[must_use]
    pub fn next_block_at(&self, now: Instant) -> Instant {
        self.calendar
            .time_of(self.made_from(self.calendar.height(now) + 1))
    }

    /// The height of the latest block.
    #[must_use]
    pub fn height(&self, at: Instant) -> u64 {
        self.made_to(self.calendar.height(at))
    }

    /// The height of the finalized block.
    #[must_use]
    pub fn finalized(&self, at: Instant) -> u64 {
        self.made_to(self.calendar.finalized(at))
    }

    /// Whether no block was made in a slot (trap S8). An EVM chain has no such heights.
    #[must_use]
    pub fn is_skipped(&self, number: u64) -> bool {
        self.kind == ChainKind::Solana && self.forks.is_skipped(number)
    }

    /// The last height up to `number` that has a block.
    fn made_to(&self, number: u64) -> u64 {
        (0..=number)
            .rev()
            .find(|number| !self.is_skipped(*number))
            .unwrap_or(0)
    }

    /// The first height from `number` up that has a block.
    fn made_from(&self, number: u64) -> u64 {
        (number..)
            .find(|number| !self.is_skipped(*number))
            .unwrap_or(number)
    }

    /// The height up to which nothing is replaced any more: that of the finalized block, or of the attested one.
    fn settled(&self, at: Instant) -> u64 {
        self.calendar.attested(at).unwrap_or_else(|| self.finalized(at))
    }

    /// The block at a height, as it stood at a moment.
    #[must_use]
    pub fn block(&self, number: u64, as_of: Instant) -> BlockRef {
        self.forks.block(number, as_of)
    }

    /// Every transaction, announced ones included.
    pub fn transactions(&self) -> impl Iterator<Item = TxIndex> + use<> {
        (0..self.transactions.len()).map(|place| TxIndex(u32::try_from(place).unwrap_or(u32::MAX)))
    }

    /// The transaction with this hash.
    #[must_use]
    pub fn find(&self, hash: &TxHash) -> Option<TxIndex> {
        self.by_hash.get(hash).copied()
    }

    /// The hash of a transaction.
    #[must_use]
    pub fn hash_of(&self, index: TxIndex) -> TxHash {
        self.transactions[index.place()].hash
    }

    /// When the transaction's block became final, if it did.
    #[must_use]
    pub fn finalized_at(&self, index: TxIndex) -> Option<Instant> {
        self.transactions[index.place()].finalized_at
    }

    /// The block that holds the transaction at a moment, if any does.
    #[must_use]
    pub fn block_of(&self, index: TxIndex, as_of: Instant) -> Option<BlockRef> {
        self.spot(index, as_of).map(|spot| self.block(spot.number, as_of))
    }

    /// What token accounts held before and after a transaction, if there are such.
    pub(super) fn balances(&self, index: TxIndex) -> &[TokenBalance] {
        &self.transactions[index.place()].balances
    }

    fn spot(&self, index: TxIndex, as_of: Instant) -> Option<Spot> {
        let placements = &self.transactions[index.place()].placements;
        let last = placements.iter().rev().find(|one| one.since <= as_of)?;
        last.spot
    }

    fn places(&self, as_of: Instant) -> impl Iterator<Item = (TxIndex, Option<Spot>)> {
        self.transactions()
            .map(move |index| (index, self.spot(index, as_of)))
    }

    fn place(&mut self, now: Instant, index: TxIndex, number: u64) -> BlockRef {
        let end = |other: &TxIndex| {
            let spot = self.spot(*other, now).filter(|spot| spot.number == number)?;
            Some(spot.first_index + self.transactions[other.place()].logs.len() as u64)
        };
        let here = self.heights.get(&number).into_iter().flatten();
        // Other people's logs come first; how many depends on the block, so a move changes every index.
        let others = self.forks.other_logs(number, now);
        let first_index = here.filter_map(end).max().unwrap_or(others);
        let here = self.heights.entry(number).or_default();
        if !here.contains(&index) {
            here.push(index);
        }
        let spot = Some(Spot { number, first_index });
        self.transactions[index.place()]
            .placements
            .push(Placement { since: now, spot });
        self.block(number, now)
    }
}

fn bytes<const N: usize>(draws: &mut Rng) -> [u8; N] {
    let mut bytes = [0; N];
    for eight in bytes.chunks_exact_mut(8) {
        eight.copy_from_slice(&draws.next_u64().to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests;
