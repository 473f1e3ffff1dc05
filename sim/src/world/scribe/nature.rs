//! What chain, store and faults do, and what oracles find. Here every observation of an oracle arrives.

use core::time::Duration;

use plimsoll_core::monitor::News;
use plimsoll_core::outbox::{Appended, StoreRequest};
use plimsoll_core::time::Instant;

use super::{BANK, CHAIN, STORE, Scribe, WORLD, fault_words};
use crate::fault::Fault;
use crate::model::chain::ChainEvent;
use crate::model::store::Done;
use crate::trace::{
    Asked, Body, Committed, FaultBegan, FaultEnded, Ids, InBlock, Note, Reorged, Stored, Violated,
};
use crate::world::observe::{DiskEvent, Observation, Violation};

impl Scribe {
    /// Writes what oracles see, unless it is told of elsewhere with more detail.
    pub(in crate::world) fn see(&mut self, seen: &Observation<'_>) {
        match seen {
            Observation::Committed { records, head } => {
                self.queues.durable = head.position.count();
                let committed = Committed {
                    records: records.len() as u64,
                    position: head.position.count(),
                    hash: head.hash.to_string(),
                };
                self.write((STORE, "disk"), Ids::default(), Body::Committed(committed));
                self.sample_queues();
            }
            Observation::Released { act } => self.released(act),
            Observation::Crashed {
                uncommitted, durable, ..
            } => self.crashed(uncommitted.len(), durable),
            Observation::Restarted { bank, durable } => self.restarted(bank, durable),
            Observation::Disk(event) => {
                let text = match event {
                    DiskEvent::Damaged { offset } => format!("the disk damages byte {offset} of the journal"),
                    DiskEvent::Refused { offset, why } => {
                        format!("the journal is refused at byte {offset}: {why}")
                    }
                    DiskEvent::Restored => "the journal is restored from a copy".to_owned(),
                };
                self.write((STORE, "disk"), Ids::default(), Body::Note(Note { text }));
            }
            Observation::Chain(event) => self.chain(event),
            Observation::Looked(look) => look.news.iter().for_each(|news| {
                let text = news_text(news);
                self.write((BANK, "monitor"), Ids::default(), Body::Note(Note { text }));
            }),
            Observation::Handled { .. }
            | Observation::Told { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Fault { .. } => {}
        }
    }

    pub(in crate::world) fn fault(
        &mut self,
        number: u32,
        fault: &Fault,
        until: Option<Instant>,
        is_over: bool,
    ) {
        let (on, what) = fault_words::words(fault, &self.endpoints);
        let ids = Ids {
            fault: Some(number),
            ..Ids::default()
        };
        let body = if is_over {
            Body::FaultEnded(FaultEnded { on, what })
        } else {
            Body::FaultBegan(FaultBegan {
                on,
                what,
                until: until
                    .filter(|until| *until != Instant::MAX)
                    .map(Instant::as_nanos),
                fault: serde_json::to_value(fault).unwrap_or_default(),
            })
        };
        self.write((WORLD, "faults"), ids, body);
    }

    pub(in crate::world) fn violated(&mut self, violation: &Violation) {
        let violated = Violated {
            oracle: violation.oracle.to_owned(),
            invariant: violation.invariant.to_owned(),
            detail: violation.detail.clone(),
        };
        self.write((WORLD, "oracles"), Ids::default(), Body::Violated(violated));
    }

    /// The store was asked, and will have done it after `took`.
    pub(in crate::world) fn store_asked(&mut self, request: &StoreRequest, took: Duration) {
        let records = match request {
            StoreRequest::Append(batch) => Some(batch.last.count() - batch.after.count()),
            StoreRequest::ReadHead => None,
        };
        let until = self.now.after(took).as_nanos();
        self.write(
            (STORE, "requests"),
            Ids::default(),
            Body::StoreAsked(Asked { records, until }),
        );
    }

    pub(in crate::world) fn store_answered(&mut self, done: &Done) {
        let outcome = match done {
            Done::Appended { answer, .. } => match answer {
                Appended::Committed => "committed",
                Appended::Failed => "failed",
                Appended::Unknown => "unknown",
                Appended::Fenced => "fenced",
            },
            Done::Head(Some(_)) => "head",
            Done::Head(None) => "no head",
        };
        let outcome = outcome.to_owned();
        self.write(
            (BANK, "outbox"),
            Ids::default(),
            Body::StoreAnswered(Stored { outcome }),
        );
    }

    fn chain(&mut self, event: &ChainEvent) {
        let ids = |tx: &plimsoll_core::id::TxHash| Ids {
            tx: Some(tx.to_string()),
            ..Ids::default()
        };
        let in_block = |block: &plimsoll_core::escrow::BlockRef| InBlock {
            block: block.number,
            hash: block.hash.to_string(),
        };
        let (ids, body) = match event {
            ChainEvent::Mined { tx, block } => (ids(tx), Body::Mined(in_block(block))),
            ChainEvent::Unmined { tx } => (ids(tx), Body::Unmined(Note { text: String::new() })),
            ChainEvent::Finalized { tx, block } => (ids(tx), Body::Finalized(in_block(block))),
            ChainEvent::Reorged { from, latest } => {
                let (from, latest) = (*from, *latest);
                (Ids::default(), Body::Reorged(Reorged { from, latest }))
            }
        };
        let part = if matches!(event, ChainEvent::Reorged { .. }) {
            "blocks"
        } else {
            "transactions"
        };
        self.write((CHAIN, part), ids, body);
    }
}

fn news_text(news: &News) -> String {
    match news {
        News::Raised {
            alert, value, limit, ..
        } => format!("alert: {alert}, {value} of {limit}"),
        News::Repeated {
            alert, value, limit, ..
        } => format!("alert, still: {alert}, {value} of {limit}"),
        News::Resolved { alert, lasted } => format!("alert is over: {alert}, after {lasted:?}"),
        News::Level { from, to } => format!("the house was {} and is {}", from.code(), to.code()),
    }
}
