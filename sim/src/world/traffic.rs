//! What travels: requests and replies between users and the bank, questions and answers between it and endpoints.

use plimsoll_core::bank::{Act, Event, Reply};
use plimsoll_core::escrow::{Answer, Fault, Question};
use plimsoll_core::id::{CallId, EndpointId, RequestId};

use super::World;
use super::crew::Tenant;
use super::event::Happening;
use super::host::Parcel;
use super::stats::Part;
use crate::fault::Cue;
use crate::model::endpoint::Reaction;
use crate::sometimes;
use crate::trace::Reception;

impl World<'_> {
    /// A request of a client reaches the process.
    pub(super) fn on_request(&mut self, request: RequestId) {
        let met = if self.host.takes_requests() {
            Reception::Taken
        } else if self.host.has_room(self.plan.topology.bank.mailbox) {
            Reception::Kept
        } else {
            Reception::Refused
        };
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.request_arrived(request, met);
        }
        match met {
            Reception::Taken => {
                self.cue(Cue::Request);
                self.deliver(self.users.event(request));
            }
            Reception::Kept => self.host.keep(Parcel::Request(request)),
            Reception::Refused | Reception::Nobody | Reception::Silence => {
                sometimes!(self.reached(), true, "a request was turned away");
                self.turn_away(request);
            }
        }
    }

    /// An answer of an endpoint reaches the process.
    pub(super) fn on_answer(
        &mut self,
        life: u32,
        endpoint: u8,
        call: CallId,
        outcome: Result<Answer, Fault>,
    ) {
        let met = if life != self.host.process.life() || self.bank().is_none() || self.host.is_stopping {
            Reception::Nobody
        } else if self.host.process.is_paused() {
            Reception::Kept
        } else {
            Reception::Taken
        };
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.answer_arrived((Tenant::bank(life), call), endpoint, met);
        }
        if met == Reception::Nobody {
            return;
        }
        if met == Reception::Kept {
            return self.host.keep(Parcel::Answer {
                endpoint,
                call,
                outcome,
            });
        }
        if outcome.is_ok() {
            self.works(|part| match part {
                Part::Endpoint(number) => number == endpoint,
                Part::AllEndpoints | Part::Process => true,
                Part::Store | Part::Users => false,
            });
        }
        self.deliver(Event::Answered { call, outcome });
    }

    /// A question reaches an endpoint.
    pub(super) fn on_question(&mut self, life: u32, endpoint: u8, call: CallId, question: &Question) {
        let now = self.now();
        self.note_finality();
        let number = usize::from(endpoint);
        let victim = self.users.victim(number);
        let reaction = self.endpoints[number].ask(&self.chain, now, question, victim);
        if let Some(scribe) = &mut self.jury.scribe {
            let met = match reaction {
                Reaction::Answers(..) => Reception::Taken,
                Reaction::Hangs => Reception::Silence,
            };
            scribe.question_arrived((Tenant::bank(life), call), endpoint, met);
        }
        let Reaction::Answers(took, outcome) = reaction else {
            return;
        };
        let delivery = self.wires.endpoints[number].to_bank.send(now.after(took));
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.answer_sent((Tenant::bank(life), call), endpoint, &outcome, delivery);
        }
        let mut answer = |at, outcome| {
            let answer = Happening::Answer {
                life,
                endpoint,
                call,
                outcome,
            };
            self.schedule.at(at, answer);
        };
        if let Some(at) = delivery.second {
            answer(at, outcome.clone());
        }
        if let Some(at) = delivery.first {
            answer(at, outcome);
        }
    }

    /// Does what the bank wishes for.
    pub(super) fn execute(&mut self, act: Act) {
        match act {
            Act::Reply { request, reply } => self.send_reply(request, reply),
            Act::Ask {
                call,
                endpoint,
                question,
                ..
            } => self.send_question(call, endpoint, question),
            Act::Queue {
                errand,
                lane,
                request,
                ..
            } => {
                let by = Tenant::bank(self.host.process.life());
                self.ask_queue(by, errand, lane, &request);
            }
            // For people and metrics: the oracles saw it leave.
            Act::Notice(notice) => {
                self.watch_notice(&notice);
                self.cue_notice(&notice);
            }
        }
    }

    fn send_reply(&mut self, request: RequestId, reply: Reply) {
        if self.reply_to_report(request, &reply) {
            return;
        }
        let delivery = self.wires.users.from_bank.send(self.schedule.now());
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.reply_sent(request, &reply, delivery);
        }
        if let Some(at) = delivery.second {
            let copy = Box::new(reply.clone());
            self.schedule.at(at, Happening::Reply(request, copy));
        }
        if let Some(at) = delivery.first {
            self.schedule.at(at, Happening::Reply(request, Box::new(reply)));
        }
    }

    fn send_question(&mut self, call: CallId, endpoint: EndpointId, question: Question) {
        self.stats.questions += 1;
        let is_failing = self.host.outbox.is_store_failing();
        sometimes!(
            self.reached(),
            is_failing,
            "a question left while the store was failing"
        );
        let life = self.host.process.life();
        let endpoint = endpoint.index;
        self.cue(Cue::Question { endpoint });
        let delivery = self.wires.endpoints[usize::from(endpoint)]
            .from_bank
            .send(self.schedule.now());
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.question_sent((Tenant::bank(life), call), endpoint, &question, delivery);
        }
        let mut ask = |at, question| {
            let question = Happening::Question {
                life,
                endpoint,
                call,
                question,
            };
            self.schedule.at(at, question);
        };
        if let Some(at) = delivery.second {
            ask(at, question.clone());
        }
        if let Some(at) = delivery.first {
            ask(at, question);
        }
    }

    /// The connection of a request is refused or cut.
    pub(super) fn turn_away(&mut self, request: RequestId) {
        if let Some(at) = self.wires.users.from_bank.send(self.schedule.now()).first {
            self.schedule.at(at, Happening::TurnedAway(request));
        }
    }
}
