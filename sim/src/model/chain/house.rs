//! What the addresses of the house hold: every movement of the real tokens that a block holds, and what a thief has taken.

use std::collections::BTreeMap;

use plimsoll_core::escrow::Log;
use plimsoll_core::id::Address;
use plimsoll_core::time::Instant;

use super::{Chain, Due, TxIndex};
use crate::model::assets::minor_units;
use crate::world::plan::{ChainKind, Shape, Token};

/// What one address has of one token, in the token's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// How many, but for payments that nobody can count.
    pub units: i128,
    /// Whether there was such a payment: then it is the most that a word holds.
    pub is_huge: bool,
}

impl Held {
    /// As a contract tells it.
    #[must_use]
    pub fn word(&self) -> [u8; 32] {
        if self.is_huge {
            return [0xff; 32];
        }
        let mut word = [0; 32];
        word[16..].copy_from_slice(&self.units.to_be_bytes());
        word
    }
}

/// What was sent back to a payer.
#[derive(Debug, Clone, Copy)]
pub(super) struct PaidBack {
    /// It is in every block after this time.
    at: Instant,
    contract: Address,
    units: i128,
}

impl Chain {
    /// Sends back what one log of a transaction paid, from whoever of the house has most, in the next block. That block is
    /// not replaced: whoever pays waits until it is final. What a cluster's accounts hold is not followed.
    pub fn pay_back(&mut self, at: Instant, index: TxIndex, ordinal: usize) {
        if self.kind() == ChainKind::Solana {
            return;
        }
        let log = &self.transactions[index.place()].logs[ordinal];
        let (contract, units) = (log.address, units(log));
        self.paid_back.push(PaidBack { at, contract, units });
    }

    /// How many units of each contract were sent back up to the end of `block`, as the chain stood at `as_of`.
    #[must_use]
    pub fn sent_back(&self, block: u64, as_of: Instant) -> BTreeMap<Address, i128> {
        self.walk(block, as_of).1
    }

    /// What every address of the house holds at the end of `block`, as the chain stood at `as_of`, by contract and address.
    #[must_use]
    pub fn house(&self, block: u64, as_of: Instant) -> BTreeMap<(Address, Address), Held> {
        self.walk(block, as_of).0
    }

    fn walk(
        &self,
        block: u64,
        as_of: Instant,
    ) -> (BTreeMap<(Address, Address), Held>, BTreeMap<Address, i128>) {
        let mut house: BTreeMap<(Address, Address), Held> = BTreeMap::new();
        for (number, here) in self.heights.range(..=block) {
            for index in here {
                if self
                    .spot(*index, as_of)
                    .is_some_and(|spot| spot.number == *number)
                {
                    self.move_into(&mut house, index.place(), *number);
                }
            }
        }
        if let Some(theft) = self.theft.filter(|theft| {
            let at = Instant::from_nanos(theft.at_ms * 1_000_000);
            self.calendar.time_of(block) >= at
        }) {
            steal(&mut house, theft.amount_milli);
        }
        let mut sent = BTreeMap::new();
        for paid in &self.paid_back {
            if self.calendar.time_of(block) > paid.at {
                *sent.entry(paid.contract).or_default() += send_back(&mut house, paid);
            }
        }
        (house, sent)
    }

    /// How much of a transfer in `block` its contract keeps.
    fn kept(&self, contract: Address, block: u64, units: i128) -> i128 {
        match self.usdc_fee {
            Some((from, percent)) if block >= from && is_usdc(contract) => units * i128::from(percent) / 100,
            Some(_) | None => 0,
        }
    }

    fn move_into(&self, house: &mut BTreeMap<(Address, Address), Held>, place: usize, block: u64) {
        let tx = &self.transactions[place];
        for (log, truth) in tx.logs.iter().zip(&tx.truths) {
            let units = units(log);
            match truth.due {
                Due::User(_) | Due::Suspense(_) | Due::Nothing(Shape::Minted) => {
                    house.entry((log.address, truth.to)).or_default().units +=
                        units - self.kept(log.address, block, units);
                }
                Due::Person => house.entry((log.address, truth.to)).or_default().is_huge = true,
                Due::Nothing(Shape::OwnSweep) => {
                    let from = house.entry((log.address, truth.from)).or_default();
                    // A transfer of more than there is would have reverted.
                    let moved = units.min(from.units);
                    from.units -= moved;
                    house.entry((log.address, truth.to)).or_default().units +=
                        moved - self.kept(log.address, block, moved);
                }
                Due::Nothing(
                    Shape::Payment
                    | Shape::ToCollect
                    | Shape::ToStranger
                    | Shape::FakeToken
                    | Shape::Erc721
                    | Shape::DirtyTopic
                    | Shape::LongData
                    | Shape::Native
                    | Shape::ZeroValue
                    | Shape::SelfTransfer
                    | Shape::Huge
                    | Shape::Approval,
                ) => {}
            }
        }
    }
}

fn is_usdc(contract: Address) -> bool {
    Token::Usdc
        .facts()
        .contract
        .is_some_and(|(address, _)| address == contract)
}

/// How many units a log moves, if they can be counted.
fn units(log: &Log) -> i128 {
    let mut word = [0; 16];
    word.copy_from_slice(&log.word[16..]);
    i128::from_be_bytes(word)
}

/// Takes what is sent back from whoever has most, and from the next, as far as that goes. Says how far that was.
fn send_back(house: &mut BTreeMap<(Address, Address), Held>, paid: &PaidBack) -> i128 {
    let mut left = paid.units;
    while left > 0 {
        let rich = house.iter_mut().filter(|((of, _), _)| *of == paid.contract);
        let Some((_, held)) = rich.max_by_key(|(_, held)| held.units) else {
            break;
        };
        let taken = left.min(held.units);
        if taken <= 0 {
            break;
        }
        held.units -= taken;
        left -= taken;
    }
    paid.units - left
}

/// Takes so many USDT from whoever has most, as far as that goes.
fn steal(house: &mut BTreeMap<(Address, Address), Held>, amount_milli: u64) {
    let Some((contract, decimals)) = Token::Usdt.facts().contract else {
        return;
    };
    let rich = house.iter_mut().filter(|((of, _), _)| *of == contract);
    if let Some((_, held)) = rich.max_by_key(|(_, held)| held.units) {
        held.units -= minor_units(amount_milli, decimals).minor().min(held.units);
    }
}
