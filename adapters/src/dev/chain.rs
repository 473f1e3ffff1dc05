//! [`DevChain`]: the simulator's chain, run by the clock, with its payments in a file.
//!
//! Blocks are a function of time and cost nothing; only payments are kept, one line of JSON each, and a restart
//! makes the chain again from them. The chain must not be younger after a restart than it was, or its endpoints
//! would take finality back: so the file also says, a little ahead of time, how old the chain may have become.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plimsoll_core::escrow::BlockRef;
use plimsoll_core::id::{Address, BlockHash, ChainId, TxHash, UserId};
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;
use plimsoll_sim::model::chain::{Chain, Payee, View};
use plimsoll_sim::world::plan::{ChainPlan, Fate, Movement, Shape, Token};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;

/// The id of the chain, which is no real one's.
pub(super) const CHAIN: ChainId = ChainId::new(1337);
/// Its file in the data folder.
const FILE: &str = "dev-chain.jsonl";
/// How far ahead of time the age of the chain is noted. A restart skips at most this much.
const AGE_AHEAD: Duration = Duration::from_secs(60);

/// A line of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// The chain may have become so old, in nanoseconds.
    Age(u64),
    /// The faucet paid.
    Payment(Payment),
}

/// A payment of the faucet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payment {
    /// When it was sent, in nanoseconds of the chain's age.
    at: u64,
    #[serde(with = "text")]
    to: Address,
    token: Token,
    /// How much, in thousandths of a whole token.
    milli: u64,
}

/// Why there is no chain.
#[derive(Debug, thiserror::Error)]
pub enum DevChainError {
    /// The file cannot be read or made.
    #[error("open the development chain {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line is not one of this chain.
    #[error("read line {line} of the development chain {}: to start over, remove its folder", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A line cannot be added.
    #[error("write the development chain {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A chain for development.
#[derive(Debug)]
pub struct DevChain {
    inside: Mutex<Inside>,
    path: PathBuf,
    clock: Clock,
    /// The reading of the clock at the opening.
    opened_at: Instant,
    /// How old the chain was then.
    age_at_opening: Duration,
}

#[derive(Debug)]
struct Inside {
    chain: Chain,
    file: File,
    /// How old the chain may become before the file must say so.
    age_noted: Instant,
}

impl DevChain {
    /// The chain of the data folder `folder`; a new one if there is none.
    ///
    /// # Errors
    /// [`DevChainError`]: its file cannot be read or made.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self, DevChainError> {
        let path = folder.join(FILE);
        let fail = |source| DevChainError::Open {
            path: path.clone(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(fail)?;
        let lines = read(&file, &path)?;
        let mut chain = Chain::new(
            &ChainPlan {
                id: CHAIN.number(),
                ..ChainPlan::default()
            },
            Rng::from_seed(0),
        );
        let mut age = Instant::ZERO;
        for line in lines {
            match line {
                Line::Age(nanos) => age = age.max(Instant::from_nanos(nanos)),
                Line::Payment(payment) => {
                    age = age.max(Instant::from_nanos(payment.at));
                    mine(&mut chain, &payment);
                }
            }
        }
        let inside = Mutex::new(Inside {
            chain,
            file,
            age_noted: age,
        });
        let opened_at = clock.now();
        Ok(Self {
            inside,
            path,
            clock,
            opened_at,
            age_at_opening: age.since(Instant::ZERO),
        })
    }

    /// The hash of its block 0.
    #[must_use]
    pub fn genesis(&self) -> BlockHash {
        self.lock().chain.genesis()
    }

    /// Pays `milli` thousandths of a whole `token` to `to`, in the next block. Durable when it returns.
    ///
    /// # Errors
    /// [`DevChainError::Write`]: nothing was paid.
    pub(super) fn pay(
        &self,
        to: Address,
        token: Token,
        milli: u64,
    ) -> Result<(TxHash, BlockRef), DevChainError> {
        let mut inside = self.lock();
        let payment = Payment {
            at: self.age().as_nanos(),
            to,
            token,
            milli,
        };
        self.append(&mut inside.file, Line::Payment(payment))?;
        Ok(mine(&mut inside.chain, &payment))
    }

    /// Shows the chain to `look` as a node does that trails it by `lag_blocks`.
    ///
    /// # Errors
    /// [`DevChainError::Write`]: the age could not be noted, so the chain must not be shown.
    pub(super) fn view<T>(
        &self,
        lag_blocks: u64,
        look: impl FnOnce(View<'_>) -> T,
    ) -> Result<T, DevChainError> {
        let mut inside = self.lock();
        let age = self.age();
        if age >= inside.age_noted {
            let ahead = age.after(AGE_AHEAD);
            self.append(&mut inside.file, Line::Age(ahead.as_nanos()))?;
            inside.age_noted = ahead;
        }
        Ok(look(inside.chain.view_behind(age, lag_blocks)))
    }

    fn age(&self) -> Instant {
        Instant::ZERO.after(self.age_at_opening + self.clock.now().since(self.opened_at))
    }

    fn append(&self, file: &mut File, line: Line) -> Result<(), DevChainError> {
        let write = |source| DevChainError::Write {
            path: self.path.clone(),
            source,
        };
        let mut text = serde_json::to_vec(&line)
            .map_err(io::Error::from)
            .map_err(write)?;
        text.push(b'\n');
        file.write_all(&text)
            .and_then(|()| file.sync_data())
            .map_err(write)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(file: &File, path: &Path) -> Result<Vec<Line>, DevChainError> {
    let mut lines = Vec::new();
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|source| DevChainError::Open {
            path: path.to_owned(),
            source,
        })?;
        let parsed = serde_json::from_str(&line);
        lines.push(parsed.map_err(|source| DevChainError::Line {
            path: path.to_owned(),
            line: index + 1,
            source,
        })?);
    }
    Ok(lines)
}

/// Puts a payment into the block after the one in which it was sent.
fn mine(chain: &mut Chain, payment: &Payment) -> (TxHash, BlockRef) {
    let sent_at = Instant::from_nanos(payment.at);
    let movement = Movement {
        shape: Shape::Payment,
        user: 0,
        token: payment.token,
        amount_milli: payment.milli,
    };
    // The chain pays an address; whose it is is for the bank to know.
    let payee = |_| Payee {
        user: UserId::new(0),
        address: payment.to,
    };
    let index = chain.announce();
    let Some(mined_at) = chain.send(sent_at, index, (&[movement], &payee), Fate::Mined, 0) else {
        unreachable!("a transaction that is to be mined never will be")
    };
    chain.mine(mined_at, index);
    (
        chain.hash_of(index),
        chain.block(chain.height(mined_at), mined_at),
    )
}

/// An address as people read it.
mod text {
    use plimsoll_core::id::Address;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(address)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
