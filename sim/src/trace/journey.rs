//! Journeys: what happened to each transaction that was sent to the chain, from its sending to the credit.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::time::Instant;

use super::{Body, Event, Recorded, Submitted, Transcript};

/// What became of what nobody named.
const UNNAMED: &str = "nobody named it";
/// What became of what was named and nothing more.
const NAMED: &str = "named, not verified";

/// The journey of one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journey {
    /// Its number, from 1, in the order of sending.
    pub number: usize,
    /// The hash of the transaction.
    pub tx: String,
    /// What was sent, for people: `25 USDT for user 2`.
    pub title: String,
    /// Every event that it is part of, by place in the transcript, in order.
    pub events: Vec<usize>,
    /// What became of it, by its last durable record: `final`, `rejected: reverted`, `nobody named it`.
    pub fate: String,
    /// When its block became final, if it did.
    pub finalized: Option<Instant>,
    /// When its posting became durable, if it did.
    pub credited: Option<Instant>,
}

impl Journey {
    /// How long it took from the finality of its block to the durable posting.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        Some(self.credited?.since(self.finalized?))
    }
}

/// Which commit made each record durable, by the places of their events. Records that are missing here were lost, or
/// were not durable when the run ended.
pub(super) fn commits(events: &[Event]) -> BTreeMap<usize, usize> {
    let mut durable = BTreeMap::new();
    let mut decided: Vec<(u64, usize)> = Vec::new();
    for (place, event) in events.iter().enumerate() {
        if let Body::Record(record) = &event.body {
            decided.push((record.position, place));
        } else if let Body::Committed(committed) = &event.body {
            let is_safe = |(position, _): &(u64, usize)| *position <= committed.position;
            let safe = decided
                .iter()
                .filter(|one| is_safe(one))
                .map(|(_, record)| (*record, place));
            durable.extend(safe);
            decided.retain(|one| !is_safe(one));
        } else if let Body::Crashed(_) = &event.body {
            decided.clear();
        }
    }
    durable
}

impl Transcript {
    /// The journey of every transaction that was sent to the chain, in the order of sending.
    #[must_use]
    pub fn journeys(&self) -> Vec<Journey> {
        let commits = commits(&self.events);
        let sent = self
            .events
            .iter()
            .filter_map(|event| match (&event.body, &event.ids.tx) {
                (Body::Submitted(submitted), Some(tx)) => Some((tx, submitted)),
                (_, Some(_) | None) => None,
            });
        let places = places(&self.events);
        let journey = |(number, (tx, submitted)): (usize, (&String, &Submitted))| {
            let mut events = places.get(tx.as_str()).cloned().unwrap_or_default();
            let made_durable: Vec<usize> = events
                .iter()
                .filter_map(|place| commits.get(place))
                .copied()
                .collect();
            events.extend(made_durable);
            let mut journey = Journey {
                number: number + 1,
                tx: tx.clone(),
                title: title(submitted),
                events: events.into_iter().collect(),
                fate: UNNAMED.to_owned(),
                finalized: None,
                credited: None,
            };
            self.judge(&mut journey, &commits);
            journey
        };
        sent.enumerate().map(journey).collect()
    }

    /// Finds out what became of a journey.
    fn judge(&self, journey: &mut Journey, commits: &BTreeMap<usize, usize>) {
        for place in &journey.events {
            let event = &self.events[*place];
            if let Body::Finalized(_) = &event.body {
                journey.finalized = Some(event.at);
            }
            let (Body::Record(record), Some(commit)) = (&event.body, commits.get(place)) else {
                continue;
            };
            if let Some(fate) = fate(record, &journey.fate) {
                journey.fate = fate;
            }
            if record.name == "escrow.final" {
                journey.credited = Some(self.events[*commit].at);
            }
        }
    }
}

/// The events of each transaction, by its hash.
fn places(events: &[Event]) -> BTreeMap<&str, BTreeSet<usize>> {
    let mut places: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    // Which transaction of the chain a transaction of the ledger was made for.
    let mut booked: BTreeMap<u64, &str> = BTreeMap::new();
    for (place, event) in events.iter().enumerate() {
        let mut about: Vec<&str> = event.ids.tx.as_deref().into_iter().collect();
        if let Body::Record(record) = &event.body {
            about.extend(record.found.iter().map(String::as_str));
            if let Some(tx) = event.ids.tx.as_deref() {
                let ids = record
                    .bookings
                    .iter()
                    .flat_map(|one| [one.transaction, one.purchase]);
                booked.extend(ids.flatten().map(|id| (id, tx)));
            }
        }
        for tx in about {
            places.entry(tx).or_default().insert(place);
        }
    }
    for (place, event) in events.iter().enumerate() {
        if let Some(tx) = event.ids.transaction.and_then(|id| booked.get(&id)) {
            places.entry(tx).or_default().insert(place);
        }
    }
    places
}

/// What a record makes of its transaction, if anything. To be named again changes nothing, unless the scanner finds
/// what was given up.
fn fate(record: &Recorded, earlier: &str) -> Option<String> {
    let reason = record.reason.as_deref().unwrap_or("no reason");
    let is_new = earlier == UNNAMED;
    let is_given_up = earlier.starts_with("dead letter") || earlier == "dismissed";
    let fate = match record.name.as_str() {
        "escrow.claim_filed" if is_new => NAMED.to_owned(),
        "escrow.scanned" if is_new || is_given_up => NAMED.to_owned(),
        "escrow.dead_letter_retried" | "escrow.dead_letter_reopened" | "escrow.dead_letter_replayed" => {
            NAMED.to_owned()
        }
        "escrow.seen" => "seen, not final".to_owned(),
        "escrow.reorged" => "reorged".to_owned(),
        "escrow.final" if record.bookings.iter().all(|one| one.to.starts_with("suspense")) => {
            "in suspense".to_owned()
        }
        "escrow.final" => "credited".to_owned(),
        "escrow.rejected" => format!("rejected: {reason}"),
        "escrow.dead_lettered" => format!("dead letter: {reason}"),
        "escrow.dust_credited" => "in suspense, then credited with others".to_owned(),
        "escrow.suspense_attributed" => "in suspense, then a user's".to_owned(),
        "escrow.refund_requested" => "to be sent back".to_owned(),
        "escrow.dead_letter_dismissed" => "dismissed".to_owned(),
        _ => return None,
    };
    Some(fate)
}

fn title(submitted: &Submitted) -> String {
    let one = |one: &super::Movement| {
        let what = format!("{} {} for user {}", one.amount, one.asset, one.user);
        match one.shape.as_str() {
            "payment" => what,
            shape => format!("{what} ({})", shape.replace('_', " ")),
        }
    };
    let moves: Vec<String> = submitted.moves.iter().take(2).map(one).collect();
    let more = submitted.moves.len().saturating_sub(2);
    match (moves.is_empty(), more) {
        (true, _) => "nothing".to_owned(),
        (false, 0) => moves.join(" and "),
        (false, more) => format!("{} and {more} more", moves.join(", ")),
    }
}

#[cfg(test)]
mod tests;
