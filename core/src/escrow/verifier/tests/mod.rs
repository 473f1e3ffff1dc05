//! The verifier against a toy chain whose endpoints take their time, lag, lie, and say nothing.

mod crowd;
mod failover;
mod finality;
mod hedging;
mod laps;
mod quorum;
mod scanning;
mod telling;

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::vec;
use std::vec::Vec;

use super::{Ask, Finding, Out, Verifier};
use crate::escrow::testing::{CHAIN, block, chain, config, receipt, registry, transfer, tx};
use crate::escrow::{
    Answer, BlockRef, ChainConfig, EscrowConfig, Fault, Log, Question, Receipt, ScanLog, TxKey,
};
use crate::id::{Address, CallId, TxHash};
use crate::resilience::{PoolPolicy, Window};
use crate::rng::Rng;
use crate::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

/// How many steps one run has at most: a verifier that is always due does nothing.
const STEPS_MAX: u32 = 50_000;

/// What an endpoint says instead of the truth as it sees it; `None` lets it say that.
type Bend = fn(&Office, &Question) -> Option<Result<Answer, Fault>>;

/// How one endpoint is.
#[derive(Debug, Clone)]
struct Endpoint {
    provider: &'static str,
    latency: Duration,
    /// How many blocks it is behind.
    lag: u64,
    /// The block at which it stopped to follow the chain.
    frozen_at: Option<u64>,
    /// Whether it never answers.
    is_dead: bool,
    /// How many calls it bears.
    quotas: Vec<Window>,
    bend: Option<Bend>,
}

impl Endpoint {
    fn of(provider: &'static str) -> Self {
        Self {
            provider,
            latency: MILLI * 20,
            lag: 0,
            frozen_at: None,
            is_dead: false,
            quotas: vec![],
            bend: None,
        }
    }
}

/// One verifier, the chain (a block a second, final after two more), and everything that was asked and found.
struct Office {
    verifier: Verifier,
    now: Instant,
    endpoints: Vec<Endpoint>,
    mined: BTreeMap<TxHash, Receipt>,
    on_the_way: BTreeMap<(Instant, CallId), Ask>,
    asked: Vec<(Instant, u8, Question)>,
    findings: Vec<(Instant, Finding)>,
    /// Where transactions were seen last.
    seen: BTreeMap<TxHash, BlockRef>,
}

impl Office {
    /// Four endpoints of four providers, and a second of work.
    fn new() -> Self {
        Self::with(["a", "b", "c", "d"].map(Endpoint::of).to_vec(), None)
    }

    fn with(endpoints: Vec<Endpoint>, scanned: Option<u64>) -> Self {
        Self::under(&PoolPolicy::default(), endpoints, scanned)
    }

    fn under(policy: &PoolPolicy, endpoints: Vec<Endpoint>, scanned: Option<u64>) -> Self {
        Self::of_chain(chain(), policy, endpoints, scanned)
    }

    /// One on whose chain attestations count once finality trails by so many blocks.
    fn attesting(stalled_lag: Option<u64>, endpoints: Vec<Endpoint>) -> Self {
        let chain = ChainConfig {
            stalled_lag,
            ..chain()
        };
        Self::of_chain(chain, &PoolPolicy::default(), endpoints, None)
    }

    fn of_chain(
        mut chain: ChainConfig,
        policy: &PoolPolicy,
        endpoints: Vec<Endpoint>,
        scanned: Option<u64>,
    ) -> Self {
        let place = |(index, one): (usize, &Endpoint)| crate::escrow::EndpointConfig {
            name: std::format!("rpc-{index}"),
            provider: one.provider.into(),
            quotas: one.quotas.clone(),
        };
        chain.endpoints = endpoints.iter().enumerate().map(place).collect();
        let config = EscrowConfig {
            chains: vec![chain],
            ..config()
        };
        let rng = Rng::from_seed(7);
        let verifier = Verifier::new(&config, &registry(), policy, &rng, |_| scanned);
        let mut office = Self {
            verifier,
            now: Instant::ZERO,
            endpoints,
            mined: BTreeMap::new(),
            on_the_way: BTreeMap::new(),
            asked: Vec::new(),
            findings: Vec::new(),
            seen: BTreeMap::new(),
        };
        office.run(SECOND);
        office
    }

    /// The newest block of the chain.
    fn height(&self) -> u64 {
        10 + self.now.since(Instant::ZERO).as_secs()
    }

    /// The newest block that an endpoint has.
    fn latest(&self, endpoint: u8) -> u64 {
        let one = &self.endpoints[usize::from(endpoint)];
        one.frozen_at.unwrap_or_else(|| self.height() - one.lag)
    }

    fn honest(&self, endpoint: u8, question: &Question) -> Answer {
        let latest = self.latest(endpoint);
        let finalized = block(latest - 2);
        match question {
            Question::Identity { tokens } => Answer::Identity {
                chain_id: 56,
                genesis: chain().genesis,
                decimals: vec![Some(18); tokens.len()],
            },
            Question::Attested => Answer::Attested {
                block: block(latest.saturating_sub(20)),
            },
            Question::Heads => Answer::Heads {
                latest: block(latest),
                finalized,
            },
            Question::Receipt { tx } => Answer::Receipt {
                finalized,
                receipt: self
                    .mined
                    .get(tx)
                    .filter(|one| one.block.number <= latest)
                    .cloned(),
            },
            Question::Balances {
                block: number,
                holders,
                ..
            } => {
                let is_there = *number <= latest;
                Answer::Balances {
                    finalized,
                    at: is_there.then(|| block(*number)),
                    balances: if is_there {
                        vec![[7; 32]; holders.len()]
                    } else {
                        vec![]
                    },
                }
            }
            Question::Scan { from, to, .. } => {
                let inside = |one: &&Receipt| (*from..=(*to).min(latest)).contains(&one.block.number);
                let logs = |one: &Receipt| {
                    let (tx, block) = (one.tx, one.block.number);
                    let located = move |log: &Log| ScanLog { tx, block, log: *log };
                    one.logs.iter().map(located).collect::<Vec<_>>()
                };
                Answer::Scan {
                    finalized,
                    last: (*to <= latest).then(|| block(*to)),
                    logs: self.mined.values().filter(inside).flat_map(logs).collect(),
                }
            }
        }
    }

    /// Does what is due and what arrives, in order, for `duration`.
    fn run(&mut self, duration: Duration) {
        let end = self.now.after(duration);
        for step in 0.. {
            assert!(step < STEPS_MAX, "it spins at {:?}", self.now);
            let tick = self
                .verifier
                .next_deadline()
                .map(|deadline| deadline.at.max(self.now));
            let arrival = self.on_the_way.first_key_value().map(|((at, _), _)| *at);
            let Some(next) = [tick, arrival]
                .into_iter()
                .flatten()
                .min()
                .filter(|at| *at <= end)
            else {
                break;
            };
            self.now = next;
            let mut out = Out::default();
            if arrival == Some(next)
                && let Some(((_, call), ask)) = self.on_the_way.pop_first()
            {
                let endpoint = ask.endpoint.index;
                let bend = self.endpoints[usize::from(endpoint)].bend;
                let bent = bend.and_then(|bend| bend(self, &ask.question));
                let outcome = bent.unwrap_or_else(|| Ok(self.honest(endpoint, &ask.question)));
                self.verifier.on_answer(next, call, outcome, &mut out);
            }
            self.verifier.on_tick(next, &mut out);
            self.take(out);
        }
        self.now = end;
    }

    /// Notes what the verifier said, as the bank would.
    fn take(&mut self, out: Out) {
        for ask in out.asks {
            let endpoint = &self.endpoints[usize::from(ask.endpoint.index)];
            self.asked
                .push((self.now, ask.endpoint.index, ask.question.clone()));
            if !endpoint.is_dead {
                self.on_the_way
                    .insert((self.now.after(endpoint.latency), ask.call), ask);
            }
        }
        for (_, finding) in out.findings {
            if let Finding::Mined { receipt, evidence } = &finding {
                if evidence.is_final() {
                    self.verifier.unwatch(named(receipt.tx));
                } else if self.seen.insert(receipt.tx, evidence.block) != Some(evidence.block) {
                    self.verifier
                        .set_height(self.now, named(receipt.tx), Some(evidence.block.number));
                }
            }
            self.findings.push((self.now, finding));
        }
    }

    /// Puts a transaction of one transfer into the newest block.
    fn pay(&mut self, n: u8, to: Address) {
        let logs = vec![transfer(crate::escrow::testing::PAYER, to, 3_000)];
        self.mined.insert(tx(n), receipt(n, block(self.height()), logs));
    }

    fn watch(&mut self, tx: TxHash) {
        self.verifier.watch(self.now, named(tx));
    }

    /// How long after `since` it was first found that `tx` is in a block, and that this is final.
    fn mined_after(&self, since: Instant, tx: TxHash) -> (Option<Duration>, Option<Duration>) {
        let when = |is_final: bool| {
            let found = self.findings.iter().find(|(_, finding)| {
                matches!(finding, Finding::Mined { receipt, evidence }
                    if receipt.tx == tx && (!is_final || evidence.is_final()))
            });
            found.map(|(at, _)| at.since(since))
        };
        (when(false), when(true))
    }

    /// The block up to which everything was scanned.
    fn scanned(&self) -> u64 {
        self.verifier.scanned(CHAIN).unwrap()
    }

    /// Everything asked since `since` that is not about identity or heads, by endpoint.
    fn asked_since(&self, since: Instant) -> impl Iterator<Item = (u8, &Question)> {
        let about_money =
            |question: &Question| !matches!(question, Question::Identity { .. } | Question::Heads);
        self.asked
            .iter()
            .filter(move |(at, _, question)| *at >= since && about_money(question))
            .map(|(_, endpoint, question)| (*endpoint, question))
    }
}

fn named(tx: TxHash) -> TxKey {
    TxKey { chain: CHAIN, tx }
}
