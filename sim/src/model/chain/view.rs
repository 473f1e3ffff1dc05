//! The chain as it looked at some moment, which is how a node that trails behind shows it.

use plimsoll_core::escrow::{BlockRef, Log, Receipt, ScanLog, TRANSFER_TOPIC};
use plimsoll_core::id::{Address, TxHash};
use plimsoll_core::time::Instant;

use super::{Chain, Spot, TxIndex};
use crate::world::plan::ChainKind;

/// One node's view.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    chain: &'a Chain,
    as_of: Instant,
    /// The number of the private fork that the node sits on above its finalized block, or the attested one, if it does.
    private: Option<u64>,
}

impl Chain {
    /// The chain as of `at`.
    #[must_use]
    pub const fn view(&self, at: Instant) -> View<'_> {
        View {
            chain: self,
            as_of: at,
            private: None,
        }
    }

    /// The chain as of `blocks` blocks before `at`.
    #[must_use]
    pub const fn view_behind(&self, at: Instant, blocks: u64) -> View<'_> {
        self.view(self.calendar.before(at, blocks))
    }
}

impl<'a> View<'a> {
    /// The same view, from a node that is on its own on fork `number` above the finalized block, or the attested one: two thirds
    /// of the validators build upon no fork of its own.
    #[must_use]
    pub const fn on_private_fork(self, number: u64) -> Self {
        Self {
            private: Some(number),
            ..self
        }
    }

    /// The latest block.
    #[must_use]
    pub fn latest(&self) -> BlockRef {
        self.block(self.chain.height(self.as_of))
    }

    /// The finalized block.
    #[must_use]
    pub fn finalized(&self) -> BlockRef {
        self.block(self.chain.finalized(self.as_of))
    }

    /// The newest block that two thirds of the validators have built upon, where the chain tells that.
    #[must_use]
    pub fn attested(&self) -> Option<BlockRef> {
        let height = self.chain.calendar.attested(self.as_of)?;
        Some(self.block(height))
    }

    /// The header at a height; `None` above the latest block. Of a skipped slot, with the hash of the block before it.
    #[must_use]
    pub fn header(&self, number: u64) -> Option<BlockRef> {
        let header = || BlockRef {
            number,
            ..self.block(self.chain.made_to(number))
        };
        (number <= self.chain.height(self.as_of)).then(header)
    }

    /// The receipt of a transaction, if a block of this view holds it.
    #[must_use]
    pub fn receipt(&self, tx: &TxHash) -> Option<Receipt> {
        let index = self.chain.find(tx)?;
        let spot = self.chain.spot(index, self.as_of)?;
        Some(Receipt {
            tx: *tx,
            block: self.block(spot.number),
            succeeded: self.chain.transactions[index.place()].succeeded,
            logs: self.logs(index, spot).collect(),
            balances: self.chain.balances(index).to_vec(),
        })
    }

    /// Every transfer log of `tokens` in blocks `from..=to`, by block and index. On Solana, what succeeded and names one of the
    /// token accounts `tokens`, if all of it is finalized.
    #[must_use]
    pub fn scan(&self, from: u64, to: u64, tokens: &[Address]) -> Vec<ScanLog> {
        let mut found = Vec::new();
        if from > to {
            return found;
        }
        if self.chain.kind() == ChainKind::Solana {
            return self.naming(from, to, tokens);
        }
        for (number, here) in self.chain.heights.range(from..=to) {
            let start = found.len();
            for index in here {
                let Some(spot) = self.chain.spot(*index, self.as_of) else {
                    continue;
                };
                if spot.number != *number {
                    continue;
                }
                let asked = |log: &Log| log.topics[0] == TRANSFER_TOPIC && tokens.contains(&log.address);
                let tx = self.chain.hash_of(*index);
                let block = *number;
                found.extend(
                    self.logs(*index, spot)
                        .filter(asked)
                        .map(|log| ScanLog { tx, block, log }),
                );
            }
            found[start..].sort_by_key(|one| one.log.index);
        }
        found
    }

    /// What each of `holders` has of `token` at the end of a block that this view has.
    #[must_use]
    pub fn balances(&self, block: u64, token: Address, holders: &[Address]) -> Vec<[u8; 32]> {
        let house = self.chain.house(block, self.as_of);
        let held = |holder: &Address| house.get(&(token, *holder)).copied().unwrap_or_default();
        holders.iter().map(|holder| held(holder).word()).collect()
    }

    fn naming(&self, from: u64, to: u64, accounts: &[Address]) -> Vec<ScanLog> {
        let mut found = Vec::new();
        if to > self.chain.finalized(self.as_of) {
            return found;
        }
        for (number, here) in self.chain.heights.range(from..=to) {
            let is_here = |spot: &Spot| spot.number == *number;
            for index in here.iter().copied() {
                let is_shown = self
                    .chain
                    .spot(index, self.as_of)
                    .is_some_and(|spot| is_here(&spot))
                    && self.chain.transactions[index.place()].succeeded;
                let (tx, block) = (self.chain.hash_of(index), *number);
                let named = self.chain.balances(index).iter().map(|balance| balance.account);
                let asked = named.filter(|account| is_shown && accounts.contains(account));
                found.extend(asked.map(|account| ScanLog {
                    tx,
                    block,
                    log: Log::naming(account),
                }));
            }
        }
        found.sort_unstable_by_key(|one| (one.block, one.tx, one.log.address));
        found
    }

    fn block(&self, number: u64) -> BlockRef {
        match self.private {
            Some(name) if number > self.chain.settled(self.as_of) => {
                self.chain.forks.private_block(number, name)
            }
            Some(_) | None => self.chain.block(number, self.as_of),
        }
    }

    fn logs(&self, index: TxIndex, spot: Spot) -> impl Iterator<Item = Log> + use<'a> {
        let logs = &self.chain.transactions[index.place()].logs;
        logs.iter().map(move |log| Log {
            index: spot.first_index + log.index,
            ..*log
        })
    }
}
