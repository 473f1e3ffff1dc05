//! Dead letters tell what is so: each is recorded with what was tried, and what operators are shown of them, one by one,
//! in pages or by what they have in common, is what the records before it say.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::{Act, AdminAct, Event, Query, Record, Reply};
use plimsoll_core::escrow::{
    AttemptClass, DeadLetterReason, EscrowRecord, History, LetterFilter, LetterGroup, LetterPage,
    LetterPlace, LetterView, Resolution, TxKey,
};
use plimsoll_core::id::{ChainId, ReplayId, Text, UserId};
use plimsoll_core::limits::{ATTEMPTS_KEPT_MAX, LETTERS_LOOKED_AT_MAX};
use plimsoll_core::machine::Intent;
use plimsoll_core::time::{Instant, WallClock};

use super::broken;
use super::twin::{Follower, Twin};
use crate::world::observe::{End, Observation, Oracle, Violation};

const NAME: &str = "dead_letters";

/// The most dead letters or groups in one reply.
const LIST_MAX: usize = 1_000;

/// The oracle.
#[derive(Debug, Default)]
pub struct DeadLetters {
    twin: Twin<Picture>,
}

#[derive(Debug, Clone, Default)]
struct Picture {
    letters: BTreeMap<TxKey, Letter>,
    claims: BTreeSet<(UserId, TxKey)>,
    /// What became a dead letter in the group of records under way, and was not told yet with what was tried.
    bare: BTreeSet<TxKey>,
    /// What the slow sweep took up again in the group of records under way, and was not settled yet.
    reopened: BTreeSet<TxKey>,
    /// The replay under way, when it began, and what it took.
    replay: Option<(ReplayId, WallClock, BTreeSet<TxKey>)>,
}

#[derive(Debug, Clone)]
struct Letter {
    reason: DeadLetterReason,
    since: WallClock,
    history: History,
    /// Who wants it dismissed, if somebody does.
    proposer: Option<Text>,
}

impl Oracle for DeadLetters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        let Observation::Handled { input, effects, .. } = seen else {
            return self.twin.observe(seen);
        };
        let live = &mut self.twin.live;
        for effect in *effects {
            match (effect, &input.event) {
                (Intent::Record(record), _) => live.follow_record(record)?,
                (
                    Intent::Act(Act::Reply { request, reply }),
                    Event::Query {
                        request: asked,
                        query,
                    },
                ) if request == asked => {
                    let judged = live.judge(query, reply);
                    judged.map_err(|why| broken(NAME, "untrue_reply", why))?;
                }
                (Intent::Act(_), _) => {}
            }
        }
        live.end_group()
    }

    fn finish(&mut self, _end: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

impl Follower for Picture {
    fn follow<'a>(&mut self, records: impl Iterator<Item = &'a Record>) -> Result<(), Violation> {
        for record in records {
            self.follow_record(record)?;
        }
        self.end_group()
    }
}

impl Picture {
    /// What must be told in the group of records that is over.
    fn end_group(&self) -> Result<(), Violation> {
        if let Some(tx) = self.reopened.first() {
            let detail = format!("{} was taken up again as decided, and was not decided", tx.tx);
            return Err(broken(NAME, "reopened_for_nothing", detail));
        }
        match self.bare.first() {
            None => Ok(()),
            Some(tx) => {
                let detail = format!("{} is a dead letter, and nothing tells what was tried", tx.tx);
                Err(broken(NAME, "letter_without_details", detail))
            }
        }
    }

    fn follow_record(&mut self, record: &Record) -> Result<(), Violation> {
        match record {
            Record::Escrow(record) => self.follow_escrow(record),
            // An operator has it verified again.
            Record::Administered {
                act: AdminAct::Process(tx),
                ..
            } => {
                self.letters.remove(tx);
                Ok(())
            }
            Record::Administered { .. }
            | Record::Reconciled { .. }
            | Record::AssetRegistered { .. }
            | Record::UserRegistered { .. }
            | Record::AddressAssigned { .. }
            | Record::Ledger(_) => Ok(()),
        }
    }

    fn follow_escrow(&mut self, record: &EscrowRecord) -> Result<(), Violation> {
        match record {
            EscrowRecord::ClaimFiled { user, tx, .. } => {
                self.claims.insert((*user, *tx));
            }
            EscrowRecord::Scanned { chain, found, .. } => {
                for tx in found {
                    self.letters.remove(&TxKey {
                        chain: *chain,
                        tx: *tx,
                    });
                }
            }
            EscrowRecord::DeadLettered { tx, reason, at } => {
                let letter = Letter {
                    reason: *reason,
                    since: *at,
                    history: History::default(),
                    proposer: None,
                };
                self.letters.insert(*tx, letter);
                self.bare.insert(*tx);
            }
            EscrowRecord::DeadLetterDetailed { tx, history } => return self.detail(*tx, history),
            EscrowRecord::DeadLetterResolved {
                tx,
                resolution,
                actor,
                ..
            } => {
                let proposer = self.letters.remove(tx).and_then(|letter| letter.proposer);
                if *resolution == Resolution::Dismiss && proposer.as_ref() == Some(actor) {
                    let detail = format!("{} was dismissed by {actor}, who had proposed it", tx.tx);
                    return Err(broken(NAME, "approved_by_proposer", detail));
                }
            }
            EscrowRecord::DeadLetterReopened { tx, .. } => {
                self.letters.remove(tx);
                self.reopened.insert(*tx);
            }
            EscrowRecord::DismissalProposed { tx, actor, .. } => return self.propose(*tx, actor),
            EscrowRecord::ReplayBegan { replay, at, .. } => return self.begin(*replay, *at),
            EscrowRecord::DeadLetterReplayed { tx, replay, .. } => return self.take(*tx, *replay),
            EscrowRecord::ReplayEnded { replay, .. } | EscrowRecord::ReplayCancelled { replay, .. } => {
                return self.end(*replay);
            }
            EscrowRecord::Final { tx, .. } | EscrowRecord::Rejected { tx, .. } => {
                self.reopened.remove(tx);
            }
            EscrowRecord::Seen { .. }
            | EscrowRecord::Reorged { .. }
            | EscrowRecord::DustCredited { .. }
            | EscrowRecord::Refund(_)
            | EscrowRecord::SuspenseAttributed { .. } => {}
        }
        Ok(())
    }

    fn propose(&mut self, tx: TxKey, actor: &Text) -> Result<(), Violation> {
        let letter = self
            .letters
            .get_mut(&tx)
            .filter(|letter| letter.proposer.is_none());
        match letter {
            Some(letter) => {
                letter.proposer = Some(actor.clone());
                Ok(())
            }
            None => {
                let detail = format!(
                    "{} was proposed to be dismissed twice, or is no dead letter",
                    tx.tx
                );
                Err(broken(NAME, "wrong_proposal", detail))
            }
        }
    }

    fn begin(&mut self, id: ReplayId, at: WallClock) -> Result<(), Violation> {
        match self.replay.replace((id, at, BTreeSet::new())) {
            None => Ok(()),
            Some((other, ..)) => {
                let detail = format!("{id} began while {other} was under way");
                Err(broken(NAME, "two_replays", detail))
            }
        }
    }

    /// A replay takes what was dead when it began, and each letter once.
    fn take(&mut self, tx: TxKey, id: ReplayId) -> Result<(), Violation> {
        let wrong = |why: &str| {
            let detail = format!("{id} took {}, {why}", tx.tx);
            Err(broken(NAME, "wrongly_replayed", detail))
        };
        let Some(letter) = self.letters.remove(&tx) else {
            return wrong("which is no dead letter");
        };
        let Some((_, began, taken)) = self.replay.as_mut().filter(|(known, ..)| *known == id) else {
            return wrong("and is not under way");
        };
        if letter.since > *began {
            return wrong("which became a dead letter after it began");
        }
        if !taken.insert(tx) && letter.since < *began {
            return wrong("which it took before");
        }
        Ok(())
    }

    fn end(&mut self, id: ReplayId) -> Result<(), Violation> {
        match self.replay.take() {
            Some((known, ..)) if known == id => Ok(()),
            Some(_) | None => Err(broken(
                NAME,
                "ended_twice",
                format!("{id} ended, and was not under way"),
            )),
        }
    }

    fn detail(&mut self, tx: TxKey, history: &History) -> Result<(), Violation> {
        let wrong = |why: &str| {
            let detail = format!("{} is a dead letter and {why}: {history:?}", tx.tx);
            Err(broken(NAME, "wrong_details", detail))
        };
        let is_bare = self.bare.remove(&tx);
        let Some(letter) = self.letters.get_mut(&tx).filter(|_| is_bare) else {
            return wrong("was detailed at another time than when it became one");
        };
        let attempts = history.last();
        let kept = attempts.len();
        let expected = usize::try_from(history.count())
            .unwrap_or(usize::MAX)
            .min(ATTEMPTS_KEPT_MAX);
        if kept != expected {
            return wrong("does not keep the last attempts");
        }
        let in_order = attempts.is_sorted_by_key(|attempt| attempt.at);
        if !in_order || attempts.last().is_some_and(|last| last.at > letter.since) {
            return wrong("tells of attempts in an order that cannot be");
        }
        let is_odd = |class: AttemptClass| class == AttemptClass::NobodyAsked;
        if attempts
            .iter()
            .any(|one| one.endpoint.is_none() != is_odd(one.class))
        {
            return wrong("tells of an answer that nobody gave");
        }
        letter.history = history.clone();
        Ok(())
    }

    /// Whether what is told of dead letters is so, or why not.
    fn judge(&self, query: &Query, reply: &Reply) -> Result<(), String> {
        match (query, reply) {
            (Query::DeadLetters { filter, after, limit }, Reply::DeadLetters(page)) => {
                self.judge_page(filter, *after, *limit, page)
            }
            (Query::DeadLetter(tx), Reply::DeadLetter(view)) if view.tx == *tx => self.judge_view(view),
            (Query::DeadLetter(tx), Reply::Refused(_)) if !self.letters.contains_key(tx) => Ok(()),
            (Query::DeadLetterGroups, Reply::DeadLetterGroups(groups)) => self.judge_groups(groups),
            (Query::DeadLetters { .. } | Query::DeadLetter(_) | Query::DeadLetterGroups, _) => {
                Err(format!("an operator asked {query:?} and was told {reply:?}"))
            }
            (
                Query::User(_)
                | Query::Balances(_)
                | Query::Claim(_)
                | Query::Transaction(_)
                | Query::DryRun(_)
                | Query::Suspense { .. }
                | Query::Refunds { .. }
                | Query::Status
                | Query::Reconciliations,
                _,
            ) => Ok(()),
        }
    }

    fn judge_view(&self, view: &LetterView) -> Result<(), String> {
        let shown = &view.letter;
        let is_so = self.letters.get(&view.tx).is_some_and(|letter| {
            (letter.reason, letter.since) == (shown.reason, shown.since)
                && letter.history == shown.history
                && letter.proposer.as_ref() == shown.proposal.as_ref().map(|proposal| &proposal.actor)
        });
        if is_so {
            Ok(())
        } else {
            Err(format!(
                "an operator was told of a dead letter that is not so: {view:?}"
            ))
        }
    }

    /// A page shows what fits and no more, oldest first, without a gap. Of fingerprints and ages, which are the bank's to
    /// tell, it is asked only that what is shown fits.
    fn judge_page(
        &self,
        filter: &LetterFilter,
        after: Option<LetterPlace>,
        limit: usize,
        page: &LetterPage,
    ) -> Result<(), String> {
        page.letters.iter().try_for_each(|view| self.judge_view(view))?;
        let fits = |(tx, letter): &(&TxKey, &Letter)| {
            filter.chain.is_none_or(|chain| chain == tx.chain)
                && filter.reason.is_none_or(|reason| reason == letter.reason)
                && filter
                    .claimed_by
                    .is_none_or(|user| self.claims.contains(&(user, **tx)))
        };
        let place = |(tx, letter): (&TxKey, &Letter)| LetterPlace {
            since: letter.since,
            tx: *tx,
        };
        let mut expected: Vec<LetterPlace> = self.letters.iter().filter(fits).map(place).collect();
        expected.retain(|place| after.is_none_or(|after| *place > after));
        expected.sort_unstable();
        let shown: Vec<LetterPlace> = page
            .letters
            .iter()
            .map(|view| place((&view.tx, &self.letters[&view.tx])))
            .collect();
        let is_exact = filter.fingerprint.is_none() && filter.older_than.is_none();
        let wrong_print = |view: &&LetterView| {
            filter
                .fingerprint
                .is_some_and(|print| print != view.letter.fingerprint)
        };
        let is_so = if self.letters.len() > LETTERS_LOOKED_AT_MAX {
            shown.iter().all(|place| expected.contains(place))
        } else if is_exact {
            expected.starts_with(&shown)
                && (page.next.is_some() || shown.len() == expected.len())
                && shown.len() == expected.len().min(limit.clamp(1, LIST_MAX))
        } else {
            let is_strange = page.letters.iter().find(wrong_print).is_some();
            !is_strange && shown.is_sorted() && shown.iter().all(|place| expected.contains(place))
        };
        if is_so {
            return Ok(());
        }
        Err(format!(
            "an operator asked for {filter:?} after {after:?} and was shown {shown:?}: there are {expected:?}"
        ))
    }

    /// Groups are the letters of one chain, one reason and one set of outcomes, each with a fingerprint of its own.
    fn judge_groups(&self, groups: &[LetterGroup]) -> Result<(), String> {
        type Common = (ChainId, DeadLetterReason, Vec<AttemptClass>);
        let mut expected: BTreeMap<Common, BTreeSet<LetterPlace>> = BTreeMap::new();
        for (tx, letter) in &self.letters {
            let classes = letter.history.last().iter().map(|attempt| attempt.class);
            let classes: BTreeSet<AttemptClass> = classes.collect();
            let common = (tx.chain, letter.reason, classes.into_iter().collect());
            let place = LetterPlace {
                since: letter.since,
                tx: *tx,
            };
            expected.entry(common).or_default().insert(place);
        }
        let is_so = |group: &LetterGroup| {
            let common = (group.chain, group.reason, group.classes.clone());
            let oldest = LetterPlace {
                since: group.oldest,
                tx: group.sample,
            };
            expected
                .get(&common)
                .is_some_and(|places| places.len() == group.count && places.first() == Some(&oldest))
        };
        let prints: BTreeSet<_> = groups.iter().map(|group| group.fingerprint).collect();
        let is_whole = prints.len() == groups.len() && groups.len() == expected.len().min(LIST_MAX);
        if is_whole && groups.iter().all(is_so) {
            return Ok(());
        }
        Err(format!(
            "an operator was told of the groups {groups:?}: they are {expected:?}"
        ))
    }
}

#[cfg(test)]
mod tests;
