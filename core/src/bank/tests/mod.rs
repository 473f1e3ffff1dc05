//! The bank against a toy chain with four honest endpoints, each of which a test may bend.

mod bends;
mod clocks;
mod crashes;
mod deposits;
mod dispatch;
mod draining;
mod dust;
mod handovers;
mod late;
mod letters;
mod orders;
mod people;
mod reconciling;
mod refunds;
mod resolving;
mod restarts;

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::vec;
use std::vec::Vec;

use super::{Act, Bank, BankConfig, Command, Effect, Event, Input, Notice, Query, Record, Reply, State};
use crate::escrow::testing::{
    CHAIN, PAYER, asset, block, chain, config, receipt, registry, topic, transfer, tx,
};
use crate::escrow::{Answer, Fault, Log, Question, Receipt, ScanLog, Stage, TxKey};
use crate::id::{Address, CallId, IdempotencyKey, RequestId, TxHash, UserId};
use crate::limits::GROUP_RECORDS_MAX;
use crate::machine::{Effects, Intent, Machine};
use crate::money::Amount;
use crate::queue::{Lane, LaneFault, QueueReply, QueueRequest};
use crate::resilience::PoolPolicy;
use crate::time::{Instant, WallClock};

/// What an endpoint does with a question before it answers honestly; `None` lets it.
type Bend = fn(&House, &Question) -> Option<Result<Answer, Fault>>;

/// The bank, its chain, and everything that ever left it.
struct House {
    bank: Bank,
    now: Instant,
    latest: u64,
    finalized: u64,
    mined: BTreeMap<TxHash, Receipt>,
    bends: BTreeMap<u8, Bend>,
    records: Vec<Record>,
    replies: Vec<(RequestId, Reply)>,
    asked: Vec<(u8, Question)>,
    /// The calls that nobody answers.
    unanswered: Vec<CallId>,
    requests: u64,
    /// How often the bank was called.
    handled: usize,
    /// What the date of the clock on the wall is at the start, if it is what it should be.
    dawn: WallClock,
    /// What queues were asked, and which of them are down.
    queued: Vec<(Lane, QueueRequest)>,
    lanes_down: Vec<Lane>,
    /// Whether queues keep their answers to themselves.
    are_queues_mute: bool,
    notices: Vec<Notice>,
    /// Whether another bank goes on before every input, from what the one before held.
    hands_over: bool,
    /// Whether endpoints keep their answers to themselves.
    holds_answers: bool,
}

impl House {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut BankConfig)) -> Self {
        Self::after(Vec::new(), change)
    }

    /// A house that goes on from `records`.
    fn after(records: Vec<Record>, change: impl FnOnce(&mut BankConfig)) -> Self {
        let mut config = BankConfig {
            registry: registry(),
            escrow: config(),
            pool: PoolPolicy::default(),
            seed: 7,
        };
        change(&mut config);
        Self {
            bank: Bank::open(config, replayed(&records)).unwrap(),
            now: Instant::ZERO,
            latest: 10,
            finalized: 8,
            mined: BTreeMap::new(),
            bends: BTreeMap::new(),
            records,
            replies: Vec::new(),
            asked: Vec::new(),
            unanswered: Vec::new(),
            requests: 0,
            handled: 0,
            dawn: WallClock::from_micros(1_700_000_000_000_000),
            queued: Vec::new(),
            lanes_down: Vec::new(),
            are_queues_mute: false,
            notices: Vec::new(),
            hands_over: false,
            holds_answers: false,
        }
    }

    /// Ends the process and starts it again, with another configuration.
    fn restart(&mut self, change: impl FnOnce(&mut BankConfig)) {
        let mut config = self.bank.config().clone();
        change(&mut config);
        self.bank = Bank::open(config, replayed(&self.records)).unwrap();
    }

    fn wall(&self) -> WallClock {
        self.dawn.after(self.now.since(Instant::ZERO))
    }

    /// Hands one event to the bank, and every answer that follows from it at once.
    fn handle(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(mut event) = events.pop() {
            let mut fx = Effects::new();
            if self.hands_over {
                event = handovers::stored(&event);
                self.bank = handovers::resumed(&self.bank);
            }
            self.bank.handle(
                self.now,
                Input {
                    wall: self.wall(),
                    event,
                },
                &mut fx,
            );
            self.handled += 1;
            let records = fx
                .as_slice()
                .iter()
                .filter(|one| matches!(one, Intent::Record(_)));
            assert!(
                records.count() <= GROUP_RECORDS_MAX,
                "one input made too many records"
            );
            for effect in fx.drain().collect::<Vec<Effect>>() {
                match effect {
                    Intent::Record(record) => self.records.push(record),
                    Intent::Act(Act::Reply { request, reply }) => self.replies.push((request, reply)),
                    Intent::Act(Act::Notice(notice)) => self.notices.push(notice),
                    Intent::Act(Act::Queue {
                        errand,
                        lane,
                        request,
                        ..
                    }) => {
                        self.queued.push((lane, request));
                        let outcome = if self.lanes_down.contains(&lane) {
                            Err(LaneFault::Connection)
                        } else {
                            Ok(QueueReply::Enqueued)
                        };
                        if !self.are_queues_mute {
                            events.push(Event::Queued { errand, outcome });
                        }
                    }
                    Intent::Act(Act::Ask {
                        call,
                        endpoint,
                        question,
                        ..
                    }) => {
                        self.asked.push((endpoint.index, question.clone()));
                        let bent = self
                            .bends
                            .get(&endpoint.index)
                            .and_then(|bend| bend(self, &question));
                        match bent.unwrap_or_else(|| Ok(self.honest(&question))) {
                            _ if self.holds_answers => {}
                            Err(Fault::Timeout) => self.unanswered.push(call), // the bank must notice by itself
                            outcome => events.push(Event::Answered { call, outcome }),
                        }
                    }
                }
            }
        }
    }

    fn honest(&self, question: &Question) -> Answer {
        let finalized = block(self.finalized);
        match question {
            Question::Identity { tokens } => Answer::Identity {
                chain_id: 56,
                genesis: chain().genesis,
                decimals: vec![Some(18); tokens.len()],
            },
            Question::Attested => Answer::Attested { block: finalized },
            Question::Heads => Answer::Heads {
                latest: block(self.latest),
                finalized,
            },
            Question::Receipt { tx } => Answer::Receipt {
                finalized,
                receipt: self.mined.get(tx).cloned(),
            },
            Question::Balances {
                block: number,
                holders,
                ..
            } => Answer::Balances {
                finalized,
                at: Some(block(*number)),
                balances: holders.iter().map(|one| self.held(*one, *number)).collect(),
            },
            Question::Scan { from, to, .. } => {
                let inside =
                    |receipt: &&Receipt| receipt.succeeded && (*from..=*to).contains(&receipt.block.number);
                let logs = |receipt: &Receipt| {
                    let (tx, block) = (receipt.tx, receipt.block.number);
                    let located = move |log: &Log| ScanLog { tx, block, log: *log };
                    receipt.logs.iter().map(located).collect::<Vec<_>>()
                };
                let logs = self.mined.values().filter(inside).flat_map(logs).collect();
                Answer::Scan {
                    finalized,
                    last: Some(block(*to)),
                    logs,
                }
            }
        }
    }

    /// What `holder` has on the chain at a height.
    fn held(&self, holder: Address, height: u64) -> [u8; 32] {
        let mined = self
            .mined
            .values()
            .filter(|one| one.succeeded && one.block.number <= height);
        let mut units = 0i128;
        for log in mined.flat_map(|one| &one.logs) {
            let moved = Amount::from_be_word(&log.word).unwrap().minor();
            if log.topics[2] == topic(holder) {
                units += moved;
            }
            if log.topics[1] == topic(holder) {
                units -= moved;
            }
        }
        let mut word = [0; 32];
        word[16..].copy_from_slice(&units.max(0).to_be_bytes());
        word
    }

    /// Makes every endpoint do `bend`.
    fn bend_all(&mut self, bend: Bend) {
        self.bends.extend((0..4).map(|endpoint| (endpoint, bend)));
    }

    /// Lets time pass in ticks at the bank's own deadlines.
    fn pass(&mut self, duration: Duration) {
        let end = self.now.after(duration);
        loop {
            let next = self
                .bank
                .next_deadline()
                .map_or(end, |deadline| deadline.at.max(self.now));
            if next >= end {
                break;
            }
            self.now = next;
            self.handle(Event::Tick);
        }
        self.now = end;
        self.handle(Event::Tick);
    }

    /// Lets `blocks` blocks pass, a second each, all of them final but the last two.
    fn mine(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.latest += 1;
            self.finalized = self.latest - 2;
            self.pass(Duration::from_secs(1));
        }
    }

    fn command(&mut self, command: Command) -> Reply {
        self.requests += 1;
        let request = RequestId::new(self.requests);
        self.handle(Event::Command { request, command });
        self.replied(request)
    }

    fn query(&mut self, query: Query) -> Reply {
        self.requests += 1;
        let request = RequestId::new(self.requests);
        self.handle(Event::Query { request, query });
        self.replied(request)
    }

    #[track_caller]
    fn replied(&self, request: RequestId) -> Reply {
        let mine = self.replies.iter().find(|(known, _)| *known == request);
        mine.map(|(_, reply)| reply.clone()).unwrap()
    }

    #[track_caller]
    fn register(&mut self, name: &str) -> (UserId, Address) {
        let command = Command::RegisterUser {
            key: key(name),
            name: name.into(),
        };
        let reply = self.command(command);
        let Reply::User { user, addresses, .. } = reply else {
            panic!("{reply:?}")
        };
        (user, addresses[0].1)
    }

    fn claim(&mut self, user: UserId, n: u8) -> Reply {
        let key = key(&std::format!("claim {user} {n}"));
        self.command(Command::Claim {
            key,
            user,
            tx: named(n),
        })
    }

    /// Puts a transaction into the latest block.
    fn pay(&mut self, n: u8, transfers: &[(Address, u128)]) {
        let logs = transfers
            .iter()
            .map(|(to, units)| transfer(PAYER, *to, *units))
            .collect();
        self.mined.insert(tx(n), receipt(n, block(self.latest), logs));
    }

    /// available, locked of USDT; available of GOLD.
    #[track_caller]
    fn balances(&mut self, user: UserId) -> (i128, i128, i128) {
        let Reply::Balances(balances) = self.query(Query::Balances(user)) else {
            panic!("no balances")
        };
        let of = |symbol| {
            balances
                .iter()
                .find(|(id, _)| *id == asset(symbol))
                .map(|(_, balance)| *balance)
                .unwrap()
        };
        (
            of("USDT").available.minor(),
            of("USDT").locked().minor(),
            of("GOLD").available.minor(),
        )
    }

    fn stage(&self, n: u8) -> &'static str {
        self.bank
            .state()
            .escrow()
            .watch(named(n))
            .map_or("unknown", |watch| watch.stage.name())
    }

    #[track_caller]
    fn final_deposits(&self, n: u8) -> usize {
        let stage = &self.bank.state().escrow().watch(named(n)).unwrap().stage;
        let Stage::Final { deposits, .. } = stage else {
            panic!("{stage:?}")
        };
        deposits.len()
    }

    /// The promise that replay rests on: the records alone rebuild the state.
    #[track_caller]
    fn audit(&self) {
        self.bank.state().check();
        let replayed = replayed(&self.records);
        assert_eq!(&replayed, self.bank.state());
        assert_eq!(replayed.digest(), self.bank.state().digest());
    }
}

fn replayed(records: &[Record]) -> State {
    let mut state = State::default();
    records.iter().for_each(|record| state.apply(record));
    state
}

fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::derive("test", name.as_bytes())
}

fn named(n: u8) -> TxKey {
    TxKey {
        chain: CHAIN,
        tx: tx(n),
    }
}
