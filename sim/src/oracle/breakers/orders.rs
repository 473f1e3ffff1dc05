//! What operators' orders do to breakers.

use plimsoll_core::bank::{AdminAct, Effect, EndpointName};
use plimsoll_core::time::Instant;

use super::super::standing::acts_of;
use super::Breakers;

impl Breakers {
    /// What a paused endpoint owes is let go, be its time over or not.
    pub(super) fn let_go(&mut self, effects: &[Effect]) {
        for act in acts_of(effects) {
            match act {
                AdminAct::PauseChain(_) => self.calls.clear(),
                AdminAct::PauseEndpoint(name) => {
                    let place = self.place(name);
                    self.calls
                        .retain(|_, call| Some(usize::from(call.endpoint)) != place);
                }
                AdminAct::ResumeChain(_)
                | AdminAct::ResumeEndpoint(_)
                | AdminAct::Breaker { .. }
                | AdminAct::Sweep
                | AdminAct::Process(_)
                | AdminAct::Drain
                | AdminAct::Undrain
                | AdminAct::Reconcile(_)
                | AdminAct::Refund(_) => {}
            }
        }
    }

    /// An order changes a breaker without a cause, and begins its record anew.
    pub(super) fn obey(&mut self, at: Instant, effects: &[Effect]) {
        for act in acts_of(effects) {
            let AdminAct::Breaker { endpoint, order } = act else {
                continue;
            };
            let Some(place) = self.place(endpoint) else {
                continue;
            };
            let breaker = &mut self.endpoints[place];
            breaker.ordered = Some(order.state());
            if breaker.state == order.state() {
                (breaker.since, breaker.ran_out, breaker.ordered) = ((at, self.step), None, None);
                breaker.heard.clear();
            }
        }
    }

    fn place(&self, name: &EndpointName) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }
}
