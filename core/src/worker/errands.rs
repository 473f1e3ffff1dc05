//! [`Errands`]: the calls to queues that are under way, each with the time that it has.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use super::Act;
use crate::escrow::TxKey;
use crate::id::ErrandId;
use crate::machine::{Deadline, Effects};
use crate::queue::{JOBS_PER_REQUEST_MAX, Lane, LaneFault, Place, QueueReply, QueueRequest, Token};
use crate::time::Instant;

/// What a call is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// More jobs.
    Lease { token: Token },
    /// More time.
    Extend { jobs: Vec<TxKey> },
    /// A job is done, or given back.
    End,
}

/// A call under way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) place: Place,
    pub(super) purpose: Purpose,
    pub(super) begun: Instant,
    /// How many jobs it may bring.
    most: usize,
    deadline: Instant,
}

/// The calls under way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Errands {
    /// How long a call may take.
    timeout: Duration,
    calls: BTreeMap<ErrandId, Call>,
    deadlines: BTreeSet<(Instant, ErrandId)>,
    begun: u64,
}

impl Errands {
    /// None under way; each may take `timeout`.
    pub(super) const fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            calls: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            begun: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The number of the next errand.
    pub(super) const fn next_number(&self) -> u64 {
        self.begun
    }

    /// Uses up the next number, for a report.
    pub(super) fn next_id(&mut self) -> ErrandId {
        let errand = ErrandId::new(self.begun);
        self.begun += 1;
        errand
    }

    /// Calls a queue.
    pub(super) fn call(
        &mut self,
        now: Instant,
        place: Place,
        purpose: Purpose,
        request: QueueRequest,
        fx: &mut Effects<Act>,
    ) {
        let errand = self.next_id();
        let deadline = now.after(self.timeout);
        let most = match &request {
            QueueRequest::Lease { most, .. } => *most,
            QueueRequest::Enqueue { .. }
            | QueueRequest::Extend { .. }
            | QueueRequest::Complete { .. }
            | QueueRequest::Release { .. } => 0,
        };
        fx.push(Act::Queue {
            errand,
            lane: place.lane,
            request,
            timeout: self.timeout,
        });
        self.deadlines.insert((deadline, errand));
        self.calls.insert(
            errand,
            Call {
                place,
                purpose,
                begun: now,
                most,
                deadline,
            },
        );
    }

    /// Takes a call out, if it is under way.
    pub(super) fn take_call(&mut self, errand: ErrandId) -> Option<Call> {
        let call = self.calls.remove(&errand)?;
        self.deadlines.remove(&(call.deadline, errand));
        Some(call)
    }

    /// A call whose time is over.
    pub(super) fn first_over(&self, now: Instant) -> Option<ErrandId> {
        let (at, errand) = self.deadlines.first()?;
        (*at <= now).then_some(*errand)
    }

    /// Whether `lane` is being asked for jobs.
    pub(super) fn is_leasing(&self, lane: Lane) -> bool {
        let is = |call: &Call| call.place.lane == lane && matches!(call.purpose, Purpose::Lease { .. });
        self.calls.values().any(is)
    }

    /// How many jobs may come of the calls under way.
    pub(super) fn jobs_asked_for(&self) -> usize {
        self.calls.values().map(|call| call.most).sum()
    }

    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        let (at, _) = self.deadlines.first()?;
        Some(Deadline {
            at: *at,
            why: "a call to a queue times out",
        })
    }
}

/// Checks that a reply is one to a call with this purpose.
pub(super) fn fitting(purpose: &Purpose, reply: QueueReply) -> Result<QueueReply, LaneFault> {
    let fits = match (purpose, &reply) {
        (Purpose::Lease { .. }, QueueReply::Leased { jobs, .. }) => jobs.len() <= JOBS_PER_REQUEST_MAX,
        (Purpose::Extend { .. } | Purpose::End, QueueReply::Kept { .. }) => true,
        (Purpose::Lease { .. } | Purpose::Extend { .. } | Purpose::End, _) => false,
    };
    if fits {
        Ok(reply)
    } else {
        Err(LaneFault::Malformed)
    }
}
