//! [`Report`]: what a worker found out about a transaction, for the bank to decide upon.
//!
//! It says what the bank's own verifier would say: which receipt two independent upstreams showed, or that they showed
//! none. The bank believes what its workers say of upstreams, and checks that it hangs together.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::config::ChainConfig;
use super::deposit::{Evidence, FinalityRule, TxKey, Vote};
use super::evm::Receipt;
use super::reason::AttemptClass;
use super::verifier::{Finding, QUORUM};
use crate::digest::Digest;
use crate::id::{ChainId, TxHash};
use crate::limits::ATTEMPTS_KEPT_MAX;
use crate::resilience::EndpointSet;

/// What a worker found out in one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Report {
    /// The chain.
    pub chain: ChainId,
    /// What was found there.
    pub sighting: Sighting,
    /// Whom the worker asked on the way there, and what came of it: the last [`ATTEMPTS_KEPT_MAX`], oldest first.
    pub tried: Vec<Tried>,
}

/// One endpoint was asked by a worker for the receipt, or none could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tried {
    /// How long before the report the answer came or was given up, in microseconds: workers know no dates.
    pub ago_micros: u64,
    /// The endpoint's place in the chain's configuration; `None` when nobody could be asked.
    pub endpoint: Option<u8>,
    /// What came of it.
    pub class: AttemptClass,
    /// The height of the block that holds the receipt, or else the endpoint's finalized height, if it answered.
    pub height: Option<u64>,
}

/// What the bank answers to a report, once what follows from it is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Taken {
    /// Whether the transaction is still open: then the worker gives the job back.
    pub is_open: bool,
    /// What operators hold up on the chain of the report, for the worker to obey.
    pub pauses: Pauses,
}

/// What operators hold up on one chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Pauses {
    /// Whether nobody is to be asked about the chain.
    pub chain: bool,
    /// The endpoints that are not to be asked: paused, or with a breaker that is forced open.
    pub endpoints: EndpointSet,
}

/// How one attempt at a transaction ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sighting {
    /// It is in a block.
    Mined {
        /// Its receipt.
        receipt: Receipt,
        /// Who showed it, and how final it is.
        evidence: Evidence,
    },
    /// Two independent upstreams have no receipt.
    Absent {
        /// The transaction.
        tx: TxHash,
        /// Who says so.
        votes: Vec<Vote>,
    },
    /// No quorum came about.
    Undecided {
        /// The transaction.
        tx: TxHash,
    },
}

impl Sighting {
    /// Whether it can never be otherwise: the transaction is in a block that every voter calls final.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Mined { evidence, .. } => evidence.is_final(),
            Self::Absent { .. } | Self::Undecided { .. } => false,
        }
    }
}

/// Why a report is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum ReportError {
    /// A vote of an endpoint that the chain has not got, or two of one.
    #[error("votes: each must be of another endpoint of the chain")]
    Votes,
    /// Fewer than two providers stand behind it.
    #[error("votes: fewer than two providers stand behind them")]
    Quorum,
    /// A vote by a rule of finality that the chain has not got.
    #[error("votes: each must be by a rule of finality that the chain has")]
    Rule,
    /// The evidence is of another block than the receipt.
    #[error("evidence.block: not the block of the receipt")]
    Block,
    /// The evidence is of another receipt.
    #[error("evidence.digest: not that of the receipt")]
    Digest,
    /// More attempts than are kept, one by an endpoint that the chain has not got, or an answer that nobody gave.
    #[error(
        "tried: at most {ATTEMPTS_KEPT_MAX}, each by an endpoint of the chain, or by none if nobody was asked"
    )]
    Tried,
}

impl Report {
    /// The transaction that it is about.
    #[must_use]
    pub const fn job(&self) -> TxKey {
        let tx = match &self.sighting {
            Sighting::Mined { receipt, .. } => receipt.tx,
            Sighting::Absent { tx, .. } | Sighting::Undecided { tx } => *tx,
        };
        TxKey {
            chain: self.chain,
            tx,
        }
    }

    /// Checks that it hangs together, and that independent endpoints of `chain` stand behind it.
    ///
    /// # Errors
    /// The first thing that does not.
    pub fn check(&self, chain: &ChainConfig) -> Result<(), ReportError> {
        let is_sound = |tried: &Tried| match tried.endpoint {
            None => tried.class == AttemptClass::NobodyAsked,
            Some(endpoint) => {
                tried.class != AttemptClass::NobodyAsked && usize::from(endpoint) < chain.endpoints.len()
            }
        };
        let are_sound = self.tried.len() <= ATTEMPTS_KEPT_MAX && self.tried.iter().all(is_sound);
        require(are_sound, ReportError::Tried)?;
        match &self.sighting {
            Sighting::Mined { receipt, evidence } => {
                check_votes(chain, &evidence.votes)?;
                require(evidence.block == receipt.block, ReportError::Block)?;
                require(evidence.digest == Digest::of(receipt), ReportError::Digest)
            }
            Sighting::Absent { votes, .. } => check_votes(chain, votes),
            Sighting::Undecided { .. } => Ok(()),
        }
    }
}

fn check_votes(chain: &ChainConfig, votes: &[Vote]) -> Result<(), ReportError> {
    let mut endpoints = EndpointSet::EMPTY;
    let mut providers: Vec<&str> = Vec::new();
    for vote in votes {
        let endpoint = chain.endpoints.get(usize::from(vote.endpoint));
        let endpoint = endpoint.ok_or(ReportError::Votes)?;
        let has_rule = match vote.rule {
            FinalityRule::Finalized => true,
            FinalityRule::Attested => chain.stalled_lag.is_some(),
        };
        require(has_rule, ReportError::Rule)?;
        require(!endpoints.contains(vote.endpoint), ReportError::Votes)?;
        endpoints.insert(vote.endpoint);
        if !providers.contains(&&*endpoint.provider) {
            providers.push(&endpoint.provider);
        }
    }
    require(providers.len() >= QUORUM, ReportError::Quorum)
}

fn require(holds: bool, error: ReportError) -> Result<(), ReportError> {
    if holds { Ok(()) } else { Err(error) }
}

impl From<Sighting> for Finding {
    fn from(sighting: Sighting) -> Self {
        match sighting {
            Sighting::Mined { receipt, evidence } => Self::Mined { receipt, evidence },
            Sighting::Absent { tx, votes } => Self::Absent { tx, votes },
            Sighting::Undecided { tx } => Self::Undecided { tx },
        }
    }
}

#[cfg(test)]
mod tests;
