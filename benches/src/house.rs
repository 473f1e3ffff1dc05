//! A house: a bank with funded users, at home on the toy chain, and the scripts of what happens to it.

use std::time::Duration;

use plimsoll_core::bank::{Act, Bank, Command, Event, Input, Record, Reply, State};
use plimsoll_core::escrow::TxKey;
use plimsoll_core::id::{Address, IdempotencyKey, RequestId, TxHash, UserId};
use plimsoll_core::ledger::{self, Owner, Request, Rules, Transfer, Verdict};
use plimsoll_core::machine::{Effects, Intent, Machine as _};
use plimsoll_core::money::Amount;
use plimsoll_core::rng::Rng;
use plimsoll_core::time::{Instant, WallClock};

use crate::config::{asset, bank_config};
use crate::script::Script;
use crate::suite::sized;
use crate::toy_chain::{CHAIN, ToyChain};

/// How many users every house has.
const USERS: u64 = 10_000;
const USERS_TRIED: u64 = 100;
/// What every user has at first, in minor units of USDT: a thousand.
const FUNDS: Amount = Amount::from_minor(1_000_000_000_000_000_000_000);
/// What one deposit pays, in minor units of USDT: ten units of GOLD, and one left over.
const DEPOSIT: u128 = 3_001;
/// The date at the start of the driver's clock.
const EPOCH: WallClock = WallClock::from_micros(1_700_000_000_000_000);

/// A bank at home.
#[derive(Clone)]
pub struct House {
    bank: Bank,
    chain: ToyChain,
    now: Instant,
    requests: u64,
    users: Vec<(UserId, Address)>,
    rng: Rng,
    recorded: Script,
    facts: Vec<Record>,
}

impl House {
    /// A house with ten thousand users, fewer when it is only tried, all of them with money, whose endpoints have proved themselves.
    #[must_use]
    pub fn new() -> Self {
        let mut house = Self {
            bank: open(State::default()),
            chain: ToyChain::default(),
            now: Instant::ZERO,
            requests: 0,
            users: Vec::new(),
            rng: Rng::from_seed(1),
            recorded: Script::new(),
            facts: Vec::new(),
        };
        for number in 1..=sized(USERS, USERS_TRIED) {
            house.register(number);
        }
        house.fund();
        house.pass(Duration::from_secs(2));
        house
    }

    /// The bank as it is.
    #[must_use]
    pub fn bank(&self) -> &Bank {
        &self.bank
    }

    /// The endpoints' chain.
    #[must_use]
    pub fn chain(&self) -> &ToyChain {
        &self.chain
    }

    /// Everything durable that made the bank what it is, oldest first.
    #[must_use]
    pub fn facts(&self) -> &[Record] {
        &self.facts
    }

    /// The next `count` transfers, a microsecond apart, each from one random user to another. They are not played.
    pub fn transfers(&mut self, count: u64) -> Script {
        (0..count).map(|_| self.transfer()).collect()
    }

    /// The next `count` transfers, for somebody who has clocks of their own.
    pub fn commands(&mut self, count: usize) -> Vec<Command> {
        (0..count).map(|_| self.transfer_command()).collect()
    }

    /// Plays `script` to this house's own bank, and gives back what became durable by it.
    pub fn decide(&mut self, script: Script) -> Vec<Record> {
        let (mut records, mut fx) = (Vec::new(), Effects::new());
        for (now, input) in script {
            self.bank.handle(now, input, &mut fx);
            records.extend(fx.drain().filter_map(|effect| match effect {
                Intent::Record(record) => Some(record),
                Intent::Act(_) => None,
            }));
        }
        records
    }

    /// `blocks` blocks, a second each, with `deposits` claimed deposits in each of them, until all are final. They are
    /// played to this house's own bank, and what it was told on the way is the script.
    pub fn deposits(&mut self, blocks: u64, deposits: u64) -> Script {
        self.recorded.clear();
        for _ in 0..blocks {
            self.chain.mine();
            for _ in 0..deposits {
                self.deposit();
            }
            self.pass(Duration::from_secs(1));
        }
        for _ in 0..8 {
            self.chain.mine();
            self.pass(Duration::from_secs(1));
        }
        let stages = self.bank.state().escrow().stages();
        let count = |(_, count): (&str, usize)| count as u64;
        let last = stages
            .filter(|(stage, _)| *stage == "final")
            .map(count)
            .sum::<u64>();
        assert_eq!(last, blocks * deposits, "not every deposit became final");
        core::mem::take(&mut self.recorded)
    }

    /// The next `count` claims of transactions that no chain has, a microsecond apart, each user's turn after the other's.
    /// They are not played.
    pub fn claims(&mut self, count: u64) -> Script {
        (0..count).map(|_| self.claim()).collect()
    }

    fn claim(&mut self) -> (Instant, Input) {
        self.now = self.now.after(Duration::from_micros(1));
        self.requests += 1;
        let turn = usize::try_from(self.requests).unwrap_or(usize::MAX) % self.users.len();
        let mut hash = [0x99; 32];
        hash[..8].copy_from_slice(&self.requests.to_be_bytes());
        let command = Command::Claim {
            key: self.key(),
            user: self.users[turn].0,
            tx: TxKey {
                chain: CHAIN,
                tx: TxHash::Evm(hash),
            },
        };
        (self.now, self.input(command))
    }

    fn transfer(&mut self) -> (Instant, Input) {
        self.now = self.now.after(Duration::from_micros(1));
        let command = self.transfer_command();
        (self.now, self.input(command))
    }

    fn transfer_command(&mut self) -> Command {
        self.requests += 1;
        let users = self.users.len();
        let payer = self.rng.index(users);
        let payee = (payer + 1 + self.rng.index(users - 1)) % users;
        let transfer = Transfer {
            debit: Owner::User(self.users[payer].0),
            credit: Owner::User(self.users[payee].0),
            asset: asset("USDT"),
            amount: Amount::from_minor(i128::from(self.rng.between(1_000, 1_000_000))),
        };
        Command::Transact(Request {
            key: self.key(),
            command: ledger::Command::Post {
                transfers: vec![transfer],
            },
        })
    }

    fn deposit(&mut self) {
        let (user, address) = self.users[self.rng.index(self.users.len())];
        let tx = TxKey {
            chain: CHAIN,
            tx: self.chain.pay(address, DEPOSIT),
        };
        self.requests += 1;
        let key = self.key();
        let input = self.input(Command::Claim { key, user, tx });
        self.play(input);
    }

    fn register(&mut self, number: u64) {
        self.requests += 1;
        let command = Command::RegisterUser {
            key: self.key(),
            name: format!("user {number}"),
        };
        let input = self.input(command);
        let replies = self.play(input);
        let [Reply::User { user, addresses, .. }] = replies.as_slice() else {
            unreachable!("user {number} was answered {replies:?}")
        };
        self.users.push((*user, addresses[0].1));
    }

    /// Gives every user money, as the escrow does.
    fn fund(&mut self) {
        let mut state = self.bank.state().clone();
        for (user, _) in self.users.clone() {
            self.requests += 1;
            let transfer = Transfer {
                debit: Owner::Custody(CHAIN),
                credit: Owner::User(user),
                asset: asset("USDT"),
                amount: FUNDS,
            };
            let request = Request {
                key: self.key(),
                command: ledger::Command::Post {
                    transfers: vec![transfer],
                },
            };
            let verdict = state.ledger().decide(Rules::Internal, EPOCH, request);
            let Verdict::Fresh(record) = verdict else {
                unreachable!("{user} was funded before: {verdict:?}")
            };
            let record = Record::Ledger(record);
            state.apply(&record);
            self.facts.push(record);
        }
        self.bank = open(state);
    }

    /// The key of the request that is made: the client's, hashed at the edge.
    fn key(&self) -> IdempotencyKey {
        IdempotencyKey::derive("bench", &self.requests.to_be_bytes())
    }

    fn input(&self, command: Command) -> Input {
        let request = RequestId::new(self.requests);
        self.stamped(Event::Command { request, command })
    }

    fn stamped(&self, event: Event) -> Input {
        let wall = EPOCH.after(self.now.since(Instant::ZERO));
        Input { wall, event }
    }

    /// Lets time pass in ticks at the bank's own deadlines.
    fn pass(&mut self, duration: Duration) {
        let end = self.now.after(duration);
        while let Some(due) = self.bank.next_deadline().filter(|due| due.at.max(self.now) < end) {
            self.now = due.at.max(self.now);
            self.play(self.stamped(Event::Tick));
        }
        self.now = end;
        self.play(self.stamped(Event::Tick));
    }

    /// Hands one input to the bank and every answer that follows from it at once; gives back the replies.
    fn play(&mut self, input: Input) -> Vec<Reply> {
        let (mut waiting, mut replies) = (vec![input], Vec::new());
        let mut fx = Effects::new();
        while let Some(input) = waiting.pop() {
            self.recorded.push((self.now, input.clone()));
            self.bank.handle(self.now, input, &mut fx);
            for effect in fx.drain() {
                match effect {
                    Intent::Act(Act::Reply { reply, .. }) => replies.push(reply),
                    Intent::Act(Act::Ask { call, question, .. }) => {
                        let outcome = Ok(self.chain.answer(&question));
                        waiting.push(self.stamped(Event::Answered { call, outcome }));
                    }
                    Intent::Record(record) => self.facts.push(record),
                    Intent::Act(Act::Queue { .. }) => unreachable!("the house has no workers"),
                    Intent::Act(Act::Notice(_)) => {}
                }
            }
        }
        replies
    }
}

impl Default for House {
    fn default() -> Self {
        Self::new()
    }
}

fn open(state: State) -> Bank {
    Bank::open(bank_config(), state).unwrap_or_else(|errors| unreachable!("{errors:?}"))
}
