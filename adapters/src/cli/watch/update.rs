//! What the server says of a claim, as far as a person wants to know.

use std::fmt;

use serde::Deserialize;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Update {
    /// The message itself.
    pub(super) raw: String,
    message: Message,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Message {
    id: String,
    settled: bool,
    claim: Claim,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Claim {
    id: String,
    status: String,
    reason: Option<String>,
    finality: Finality,
    deposits: Vec<Deposit>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Finality {
    block: Option<u64>,
    blocks_missing: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Deposit {
    asset: String,
    amount: String,
}

impl Update {
    /// The message in `raw`.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn read(raw: &str) -> Result<Self, serde_json::Error> {
        Ok(Self {
            raw: raw.to_owned(),
            message: serde_json::from_str(raw)?,
        })
    }

    /// Names the state that it shows.
    pub(super) fn id(&self) -> &str {
        &self.message.id
    }

    /// Whether the claimant was credited, once it is decided.
    pub(super) fn verdict(&self) -> Option<bool> {
        self.message
            .settled
            .then_some(self.message.claim.status == "credited")
    }
}

impl fmt::Display for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Claim {
            id,
            status,
            reason,
            finality,
            deposits,
        } = &self.message.claim;
        write!(f, "{id} {status}")?;
        if let Some(reason) = reason {
            write!(f, " ({reason})")?;
        }
        for Deposit { asset, amount } in deposits {
            write!(f, " {amount} {asset}")?;
        }
        match (finality.block, finality.blocks_missing) {
            (Some(block), Some(0) | None) => write!(f, " in block {block}"),
            (Some(block), Some(missing)) => write!(f, " in block {block}, {missing} from final"),
            (None, _) => Ok(()),
        }
    }
}
