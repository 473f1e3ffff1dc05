//! What the bank wishes for, done: one arm an act, one call an arm.

use std::time::Duration;

use plimsoll_core::bank::Act;
use plimsoll_core::escrow::Question;
use plimsoll_core::id::{CallId, EndpointId};

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
            Act::Queue { .. } => unreachable!("no configuration has workers"),
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
}
