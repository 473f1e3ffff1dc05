//! What is asked of a queue: drawn from a seed, and from what was answered.

use std::time::Duration;

use plimsoll_core::escrow::TxKey;
use plimsoll_core::id::{ChainId, TxHash};
use plimsoll_core::queue::{Priority, QueueReply, QueueRequest, Token};
use plimsoll_core::rng::Rng;

/// What time passes in.
pub(super) const UNIT: Duration = Duration::from_secs(60);
/// How many jobs there are to be done.
const JOBS: u64 = 12;
/// The most leases that are remembered, those that are over included.
const LEASES_MAX: usize = 12;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    /// Time passes: whole units.
    Wait(u32),
    /// The queue is asked.
    Ask(QueueRequest),
    /// It is asked while it refuses.
    Refuse(QueueRequest),
}

/// The job of this number.
pub(super) fn job(n: u8) -> TxKey {
    TxKey {
        chain: ChainId::new(if n.is_multiple_of(3) { 56 } else { 97 }),
        tx: TxHash::Evm([n; 32]),
    }
}

/// What the script knows so far.
pub(super) struct Drawing {
    rng: Rng,
    /// The leases that were had, the latest last.
    leases: Vec<(TxKey, Token)>,
    tokens: u64,
}

impl Drawing {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::from_seed(seed).fork("queue"),
            leases: Vec::new(),
            tokens: 0,
        }
    }

    pub(super) fn next(&mut self) -> Operation {
        if self.rng.chance(1, 6) {
            let units = self.rng.between(1, 4);
            return Operation::Wait(u32::try_from(units).unwrap_or(1));
        }
        let request = self.request();
        if self.rng.chance(1, 40) {
            Operation::Refuse(request)
        } else {
            Operation::Ask(request)
        }
    }

    /// Takes in what was answered.
    pub(super) fn learn(&mut self, operation: &Operation, reply: &QueueReply) {
        if let (Operation::Ask(QueueRequest::Lease { token, .. }), QueueReply::Leased { jobs, .. }) =
            (operation, reply)
        {
            self.leases.extend(jobs.iter().map(|one| (one.job, *token)));
            let surplus = self.leases.len().saturating_sub(LEASES_MAX);
            self.leases.drain(..surplus);
        }
    }

    fn request(&mut self) -> QueueRequest {
        match self.rng.below(10) {
            0..=2 => QueueRequest::Enqueue {
                jobs: (0..self.rng.between(1, 5)).map(|_| self.any_job()).collect(),
                priority: if self.rng.chance(1, 3) {
                    Priority::High
                } else {
                    Priority::Normal
                },
            },
            3..=5 => {
                self.tokens += 1;
                QueueRequest::Lease {
                    most: usize::try_from(self.rng.between(1, 4)).unwrap_or(1),
                    visibility: self.time(),
                    token: Token {
                        worker: self.rng.between(1, 3),
                        number: self.tokens,
                    },
                }
            }
            6 => QueueRequest::Extend {
                leases: self.some_leases(),
                visibility: self.time(),
            },
            7..=8 => QueueRequest::Complete {
                leases: self.some_leases(),
            },
            _ => {
                let (job, token) = self.lease();
                QueueRequest::Release {
                    job,
                    token,
                    after: self.time(),
                }
            }
        }
    }

    /// Half a unit more than a whole number of them.
    fn time(&mut self) -> Duration {
        let units = self.rng.between(0, 5);
        UNIT * u32::try_from(units).unwrap_or(0) + UNIT / 2
    }

    fn some_leases(&mut self) -> Vec<(TxKey, Token)> {
        (0..self.rng.between(1, 4)).map(|_| self.lease()).collect()
    }

    /// A lease that was had, or one that never was.
    fn lease(&mut self) -> (TxKey, Token) {
        let had = self.rng.pick(&self.leases).copied();
        had.filter(|_| self.rng.chance(9, 10)).unwrap_or_else(|| {
            let token = Token {
                worker: 7,
                number: self.rng.below(3),
            };
            (self.any_job(), token)
        })
    }

    fn any_job(&mut self) -> TxKey {
        let n = self.rng.between(1, JOBS);
        job(u8::try_from(n).unwrap_or(1))
    }
}
