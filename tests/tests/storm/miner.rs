//! The chain's side of the storm: blocks at a steady pace, payments in them, and reorganisations under load.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use plimsoll_core::id::TxHash;
use plimsoll_core::rng::Rng;
use plimsoll_tests::evm::node::Tag;
use plimsoll_tests::process::pause;

use super::Storm;
use super::book::{Job, User};
use super::payments::Kind;
use super::world::World;

/// The most payments that are made.
const PAYMENTS: usize = 420;
/// The most payments in one block.
const PAYMENTS_PER_BLOCK_MAX: u64 = 7;
/// The time between two blocks.
const BLOCK_TIME: (Duration, Duration) = (Duration::from_millis(150), Duration::from_millis(350));
/// How long a late claim waits.
const LATE: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(8));
/// One block in so many is reorganised though nobody spends anything twice.
const REORG_ONE_IN: u64 = 5;
/// The most blocks that are ever replaced: what is finalized, two below the head, stays.
const REORG_DEPTH_MAX: u64 = 2;

/// Mines until the storm has settled.
pub(super) fn run(world: &World<'_>, storm: &Storm, mut rng: Rng) {
    let mut miner = Miner {
        world,
        storm,
        paid: 0,
        reorgs: 0,
        floor: world.node.block(Tag::Latest).number,
    };
    while !storm.is_settled() {
        let spent_twice = miner.fill_block(&mut rng);
        miner.world.node.mine(1);
        if !spent_twice.is_empty() || !storm.is_over() && rng.chance(1, REORG_ONE_IN) {
            pause(rng.duration(BLOCK_TIME.0, 3 * BLOCK_TIME.1));
            miner.reorganise(&spent_twice, &mut rng);
        }
        pause(rng.duration(BLOCK_TIME.0, BLOCK_TIME.1));
    }
    assert!(
        miner.reorgs >= 10,
        "only {} reorganisations in a storm",
        miner.reorgs
    );
}

struct Miner<'a> {
    world: &'a World<'a>,
    storm: &'a Storm,
    /// How many payments were made.
    paid: usize,
    reorgs: usize,
    /// What no reorganisation reaches.
    floor: u64,
}

impl Miner<'_> {
    /// Makes payments for the next block, and says which of them are to be spent twice.
    fn fill_block(&mut self, rng: &mut Rng) -> BTreeSet<TxHash> {
        let users = self.storm.book().users.clone();
        let mut spent_twice = BTreeSet::new();
        if users.len() < 2 || self.storm.is_over() {
            return spent_twice;
        }
        for _ in 0..rng.between(0, PAYMENTS_PER_BLOCK_MAX) {
            if self.paid == PAYMENTS {
                break;
            }
            let kind = kind_of(self.paid);
            self.paid += 1;
            let (user, other) = two_of(&users, rng);
            let tx = self.world.pay(kind, user.address, other.address, rng);
            if kind == Kind::DoubleSpent {
                spent_twice.insert(tx);
            }
            self.storm.book().payments.insert(tx, kind);
            self.announce(tx, user, other, rng);
        }
        spent_twice
    }

    /// Lets people claim the payment: those who are paid, somebody else, several at once, later, or nobody.
    fn announce(&self, tx: TxHash, payee: &User, other: &User, rng: &mut Rng) {
        let soon = Instant::now();
        let late = soon + rng.duration(LATE.0, LATE.1);
        let job = |user: &User, times, due| Job {
            user: user.id,
            tx,
            times,
            due,
        };
        let jobs = match rng.below(8) {
            0 | 1 => vec![],
            2 => vec![job(payee, 1, soon)],
            3 => vec![job(payee, 1, soon), job(payee, 1, late)],
            4 => vec![job(payee, 4, soon)],
            5 => vec![job(payee, 1, late)],
            6 => vec![job(other, 1, soon)],
            _ => vec![job(other, 2, soon), job(payee, 2, soon)],
        };
        self.storm.add_jobs(jobs);
    }

    /// Replaces the last blocks by others that hold the same transactions, but for those of `without`, whose payer
    /// spends the money otherwise.
    fn reorganise(&mut self, without: &BTreeSet<TxHash>, rng: &mut Rng) {
        let node = self.world.node;
        let head = node.block(Tag::Latest).number;
        let depth = rng
            .between(1, REORG_DEPTH_MAX)
            .min(head.saturating_sub(self.floor));
        if depth == 0 {
            return;
        }
        let stranger = self.world.stranger.address();
        let lost: Vec<_> = (head + 1 - depth..=head)
            .flat_map(|height| node.receipts(height))
            .filter(|receipt| !without.contains(&receipt.hash) && receipt.from != stranger)
            .map(|receipt| node.raw(receipt.hash))
            .collect();
        if rng.chance(1, 2) {
            node.rollback(depth);
        } else {
            node.reorg(depth);
        }
        self.reorgs += 1;
        // A log in front of the others, so that each has another index in its block than before.
        let to_nobody = [stranger.into(), 1.into()];
        self.world.stranger.send(&self.world.usdt, "mint", &to_nobody);
        for raw in &lost {
            node.send_raw(raw);
        }
        for _ in without {
            let double_spender = &self.world.double_spender;
            double_spender.send(&self.world.usdt, "transfer", &to_nobody);
        }
        node.mine(depth);
        for gone in without {
            assert!(!node.knows(*gone), "{gone} was to be replaced and is still there");
        }
    }
}

/// The kinds in turn, with plain payments between them.
fn kind_of(number: usize) -> Kind {
    if number.is_multiple_of(2) {
        [Kind::Honest, Kind::OtherDecimals, Kind::Several][number / 2 % 3]
    } else {
        Kind::ALL[number / 2 % Kind::ALL.len()]
    }
}

fn two_of<'u>(users: &'u [User], rng: &mut Rng) -> (&'u User, &'u User) {
    let first = rng.index(users.len());
    let second = (first + 1 + rng.index(users.len() - 1)) % users.len();
    (&users[first], &users[second])
}
