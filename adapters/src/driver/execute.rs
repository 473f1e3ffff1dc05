//! What the bank wishes for, done: one arm an act, one call an arm.

use std::time::Duration;

use plimsoll_core::bank::Act;
use plimsoll_core::escrow::Question;
use plimsoll_core::id::{CallId, EndpointId, ErrandId};
use plimsoll_core::queue::{Lane, QueueRequest};

use super::asker::Asker;
use super::run::Driver;
use super::witness::Witness;
use crate::store::Journal;

impl<J: Journal, A: Asker, W: Witness> Driver<J, A, W> {
    pub(super) fn execute(&mut self, act: Act) {
        match act {
            Act::Reply { request, reply } => self.callers.answer(request, reply),
            Act::Ask {
                call,
                endpoint,
                question,
                timeout,
            } => self.ask(call, endpoint, question, timeout),
            Act::Queue {
                errand,
                lane,
                request,
                timeout,
            } => self.queue(errand, lane, request, timeout),
            Act::Notice(_) => {} // the witness has heard it
        }
    }

    fn ask(&mut self, call: CallId, endpoint: EndpointId, question: Question, timeout: Duration) {
        if self.is_stopping {
            return; // nobody will be there for the answer; the next start asks again
        }
        let asker = self.asker.clone();
        self.calls
            .start(async move { (call, asker.ask(endpoint, question, timeout).await) });
    }

    fn queue(&mut self, errand: ErrandId, lane: Lane, request: QueueRequest, timeout: Duration) {
        if self.is_stopping {
            return; // the next start hands over what is open then
        }
        let answering = self.queues.call(lane, request, timeout);
        self.errands.start(async move { (errand, answering.await) });
    }
}
