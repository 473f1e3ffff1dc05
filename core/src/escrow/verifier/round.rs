//! [`Round`]: when do two independent upstreams agree?
//!
//! A leaf: it counts ballots and says how many more it wants. Each endpoint votes once, each provider once (the
//! caller asks nobody twice). Only equal contents agree; "I have not got it" is no content, and proves nothing by
//! itself (traps E13, E15).

use alloc::vec::Vec;

use crate::escrow::deposit::Vote;
use crate::resilience::{EndpointSet, ProviderSet};

/// How many independent upstreams must agree before anything is believed.
pub(crate) const QUORUM: usize = 2;

/// What one endpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ballot {
    vote: Vote,
    /// The digest of the content; `None` when it has none.
    digest: Option<u128>,
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
        /// Its digest.
        digest: u128,
        /// Who showed it.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Round<T> {
    /// Its number: an answer to an earlier round about the same thing is not counted in this one.
    pub(crate) number: u64,
    /// Whom not to ask again.
    pub(crate) asked: EndpointSet,
    /// The providers that have spoken or are about to.
    pub(crate) providers: ProviderSet,
    pending: usize,
    ballots: Vec<Ballot>,
    contents: Vec<(u128, T)>,
}

impl<T: Clone> Round<T> {
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
    pub(crate) fn on_absent(&mut self, vote: Vote) {
        assert!(self.pending > 0, "an answer came that nobody asked for");
        self.pending -= 1;
        self.ballots.push(Ballot {
            vote,
            digest: None,
            height: 0,
        });
    }

    /// Notes what an endpoint shows.
    pub(crate) fn on_shown(&mut self, vote: Vote, digest: u128, height: u64, content: T) {
        assert!(self.pending > 0, "an answer came that nobody asked for");
        self.pending -= 1;
        self.ballots.push(Ballot {
            vote,
            digest: Some(digest),
            height,
        });
        if !self.contents.iter().any(|(known, _)| *known == digest) {
            self.contents.push((digest, content));
        }
    }

    /// Whether answers are still awaited.
    pub(crate) const fn is_pending(&self) -> bool {
        self.pending > 0
    }

    /// Where the round stands.
    pub(crate) fn standing(&self) -> Standing<T> {
        let mut best = 0;
        for (digest, content) in &self.contents {
            let votes: Vec<Vote> = self.votes_for(Some(*digest)).collect();
            if votes.len() >= QUORUM {
                let dissenters = self.dissenters(*digest);
                return Standing::Agreed {
                    content: content.clone(),
                    digest: *digest,
                    votes,
                    dissenters,
                };
            }
            best = best.max(votes.len());
        }
        let absent: Vec<Vote> = self.votes_for(None).collect();
        if absent.len() >= QUORUM && (best == 0 || self.is_outvoted(&absent)) {
            return Standing::Absent { votes: absent };
        }
        let sure = if best == 0 { absent.len() } else { best };
        Standing::Open {
            want: QUORUM.saturating_sub(sure + self.pending),
        }
    }

    fn votes_for(&self, digest: Option<u128>) -> impl Iterator<Item = Vote> + '_ {
        self.ballots
            .iter()
            .filter(move |ballot| ballot.digest == digest)
            .map(|ballot| ballot.vote)
    }

    /// Whether everything shown is in blocks that a quorum of those without it has already finalized: whoever shows
    /// it is alone against a quorum that should have it.
    fn is_outvoted(&self, absent: &[Vote]) -> bool {
        let shown = self.ballots.iter().filter(|ballot| ballot.digest.is_some());
        let mut heights = shown.map(|ballot| ballot.height);
        heights.all(|height| {
            absent
                .iter()
                .filter(|vote| vote.finalized.number >= height)
                .count()
                >= QUORUM
        })
    }

    /// Who contradicts `digest` about a block that they call final. Before finality honest nodes may differ.
    fn dissenters(&self, digest: u128) -> Vec<u8> {
        let contradicts = |ballot: &&Ballot| {
            ballot.digest.is_some_and(|other| other != digest)
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
