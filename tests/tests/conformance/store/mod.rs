//! The store of the journal: the model against SQLite.
//!
//! The body of tests in the adapters' `store::conformance` says what every store must do; here both do the same for long
//! enough to come upon what nobody thought of. Batches are the same on both sides, bytes and hashes included, so nothing
//! has to be named.
//!
//! The model can lose more than a script can make SQLite lose on purpose: what was not synced at a crash, a write that went
//! astray, and a commit that was done and not told.

mod model;
mod real;
mod script;

use std::fmt::Debug;

use plimsoll_core::journal::{Batch, ChainHash, Head, Position};
use plimsoll_core::outbox::Appended;
use plimsoll_core::time::WallClock;

use super::tally::Tally;
use model::Model;
use real::Real;
use script::{By, Follows, Luck, Opening, Operation, draw};

/// Within how many scripts every kind must have succeeded and failed.
const SCRIPTS_MAX: u64 = 40;
/// How many scripts are run in any case.
const SCRIPTS_MIN: u64 = 10;

const KINDS: [&str; 12] = [
    "append",
    "append: Committed",
    "append: Failed",
    "append: Fenced",
    "append: Unknown",
    "close",
    "damage",
    "die",
    "head",
    "open",
    "replay",
    "restore",
];
/// Kinds that cannot fail: what is done to the store, not asked of it, and answers, which are what they are.
const INFALLIBLE: [(&str, &str); 8] = [
    ("append: Committed", "an answer"),
    ("append: Failed", "an answer"),
    ("append: Fenced", "an answer"),
    ("append: Unknown", "an answer"),
    ("close", "a writer that lets go is not told of anything"),
    ("damage", "a disk needs no leave to flip a bit"),
    ("die", "a process needs no leave to die"),
    ("restore", "the operator has a copy"),
];

#[test]
fn the_model_is_like_sqlite() {
    let mut tally = Tally::default();
    for seed in 1..=SCRIPTS_MAX {
        run(seed, &mut tally);
        if seed >= SCRIPTS_MIN && tally.missing(&KINDS, &INFALLIBLE).is_empty() {
            tally.check(&KINDS, &INFALLIBLE);
            return;
        }
    }
    panic!(
        "after {SCRIPTS_MAX} scripts: {:?}\n{tally}",
        tally.missing(&KINDS, &INFALLIBLE)
    );
}

/// What a reading of the whole journal gave.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Read {
    /// The records before the first thing that is wrong.
    records: Vec<u64>,
    /// Whether nothing is.
    is_whole: bool,
}

/// Runs the script of a seed on both.
#[track_caller]
fn run(seed: u64, tally: &mut Tally) {
    let script = draw(seed);
    let mut both = Both {
        model: Model::new(seed),
        real: Real::new(),
        writer: Head::default(),
        former: Vec::new(),
        written: 0,
    };
    for (step, operation) in script.iter().enumerate() {
        if let Err(divergence) = both.step(*operation, tally) {
            let prefix: Vec<String> = script[..=step].iter().map(|one| format!("  {one:?}")).collect();
            let prefix = prefix.join("\n");
            panic!("seed {seed} diverges at step {step}: {divergence}\nThe script up to there:\n{prefix}");
        }
    }
}

struct Both {
    model: Model,
    real: Real,
    /// The head, as the writer knows it.
    writer: Head,
    /// The same of those who were fenced off.
    former: Vec<Head>,
    /// How many records were ever made: each is another number.
    written: u64,
}

impl Both {
    /// Does it to both, and says how they differ, if they do.
    fn step(&mut self, operation: Operation, tally: &mut Tally) -> Result<(), String> {
        let has_succeeded = match operation {
            Operation::Open(opening) => self.open(opening)?,
            Operation::Close => {
                self.real.close();
                true
            }
            Operation::Die => {
                self.model.die();
                self.real.die();
                true
            }
            Operation::Append {
                by,
                records,
                follows,
                luck,
            } => {
                let answer = self.append(by, records, follows, luck)?;
                tally.count(format!("append: {answer:?}"), true);
                answer == Appended::Committed
            }
            Operation::Head { by, is_readable } => {
                let head = same(self.model.head(is_readable), self.real.head(by, is_readable))?;
                head.is_some()
            }
            Operation::Replay => same(self.model.replay(), self.real.replay())?.is_whole,
            Operation::Damage => {
                let place = self.model.damage();
                self.real.damage(place);
                true
            }
            Operation::Restore => {
                self.model.restore();
                self.real.restore();
                same(self.model.replay(), self.real.replay())?.is_whole
            }
        };
        tally.count(operation.kind(), has_succeeded);
        Ok(())
    }

    fn open(&mut self, opening: Opening) -> Result<bool, String> {
        let head = same(self.model.open(opening), self.real.open(opening))?;
        let Some(head) = head else {
            return Ok(false);
        };
        if opening == Opening::TakesOver {
            self.former.push(self.writer);
        }
        self.writer = head;
        Ok(true)
    }

    /// Appends, and afterwards both must have the same head.
    fn append(&mut self, by: By, records: u64, follows: Follows, luck: Luck) -> Result<Appended, String> {
        let known = match by {
            By::Writer => self.writer,
            By::Former(place) => self.former[place],
        };
        let records: Vec<u64> = (self.written..)
            .take(usize::try_from(records).unwrap_or(1))
            .collect();
        self.written += records.len() as u64;
        let date = WallClock::from_micros(1_700_000_000_000_000);
        let batch = Batch::seal(&what(known, follows), date, records.iter());
        let model = self.model.append(&batch, luck);
        let answer = same(model, self.real.append(by, &batch, luck))?;
        let head = same(self.model.head(true), self.real.head(By::Writer, true))?;
        let head = head.ok_or("the head cannot be read")?;
        if answer == Appended::Committed && head.hash != batch.hash {
            return Err(format!("both committed a batch and have another head: {head:?}"));
        }
        self.writer = head;
        Ok(answer)
    }
}

/// What a batch follows that should follow `head`.
fn what(head: Head, follows: Follows) -> Head {
    match follows {
        Follows::Head => head,
        Follows::Gap => Head {
            position: head.position.after(1),
            ..head
        },
        Follows::OtherHash => Head {
            hash: ChainHash([7; 32]),
            ..head
        },
        Follows::Start => Head {
            position: Position::ZERO,
            hash: ChainHash::default(),
            ..head
        },
        Follows::LaterEpoch => Head {
            epoch: head.epoch + 1,
            ..head
        },
    }
}

/// What both say, if it is the same.
fn same<T: PartialEq + Debug>(model: T, real: T) -> Result<T, String> {
    if model == real {
        Ok(real)
    } else {
        Err(format!("\n  model {model:?}\n  real  {real:?}"))
    }
}
