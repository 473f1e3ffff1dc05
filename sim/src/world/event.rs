//! What can happen in a world.

use plimsoll_core::bank::Reply;
use plimsoll_core::escrow::{Answer, Fault, Question};
use plimsoll_core::id::{CallId, RequestId, TransactionId};
use plimsoll_core::time::Instant;

use super::crew::Shift;
use super::plan::HoldEnd;
use crate::model::chain::TxIndex;
use crate::model::users::CallIndex;

/// What becomes of a payment that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sequel {
    /// Its hold is resolved.
    End(HoldEnd),
    /// It is moved back.
    Reversal,
}

/// One event. What belongs to one life of the process carries its number, and means nothing to the next one.
#[derive(Debug)]
pub(super) enum Happening {
    /// A user comes and registers.
    Arrival(u32),
    /// A deed of the plan begins.
    Deed(u32),
    /// A claim of a deposit deed begins.
    Claim { deed: u32, claim: u32 },
    /// A payment that was accepted is taken further, as its deed says.
    Resolution {
        deed: u32,
        transaction: TransactionId,
        sequel: Sequel,
    },
    /// An operator takes back what a deed ordered.
    Countermand(u32),
    /// A client tries, or tries again.
    Attempt(CallIndex),
    /// A client has waited long enough.
    ClientTimeout(RequestId),
    /// A request reaches the bank's machine.
    Request(RequestId),
    /// A client learns that its connection was refused or cut.
    TurnedAway(RequestId),
    /// A reply reaches its client.
    Reply(RequestId, Box<Reply>),
    /// A question reaches an endpoint.
    Question {
        life: u32,
        endpoint: u8,
        call: CallId,
        question: Question,
    },
    /// An answer reaches the bank's machine.
    Answer {
        life: u32,
        endpoint: u8,
        call: CallId,
        outcome: Result<Answer, Fault>,
    },
    /// The timer of the process.
    Tick { life: u32 },
    /// The store has done what it was asked.
    StoreDone { life: u32 },
    /// The process is to be started, unless it is up or held down.
    Start,
    /// An operator has restored the journal from a copy.
    CopyRestored,
    /// A slow process is done with its last input.
    InputDone { life: u32 },
    /// A process that was told to stop has had its time.
    StopGraceOver { life: u32 },
    /// A fault of the plan begins.
    FaultBegins { number: u32, until: Instant },
    /// A fault of the plan ends.
    FaultEnds(u32),
    /// A transaction comes into the block that is made now.
    Mine(TxIndex),
    /// A transaction may have become final.
    Finality(TxIndex),
    /// A quiet period begins.
    Quiet,
    /// Is everything settled that was open when the quiet period began?
    QuietProbe,
    /// Something happens among the workers.
    Shift(Shift),
    /// The plan's time is over: is everything settled?
    Probe,
}
