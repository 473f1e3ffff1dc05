//! The chain and its endpoints: the model against an EVM node that the product's own client asks.

mod model;
mod names;
mod real;
mod script;

use std::collections::BTreeSet;

use plimsoll_core::escrow::{Answer, Fault as Silence};
use plimsoll_core::id::TxHash;
use plimsoll_tests::proxy::Fault;

use super::tally::Tally;
use model::Model;
use real::Real;
use script::{Ask, Operation, draw};

/// BSC.
const CHAIN: u64 = 56;
/// By how many blocks the test node's finalized block is behind its latest.
const FINALITY_BLOCKS: u64 = 2;
/// A transaction that nobody ever sent.
const UNKNOWN: TxHash = TxHash::Evm([0x77; 32]);
/// Within how many scripts every kind must have succeeded and failed; under two dozen are enough.
const SCRIPTS_MAX: u64 = 60;

const KINDS: [&str; 25] = [
    "ask: balances",
    "ask: heads",
    "ask: identity",
    "ask: receipt",
    "ask: scan",
    "mine",
    "pay nothing",
    "pay several",
    "pay: Approval",
    "pay: DirtyTopic",
    "pay: Erc721",
    "pay: FakeToken",
    "pay: Huge",
    "pay: LongData",
    "pay: Minted",
    "pay: Native",
    "pay: OwnSweep",
    "pay: Payment",
    "pay: SelfTransfer",
    "pay: ToCollect",
    "pay: ToStranger",
    "pay: ZeroValue",
    "reorganise",
    "send, then drop",
    "turn",
];
/// What is done to the node rather than asked of it, and so cannot fail.
const INFALLIBLE: [(&str, &str); 4] = [
    ("mine", "a test node makes a block whenever it is told to"),
    ("reorganise", "a test node replaces any blocks that it has"),
    ("send, then drop", "a test node forgets what it is told to forget"),
    ("turn", "the proxy is ours"),
];
/// How an endpoint may be when it is asked. Who is slow says what who is fast says.
const MOODS: [Fault; 10] = [
    Fault::Clear,
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

#[test]
fn the_model_is_like_a_real_node() {
    let mut seen = Seen::default();
    for seed in 1..=SCRIPTS_MAX {
        run(seed, &mut seen);
        if seen.missing().is_empty() {
            seen.tally.check(&KINDS, &INFALLIBLE);
            return;
        }
    }
    panic!(
        "after {SCRIPTS_MAX} scripts: {:?}\n{}",
        seen.missing(),
        seen.tally
    );
}

/// What all scripts so far came upon.
#[derive(Default)]
struct Seen {
    tally: Tally,
    /// Which questions were put to an endpoint in which mood.
    asked: BTreeSet<(Fault, &'static str)>,
}

impl Seen {
    fn missing(&self) -> Vec<String> {
        let mut missing = self.tally.missing(&KINDS, &INFALLIBLE);
        for mood in MOODS {
            for kind in KINDS.iter().filter(|kind| kind.starts_with("ask: ")) {
                if !self.asked.contains(&(mood, *kind)) {
                    missing.push(format!("{mood:?} was never met by {kind}"));
                }
            }
        }
        missing
    }
}

/// Runs the script of a seed on both.
#[track_caller]
fn run(seed: u64, seen: &mut Seen) {
    let script = draw(seed);
    let mut both = Both {
        model: Model::new(seed),
        real: Real::new(seed),
        mood: Fault::Clear,
        kinds: Vec::new(),
    };
    for (step, operation) in script.iter().enumerate() {
        if let Err(divergence) = both.step(operation, seen) {
            let prefix: Vec<String> = script[..=step].iter().map(|one| format!("  {one:?}")).collect();
            panic!(
                "seed {seed} diverges at step {step}:\n{divergence}\nThe script up to there:\n{}",
                prefix.join("\n")
            );
        }
    }
}

struct Both {
    model: Model,
    real: Real,
    mood: Fault,
    /// Of each transaction.
    kinds: Vec<String>,
}

impl Both {
    /// Does it to both, and says how they differ afterwards, if they do.
    fn step(&mut self, operation: &Operation, seen: &mut Seen) -> Result<(), String> {
        match operation {
            Operation::Send(tx) => {
                self.model.send(tx);
                self.real.send(tx);
                self.kinds.push(tx.kind());
                self.compare(&Ask::Receipt(Some(tx.number)), false)?;
                if tx.end == script::End::Dropped {
                    seen.tally.count(tx.kind(), true);
                }
                Ok(())
            }
            Operation::Mine(blocks) => {
                for _ in 0..*blocks {
                    self.mine(seen)?;
                }
                seen.tally.count("mine", true);
                Ok(())
            }
            Operation::Reorganise {
                depth,
                vanish_percent,
            } => {
                let (depth, moved) = self.model.reorganise(*depth, *vanish_percent);
                self.real.reorganise(depth, &moved);
                seen.tally.count("reorganise", true);
                self.compare(&Ask::Heads, false)?;
                for (number, _) in moved {
                    self.compare(&Ask::Receipt(Some(number)), false)?;
                }
                Ok(())
            }
            Operation::Turn(fault) => {
                self.model.turn(*fault);
                self.real.turn(*fault);
                self.mood = *fault;
                seen.tally.count("turn", true);
                Ok(())
            }
            Operation::Ask(ask) => {
                let said = self.compare(ask, true)?;
                seen.tally.count(ask.kind(), said.is_told());
                seen.asked.insert((self.mood, ask.kind()));
                Ok(())
            }
        }
    }

    /// One block: the heads and everything in it must be alike.
    fn mine(&mut self, seen: &mut Seen) -> Result<(), String> {
        let next = self.model.mine();
        self.real.mine(&next.returning);
        self.compare(&Ask::Heads, false)?;
        for number in next.fresh.iter().chain(&next.returning) {
            let said = self.compare(&Ask::Receipt(Some(*number)), false)?;
            let Ok(Answer::Receipt {
                receipt: Some(receipt),
                ..
            }) = &said.0
            else {
                return Err(format!(
                    "transaction {number} should have been mined: {:?}",
                    said.0
                ));
            };
            seen.tally.count(self.kinds[*number].as_str(), receipt.succeeded);
        }
        Ok(())
    }

    /// What the real endpoint says, if the model says the same.
    fn compare(&mut self, ask: &Ask, is_faulty: bool) -> Result<Said, String> {
        let model = self.model.ask(ask, is_faulty);
        let real = self.real.ask(ask, is_faulty);
        let (by_model, by_real) = (self.model.names.told(&model), self.real.names.told(&real));
        if by_model == by_real {
            return Ok(Said(real));
        }
        let mood = self.mood;
        Err(format!(
            "{ask:?} to an endpoint that is {mood:?}\n  model {by_model}\n  real  {by_real}\n  in full: {real:?}"
        ))
    }
}

/// What both said, in the real one's words.
struct Said(Result<Answer, Silence>);

impl Said {
    /// Whether it is what was asked for.
    fn is_told(&self) -> bool {
        match &self.0 {
            Ok(Answer::Identity { .. } | Answer::Heads { .. } | Answer::Attested { .. }) => true,
            Ok(Answer::Receipt { receipt, .. }) => receipt.is_some(),
            Ok(Answer::Scan { last, .. }) => last.is_some(),
            Ok(Answer::Balances { at, .. }) => at.is_some(),
            Err(_) => false,
        }
    }
}
