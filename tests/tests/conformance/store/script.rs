//! What is done to a journal: drawn from a seed, the same for the model of a store and for SQLite.

use plimsoll_core::rng::Rng;

/// How many operations a script has.
const LENGTH: usize = 80;
/// The most records of a batch in a script.
const RECORDS_MAX: u64 = 40;
/// The most writers that were fenced off and are still there.
const FORMER_MAX: usize = 2;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// A writer opens the journal.
    Open(Opening),
    /// The writer lets the journal go.
    Close,
    /// The writer dies, and lets nothing go.
    Die,
    /// A batch is appended.
    Append {
        /// By whom.
        by: By,
        /// How many records it has.
        records: u64,
        /// What it follows.
        follows: Follows,
        /// What the store does.
        luck: Luck,
    },
    /// A writer asks for the head.
    Head {
        /// Who.
        by: By,
        /// Whether the store can say.
        is_readable: bool,
    },
    /// The writer reads everything.
    Replay,
    /// A bit of what is durable flips.
    Damage,
    /// An operator restores a copy.
    Restore,
}

/// How a writer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// There is no other.
    Alone,
    /// Another one has it open, and keeps this one out.
    Locked,
    /// Another one has it open, and this one takes over: another machine does not see the lock.
    TakesOver,
}

/// Which writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The last one that opened the journal.
    Writer,
    /// One that was fenced off, by its place among those who still live.
    Former(usize),
}

/// What a batch follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    /// The head, as its writer knows it.
    Head,
    /// A position further on.
    Gap,
    /// Another past.
    OtherHash,
    /// Nothing, as if the journal were new.
    Start,
    /// The head, in a term that has not begun.
    LaterEpoch,
}

/// What happens to an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Luck {
    /// Nothing else.
    Good,
    /// The store cannot write.
    Unavailable,
    /// The commit fails, and the writer is not told what came of it.
    CommitFails,
}

impl Operation {
    /// What kind of operation it is, for the tally.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Close => "close",
            Self::Die => "die",
            Self::Append { .. } => "append",
            Self::Head { .. } => "head",
            Self::Replay => "replay",
            Self::Damage => "damage",
            Self::Restore => "restore",
        }
    }
}

/// The script of a seed.
pub(super) fn draw(seed: u64) -> Vec<Operation> {
    let mut rng = Rng::from_seed(seed).fork("script");
    let mut drawing = Drawing::default();
    (0..LENGTH).map(|_| drawing.step(&mut rng)).collect()
}

/// What the script knows of the journal so far.
#[derive(Default)]
struct Drawing {
    is_open: bool,
    former: usize,
    /// Whether anything is durable.
    is_filled: bool,
    is_damaged: bool,
}

impl Drawing {
    fn step(&mut self, rng: &mut Rng) -> Operation {
        if !self.is_open {
            self.is_open = true;
            return Operation::Open(Opening::Alone);
        }
        if self.is_damaged {
            return self.while_damaged(rng);
        }
        match rng.below(20) {
            0 => {
                self.is_open = false;
                if rng.chance(1, 2) {
                    Operation::Close
                } else {
                    Operation::Die
                }
            }
            1 => Operation::Open(Opening::Locked),
            2 if self.former < FORMER_MAX => {
                self.former += 1;
                Operation::Open(Opening::TakesOver)
            }
            3 if self.is_filled => {
                self.is_damaged = true;
                Operation::Damage
            }
            2..=5 => Operation::Replay,
            6..=8 => Operation::Head {
                by: self.by(rng),
                is_readable: rng.chance(3, 4),
            },
            _ => self.append(rng),
        }
    }

    /// Nothing is written to a journal that is known to be damaged.
    fn while_damaged(&mut self, rng: &mut Rng) -> Operation {
        if rng.chance(1, 3) {
            self.is_damaged = false;
            return Operation::Restore;
        }
        Operation::Replay
    }

    fn append(&mut self, rng: &mut Rng) -> Operation {
        let by = self.by(rng);
        let follows = match rng.below(12) {
            0 => Follows::Gap,
            1 => Follows::OtherHash,
            2 => Follows::LaterEpoch,
            3 if self.is_filled => Follows::Start,
            _ => Follows::Head,
        };
        // A store that can refuse a batch for two reasons may name either.
        let luck = match rng.below(6) {
            0 if follows == Follows::Head && by == By::Writer => Luck::Unavailable,
            1 => Luck::CommitFails,
            _ => Luck::Good,
        };
        self.is_filled |= follows == Follows::Head && by == By::Writer && luck == Luck::Good;
        Operation::Append {
            by,
            records: rng.between(1, RECORDS_MAX),
            follows,
            luck,
        }
    }

    fn by(&self, rng: &mut Rng) -> By {
        if self.former > 0 && rng.chance(1, 4) {
            By::Former(rng.index(self.former))
        } else {
            By::Writer
        }
    }
}
