//! [`Booth`]: a queue behind its link, with what is wrong with it.

use std::collections::BTreeMap;

use plimsoll_core::queue::{LaneFault, QueueReply, QueueRequest};
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;

use crate::fault::QueueFault;
use crate::model::queue::Queue;
use crate::world::plan::LinkPlan;
use crate::world::wires::Wire;

/// A queue as it can be reached.
#[derive(Debug)]
pub(in crate::world) struct Booth {
    queue: Queue,
    /// The way to it and back.
    pub(in crate::world) wire: Wire,
    /// What is wrong, by the number of the fault: how, and for how many of a hundred requests.
    faults: BTreeMap<u32, (QueueFault, u8)>,
    rng: Rng,
}

impl Booth {
    pub(super) fn new(link: LinkPlan, rng: &Rng) -> Self {
        Self {
            queue: Queue::new(),
            wire: Wire::new(&link, &rng.fork("link")),
            faults: BTreeMap::new(),
            rng: rng.fork("faults"),
        }
    }

    /// What is in it.
    pub(in crate::world) const fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Begins a fault that hits `percent` of a hundred requests; one that only happens is over with that.
    pub(in crate::world) fn begin(&mut self, number: u32, fault: QueueFault, percent: u8) {
        match fault {
            QueueFault::Forgets => self.queue.lose_all(),
            QueueFault::FailsOver => {
                let rng = &mut self.rng;
                self.queue.lose(|| rng.chance(1, 2));
            }
            QueueFault::Down
            | QueueFault::Silent
            | QueueFault::Full
            | QueueFault::LosesAnswers
            | QueueFault::Repeats => {
                self.faults.insert(number, (fault, percent));
            }
        }
    }

    /// Ends a fault.
    pub(in crate::world) fn end(&mut self, number: u32) {
        self.faults.remove(&number);
    }

    /// Does what is asked, as far as nothing is wrong; `None` when nobody hears of it.
    pub(super) fn call(
        &mut self,
        now: Instant,
        request: &QueueRequest,
    ) -> Option<Result<QueueReply, LaneFault>> {
        let writes = !matches!(request, QueueRequest::Lease { .. });
        let mut is_heard = true;
        for (fault, percent) in self.faults.values() {
            if !self.rng.chance(u64::from(*percent), 100) {
                continue;
            }
            match fault {
                QueueFault::Down => return Some(Err(LaneFault::Connection)),
                QueueFault::Silent => return None,
                QueueFault::Full if writes => return Some(Err(LaneFault::Full)),
                QueueFault::LosesAnswers => is_heard = false,
                QueueFault::Repeats => self.queue.end_leases(now),
                QueueFault::Full | QueueFault::Forgets | QueueFault::FailsOver => {}
            }
        }
        let reply = self.queue.call(now, request);
        is_heard.then_some(Ok(reply))
    }
}
