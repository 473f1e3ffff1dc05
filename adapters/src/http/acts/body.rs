//! What operators send, and what they are told.

use plimsoll_core::bank::{ActDone, EndpointName, Known};
use plimsoll_core::escrow::TxKey;
use plimsoll_core::id::ChainId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::Problem;
use crate::http::field;

/// An act that is about everything.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Reasoned {
    /// Why, for the journal.
    #[schema(example = "the provider was mended")]
    reason: String,
}

/// An act that is about a chain.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct OfChain {
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// Why, for the journal.
    #[schema(example = "the chain forks")]
    reason: String,
}

/// An act that is about an endpoint.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct OfEndpoint {
    /// Its chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// Its name in the configuration.
    #[schema(example = "bnb-1")]
    endpoint: String,
    /// Why, for the journal.
    #[schema(example = "it will be moved")]
    reason: String,
}

/// An act that is about a transaction on chain.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct OfTransaction {
    /// The chain, by its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// The hash of the transaction.
    tx: String,
    /// Why, for the journal.
    #[schema(example = "the payer shows a receipt")]
    reason: String,
}

impl Reasoned {
    pub(super) fn read(self) -> Result<((), String), Problem> {
        Ok(((), self.reason))
    }
}

impl OfChain {
    pub(super) fn read(self) -> Result<(ChainId, String), Problem> {
        Ok((field::chain(&self.chain, "chain")?, self.reason))
    }
}

impl OfEndpoint {
    pub(super) fn read(self) -> Result<(EndpointName, String), Problem> {
        let chain = field::chain(&self.chain, "chain")?;
        let name = self.endpoint;
        Ok((EndpointName { chain, name }, self.reason))
    }
}

impl OfTransaction {
    pub(super) fn read(self) -> Result<(TxKey, String), Problem> {
        let tx = field::tx(("chain", &self.chain), ("tx", &self.tx))?;
        Ok((tx, self.reason))
    }
}

/// What an act did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum ActBody {
    /// An order stands from here on, or no longer does.
    Ordered {
        /// Whether it was otherwise before.
        changed: bool,
    },
    /// A breaker obeyed.
    Breaker {
        /// Its state before.
        #[schema(example = "closed")]
        from: &'static str,
        /// Its state after.
        #[schema(example = "forced_open")]
        to: &'static str,
    },
    /// Transactions are due.
    Swept {
        /// How many.
        due: usize,
    },
    /// A transaction is about to be verified.
    Processing {
        /// What was known of it: `unnamed`, `open` or `given_up`.
        #[schema(example = "unnamed")]
        known: &'static str,
    },
    /// A refund moved money.
    Refund {
        /// The refund.
        #[schema(example = "refund-1")]
        refund: String,
        /// How.
        #[schema(example = "transaction-7")]
        transaction: String,
    },
    /// A refund waits for a second operator.
    RefundProposed {
        /// Always true: another operator must order the same.
        proposed: bool,
    },
}

impl From<ActDone> for ActBody {
    fn from(done: ActDone) -> Self {
        match done {
            ActDone::Ordered { changed } => Self::Ordered { changed },
            ActDone::Breaker { from, to } => Self::Breaker {
                from: from.code(),
                to: to.code(),
            },
            ActDone::Swept { due } => Self::Swept { due },
            ActDone::Processing { known } => Self::Processing {
                known: match known {
                    Known::Unnamed => "unnamed",
                    Known::Open => "open",
                    Known::GivenUp => "given_up",
                },
            },
            ActDone::Refund { refund, transaction } => Self::Refund {
                refund: refund.to_string(),
                transaction: transaction.to_string(),
            },
            ActDone::RefundProposed => Self::RefundProposed { proposed: true },
        }
    }
}
