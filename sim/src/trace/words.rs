//! An event in a few words, for lists, labels and stories.

use plimsoll_core::time::Instant;

use super::{Body, Event, JobMoved, JobStep, Movement, Reception, Sample, Sent};

/// What happened, in one line without time and place.
#[must_use]
pub fn of(event: &Event) -> String {
    match &event.body {
        Body::FaultBegan(began) => format!("fault {} begins: {}", fault(event), began.what),
        Body::FaultEnded(ended) => format!("fault {} ends: {}", fault(event), ended.what),
        Body::Violated(violated) => {
            let (oracle, invariant) = (&violated.oracle, &violated.invariant);
            format!("{oracle} finds {invariant} broken: {}", violated.detail)
        }
        Body::Wanted(wanted) => wanted.what.clone(),
        Body::Sent(message) => sent(message),
        Body::Arrived(arrived) => {
            let (sort, from, text) = (&arrived.what.sort, &arrived.from, &arrived.what.text);
            format!("{sort} of {from}: {text}{}", met(arrived.met))
        }
        Body::Heard(heard) if heard.settled => format!("hears: {}", heard.what),
        Body::Heard(heard) => format!("hears, and is not done: {}", heard.what),
        Body::GaveUp(gave_up) => {
            let again = seconds(Instant::from_nanos(gave_up.again));
            format!("{}, tries again at {again}", gave_up.why)
        }
        Body::Opened(opened) => format!("is {}with deposit address {}", user(event), opened.address),
        Body::Submitted(submitted) => format!("{} is sent: {}", short(event), moved(&submitted.moves)),
        Body::Mined(mined) => format!("{} is in block {}", short(event), mined.block),
        Body::Unmined(_) => format!("{} is in no block any more", short(event)),
        Body::Finalized(finalized) => format!("{} is final, in block {}", short(event), finalized.block),
        Body::Reorged(reorged) => format!("blocks {} to {} are replaced", reorged.from, reorged.latest),
        Body::Input(input) => format!("{}: {}", input.event, input.what),
        Body::Record(record) => format!("record {}: {}", record.position, record.what),
        Body::Breaker(moved) => format!(
            "breaker of {} from {} to {}",
            moved.endpoint, moved.from, moved.to
        ),
        Body::Notice(note) | Body::Note(note) => note.text.clone(),
        Body::Crashed(crashed) => {
            let (lost, position) = (crashed.lost, crashed.position);
            format!("the process ends; the journal ends at {position}, records lost: {lost}")
        }
        Body::Restarted(restarted) => {
            let (position, epoch) = (restarted.position, restarted.epoch);
            format!("the process is up, having read {position} records, in epoch {epoch}")
        }
        Body::Paused(_) => "the process is stopped".to_owned(),
        Body::Resumed(_) => "the process goes on".to_owned(),
        Body::StoreAsked(asked) => asked.records.map_or_else(
            || "is asked for its head".to_owned(),
            |count| format!("is to append records: {count}"),
        ),
        Body::StoreAnswered(stored) => format!("the store answers: {}", stored.outcome),
        Body::Committed(committed) => {
            let (records, position) = (committed.records, committed.position);
            format!("durable up to record {position}, records: {records}")
        }
        Body::Job(moved) => format!("{} {}", short(event), job(moved)),
        Body::Worked(worked) => format!("{}: {}", worked.event, worked.what),
        Body::Died(died) => format!("the worker dies, with jobs leased to it: {}", died.jobs),
        Body::Started(_) => "the worker is up".to_owned(),
        Body::Checkpoint(checkpoint) => {
            format!(
                "after {} inputs the state is {}",
                checkpoint.steps, checkpoint.state
            )
        }
        Body::Sample(sample) => figures(sample),
    }
}

fn sent(sent: &Sent) -> String {
    let lost = match sent.arrives.len() {
        0 => ", which is lost",
        1 => "",
        _ => ", which arrives twice",
    };
    format!("{} to {}: {}{lost}", sent.what.sort, sent.to, sent.what.text)
}

/// What became of a job, to follow its name.
fn job(moved: &JobMoved) -> String {
    let worker = moved.worker.as_deref().unwrap_or("nobody");
    let until = moved.until.map_or_else(String::new, |until| {
        format!(", until {}", seconds(Instant::from_nanos(until)))
    });
    match moved.step {
        JobStep::Pushed => "is handed over".to_owned(),
        JobStep::Leased => format!("is leased to {worker}, attempt {}{until}", moved.attempts),
        JobStep::Extended => format!("is {worker}'s for longer{until}"),
        JobStep::RanOut => format!("is {worker}'s no more: the lease ran out"),
        JobStep::Repeated => format!("is there for anybody, before the lease of {worker} is over"),
        JobStep::Orphaned => format!("was leased to {worker}, which died"),
        JobStep::Returned => format!("is given back by {worker}, to wait{until}"),
        JobStep::Completed => format!("is completed by {worker}"),
        JobStep::Lost => "is lost by the queue".to_owned(),
    }
}

fn moved(moves: &[Movement]) -> String {
    let one = |one: &Movement| {
        let shape = one.shape.replace('_', " ");
        format!("{shape} of {} {} for user {}", one.amount, one.asset, one.user)
    };
    if moves.is_empty() {
        return "nothing".to_owned();
    }
    moves.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A time as seconds with milliseconds: `3.204 s`.
#[must_use]
pub fn seconds(at: Instant) -> String {
    let ms = at.as_nanos() / 1_000_000;
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}

/// The beginning of the hash of the transaction that an event is about.
fn short(event: &Event) -> String {
    let hash = event.ids.tx.as_deref().unwrap_or("?");
    hash.get(..10)
        .map_or_else(|| hash.to_owned(), |begin| format!("{begin}…"))
}

/// Whose it is, to go before the rest.
fn user(event: &Event) -> String {
    event
        .ids
        .user
        .map_or_else(String::new, |user| format!("user-{user} "))
}

/// The number of the fault that an event belongs to.
pub(super) fn fault(event: &Event) -> String {
    event
        .ids
        .fault
        .map_or_else(|| "?".to_owned(), |fault| fault.to_string())
}

const fn met(met: Reception) -> &'static str {
    match met {
        Reception::Taken => "",
        Reception::Kept => " (waits for the process)",
        Reception::Refused => " (turned away)",
        Reception::Nobody => " (nobody is there)",
        Reception::Silence => " (never answered)",
    }
}

fn figures(sample: &Sample) -> String {
    let one = |(name, value): (&String, &String)| format!("{name} {value}");
    let values: Vec<String> = sample.values.iter().map(one).collect();
    format!("{}: {}", sample.of, values.join(", "))
}
