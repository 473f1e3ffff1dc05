//! The simulator's side: its chain, one faultless endpoint of it, and one that misbehaves on command.

use plimsoll_core::escrow::{Answer, Fault as Silence, Question};
use plimsoll_core::id::{Address, TxHash, UserId};
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;
use plimsoll_sim::fault::EndpointFault;
use plimsoll_sim::model::assets::{COLLECT, COUNTERFEIT};
use plimsoll_sim::model::chain::{Chain, FIRST_HEIGHT, Moved, Payee, TxIndex};
use plimsoll_sim::model::endpoint::{Endpoint, Reaction};
use plimsoll_sim::world::plan::{ChainPlan, Fate, Token};
use plimsoll_tests::proxy::{Fault, SCAN_BLOCKS_MAX};

use super::names::Names;
use super::script::{Ask, End, Place, TRANSACTIONS_MAX, Transaction};
use super::{CHAIN, FINALITY_BLOCKS, UNKNOWN};

const BLOCK_MS: u64 = 1_000;
/// The number of the one fault at a time.
const FAULT: u32 = 1;
const NATIVE: Address = {
    let mut bytes = [0xff; 20];
    bytes[19] = 0xfe;
    Address::Evm(bytes)
};

/// The model.
pub(super) struct Model {
    chain: Chain,
    clear: Endpoint,
    faulty: Endpoint,
    narrow: Endpoint,
    fault: Fault,
    now: Instant,
    transactions: Vec<TxIndex>,
    /// Who waits to be mined, and when: for the first time, and again.
    fresh: Vec<(usize, Instant)>,
    returning: Vec<(usize, Instant)>,
    pub(super) names: Names,
}

/// What comes into the next block.
pub(super) struct Next {
    /// For the first time.
    pub(super) fresh: Vec<usize>,
    /// Again, after what is there for the first time.
    pub(super) returning: Vec<usize>,
}

impl Model {
    pub(super) fn new(seed: u64) -> Self {
        let rng = Rng::from_seed(seed);
        let plan = ChainPlan {
            id: CHAIN,
            block_ms: BLOCK_MS,
            finality_blocks: FINALITY_BLOCKS,
            ..ChainPlan::default()
        };
        let mut names = Names::new(FIRST_HEIGHT);
        for (name, place) in [
            ("USDT", Place::Token(Token::Usdt)),
            ("USDC", Place::Token(Token::Usdc)),
            ("BUSD", Place::Token(Token::Busd)),
            ("counterfeit", Place::Counterfeit),
            ("native", Place::Native),
            ("the house", Place::Nobody),
        ] {
            names.call(address(place), name);
        }
        names.call(Address::default(), "zero");
        for user in 0..TRANSACTIONS_MAX {
            let number = u32::try_from(user).expect("there are few users");
            names.call(payee(number).address, &format!("user {user}"));
        }
        let endpoint = |number| Endpoint::new(number, 0, rng.fork_indexed("endpoint", u64::from(number)));
        Self {
            chain: Chain::new(&plan, rng.fork("chain")),
            clear: endpoint(0),
            faulty: endpoint(1),
            narrow: endpoint(2).with_scans_of(Some(SCAN_BLOCKS_MAX)),
            fault: Fault::Clear,
            now: Instant::ZERO,
            transactions: Vec::new(),
            fresh: Vec::new(),
            returning: Vec::new(),
            names,
        }
    }

    pub(super) fn send(&mut self, tx: &Transaction) {
        let index = self.chain.announce();
        self.transactions.push(index);
        self.names.sent(self.chain.hash_of(index), tx.number);
        let fate = match tx.end {
            End::Mined => Fate::Mined,
            End::OutOfGas => Fate::Reverted,
            End::Dropped => Fate::NeverMined,
        };
        let due = self.chain.send(self.now, index, (&tx.movements, &payee), fate, 0);
        self.fresh.extend(due.map(|due| (tx.number, due)));
    }

    /// Lets one block come.
    pub(super) fn mine(&mut self) -> Next {
        self.now = self.chain.next_block_at(self.now);
        let fresh = due(&mut self.fresh, self.now);
        let returning = due(&mut self.returning, self.now);
        for number in fresh.iter().chain(&returning) {
            self.chain.mine(self.now, self.transactions[*number]);
        }
        Next { fresh, returning }
    }

    /// Replaces the last blocks: how many, and each transaction of theirs, with the place of its new block among them if
    /// it has one.
    pub(super) fn reorganise(&mut self, depth: u64, vanish_percent: u8) -> (u64, Vec<(usize, Option<u64>)>) {
        let done = self.chain.reorganise(self.now, depth, vanish_percent);
        let (from, moved) = done.expect("a test chain always has a block that is not final");
        let depth = self.chain.height(self.now) + 1 - from;
        let moved = moved.into_iter().map(|(index, moved)| {
            let number = index.place();
            let place = match moved {
                Moved::Again(block) => Some(block.number - from),
                Moved::Later(due) => {
                    self.returning.push((number, due));
                    None
                }
                Moved::Gone => None,
            };
            (number, place)
        });
        (depth, moved.collect())
    }

    pub(super) fn turn(&mut self, fault: Fault) {
        self.faulty.end(FAULT);
        self.fault = fault;
        if let Some(fault) = counterpart(fault) {
            self.faulty.begin(FAULT, fault, 100, self.now);
        }
    }

    /// Asks the endpoint that misbehaves, or the one that does not.
    pub(super) fn ask(&mut self, ask: &Ask, is_faulty: bool) -> Result<Answer, Silence> {
        let question = self.question(ask);
        // A node that indexes shows everything but receipts.
        let is_hit = is_faulty && (self.fault != Fault::Indexing || matches!(ask, Ask::Receipt(_)));
        let endpoint = if !is_hit {
            &mut self.clear
        } else if self.fault == Fault::Narrow {
            &mut self.narrow
        } else {
            &mut self.faulty
        };
        match endpoint.ask(&self.chain, self.now, &question, Address::default()) {
            Reaction::Answers(_, said) => said,
            Reaction::Hangs => Err(Silence::Timeout),
        }
    }

    fn question(&self, ask: &Ask) -> Question {
        let addresses = |places: &[Place]| places.iter().map(|place| address(*place)).collect();
        match ask {
            Ask::Identity(places) => Question::Identity {
                tokens: addresses(places),
            },
            Ask::Heads => Question::Heads,
            Ask::Receipt(number) => Question::Receipt {
                tx: number.map_or(UNKNOWN, |number| self.hash(number)),
            },
            Ask::Scan { from, to, tokens } => Question::Scan {
                from: FIRST_HEIGHT + from,
                to: FIRST_HEIGHT + to,
                tokens: addresses(tokens),
            },
            Ask::Balances {
                block,
                token,
                holders,
            } => Question::Balances {
                block: FIRST_HEIGHT + block,
                token: address(Place::Token(*token)),
                holders: holders.iter().map(|user| payee(*user).address).collect(),
            },
        }
    }

    fn hash(&self, number: usize) -> TxHash {
        self.chain.hash_of(self.transactions[number])
    }
}

/// What the model has for a fault of the proxy. A narrow endpoint is another endpoint.
fn counterpart(fault: Fault) -> Option<EndpointFault> {
    match fault {
        Fault::Clear | Fault::Narrow => None,
        Fault::Reset => Some(EndpointFault::Dead),
        Fault::RateLimited => Some(EndpointFault::RateLimited {
            retry_after_ms: Some(1_000),
        }),
        Fault::Failing => Some(EndpointFault::ServerError),
        Fault::Truncated => Some(EndpointFault::Malformed),
        Fault::Silent => Some(EndpointFault::NeverAnswers),
        Fault::Stale => Some(EndpointFault::StuckHead),
        Fault::Indexing | Fault::Starting => Some(EndpointFault::NotReady),
        Fault::Slow | Fault::Forging => unreachable!("no script lets an endpoint be {fault:?}"),
    }
}

fn due(waiting: &mut Vec<(usize, Instant)>, now: Instant) -> Vec<usize> {
    let due = waiting.extract_if(.., |(_, due)| *due <= now);
    due.map(|(number, _)| number).collect()
}

fn payee(user: u32) -> Payee {
    let mut bytes = [0xd0; 20];
    bytes[..4].copy_from_slice(&user.to_be_bytes());
    Payee {
        user: UserId::new(u64::from(user)),
        address: Address::Evm(bytes),
    }
}

fn address(place: Place) -> Address {
    match place {
        Place::Token(token) => token.facts().contract.expect("the token is on the chain").0,
        Place::Counterfeit => COUNTERFEIT,
        Place::Native => NATIVE,
        Place::Nobody => COLLECT,
    }
}
