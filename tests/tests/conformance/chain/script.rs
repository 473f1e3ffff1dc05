//! What is done to a chain, and what it is asked: drawn from a seed, the same for the model and the real node.

use std::collections::BTreeSet;

use plimsoll_core::rng::Rng;
use plimsoll_sim::world::plan::{Movement, Shape, Token};
use plimsoll_tests::proxy::{Fault, SCAN_BLOCKS_MAX};

/// How many operations a script has.
const LENGTH: usize = 60;
/// The most transactions of a script. Each is signed by somebody else, so that none waits for another one's nonce: there
/// are as many outsiders who pay, and as many users whose own money moves.
pub(super) const TRANSACTIONS_MAX: usize = 24;
/// How many transactions in a hundred run out of gas, and how many are never mined.
const REVERTED_PERCENT: u64 = 40;
const DROPPED_PERCENT: u64 = 8;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    /// A transaction is sent.
    Send(Transaction),
    /// So many blocks come.
    Mine(u64),
    /// The last blocks are replaced.
    Reorganise {
        /// How many.
        depth: u64,
        /// How many in a hundred of their transactions are not mined again.
        vanish_percent: u8,
    },
    /// The endpoint begins to misbehave so, or stops.
    Turn(Fault),
    /// The endpoint is asked.
    Ask(Ask),
}

/// A transaction, called by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transaction {
    /// How many were sent before it.
    pub(super) number: usize,
    /// Its logs; none is a transaction that does nothing.
    pub(super) movements: Vec<Movement>,
    /// What becomes of it.
    pub(super) end: End,
}

/// What becomes of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It is mined and does what it says.
    Mined,
    /// It is mined and runs out of gas.
    OutOfGas,
    /// It is dropped from the pool.
    Dropped,
}

/// A question, by names that both sides know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    /// Who are you?
    Identity(Vec<Place>),
    /// Where do you stand?
    Heads,
    /// The receipt of a transaction; `None` is one that nobody ever sent.
    Receipt(Option<usize>),
    /// The transfers in these blocks, counted from where the script begins.
    Scan {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
        /// Of which contracts.
        tokens: Vec<Place>,
    },
    /// What these users have of a token at the end of this block, counted from where the script begins.
    Balances {
        /// The block.
        block: u64,
        /// Of which token.
        token: Token,
        /// Which users.
        holders: Vec<u32>,
    },
}

/// An address that has, or has not, a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A registered token, by what the model calls it.
    Token(Token),
    /// A contract that calls itself like a registered token.
    Counterfeit,
    /// Where native transfers are logged from; it has code, and no `decimals()`.
    Native,
    /// A person's address.
    Nobody,
}

const PLACES: [Place; 6] = [
    Place::Token(Token::Usdt),
    Place::Token(Token::Usdc),
    Place::Token(Token::Busd),
    Place::Counterfeit,
    Place::Native,
    Place::Nobody,
];
const FAULTS: [Fault; 9] = [
    Fault::Reset,
    Fault::RateLimited,
    Fault::Failing,
    Fault::Truncated,
    Fault::Silent,
    Fault::Stale,
    Fault::Indexing,
    Fault::Starting,
    Fault::Narrow,
];

impl Transaction {
    /// What kind of transaction it is, for the tally.
    pub(super) fn kind(&self) -> String {
        if self.end == End::Dropped {
            return "send, then drop".to_owned();
        }
        match self.movements.as_slice() {
            [] => "pay nothing".to_owned(),
            [one] => format!("pay: {:?}", one.shape),
            [_, _, ..] => "pay several".to_owned(),
        }
    }
}

impl Ask {
    /// What kind of question it is, for the tally.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Identity(_) => "ask: identity",
            Self::Heads => "ask: heads",
            Self::Receipt(_) => "ask: receipt",
            Self::Scan { .. } => "ask: scan",
            Self::Balances { .. } => "ask: balances",
        }
    }
}

/// The script of a seed.
pub(super) fn draw(seed: u64) -> Vec<Operation> {
    let mut rng = Rng::from_seed(seed).fork("script");
    let mut drawing = Drawing {
        sent: 0,
        height: 0,
        swept: BTreeSet::new(),
        fault: Fault::Clear,
    };
    (0..LENGTH).map(|_| drawing.step(&mut rng)).collect()
}

/// What the script knows of the chain so far.
struct Drawing {
    sent: usize,
    height: u64,
    /// Whose own money was moved. In the model they have what came in; on the real chain they are rich from the start.
    swept: BTreeSet<u32>,
    fault: Fault,
}

impl Drawing {
    fn step(&mut self, rng: &mut Rng) -> Operation {
        match rng.below(20) {
            0..=4 if self.sent < TRANSACTIONS_MAX => Operation::Send(self.transaction(rng)),
            0..=6 => {
                let blocks = rng.between(1, 3);
                self.height += blocks;
                Operation::Mine(blocks)
            }
            // A proxy that stands still shows its node's past, and the node forgets the forks that it left.
            7 if self.fault != Fault::Stale => Operation::Reorganise {
                depth: rng.between(1, 3),
                vanish_percent: [0, 30, 100][rng.index(3)],
            },
            7..=9 => {
                self.fault = if rng.chance(1, 2) {
                    Fault::Clear
                } else {
                    FAULTS[rng.index(FAULTS.len())]
                };
                Operation::Turn(self.fault)
            }
            _ => Operation::Ask(self.ask(rng)),
        }
    }

    fn transaction(&mut self, rng: &mut Rng) -> Transaction {
        let number = self.sent;
        self.sent += 1;
        let end = match rng.below(100) {
            percent if percent < REVERTED_PERCENT => End::OutOfGas,
            percent if percent < REVERTED_PERCENT + DROPPED_PERCENT => End::Dropped,
            _ => End::Mined,
        };
        let movements = match rng.below(10) {
            0 => Vec::new(),
            1..=3 => {
                let payment = |rng: &mut Rng| movement(Shape::Payment, Token::Usdt, number, rng);
                (0..rng.between(2, 4)).map(|_| payment(rng)).collect()
            }
            _ => {
                let shape = Shape::ALL[rng.index(Shape::ALL.len())];
                let token = token_of(shape, rng);
                let one = movement(shape, token, number, rng);
                if shape == Shape::OwnSweep {
                    self.swept.insert(one.user);
                }
                vec![one]
            }
        };
        Transaction {
            number,
            movements,
            end,
        }
    }

    fn ask(&self, rng: &mut Rng) -> Ask {
        match rng.below(10) {
            0 => Ask::Identity(places(rng)),
            1 => Ask::Heads,
            2..=4 => {
                let is_known = self.sent > 0 && rng.chance(9, 10);
                Ask::Receipt(is_known.then(|| rng.index(self.sent)))
            }
            5..=6 => Ask::Balances {
                block: rng.between(1, self.height + 2),
                token: [Token::Usdt, Token::Usdc][rng.index(2)],
                holders: (0..users()).filter(|user| !self.swept.contains(user)).collect(),
            },
            _ => {
                let from = rng.between(1, self.height + 2);
                let to = rng.between(from, from + 2 * SCAN_BLOCKS_MAX);
                let tokens = places(rng);
                Ask::Scan { from, to, tokens }
            }
        }
    }
}

fn movement(shape: Shape, token: Token, number: usize, rng: &mut Rng) -> Movement {
    let user = match shape {
        Shape::SelfTransfer | Shape::OwnSweep => number,
        Shape::Payment
        | Shape::ToCollect
        | Shape::ToStranger
        | Shape::FakeToken
        | Shape::Erc721
        | Shape::DirtyTopic
        | Shape::LongData
        | Shape::Native
        | Shape::ZeroValue
        | Shape::Minted
        | Shape::Huge
        | Shape::Approval => rng.index(TRANSACTIONS_MAX),
    };
    let user = u32::try_from(user).expect("there are few users");
    // The model draws which huge number a huge movement has from its amount: these come to the largest.
    let amount_milli = 3 * rng.between(1, 3_000);
    Movement {
        shape,
        user,
        token,
        amount_milli,
    }
}

fn users() -> u32 {
    u32::try_from(TRANSACTIONS_MAX).expect("there are few users")
}

/// Which of the contracts on the real chain can log such a thing: see `real`.
fn token_of(shape: Shape, rng: &mut Rng) -> Token {
    match shape {
        Shape::Payment if rng.chance(1, 2) => Token::Usdc,
        Shape::Payment
        | Shape::ToCollect
        | Shape::ToStranger
        | Shape::FakeToken
        | Shape::Native
        | Shape::ZeroValue
        | Shape::SelfTransfer
        | Shape::OwnSweep
        | Shape::Minted
        | Shape::Approval => Token::Usdt,
        Shape::Erc721 | Shape::DirtyTopic | Shape::LongData | Shape::Huge => Token::Busd,
    }
}

/// Some of the places, at least one.
fn places(rng: &mut Rng) -> Vec<Place> {
    let first = rng.index(PLACES.len());
    let chosen = PLACES
        .iter()
        .enumerate()
        .filter(|(place, _)| *place == first || rng.chance(1, 2));
    chosen.map(|(_, place)| *place).collect()
}
