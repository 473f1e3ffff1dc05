//! What travels between the bank, the workers, the queues and the endpoints.

use plimsoll_core::bank::{Command, Event, Reply};
use plimsoll_core::escrow::{Question, Report, Taken};
use plimsoll_core::id::{CallId, EndpointId, ErrandId, RequestId};
use plimsoll_core::queue::{Lane, LaneFault, QueueReply, QueueRequest};
use plimsoll_core::worker::{Act, Answerless, Input};

use super::{REPORTS_FROM, Shift, Tenant};
use crate::engine::Delivery;
use crate::fault::Cue;
use crate::model::endpoint::Reaction;
use crate::sometimes;
use crate::trace::Reception;
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
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.queue_call_sent((by, errand), lane, request, delivery);
        }
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
        let answer = booth.call(now, request);
        let answer = answer.map(|outcome| (outcome, booth.wire.to_bank.send(now)));
        self.show_call((by, errand), lane, request, answer.as_ref());
        let Some((outcome, delivery)) = answer else {
            return;
        };
        let is_lost = matches!(&outcome, Ok(QueueReply::Kept { lost }) if !lost.is_empty());
        sometimes!(self.reached(), is_lost, "a worker had lost the lease of its job");
        self.arrive(delivery, || Shift::Answered {
            by,
            errand,
            lane,
            outcome: outcome.clone(),
        });
    }

    /// Shows the scribe a call that reached a queue.
    fn show_call(
        &mut self,
        of: (Tenant, ErrandId),
        lane: Lane,
        request: &QueueRequest,
        answer: Option<&(Result<QueueReply, LaneFault>, Delivery)>,
    ) {
        let (Some(scribe), Some(crew)) = (&mut self.jury.scribe, &mut self.crew) else {
            return;
        };
        let answer = answer.map(|(outcome, delivery)| (outcome, *delivery));
        scribe.queue_called(of, (lane, crew.booth(lane).queue()), request, answer);
    }

    pub(super) fn on_queue_answered(
        &mut self,
        by: Tenant,
        errand: ErrandId,
        lane: Lane,
        outcome: Result<QueueReply, LaneFault>,
    ) {
        let met = self.reception(by);
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.queue_returned(by, errand, lane, met);
        }
        if let Some(worker) = by.worker {
            let is_lease = matches!(&outcome, Ok(QueueReply::Leased { jobs, .. }) if !jobs.is_empty());
            if is_lease && met == Reception::Taken {
                self.cue(Cue::Leased { worker });
            }
            return self.tell(by, Input::Queue { errand, outcome });
        }
        match met {
            Reception::Taken => {}
            Reception::Kept => return self.host.keep(Parcel::Queued { errand, outcome }),
            Reception::Refused | Reception::Nobody | Reception::Silence => return,
        }
        self.deliver(Event::Queued { errand, outcome });
    }

    /// What an answer to somebody meets with.
    pub(super) fn reception(&mut self, of: Tenant) -> Reception {
        let (is_there, is_paused) = match of.worker {
            None => {
                let process = &self.host.process;
                let is_there = of.life == process.life() && process.machine().is_some();
                (is_there && !self.host.is_stopping, process.is_paused())
            }
            Some(worker) => {
                let process = &self.hand(worker).process;
                let is_there = of.life == process.life() && process.machine().is_some();
                (is_there, process.is_paused())
            }
        };
        match (is_there, is_paused) {
            (false, _) => Reception::Nobody,
            (true, true) => Reception::Kept,
            (true, false) => Reception::Taken,
        }
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
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.question_sent((by, call), endpoint.index, question, delivery);
        }
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
        if let Some(scribe) = &mut self.jury.scribe {
            let met = match reaction {
                Reaction::Answers(..) => Reception::Taken,
                Reaction::Hangs => Reception::Silence,
            };
            scribe.question_arrived((by, call), endpoint.index, met);
        }
        let Reaction::Answers(took, outcome) = reaction else {
            return;
        };
        let worker = by.worker.unwrap_or_default();
        let wire = &mut self.hand(worker).endpoints[number];
        let delivery = wire.to_bank.send(now.after(took));
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.answer_sent((by, call), endpoint.index, &outcome, delivery);
        }
        let tx = match question {
            Question::Receipt { tx } => Some(*tx),
            Question::Identity { .. }
            | Question::Heads
            | Question::Attested
            | Question::Scan { .. }
            | Question::Balances { .. } => None,
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
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.report_sent((by, errand), report, delivery);
        }
        self.arrive(delivery, || Shift::Report {
            by,
            errand,
            report: Box::new(report.clone()),
        });
    }

    /// A report reaches the bank's process: it is taken, turned away at once, or nobody ever says anything.
    pub(super) fn on_report(&mut self, by: Tenant, errand: ErrandId, report: Box<Report>) {
        let met = if self.host.process.is_paused() {
            Reception::Silence
        } else if self.host.takes_requests() {
            Reception::Taken
        } else {
            Reception::Refused
        };
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.report_arrived(by, errand, met);
        }
        match met {
            Reception::Taken => {}
            Reception::Refused => return self.answer_report(by, errand, Err(Answerless)),
            Reception::Kept | Reception::Nobody | Reception::Silence => return,
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
            let Reply::Reported(taken) = *reply else {
                unreachable!("a worker's report was not believed: {reply:?}")
            };
            self.answer_report(by, errand, Ok(taken));
        }
        true
    }

    fn answer_report(&mut self, by: Tenant, errand: ErrandId, outcome: Result<Taken, Answerless>) {
        let (now, worker) = (self.schedule.now(), by.worker.unwrap_or_default());
        let delivery = self.hand(worker).bank.to_bank.send(now);
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.acknowledgement_sent((by, errand), outcome, delivery);
        }
        self.arrive(delivery, || Shift::Reported { by, errand, outcome });
    }

    pub(super) fn on_reported(&mut self, by: Tenant, errand: ErrandId, outcome: Result<Taken, Answerless>) {
        let met = self.reception(by);
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.acknowledgement_arrived(by, errand, met);
        }
        self.tell(by, Input::Reported { errand, outcome });
    }
}
