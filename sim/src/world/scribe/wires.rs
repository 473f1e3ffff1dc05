//! What travels: each message has a number, which its sending and its arrivals share.

use std::collections::BTreeMap;

use plimsoll_core::escrow::{Answer, Fault, NO_TX, Question};
use plimsoll_core::id::{CallId, RequestId};
use plimsoll_core::time::Instant;

use super::{BANK, Scribe, USERS, said, worker_name};
use crate::engine::Delivery;
use crate::trace::{Arrived, Body, Ids, Reception, Said, Sent};
use crate::world::crew::Tenant;

/// Which message is meant, before it has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Request(u64),
    Reply(u64),
    Question(Tenant, u64),
    Answer(Tenant, u64),
    Call(Tenant, u64),
    Return(Tenant, u64),
    Report(Tenant, u64),
    Acknowledgement(Tenant, u64),
}

/// The messages that are under way.
#[derive(Debug, Default)]
pub(super) struct Messages {
    next: u64,
    under_way: BTreeMap<Name, Vec<(Instant, u64, Said)>>,
}

impl Messages {
    fn send(&mut self, name: Name, delivery: Delivery, said: &Said) -> (u64, Vec<u64>) {
        let number = self.next;
        self.next += 1;
        let arrivals: Vec<Instant> = delivery.first.into_iter().chain(delivery.second).collect();
        if !arrivals.is_empty() {
            let entries = arrivals.iter().map(|at| (*at, number, said.clone()));
            self.under_way.entry(name).or_default().extend(entries);
        }
        (number, arrivals.into_iter().map(Instant::as_nanos).collect())
    }

    /// The message of this name that arrives at `now`, or else the one that is due first.
    fn arrive(&mut self, name: Name, now: Instant) -> Option<(u64, Said)> {
        let entries = self.under_way.get_mut(&name)?;
        let due = entries.iter().position(|(at, ..)| *at == now);
        let first = || (0..entries.len()).min_by_key(|place| entries[*place].0);
        let place = due.or_else(first)?;
        let (_, number, said) = entries.remove(place);
        if entries.is_empty() {
            self.under_way.remove(&name);
        }
        Some((number, said))
    }
}

impl Scribe {
    pub(in crate::world) fn request_sent(&mut self, request: RequestId, errand: u32, delivery: Delivery) {
        self.requests.insert(request.number(), errand);
        let ids = self.ids_of_request(request);
        let text = self.errands[errand as usize].what.clone();
        let part = self.errands[errand as usize].part.clone();
        let name = Name::Request(request.number());
        self.sent((USERS, &part), BANK, name, ids, (delivery, said("request", text)));
    }

    pub(in crate::world) fn request_arrived(&mut self, request: RequestId, met: Reception) {
        let ids = self.ids_of_request(request);
        let from = self.part_of_request(request);
        self.arrived((BANK, "door"), &from, Name::Request(request.number()), ids, met);
    }

    pub(in crate::world) fn reply_sent(
        &mut self,
        request: RequestId,
        reply: &plimsoll_core::bank::Reply,
        delivery: Delivery,
    ) {
        let ids = self.ids_of_request(request);
        let to = self.part_of_request(request);
        let text = said::reply(reply);
        let name = Name::Reply(request.number());
        self.sent((BANK, "door"), &to, name, ids, (delivery, said("reply", text)));
    }

    pub(in crate::world) fn reply_arrived(&mut self, request: RequestId) {
        let ids = self.ids_of_request(request);
        let part = self.part_of_request(request);
        let name = Name::Reply(request.number());
        self.arrived((USERS, &part), BANK, name, ids, Reception::Taken);
    }

    pub(in crate::world) fn question_sent(
        &mut self,
        (by, call): (Tenant, CallId),
        endpoint: u8,
        question: &Question,
        delivery: Delivery,
    ) {
        let tx = match question {
            Question::Receipt { tx } => (*tx != NO_TX).then(|| tx.to_string()),
            Question::Identity { .. }
            | Question::Heads
            | Question::Attested
            | Question::Scan { .. }
            | Question::Balances { .. } => None,
        };
        self.calls.insert((by, call.number()), tx);
        let ids = self.ids_of_call(by, call);
        let (from, to) = (name_of(by), self.endpoint(endpoint));
        let name = Name::Question(by, call.number());
        let said = said("question", said::question(question));
        self.sent((&from, "verifier"), &to, name, ids, (delivery, said));
    }

    pub(in crate::world) fn question_arrived(
        &mut self,
        (by, call): (Tenant, CallId),
        endpoint: u8,
        met: Reception,
    ) {
        let ids = self.ids_of_call(by, call);
        let (from, node) = (name_of(by), self.endpoint(endpoint));
        let name = Name::Question(by, call.number());
        self.arrived((&node, "server"), &from, name, ids, met);
    }

    pub(in crate::world) fn answer_sent(
        &mut self,
        (by, call): (Tenant, CallId),
        endpoint: u8,
        outcome: &Result<Answer, Fault>,
        delivery: Delivery,
    ) {
        let ids = self.ids_of_call(by, call);
        let (to, node) = (name_of(by), self.endpoint(endpoint));
        let name = Name::Answer(by, call.number());
        let said = said("answer", said::outcome(outcome));
        self.sent((&node, "server"), &to, name, ids, (delivery, said));
    }

    pub(in crate::world) fn answer_arrived(
        &mut self,
        (by, call): (Tenant, CallId),
        endpoint: u8,
        met: Reception,
    ) {
        let ids = self.ids_of_call(by, call);
        let (node, from) = (name_of(by), self.endpoint(endpoint));
        let name = Name::Answer(by, call.number());
        self.arrived((&node, "verifier"), &from, name, ids, met);
    }

    /// The ids of a call. What a call of an earlier life was about is forgotten with that life.
    pub(super) fn ids_of_call(&self, by: Tenant, call: CallId) -> Ids {
        Ids {
            call: Some(call.number()),
            tx: self.calls.get(&(by, call.number())).cloned().flatten(),
            ..ids_of(by)
        }
    }

    pub(super) fn sent(
        &mut self,
        from: (&str, &str),
        to: &str,
        name: Name,
        ids: Ids,
        message: (Delivery, Said),
    ) {
        let (delivery, what) = message;
        let (message, arrives) = self.messages.send(name, delivery, &what);
        let ids = Ids {
            message: Some(message),
            ..ids
        };
        let to = to.to_owned();
        self.write(from, ids, Body::Sent(Sent { to, what, arrives }));
    }

    /// What was kept arrives once: when it is handed over, it is not under way any more.
    pub(super) fn arrived(&mut self, place: (&str, &str), from: &str, name: Name, ids: Ids, met: Reception) {
        let waits_for_bank = matches!(
            name,
            Name::Request(_) | Name::Answer(Tenant { worker: None, .. }, _)
        );
        let Some((message, what)) = self.messages.arrive(name, self.now) else {
            self.queues.kept = self.queues.kept.saturating_sub(1);
            return;
        };
        if met == Reception::Kept && waits_for_bank {
            self.queues.kept += 1;
        }
        let ids = Ids {
            message: Some(message),
            ..ids
        };
        let from = from.to_owned();
        self.write(place, ids, Body::Arrived(Arrived { from, what, met }));
    }
}

/// The node of somebody.
pub(super) fn name_of(by: Tenant) -> String {
    by.worker.map_or_else(|| BANK.to_owned(), worker_name)
}

/// The ids of what somebody does in one of its lives.
pub(super) fn ids_of(by: Tenant) -> Ids {
    Ids {
        worker: by.worker.map(|worker| worker + 1),
        life: Some(by.life),
        ..Ids::default()
    }
}

pub(super) fn said(sort: &str, text: String) -> Said {
    Said {
        sort: sort.to_owned(),
        text,
    }
}
