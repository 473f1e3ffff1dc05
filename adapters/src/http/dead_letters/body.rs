//! Dead letters as operators see them.

use plimsoll_core::escrow::{Attempt, Letter, LetterGroup, LetterView};
use plimsoll_core::id::{AssetId, ChainId};
use plimsoll_core::money::Amount;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Api, date};

/// A transaction on chain that automation gave up on.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct DeadLetterBody {
    /// The chain, by its CAIP-2 name.
    chain: String,
    /// The hash of the transaction.
    tx: String,
    /// Why: a stable code.
    #[schema(example = "unseen")]
    reason: &'static str,
    /// The same for all letters of one chain, one reason and one set of outcomes of attempts.
    #[schema(example = "0x640f58849f")]
    fingerprint: String,
    /// Since when.
    since: String,
    /// How often an endpoint was asked for it, or none could be.
    attempts: u32,
    /// The last of these, oldest first, at most 16.
    last_attempts: Vec<AttemptBody>,
    /// What its deposits came to when it was last seen in a block; left out when it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    amounts: Option<Vec<AmountBody>>,
}

/// One endpoint was asked for a transaction.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct AttemptBody {
    /// When the answer came, or was given up.
    at: String,
    /// The endpoint's name; left out when none could be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// What came of it: `shown`, `absent`, or the class of an error.
    #[schema(example = "absent")]
    outcome: &'static str,
    /// The height of the block that holds the transaction, or else of the block that the endpoint calls final.
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u64>,
}

/// An amount of an asset.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct AmountBody {
    /// The asset.
    #[schema(example = "USDT")]
    asset: String,
    /// How much, as a decimal string.
    #[schema(example = "12.5")]
    amount: String,
}

/// Dead letters that came of the same trouble.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct GroupBody {
    /// Their fingerprint.
    #[schema(example = "0x640f58849f")]
    fingerprint: String,
    /// Their chain, by its CAIP-2 name.
    chain: String,
    /// Why they are dead letters: a stable code.
    reason: &'static str,
    /// What the attempts at them came to.
    outcomes: Vec<&'static str>,
    /// How many they are.
    count: usize,
    /// Since when the oldest is one.
    oldest: String,
    /// The hash of the oldest.
    sample: String,
}

impl Api {
    pub(super) fn dead_letter(&self, view: &LetterView) -> DeadLetterBody {
        let LetterView { tx, letter } = view;
        let Letter {
            reason,
            since,
            history,
            amounts,
            fingerprint,
        } = letter;
        let attempt = |attempt: &Attempt| self.attempt(tx.chain, attempt);
        let amounts = amounts.as_ref().map(|amounts| self.amounts(amounts));
        DeadLetterBody {
            chain: tx.chain.to_string(),
            tx: tx.tx.to_string(),
            reason: reason.code(),
            fingerprint: fingerprint.to_string(),
            since: date::write(*since),
            attempts: history.count(),
            last_attempts: history.last().iter().map(attempt).collect(),
            amounts,
        }
    }

    fn attempt(&self, chain: ChainId, attempt: &Attempt) -> AttemptBody {
        AttemptBody {
            at: date::write(attempt.at),
            endpoint: attempt.endpoint.map(|index| self.endpoint_name(chain, index)),
            outcome: attempt.class.code(),
            height: attempt.height,
        }
    }

    fn amounts(&self, amounts: &[(AssetId, Amount)]) -> Vec<AmountBody> {
        let amount = |(asset, amount): &(AssetId, Amount)| AmountBody {
            asset: asset.to_string(),
            amount: self.amount(*asset, *amount),
        };
        amounts.iter().map(amount).collect()
    }
}

impl GroupBody {
    pub(super) fn of(group: &LetterGroup) -> Self {
        Self {
            fingerprint: group.fingerprint.to_string(),
            chain: group.chain.to_string(),
            reason: group.reason.code(),
            outcomes: group.classes.iter().map(|class| class.code()).collect(),
            count: group.count,
            oldest: date::write(group.oldest),
            sample: group.sample.tx.to_string(),
        }
    }
}
