//! What can happen to a worker, and what it can wish for.

use alloc::boxed::Box;
use core::time::Duration;

use crate::escrow::{Answer, Fault, Question, Report, Taken, TxKey};
use crate::id::{CallId, EndpointId, ErrandId};
use crate::queue::{Lane, LaneFault, QueueReply, QueueRequest};
use crate::resilience::{BreakerState, CordonReason};

/// The bank did not answer, or would not take the report now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Answerless;

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Input {
    /// Time passed.
    Tick,
    /// A queue answered, or did not. Late, repeated and unknown answers do no harm.
    Queue {
        /// The call.
        errand: ErrandId,
        /// The outcome.
        outcome: Result<QueueReply, LaneFault>,
    },
    /// An endpoint answered, or did not.
    Answered {
        /// The call.
        call: CallId,
        /// The outcome.
        outcome: Result<Answer, Fault>,
    },
    /// The bank took a report, or did not.
    Reported {
        /// The report.
        errand: ErrandId,
        /// What the bank says, now that what follows from the report is durable.
        outcome: Result<Taken, Answerless>,
    },
    /// No more jobs are to be taken.
    Drain,
}

/// What a worker wishes for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Act {
    /// Asks a queue. After `timeout` the adapter should let the call go.
    Queue {
        /// The call, which the answer must name.
        errand: ErrandId,
        /// Which queue.
        lane: Lane,
        /// What.
        request: QueueRequest,
        /// How long the answer is worth waiting for.
        timeout: Duration,
    },
    /// Asks an endpoint.
    Ask {
        /// The call, which the answer must name.
        call: CallId,
        /// Whom.
        endpoint: EndpointId,
        /// What.
        question: Question,
        /// How long the answer is worth waiting for.
        timeout: Duration,
    },
    /// Tells the bank.
    Report {
        /// The report, which the answer must name.
        errand: ErrandId,
        /// What was found.
        report: Box<Report>,
        /// How long the answer is worth waiting for.
        timeout: Duration,
    },
    /// Tells people and metrics.
    Notice(Notice),
}

/// What people and metrics are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notice {
    /// The immediate lane is down, is tried, or is back.
    Lane {
        /// From which state of its breaker.
        from: BreakerState,
        /// To which.
        to: BreakerState,
    },
    /// A lease was over before its job was done: another worker has it, or will.
    LeaseLost {
        /// The job.
        job: TxKey,
    },
    /// An endpoint contradicted a quorum about a final block, and was cordoned.
    Disagreement {
        /// Which.
        endpoint: EndpointId,
    },
    /// An endpoint is not what the configuration says, and was cordoned.
    Cordoned {
        /// Which.
        endpoint: EndpointId,
        /// Why.
        reason: CordonReason,
    },
    /// A breaker of an endpoint changed its state.
    Breaker {
        /// Whose.
        endpoint: EndpointId,
        /// From which state.
        from: BreakerState,
        /// To which state.
        to: BreakerState,
    },
}
