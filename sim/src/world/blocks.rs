//! What the chain does by itself: blocks with transactions, finality, reorganisations.

use plimsoll_core::time::Instant;

use super::World;
use super::event::Happening;
use super::observe::Observation;
use crate::model::chain::{ChainEvent, Moved, TxIndex};

impl World<'_> {
    /// A transaction comes into the block that is made now.
    pub(super) fn on_mine(&mut self, index: TxIndex) {
        let now = self.now();
        self.outstanding -= 1;
        let mined = self.chain.mine(now, index);
        self.see_chain(mined);
        self.await_finality(index, self.chain.finality_due(now));
    }

    /// Looks at `at` whether a transaction that is in a block has become final, and from then on at each block.
    fn await_finality(&mut self, index: TxIndex, at: Instant) {
        if !self.awaiting.contains(&index) {
            self.awaiting.push(index);
        }
        self.schedule.at(at, Happening::Finality(index));
    }

    /// A transaction may have become final.
    pub(super) fn on_finality(&mut self, index: TxIndex) {
        self.note_finality();
        if self.awaiting.contains(&index) {
            let next = self.chain.next_block_at(self.now());
            self.schedule.at(next, Happening::Finality(index));
        }
    }

    /// Tells of everything that is final by now, before anybody else can.
    pub(super) fn note_finality(&mut self) {
        let now = self.now();
        let mut place = 0;
        while let Some(index) = self.awaiting.get(place).copied() {
            if let Some(finalized) = self.chain.finalize(now, index) {
                self.awaiting.swap_remove(place);
                self.stats.deposits += self.chain.deposits_of(index).count() as u64;
                self.see_chain(finalized);
            } else if self.chain.block_of(index, now).is_none() {
                self.awaiting.swap_remove(place);
            } else {
                place += 1;
            }
        }
    }

    fn see_chain(&mut self, event: ChainEvent) {
        self.jury.see(self.schedule.now(), &Observation::Chain(&event));
    }

    /// Replaces the last blocks, and follows what was in them.
    pub(super) fn reorganise(&mut self, depth: u64, vanish_percent: u8) {
        let now = self.schedule.now();
        let Some((from, moved)) = self.chain.reorganise(now, depth, vanish_percent) else {
            return;
        };
        let latest = self.chain.height(now);
        self.see_chain(ChainEvent::Reorged { from, latest });
        for (index, moved) in moved {
            let tx = self.chain.hash_of(index);
            match moved {
                Moved::Again(block) => {
                    self.see_chain(ChainEvent::Mined { tx, block });
                    self.await_finality(index, self.chain.next_block_at(now));
                }
                Moved::Later(at) => {
                    self.see_chain(ChainEvent::Unmined { tx });
                    self.outstanding += 1;
                    self.schedule.at(at, Happening::Mine(index));
                }
                Moved::Gone => self.see_chain(ChainEvent::Unmined { tx }),
            }
        }
    }
}
