//! Events as sentences: those of one deposit, and what happened around it meanwhile.

mod around;
mod decided;
mod handed;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::time::Instant;

use crate::trace::journey::commits;
use crate::trace::{Arrived, Body, Event, Journey, Reception, Sent, Submitted, Transcript, words};

/// A sentence, and when it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Beat {
    /// When.
    pub(super) at: Instant,
    /// Whether it happened around the deposit and not to it.
    pub(super) is_around: bool,
    /// The sentence.
    pub(super) text: String,
}

/// The beats of a journey, oldest first, or those of the run when there is none. If the run failed, they go on to its end.
pub(super) fn tell(told: &Transcript, journey: Option<&Journey>) -> Vec<Beat> {
    let events = &told.events;
    let places: BTreeSet<usize> = journey.into_iter().flat_map(|one| &one.events).copied().collect();
    let first = places.first().copied().unwrap_or(0);
    let last = match places.last() {
        Some(last) if told.end.is_passed() => *last,
        Some(_) | None => events.len().saturating_sub(1),
    };
    let mut teller = Teller {
        commits: commits(events),
        events,
        beats: Vec::new(),
        questions: BTreeMap::new(),
        attempts: BTreeMap::new(),
        claimants: BTreeSet::new(),
        faults: BTreeMap::new(),
    };
    for place in first..=last {
        let Some(event) = events.get(place) else { break };
        if places.contains(&place) {
            teller.own(place, event);
        } else {
            teller.around(event);
        }
    }
    let (beats, asked) = (teller.beats, teller.questions);
    shorten(finish(beats, asked))
}

/// A question: whose process asked it, in which life, and its number.
type Asked = (Option<u8>, u32, u64);

/// One question that has no answer yet.
#[derive(Debug, Clone)]
struct Question {
    /// The place of its beat.
    beat: usize,
    /// Where one of its messages was lost, in words.
    lost: Option<&'static str>,
}

struct Teller<'a> {
    commits: BTreeMap<usize, usize>,
    events: &'a [Event],
    beats: Vec<Beat>,
    /// Questions without an answer, by life and call.
    questions: BTreeMap<Asked, Question>,
    /// How often each errand was sent.
    attempts: BTreeMap<u32, u64>,
    /// Who claimed it.
    claimants: BTreeSet<String>,
    /// The faults that began, and when.
    faults: BTreeMap<Option<u32>, Instant>,
}

impl Teller<'_> {
    fn say(&mut self, at: Instant, is_around: bool, text: String) {
        self.beats.push(Beat { at, is_around, text });
    }

    /// Tells an event that the deposit is not part of, if it matters to it.
    fn around(&mut self, event: &Event) {
        if matches!(event.body, Body::FaultBegan(_)) {
            self.faults.insert(event.ids.fault, event.at);
        }
        if matches!(event.body, Body::Crashed(_) | Body::Died(_)) {
            self.questions
                .retain(|(worker, ..), _| *worker != event.ids.worker);
        }
        let is_end = matches!(event.body, Body::FaultEnded(_));
        // What only strikes once ends when it begins.
        if is_end && self.faults.get(&event.ids.fault) == Some(&event.at) {
            return;
        }
        if let Some(text) = around::sentence(event) {
            self.say(event.at, true, text);
        }
    }

    fn claimed(&mut self, client: &str) -> String {
        let again = if self.claimants.insert(client.to_owned()) {
            ""
        } else {
            " again"
        };
        format!("{client} claimed it{again}.")
    }

    /// Tells an event of the deposit, if there is anything to tell: what another event says better is left to it.
    fn own(&mut self, place: usize, event: &Event) {
        let client = client(&event.part);
        let text = match &event.body {
            Body::Submitted(submitted) => Some(sent_to_chain(submitted)),
            Body::Mined(mined) => Some(format!("The chain put it into block {}.", mined.block)),
            Body::Unmined(_) => Some("A reorganisation took it out of its block.".to_owned()),
            Body::Finalized(block) => Some(format!("Block {}, with it inside, became final.", block.block)),
            Body::Wanted(wanted) if wanted.what.starts_with("claims") => Some(self.claimed(&client)),
            Body::Wanted(wanted) => Some(format!("{client} wanted something: {}.", wanted.what)),
            Body::Sent(sent) => self.sent(event, sent),
            Body::Arrived(arrived) => arrival(event, arrived),
            Body::Heard(heard) if heard.settled => Some(format!("{client} heard: {}.", heard.what)),
            Body::Heard(heard) => Some(format!("{client} heard: {}; and asks again.", heard.what)),
            Body::GaveUp(gave_up) => {
                let again = words::seconds(Instant::from_nanos(gave_up.again));
                Some(format!(
                    "{client} got no answer ({}), to ask again at {again}.",
                    gave_up.why
                ))
            }
            Body::Input(input) => {
                self.answered(event, &input.what);
                None
            }
            Body::Worked(worked) => {
                self.answered(event, &worked.what);
                None
            }
            Body::Job(moved) => handed::sentence(event, moved),
            Body::Record(record) => decided::sentence(record, self.durability(place, event)),
            Body::Notice(_) | Body::Committed(_) => None,
            Body::FaultBegan(_)
            | Body::FaultEnded(_)
            | Body::Violated(_)
            | Body::Opened(_)
            | Body::Reorged(_)
            | Body::Breaker(_)
            | Body::Crashed(_)
            | Body::Restarted(_)
            | Body::Paused(_)
            | Body::Resumed(_)
            | Body::StoreAsked(_)
            | Body::StoreAnswered(_)
            | Body::Died(_)
            | Body::Started(_)
            | Body::Checkpoint(_)
            | Body::Sample(_)
            | Body::Note(_) => around::sentence(event),
        };
        if let Some(text) = text {
            self.say(event.at, false, text);
        }
    }

    fn sent(&mut self, event: &Event, sent: &Sent) -> Option<String> {
        let is_lost = sent.arrives.is_empty();
        match sent.what.sort.as_str() {
            "question" => {
                let question = Question {
                    beat: self.beats.len(),
                    lost: is_lost.then_some("the question was lost on the way"),
                };
                self.questions.insert(event.ids.question()?, question);
                let who = handed::capital(&event.node);
                Some(format!("{who} asked {} for the receipt", sent.to))
            }
            "answer" => {
                let question = self.questions.get_mut(&event.ids.question()?)?;
                if is_lost {
                    question.lost = Some("the answer was lost on the way");
                }
                None
            }
            "request" => {
                let attempts = self.attempts.entry(event.ids.errand?).or_default();
                *attempts += 1;
                let client = client(&event.part);
                match (*attempts, is_lost) {
                    (1, false) => None,
                    (1, true) => Some("That request was lost on the way.".to_owned()),
                    (nth, false) => Some(format!("{client} asked again, attempt {nth}.")),
                    (nth, true) => Some(format!(
                        "{client} asked again, attempt {nth}, and it was lost on the way."
                    )),
                }
            }
            "report" => Some(handed::report(event, sent)),
            "reply" | "acknowledgement" if is_lost => Some(format!(
                "The bank's reply to {} was lost on the way: {}.",
                sent.to, sent.what.text
            )),
            "call" | "return" if is_lost => Some(format!(
                "What {} had to say to {} was lost on the way: {}.",
                handed::named(&event.node),
                handed::named(&sent.to),
                sent.what.text
            )),
            _ => None,
        }
    }

    /// Ends the sentence of a question with what the bank heard.
    fn answered(&mut self, event: &Event, what: &str) {
        let asked = event.ids.question();
        let Some(question) = asked.and_then(|asked| self.questions.remove(&asked)) else {
            return;
        };
        let Some(beat) = self.beats.get_mut(question.beat) else {
            return;
        };
        let lost = question
            .lost
            .map_or_else(String::new, |lost| format!(" ({lost})"));
        let took = event.at.since(beat.at).as_millis();
        beat.text
            .push_str(&format!(", and after {took} ms heard: {what}{lost}."));
    }

    /// When the record at `place` became durable, in words.
    fn durability(&self, place: usize, event: &Event) -> String {
        let commit = self
            .commits
            .get(&place)
            .and_then(|commit| self.events.get(*commit));
        commit.map_or_else(
            || "never durable".to_owned(),
            |commit| format!("durable {} ms later", commit.at.since(event.at).as_millis()),
        )
    }
}

/// Ends the sentences of questions that were never answered.
fn finish(mut beats: Vec<Beat>, questions: BTreeMap<Asked, Question>) -> Vec<Beat> {
    for question in questions.into_values() {
        if let Some(beat) = beats.get_mut(question.beat) {
            let lost = question.lost.map_or_else(String::new, |lost| format!(": {lost}"));
            beat.text
                .push_str(&format!(", and had heard nothing when this story ends{lost}."));
        }
    }
    // What is left are questions of a process that ended.
    for beat in &mut beats {
        if !beat.text.ends_with('.') && !beat.is_around {
            beat.text.push_str(", and its process ended before any answer.");
        }
    }
    beats
}

/// How many questions in a row are told one by one.
const QUESTIONS_IN_A_ROW: usize = 4;

/// Tells only the first questions of many in a row that nothing else happened between, and how many there were.
fn shorten(beats: Vec<Beat>) -> Vec<Beat> {
    let is_question = |beat: &&Beat| {
        let asks = beat.text.split_once(" asked ");
        asks.is_some_and(|(_, rest)| rest.contains(" for the receipt"))
    };
    let mut short: Vec<Beat> = Vec::new();
    let mut rest = beats.as_slice();
    while let Some(first) = rest.first() {
        let row = rest.iter().take_while(is_question).count();
        if row <= QUESTIONS_IN_A_ROW + 1 {
            let taken = row.max(1);
            short.extend_from_slice(&rest[..taken]);
            rest = &rest[taken..];
            continue;
        }
        let (told, left) = rest[..row].split_at(QUESTIONS_IN_A_ROW);
        short.extend_from_slice(told);
        let (at, last) = (left[0].at, left.last().map_or(first.at, |beat| beat.at));
        let (count, until) = (left.len(), words::seconds(last));
        let heard = left
            .last()
            .and_then(|beat| beat.text.split_once("heard"))
            .map_or("", |(_, heard)| heard);
        let who = asker(left);
        let text =
            format!("{who} asked {count} times more until {until}; of the last question it heard{heard}");
        short.push(Beat {
            at,
            is_around: false,
            text,
        });
        rest = &rest[row..];
    }
    short
}

/// Who asked these questions, to begin a sentence: one who did, or all of them.
fn asker(questions: &[Beat]) -> &str {
    let who = |beat: &Beat| {
        beat.text
            .split_once(" asked ")
            .map_or("", |(who, _)| who)
            .to_owned()
    };
    match questions {
        [first, rest @ ..] if rest.iter().any(|beat| who(beat) != who(first)) => "They",
        _ => "It",
    }
}

fn sent_to_chain(submitted: &Submitted) -> String {
    let one = |one: &crate::trace::Movement| {
        let what = match one.shape.as_str() {
            "payment" => "a payment of".to_owned(),
            shape => format!("what looks like a payment ({}) of", shape.replace('_', " ")),
        };
        format!("{what} {} {} to user {}", one.amount, one.asset, one.user)
    };
    let moves: Vec<String> = submitted.moves.iter().map(one).collect();
    let moves = if moves.is_empty() {
        "nothing".to_owned()
    } else {
        moves.join(", ")
    };
    let fate = match submitted.fate.as_str() {
        "reverted" => " It is to revert.",
        "never_mined" => " No block will ever take it.",
        _ => "",
    };
    format!("Somebody sent a transaction to the chain with {moves}.{fate}")
}

/// What became of a message, unless it was simply taken.
fn arrival(event: &Event, arrived: &Arrived) -> Option<String> {
    let (what, of) = (arrived.what.sort.as_str(), handed::named(&event.node));
    match arrived.met {
        Reception::Taken if what == "acknowledgement" => Some(format!(
            "{} heard of its report: {}.",
            handed::capital(&event.node),
            arrived.what.text
        )),
        Reception::Taken => None,
        Reception::Kept => Some(format!("The {what} waits: the process of {of} is held up.")),
        Reception::Refused => Some(format!("The {what} was turned away by {of}.")),
        Reception::Nobody => Some(format!("The {what} found nobody at {of}.")),
        Reception::Silence if what == "call" => Some(format!(
            "A call about it was taken by {of}, which gives no answer."
        )),
        Reception::Silence => Some(format!(
            "The {what} was taken by {of}, which will never answer it."
        )),
    }
}

/// A client at the beginning of a sentence.
fn client(part: &str) -> String {
    if part == "operator" {
        return "The operator".to_owned();
    }
    let mut letters = part.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
