//! [`Round`]: when do two independent upstreams agree?
//!
//! A leaf: it counts ballots and says how many more it wants. Each endpoint votes once, and of one provider's ballots
//! for the same thing one counts. Contents are compared whole: a digest that is fast is not one that a liar cannot
//! match. "I have not got it" is no content, and proves nothing by itself (traps E13, E15).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::escrow::deposit::Vote;
use crate::resilience::{EndpointSet, ProviderSet};

/// How many independent upstreams must agree before anything is believed.
pub(crate) const QUORUM: usize = 2;

/// What one endpoint says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Ballot {
    vote: Vote,
    provider: u8,
    /// The place of the content among the contents; `None` when it has none.
    content: Option<usize>,
    /// The height that the content speaks of.
    height: u64,
}

/// Where a round stands.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing<T> {
    /// Not decided; so many more endpoints should be asked now.
    Open {
        /// How many.
        want: usize,
    },
    /// A quorum showed the same content.
    Agreed {
        /// The content.
        content: T,
        /// Who showed it, one vote of each provider.
        votes: Vec<Vote>,
        /// Who showed another content, though their own node calls its block final.
        dissenters: Vec<u8>,
    },
    /// A quorum has nothing to show.
    Absent {
        /// Who says so, and how far they are.
        votes: Vec<Vote>,
    },
}

/// One decision in the making.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Round<T> {
    /// Its number: an answer to an earlier round about the same thing is not counted in this one.
    pub(crate) number: u64,
    /// Whom not to ask again.
    pub(crate) asked: EndpointSet,
    /// The providers that have spoken or are about to.
    pub(crate) providers: ProviderSet,
    pending: usize,
    ballots: Vec<Ballot>,
    /// The different contents shown.
    contents: Vec<T>,
}

impl<T: Clone + PartialEq> Round<T> {
    /// A round in which nobody was asked yet.
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            asked: EndpointSet::EMPTY,
            providers: ProviderSet::EMPTY,
            pending: 0,
            ballots: Vec::new(),
            contents: Vec::new(),
        }
    }

    /// Notes that an endpoint was asked.
    pub(crate) fn on_asked(&mut self, endpoint: u8, provider: u8) {
        self.asked.insert(endpoint);
        self.providers.insert(provider);
        self.pending += 1;
    }

    /// Notes that an endpoint did not answer: another one of its provider may be asked.
    pub(crate) fn on_failed(&mut self, provider: u8) {
        assert!(self.pending > 0, "an answer came that nobody asked for");
        self.pending -= 1;
        self.providers.remove(provider);
    }

    /// Notes that an endpoint has nothing to show.
    pub(crate) fn on_absent(&mut self, vote: Vote, provider: u8) {
        self.on_ballot(Ballot {
            vote,
            provider,
            content: None,
            height: 0,
        });
    }

    /// Notes what an endpoint shows.
    pub(crate) fn on_shown(&mut self, vote: Vote, provider: u8, height: u64, content: T) {
        let known = self.contents.iter().position(|known| *known == content);
        let place = known.unwrap_or_else(|| {
            self.contents.push(content);
            self.contents.len() - 1
        });
        self.on_ballot(Ballot {
            vote,
            provider,
            content: Some(place),
            height,
        });
    }

    fn on_ballot(&mut self, ballot: Ballot) {
        assert!(self.pending > 0, "an answer came that nobody asked for");
        self.pending -= 1;
        self.ballots.push(ballot);
    }

    /// Whether answers are still awaited.
    pub(crate) const fn is_pending(&self) -> bool {
        self.pending > 0
    }

    /// Where the round stands.
    pub(crate) fn standing(&self) -> Standing<T> {
        let mut best = 0;
        for (place, content) in self.contents.iter().enumerate() {
            let voices = self.voices_for(Some(place));
            if voices >= QUORUM {
                let votes = self.votes_for(Some(place));
                return Standing::Agreed {
                    content: content.clone(),
                    dissenters: self.dissenters(place, &votes),
                    votes,
                };
            }
            best = best.max(voices);
        }
        let absent = self.voices_for(None);
        if absent >= QUORUM {
            let votes = self.votes_for(None);
            if best == 0 || self.is_outvoted(&votes) {
                return Standing::Absent { votes };
            }
        }
        let sure = if best == 0 { absent } else { best };
        Standing::Open {
            want: QUORUM.saturating_sub(sure + self.pending),
        }
    }

    /// Whether independent upstreams have spoken and do not agree. Then another endpoint of the same providers may still
    /// decide, since it is the endpoint and not the provider that may be behind or wrong.
    pub(crate) fn is_split(&self) -> bool {
        let spoken: ProviderSet = self.ballots.iter().map(|ballot| ballot.provider).collect();
        spoken.len() >= QUORUM
    }

    /// Whether anybody showed anything.
    pub(crate) const fn is_shown(&self) -> bool {
        !self.contents.is_empty()
    }

    /// The height that a quorum of those who spoke have finalized, if so many have spoken.
    pub(crate) fn reach(&self) -> Option<u64> {
        let mut by_provider = BTreeMap::new();
        for Ballot { vote, provider, .. } in &self.ballots {
            let known = by_provider.entry(*provider).or_insert(vote.finalized.number);
            *known = vote.finalized.number.max(*known);
        }
        let mut heights: Vec<u64> = by_provider.into_values().collect();
        heights.sort_unstable_by(|a, b| b.cmp(a));
        heights.get(QUORUM - 1).copied()
    }

    /// How many providers vote for one content, or for none.
    fn voices_for(&self, content: Option<usize>) -> usize {
        let ballots = self.ballots.iter().filter(|ballot| ballot.content == content);
        ballots
            .map(|ballot| ballot.provider)
            .collect::<ProviderSet>()
            .len()
    }

    /// The votes for one content, or for none: the first of each provider.
    fn votes_for(&self, content: Option<usize>) -> Vec<Vote> {
        let mut counted = ProviderSet::EMPTY;
        let mut votes = Vec::new();
        for ballot in self.ballots.iter().filter(|ballot| ballot.content == content) {
            if !counted.contains(ballot.provider) {
                counted.insert(ballot.provider);
                votes.push(ballot.vote);
            }
        }
        votes
    }

    /// Whether everything shown is in blocks that a quorum of those without it has already finalized: whoever shows
    /// it is alone against a quorum that should have it.
    fn is_outvoted(&self, absent: &[Vote]) -> bool {
        let shown = self.ballots.iter().filter(|ballot| ballot.content.is_some());
        let mut heights = shown.map(|ballot| ballot.height);
        heights.all(|height| {
            absent
                .iter()
                .filter(|vote| vote.finalized.number >= height)
                .count()
                >= QUORUM
        })
    }

    /// Who contradicts the content at `place`, which `votes` agree on, about a block that they call final, though the
    /// voters call theirs final too. Before finality honest nodes may differ, and one that is ahead of the voters calls
    /// final what they have not seen.
    fn dissenters(&self, place: usize, votes: &[Vote]) -> Vec<u8> {
        let agreed = self.ballots.iter().find(|ballot| ballot.content == Some(place));
        let is_final = |ballot: &Ballot| votes.iter().all(|vote| vote.finalized.number >= ballot.height);
        if !agreed.is_some_and(is_final) {
            return Vec::new();
        }
        let contradicts = |ballot: &&Ballot| {
            ballot.content.is_some_and(|other| other != place)
                && ballot.vote.finalized.number >= ballot.height
        };
        self.ballots
            .iter()
            .filter(contradicts)
            .map(|ballot| ballot.vote.endpoint)
            .collect()
    }
}

#[cfg(test)]
mod tests;
