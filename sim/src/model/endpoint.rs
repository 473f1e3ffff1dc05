//! A chain's RPC endpoint: one node's view of the chain, and all the ways in which it may not tell it.

mod lie;
mod quota;

use core::time::Duration;

use plimsoll_core::escrow::{Answer, Fault as Silence, Question};
use plimsoll_core::id::{Address, BlockHash};
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;

pub use self::quota::Quota;
use super::assets::counterfeit;
use super::chain::{Chain, View};
use crate::fault::{EndpointFault, Lie};
use crate::world::plan::{ChainKind, EndpointPlan, QuotaPlan, Token};

/// How an endpoint reacts to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart where it is made, and nearly always an answer"
)]
pub enum Reaction {
    /// After this long, with an answer or a failure.
    Answers(Duration, Result<Answer, Silence>),
    /// Not at all.
    Hangs,
}

/// One endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    number: u8,
    lag_blocks: u64,
    /// The most blocks of one scan.
    scan_blocks_max: u64,
    /// Whether it searches no logs (trap E14).
    refuses_logs: bool,
    /// Of how many blocks below its finalized one it holds the logs (trap E17).
    history_blocks: Option<u64>,
    quotas: Vec<Quota>,
    faults: Vec<Active>,
    rng: Rng,
}

#[derive(Debug, Clone, Copy)]
struct Active {
    id: u32,
    fault: EndpointFault,
    percent: u8,
    since: Instant,
}

/// What is wrong with one answer.
#[derive(Default)]
struct Mood {
    extra: Duration,
    behind: u64,
    stuck_at: Option<Instant>,
    failure: Option<Silence>,
    hangs: bool,
    is_empty: bool,
    is_elsewhere: bool,
    is_forked: bool,
    is_crossed: bool,
    lie: Option<Lie>,
}

impl Endpoint {
    /// The endpoint `number` of its chain, which always trails by `lag_blocks`. It draws from `rng` alone.
    #[must_use]
    pub const fn new(number: u8, lag_blocks: u64, rng: Rng) -> Self {
        Self {
            number,
            lag_blocks,
            scan_blocks_max: u64::MAX,
            refuses_logs: false,
            history_blocks: None,
            quotas: Vec::new(),
            faults: Vec::new(),
            rng,
        }
    }

    /// The endpoint `number` as `plan` has it, in whichever world.
    #[must_use]
    pub fn planned(number: u8, plan: &EndpointPlan, rng: Rng) -> Self {
        Self {
            refuses_logs: plan.refuses_logs,
            history_blocks: plan.history_blocks,
            ..Self::new(number, plan.lag_blocks, rng)
                .with_scans_of(plan.scan_blocks_max)
                .with_quotas(&plan.quotas)
        }
    }

    /// The same, calling scans of more than `blocks` blocks too large, if there is such a bound.
    #[must_use]
    pub fn with_scans_of(self, blocks: Option<u64>) -> Self {
        Self {
            scan_blocks_max: blocks.unwrap_or(u64::MAX),
            ..self
        }
    }

    /// The same, turning away what is more than any of `quotas`.
    #[must_use]
    pub fn with_quotas(self, quotas: &[QuotaPlan]) -> Self {
        Self {
            quotas: quotas.iter().copied().map(Quota::new).collect(),
            ..self
        }
    }

    /// Begins a fault that hits `percent` of a hundred questions and is known as `id`.
    pub fn begin(&mut self, id: u32, fault: EndpointFault, percent: u8, since: Instant) {
        self.faults.push(Active {
            id,
            fault,
            percent,
            since,
        });
    }

    /// Ends the fault known as `id`.
    pub fn end(&mut self, id: u32) {
        self.faults.retain(|one| one.id != id);
    }

    /// Reacts to a question that arrives at `now`. `victim` is whom an invented payment would pay.
    pub fn ask(&mut self, chain: &Chain, now: Instant, question: &Question, victim: Address) -> Reaction {
        if let Some(pause) = self.turned_away(now, question.calls()) {
            let retry_after = Some(pause);
            return Reaction::Answers(Duration::ZERO, Err(Silence::RateLimited { retry_after }));
        }
        let view = chain.view_behind(now, self.lag_blocks);
        let kind = chain.kind();
        if self.faults.is_empty() && self.lacks(kind, view, question).is_none() {
            let answer = honest(chain, view, question);
            return Reaction::Answers(Duration::ZERO, Ok(answer));
        }
        let mood = self.mood(kind, view, question);
        if mood.hangs {
            return Reaction::Hangs;
        }
        if let Some(failure) = mood.failure {
            return Reaction::Answers(mood.extra, Err(failure));
        }
        let as_of = mood.stuck_at.map_or(now, |stuck| stuck.min(now));
        let mut view = chain.view_behind(as_of, self.lag_blocks.saturating_add(mood.behind));
        if mood.is_forked {
            view = view.on_private_fork(u64::from(self.number));
        }
        let crossed = mood.is_crossed.then(|| other(question, chain));
        let question = crossed.as_ref().unwrap_or(question);
        let mut answer = honest(chain, view, question);
        if mood.is_empty {
            forget(&mut answer);
        }
        if mood.is_elsewhere {
            move_elsewhere(&mut answer);
        }
        if let Some(lie) = mood.lie {
            lie::tell(lie, &mut answer, (chain, view), question, victim);
        }
        Reaction::Answers(mood.extra, Ok(answer))
    }

    /// How long until so many more calls fit into every quota, if they do not. Counts them if they do.
    fn turned_away(&mut self, now: Instant, calls: u32) -> Option<Duration> {
        let full = self.quotas.iter_mut().filter_map(|quota| quota.pause(now, calls));
        let pause = full.max();
        if pause.is_none() {
            self.quotas.iter_mut().for_each(|quota| quota.count(now, calls));
        }
        pause
    }

    /// Draws which of the faults hit this question.
    fn mood(&mut self, kind: ChainKind, view: View<'_>, question: &Question) -> Mood {
        let mut mood = Mood {
            failure: self.lacks(kind, view, question),
            ..Mood::default()
        };
        for one in &self.faults {
            if !self.rng.chance(u64::from(one.percent), 100) {
                continue;
            }
            match one.fault {
                EndpointFault::Dead => mood.failure = Some(Silence::Connection),
                EndpointFault::NeverAnswers => mood.hangs = true,
                EndpointFault::Slow { extra_ms } => mood.extra += Duration::from_millis(extra_ms),
                EndpointFault::Lagging { blocks } => mood.behind = mood.behind.saturating_add(blocks),
                EndpointFault::StuckHead => {
                    mood.stuck_at = Some(mood.stuck_at.map_or(one.since, |stuck| stuck.min(one.since)));
                }
                EndpointFault::Empty => mood.is_empty = true,
                EndpointFault::RateLimited { retry_after_ms } => {
                    // Not every machine on the way sends the header.
                    let is_sent = self.rng.chance(3, 4);
                    let retry_after = retry_after_ms.filter(|_| is_sent).map(Duration::from_millis);
                    mood.failure = Some(Silence::RateLimited { retry_after });
                }
                EndpointFault::Auth => mood.failure = Some(Silence::Auth),
                EndpointFault::ServerError => mood.failure = Some(Silence::Server { code: 503 }),
                EndpointFault::NotReady => {
                    // Who it is and what contracts say, a node knows from its first moment.
                    if !matches!(question, Question::Identity { .. }) {
                        mood.failure = Some(Silence::NotReady);
                    }
                }
                EndpointFault::Malformed => mood.failure = Some(Silence::Malformed { what: "not JSON" }),
                EndpointFault::TooLarge => {
                    if matches!(question, Question::Scan { .. }) {
                        mood.failure = Some(Silence::TooLarge);
                    }
                }
                EndpointFault::Crossed => mood.is_crossed = true,
                EndpointFault::WrongChain => mood.is_elsewhere = true,
                EndpointFault::PrivateFork => mood.is_forked = true,
                EndpointFault::Lying { lie } => mood.lie = Some(lie),
            }
        }
        mood
    }

    /// What it says to a question that it cannot answer, being what it is.
    fn lacks(&self, kind: ChainKind, view: View<'_>, question: &Question) -> Option<Silence> {
        if *question == Question::Attested {
            return view.attested().is_none().then_some(Silence::Unsupported);
        }
        // Of a cluster's accounts there is a list each, however many slots it is about.
        let (Question::Scan { from, to, .. }, ChainKind::Evm) = (question, kind) else {
            return None;
        };
        let kept_from = |blocks| view.finalized().number.saturating_sub(blocks);
        if self.refuses_logs {
            Some(Silence::Unsupported)
        } else if self
            .history_blocks
            .is_some_and(|blocks| *from < kept_from(blocks))
        {
            Some(Silence::Pruned)
        } else {
            (to.saturating_sub(*from) >= self.scan_blocks_max).then_some(Silence::TooLarge)
        }
    }
}

/// The answer of a node with this view that works as it should.
fn honest(chain: &Chain, view: View<'_>, question: &Question) -> Answer {
    match question {
        Question::Identity { tokens } => Answer::Identity {
            chain_id: chain.id(),
            genesis: chain.genesis(),
            decimals: tokens.iter().map(|token| decimals(chain.kind(), token)).collect(),
        },
        Question::Heads => Answer::Heads {
            latest: view.latest(),
            finalized: view.finalized(),
        },
        // Who has no such rule was found to lack it.
        Question::Attested => Answer::Attested {
            block: view.attested().unwrap_or_else(|| view.finalized()),
        },
        Question::Receipt { tx } => Answer::Receipt {
            finalized: view.finalized(),
            receipt: view.receipt(tx),
        },
        Question::Scan { from, to, tokens } => Answer::Scan {
            finalized: view.finalized(),
            last: view.header(*to).filter(|_| is_told(chain, view, *to)),
            logs: view.scan(*from, *to, tokens),
        },
        Question::Balances {
            block,
            token,
            holders,
        } => {
            let at = view.header(*block);
            Answer::Balances {
                finalized: view.finalized(),
                at,
                balances: at.map_or_else(Vec::new, |_| view.balances(*block, *token, holders)),
            }
        }
    }
}

/// A question that somebody else might have asked at the same moment: about another transaction or range, if there is one.
fn other(question: &Question, chain: &Chain) -> Question {
    match question {
        Question::Heads => Question::Identity { tokens: Vec::new() },
        Question::Identity { .. } | Question::Attested => Question::Heads,
        Question::Receipt { tx } => {
            let mut hashes = chain.transactions().map(|index| chain.hash_of(index));
            let found = hashes.find(|other| other != tx);
            found.map_or(Question::Heads, |tx| Question::Receipt { tx })
        }
        Question::Scan { from, to, tokens } => Question::Scan {
            from: from.saturating_sub(1),
            to: to.saturating_sub(1),
            tokens: tokens.clone(),
        },
        Question::Balances {
            block,
            token,
            holders,
        } => Question::Balances {
            block: block.saturating_sub(1),
            token: *token,
            holders: holders.clone(),
        },
    }
}

/// Whether a node tells what it has of blocks up to `to`: one of Solana does only once they are finalized.
fn is_told(chain: &Chain, view: View<'_>, to: u64) -> bool {
    match chain.kind() {
        ChainKind::Evm => true,
        ChainKind::Solana => view.finalized().number >= to,
    }
}

/// A counterfeit says what the real one says.
fn decimals(kind: ChainKind, contract: &Address) -> Option<u8> {
    let on_chain = Token::ALL.iter().filter_map(|token| token.contract(kind));
    let counterfeit = Token::Usdt
        .contract(kind)
        .map(|(_, decimals)| (counterfeit(kind), decimals));
    on_chain
        .chain(counterfeit)
        .filter(|(address, _)| address == contract)
        .map(|(_, decimals)| decimals)
        .next()
}

/// Leaves nothing but the heads, and admits it.
fn forget(answer: &mut Answer) {
    match answer {
        Answer::Identity { .. } | Answer::Heads { .. } | Answer::Attested { .. } => {}
        Answer::Receipt { receipt, .. } => *receipt = None,
        Answer::Scan { last, logs, .. } => {
            *last = None;
            logs.clear();
        }
        Answer::Balances { at, balances, .. } => {
            *at = None;
            balances.clear();
        }
    }
}

/// Makes the answer one of another chain, on which the same transactions were replayed.
fn move_elsewhere(answer: &mut Answer) {
    let shift = |hash: &mut BlockHash| match hash {
        BlockHash::Evm(bytes) | BlockHash::Solana(bytes) => bytes.iter_mut().for_each(|byte| *byte ^= 0xa5),
    };
    match answer {
        Answer::Identity {
            chain_id, genesis, ..
        } => {
            *chain_id += 41;
            shift(genesis);
        }
        Answer::Heads { latest, finalized } => {
            shift(&mut latest.hash);
            shift(&mut finalized.hash);
        }
        Answer::Attested { block } => shift(&mut block.hash),
        Answer::Receipt { finalized, receipt } => {
            shift(&mut finalized.hash);
            if let Some(receipt) = receipt {
                shift(&mut receipt.block.hash);
            }
        }
        Answer::Balances { finalized, at, .. } => {
            shift(&mut finalized.hash);
            if let Some(at) = at {
                shift(&mut at.hash);
            }
        }
        Answer::Scan { finalized, last, .. } => {
            shift(&mut finalized.hash);
            if let Some(last) = last {
                shift(&mut last.hash);
            }
        }
    }
}

#[cfg(test)]
mod tests;
