//! What travels between the bank, the workers, the queues and the endpoints.

use plimsoll_core::bank::{Command, Event, Reply};
use plimsoll_core::escrow::{Question, Report};
use plimsoll_core::id::{CallId, EndpointId, ErrandId, RequestId};
use plimsoll_core::queue::{Lane, LaneFault, QueueReply, QueueRequest};
use plimsoll_core::worker::{Act, Answerless, Input};

use super::{REPORTS_FROM, Shift, Tenant};
use crate::engine::Delivery;
use crate::model::endpoint::Reaction;
use crate::sometimes;
use crate::world::World;
use crate::world::event::Happening;
use crate::world::host::Parcel;

impl World<'_> {
    /// Schedules what `shift` makes for each time at which a message arrives.
    fn arrive(&mut self, delivery: Delivery, shift: impl Fn() -> Shift) {
        for at in [delivery.first, delivery.second].into_iter().flatten() {
            self.schedule.at(at, Happening::Shift(shift()));
        }
    }

    /// The bank or a worker asks a queue.
    pub(in crate::world) fn ask_queue(
        &mut self,
        by: Tenant,
        errand: ErrandId,
        lane: Lane,
        request: &QueueRequest,
    ) {
        let now = self.schedule.now();
        let delivery = self.crew().booth(lane).wire.from_bank.send(now);
        self.arrive(delivery, || Shift::Asked {
            by,
            errand,
            lane,
            request: request.clone(),
        });
    }

    pub(super) fn on_queue_asked(
        &mut self,
        by: Tenant,
        errand: ErrandId,
        lane: Lane,
        request: &QueueRequest,
    ) {
        let now = self.schedule.now();
        let serves_instead = lane == Lane::Database
            && matches!(request, QueueRequest::Enqueue { .. })
            && self
                .plan
                .topology
                .workers
                .is_some_and(|workers| workers.immediate);
        sometimes!(
            self.reached(),
            serves_instead,
            "the immediate lane was down and the database lane served"
        );
        let booth = self.crew().booth(lane);
        let Some(outcome) = booth.call(now, request) else {
            return;
        };
        let delivery = booth.wire.to_bank.send(now);
        let is_lost = matches!(&outcome, Ok(QueueReply::Kept { lost }) if !lost.is_empty());
        sometimes!(self.reached(), is_lost, "a worker had lost the lease of its job");
        self.arrive(delivery, || Shift::Answered {
            by,
            errand,
            outcome: outcome.clone(),
        });
    }

    pub(super) fn on_queue_answered(
        &mut self,
        by: Tenant,
        errand: ErrandId,
        outcome: Result<QueueReply, LaneFault>,
    ) {
        if by.worker.is_some() {
            return self.tell(by, Input::Queue { errand, outcome });
        }
        if by.life != self.host.process.life() || self.bank().is_none() || self.host.is_stopping {
            return;
        }
        if self.host.process.is_paused() {
            return self.host.keep(Parcel::Queued { errand, outcome });
        }
        self.deliver(Event::Queued { errand, outcome });
    }

    /// Does what a worker wishes for.
    pub(super) fn do_for_worker(&mut self, by: Tenant, act: Act) {
        match act {
            Act::Queue {
                errand,
                lane,
                request,
                ..
            } => self.ask_queue(by, errand, lane, &request),
            Act::Ask {
                call,
                endpoint,
                question,
                ..
            } => self.ask_for_worker(by, endpoint, call, &question),
            Act::Report { errand, report, .. } => self.send_report(by, errand, &report),
            // For people and metrics.
            Act::Notice(_) => {}
        }
    }

    fn ask_for_worker(&mut self, by: Tenant, endpoint: EndpointId, call: CallId, question: &Question) {
        let (now, worker) = (self.schedule.now(), by.worker.unwrap_or_default());
        let wire = &mut self.hand(worker).endpoints[usize::from(endpoint.index)];
        let delivery = wire.from_bank.send(now);
        self.arrive(delivery, || Shift::Question {
            by,
            endpoint,
            call,
            question: question.clone(),
        });
    }

    pub(super) fn on_worker_question(
        &mut self,
        by: Tenant,
        endpoint: EndpointId,
        call: CallId,
        question: &Question,
    ) {
        let now = self.schedule.now();
        self.note_finality();
        let number = usize::from(endpoint.index);
        let victim = self.users.victim(number);
        let reaction = self.endpoints[number].ask(&self.chain, now, question, victim);
        let Reaction::Answers(took, outcome) = reaction else {
            return;
        };
        let worker = by.worker.unwrap_or_default();
        let wire = &mut self.hand(worker).endpoints[number];
        let delivery = wire.to_bank.send(now.after(took));
        let tx = match question {
            Question::Receipt { tx } => Some(*tx),
            Question::Identity { .. } | Question::Heads | Question::Scan { .. } => None,
        };
        self.arrive(delivery, || Shift::Answer {
            by,
            of: (endpoint, tx),
            call,
            outcome: outcome.clone(),
        });
    }

    fn send_report(&mut self, by: Tenant, errand: ErrandId, report: &Report) {
        let (now, worker) = (self.schedule.now(), by.worker.unwrap_or_default());
        let delivery = self.hand(worker).bank.from_bank.send(now);
        self.arrive(delivery, || Shift::Report {
            by,
            errand,
            report: Box::new(report.clone()),
        });
    }

    /// A report reaches the bank's process: it is taken, turned away at once, or nobody ever says anything.
    pub(super) fn on_report(&mut self, by: Tenant, errand: ErrandId, report: Box<Report>) {
        if self.host.process.is_paused() {
            return;
        }
        if !self.host.takes_requests() {
            return self.answer_report(by, errand, Err(Answerless));
        }
        let crew = self.crew();
        let request = RequestId::new(REPORTS_FROM + crew.reported);
        crew.reported += 1;
        crew.reports.insert(request, (by, errand));
        let command = Command::Report(report);
        self.deliver(Event::Command { request, command });
    }

    /// The bank answers a report; false when `request` is none.
    pub(in crate::world) fn reply_to_report(&mut self, request: RequestId, reply: &Reply) -> bool {
        if request.number() < REPORTS_FROM {
            return false;
        }
        if let Some((by, errand)) = self.crew().reports.remove(&request) {
            let Reply::Reported { is_open } = *reply else {
                unreachable!("a worker's report was not believed: {reply:?}")
            };
            self.answer_report(by, errand, Ok(is_open));
        }
        true
    }

    fn answer_report(&mut self, by: Tenant, errand: ErrandId, outcome: Result<bool, Answerless>) {
        let (now, worker) = (self.schedule.now(), by.worker.unwrap_or_default());
        let delivery = self.hand(worker).bank.to_bank.send(now);
        self.arrive(delivery, || Shift::Reported { by, errand, outcome });
    }

    pub(super) fn on_reported(&mut self, by: Tenant, errand: ErrandId, outcome: Result<bool, Answerless>) {
        self.tell(by, Input::Reported { errand, outcome });
    }
}
