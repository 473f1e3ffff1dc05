//! One page of balances: what two independent upstreams say that holders of a token have at one finalized block.
//!
//! One page is asked at a time, after everything that money waits for. That upstreams have not got the state of the block any
//! more proves nothing: whoever wants the page is told that it cannot be had, and begins again with a younger block.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Desk, Purpose};
use crate::escrow::deposit::Vote;
use crate::escrow::evm::{BlockRef, Question};
use crate::escrow::verifier::round::{Round, Standing};
use crate::escrow::verifier::{Finding, Out};
use crate::id::Address;
use crate::limits::HOLDERS_MAX;
use crate::time::Instant;

/// A page that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Page {
    /// Its number, which the finding names.
    pub(crate) number: u64,
    /// The block.
    pub(crate) block: u64,
    /// The token contract.
    pub(crate) token: Address,
    /// The holders, at least one, at most as many as the desk takes at once.
    pub(crate) holders: Vec<Address>,
}

/// What a page shows: the block, and a balance for each holder.
pub(super) type Content = (BlockRef, Vec<[u8; 32]>);

/// A page that is being asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) page: Page,
    pub(super) round: Round<Content>,
}

impl Desk {
    /// How many holders one page may have: what the narrowest quota lets through at once.
    pub(in crate::escrow::verifier) fn holders_max(&self) -> usize {
        let bursts = self.chain.endpoints.iter().flat_map(|one| &one.quotas);
        let burst = bursts.map(crate::resilience::Window::burst).min();
        let room = burst.map_or(usize::MAX, |burst| usize::try_from(burst).unwrap_or(usize::MAX));
        let calls = usize::try_from(Question::balances_calls(0)).unwrap_or(usize::MAX);
        room.saturating_sub(calls).clamp(1, HOLDERS_MAX)
    }

    /// Asks for a page. One that was being asked for is forgotten.
    pub(in crate::escrow::verifier) fn tally(&mut self, now: Instant, page: Page, out: &mut Out) {
        assert!(!page.holders.is_empty(), "a page of balances has holders");
        if self.is_paused {
            return self.miss(page.number, out);
        }
        self.report_due(now, out);
        self.next_round += 1;
        self.tally = Some(Tally {
            page,
            round: Round::new(self.next_round),
        });
        self.advance_tally(now, out);
    }

    /// Brings the page as far as it goes now.
    pub(super) fn advance_tally(&mut self, now: Instant, out: &mut Out) {
        let Some(Tally { page, mut round }) = self.tally.take() else {
            return;
        };
        self.is_tally_stalled = false;
        let want = match round.standing() {
            Standing::Open { want } => want,
            // Others may keep the state for longer.
            Standing::Absent { .. } => usize::from(!round.is_pending()),
            Standing::Agreed {
                content: (block, balances),
                dissenters,
                ..
            } => {
                self.cordon_dissenters(now, &dissenters, out);
                let number = page.number;
                let finding = Finding::Counted {
                    number,
                    block,
                    balances,
                };
                out.findings.push((self.chain.id, finding));
                return;
            }
        };
        let purpose = Purpose::Balances {
            block: page.block,
            holders: page.holders.len(),
            round: round.number,
        };
        // What is asked is read from the page.
        let number = round.number;
        self.tally = Some(Tally {
            page,
            round: Round::new(number),
        });
        let is_crowded = self.ask_for(now, want, &mut round, purpose, out);
        let is_waiting = round.is_pending();
        if let Some(tally) = &mut self.tally {
            tally.round = round;
        }
        if !is_waiting && is_crowded {
            self.is_tally_stalled = true;
        } else if !is_waiting {
            self.drop_tally(out);
        }
    }

    /// Takes what an endpoint says of the page.
    pub(super) fn on_balances(
        &mut self,
        now: Instant,
        number: u64,
        vote: Vote,
        content: Option<Content>,
        out: &mut Out,
    ) {
        let provider = self.pool.provider(vote.endpoint);
        let Some(tally) = self.tally.as_mut().filter(|tally| tally.round.number == number) else {
            return;
        };
        let block = tally.page.block;
        match content {
            // A node that has not finalized the block itself does not vote on it.
            Some(content) if vote.finalized.number >= block => {
                tally.round.on_shown(vote, provider, block, content);
            }
            Some(_) | None => tally.round.on_absent(vote, provider),
        }
        self.advance_tally(now, out);
    }

    /// Goes on without an answer about the page.
    pub(super) fn on_no_balances(&mut self, now: Instant, number: u64, provider: u8, out: &mut Out) {
        if let Some(tally) = self.tally.as_mut().filter(|tally| tally.round.number == number) {
            tally.round.on_failed(provider);
            self.advance_tally(now, out);
        }
    }

    /// Forgets the page, and says that it cannot be had.
    pub(super) fn drop_tally(&mut self, out: &mut Out) {
        self.is_tally_stalled = false;
        if let Some(tally) = self.tally.take() {
            self.miss(tally.page.number, out);
        }
    }

    fn miss(&self, number: u64, out: &mut Out) {
        out.findings.push((self.chain.id, Finding::Uncounted { number }));
    }
}

#[cfg(test)]
mod tests;
