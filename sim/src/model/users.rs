//! People: users and operators, as clients that repeat a request under one key until it is answered.
//!
//! A client does not know whether a request that nobody answered was carried out, so it asks again, with the same
//! key. It gives up never: whether it must wait is the liveness check's business.

use core::time::Duration;

use plimsoll_core::bank::{Command, Event, Query, Refusal, Reply};
use plimsoll_core::escrow::DepositKey;
use plimsoll_core::id::{Address, IdempotencyKey, RequestId};
use plimsoll_core::rng::Rng;

use super::chain::Payee;

use crate::world::plan::Handling;

/// How long a client waits for an answer before it asks again.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// The shortest and the longest pause before a client asks again, for each attempt so far up to [`PATIENCE_MAX`].
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));
/// After so many attempts pauses grow no more.
const PATIENCE_MAX: u32 = 5;
/// Where an invented payment goes while nobody has an address.
const NOBODY: Address = Address::Evm([0x0f; 20]);

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// A write.
    Command(Command),
    /// A read.
    Query(Query),
}

/// Why a client asks, which says what follows from the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A user registers, to get an address.
    Register {
        /// The user, by number in the plan.
        user: u32,
    },
    /// A payment: its hold is to be resolved or it is to be reversed, if the deed says so.
    Pay {
        /// The deed in the plan's workload.
        deed: u32,
    },
    /// An operator wants to see the dead letters, to do something about each.
    ListDeadLetters {
        /// What.
        how: Handling,
    },
    /// An operator says whose a suspended deposit is.
    Attribute {
        /// The deposit.
        deposit: DepositKey,
    },
    /// An operator gives an order, which the deed may take back later.
    Order {
        /// The deed in the plan's workload.
        deed: u32,
    },
    /// Nothing follows.
    Nothing,
}

/// One thing that a client wants, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallIndex(u32);

impl CallIndex {
    /// Its number: how many calls were made before it.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// What a client made of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Heard {
    /// It was the first answer to this call.
    Settled(CallIndex),
    /// It was no final answer: the client asks again after a pause.
    Again(CallIndex, Duration),
    /// It came twice, or too late.
    Nothing,
}

#[derive(Debug, Clone)]
struct Call {
    purpose: Purpose,
    message: Message,
    attempts: u32,
    /// Whether it was ever answered that it must wait.
    was_refused: bool,
    state: CallState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallState {
    /// For the answer to this attempt.
    Waiting(RequestId),
    /// Until the next attempt; `is_refused` if the last one was answered, though not finally.
    Resting { is_refused: bool },
    /// For good.
    Settled,
}

/// Everybody.
#[derive(Debug, Clone)]
pub struct Users {
    accounts: Vec<Option<Payee>>,
    calls: Vec<Call>,
    /// The call of each request, by request number.
    requests: Vec<CallIndex>,
    rng: Rng,
}

impl Users {
    /// `count` users, none of them registered. Pauses are drawn from `rng`.
    #[must_use]
    pub fn new(count: u32, rng: Rng) -> Self {
        Self {
            accounts: (0..count).map(|_| None).collect(),
            calls: Vec::new(),
            requests: Vec::new(),
            rng,
        }
    }

    /// What the bank told user `number` about themself, once it did.
    #[must_use]
    pub fn account(&self, number: u32) -> Option<Payee> {
        self.accounts.get(number as usize).copied().flatten()
    }

    /// User `number` was told by the bank who they are.
    pub fn open_account(&mut self, number: u32, account: Payee) {
        self.accounts[number as usize] = Some(account);
    }

    /// The address of one user or another, for those who invent payments.
    #[must_use]
    pub fn victim(&self, number: usize) -> Address {
        let place = number % self.accounts.len().max(1);
        let account = self.accounts.get(place).copied().flatten();
        account.map_or(NOBODY, |account| account.address)
    }

    /// A key that nobody else uses.
    #[must_use]
    pub fn own_key(&self) -> IdempotencyKey {
        key(0, self.calls.len() as u64)
    }

    /// The key with this number, to be used on purpose more than once.
    #[must_use]
    pub fn shared_key(number: u64) -> IdempotencyKey {
        key(1, number)
    }

    /// A client wants something. Nothing is sent yet.
    pub fn call(&mut self, purpose: Purpose, message: Message) -> CallIndex {
        let number = u32::try_from(self.calls.len());
        let index = CallIndex(number.unwrap_or_else(|_| unreachable!("more than 2^32 calls")));
        self.calls.push(Call {
            purpose,
            message,
            attempts: 0,
            was_refused: false,
            state: CallState::Resting { is_refused: false },
        });
        index
    }

    /// The client tries: the request to be sent, unless the call was settled while it rested.
    pub fn attempt(&mut self, index: CallIndex) -> Option<RequestId> {
        let call = &mut self.calls[index.0 as usize];
        match call.state {
            CallState::Resting { .. } => {
                let request = RequestId::new(self.requests.len() as u64);
                self.requests.push(index);
                call.attempts += 1;
                call.state = CallState::Waiting(request);
                Some(request)
            }
            CallState::Waiting(_) | CallState::Settled => None,
        }
    }

    /// What `request` says.
    #[must_use]
    pub fn event(&self, request: RequestId) -> Event {
        match self.calls[self.call_of(request).0 as usize].message.clone() {
            Message::Command(command) => Event::Command { request, command },
            Message::Query(query) => Event::Query { request, query },
        }
    }

    /// Why `call` was made.
    #[must_use]
    pub fn purpose(&self, call: CallIndex) -> Purpose {
        self.calls[call.0 as usize].purpose
    }

    /// `request` got no answer in time, or a plain failure. Says when its client asks again, if it still waits for it.
    pub fn on_failure(&mut self, request: RequestId) -> Option<(CallIndex, Duration)> {
        let index = self.call_of(request);
        let call = &mut self.calls[index.0 as usize];
        if call.state != CallState::Waiting(request) {
            return None;
        }
        call.state = CallState::Resting { is_refused: false };
        Some((index, self.pause(index)))
    }

    /// A reply to `request` arrived.
    pub fn on_reply(&mut self, request: RequestId, reply: &Reply) -> Heard {
        let index = self.call_of(request);
        let call = &mut self.calls[index.0 as usize];
        if call.state == CallState::Settled {
            return Heard::Nothing;
        }
        let is_refused = match reply {
            Reply::Refused(Refusal::TooManyClaims | Refusal::Draining | Refusal::ChainPaused(_)) => true,
            Reply::Refused(Refusal::NotInSuspense) => matches!(call.purpose, Purpose::Attribute { .. }),
            Reply::Refused(_)
            | Reply::User { .. }
            | Reply::Claim { .. }
            | Reply::Outcome { .. }
            | Reply::Transaction(_)
            | Reply::Balances(_)
            | Reply::DeadLetters(_)
            | Reply::DeadLetter(_)
            | Reply::DeadLetterGroups(_)
            | Reply::DryRun(_)
            | Reply::Replay(_)
            | Reply::Proposed
            | Reply::Suspense(_)
            | Reply::Refunds { .. }
            | Reply::Done
            | Reply::Reported { .. }
            | Reply::Administered { .. }
            | Reply::Status(_)
            | Reply::Reconciliations { .. }
            | Reply::Conflict { .. } => false,
        };
        if !is_refused {
            call.state = CallState::Settled;
            return Heard::Settled(index);
        }
        if call.state != CallState::Waiting(request) {
            return Heard::Nothing;
        }
        call.state = CallState::Resting { is_refused };
        call.was_refused = true;
        Heard::Again(index, self.pause(index))
    }

    /// Every request that waits for an answer.
    pub fn waiting(&self) -> impl Iterator<Item = RequestId> {
        self.calls.iter().filter_map(|call| match call.state {
            CallState::Waiting(request) => Some(request),
            CallState::Resting { .. } | CallState::Settled => None,
        })
    }

    /// Every call that was not answered at all.
    pub fn unanswered(&self) -> impl Iterator<Item = CallIndex> {
        let places = (0..).map(CallIndex).take(self.calls.len());
        places.filter(|call| self.is_unanswered(*call))
    }

    /// Whether `call` was not answered at all: a request to wait is an answer.
    #[must_use]
    pub fn is_unanswered(&self, call: CallIndex) -> bool {
        match self.calls[call.0 as usize].state {
            CallState::Waiting(_) | CallState::Resting { .. } => !self.calls[call.0 as usize].was_refused,
            CallState::Settled => false,
        }
    }

    /// Every call that is not settled: what it is for, what it says, and whether it was answered that it must wait.
    pub fn unsettled(&self) -> impl Iterator<Item = (Purpose, &Message, bool)> {
        let open = self.calls.iter().filter(|call| call.state != CallState::Settled);
        open.map(|call| {
            let is_refused = call.state == CallState::Resting { is_refused: true };
            (call.purpose, &call.message, is_refused)
        })
    }

    fn call_of(&self, request: RequestId) -> CallIndex {
        let place = usize::try_from(request.number()).unwrap_or(usize::MAX);
        self.requests[place]
    }

    fn pause(&mut self, index: CallIndex) -> Duration {
        let (low, high) = PAUSE;
        let attempts = self.calls[index.0 as usize].attempts.min(PATIENCE_MAX);
        self.rng.duration(low, high * attempts.max(1))
    }
}

fn key(kind: u64, number: u64) -> IdempotencyKey {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&kind.to_be_bytes());
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    IdempotencyKey::from_bytes(bytes)
}

#[cfg(test)]
mod tests;
