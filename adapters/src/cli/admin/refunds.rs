//! Refunds: what can be done about deposits that go back.

use clap::Subcommand;
use serde_json::Value;

use super::Request;
use super::verb::{Page, Tx, Why, get, post};

/// What is done about refunds.
#[derive(Debug, Subcommand)]
pub(super) enum Refunds {
    /// List them by number, and what waits for a second operator (viewer).
    List {
        /// Only those that are to be paid.
        #[arg(long)]
        pending: bool,
        /// Which page.
        #[command(flatten)]
        page: Page,
    },
    /// Have a deposit sent back, whole: its money leaves whoever has it, and is yours to pay on chain. Above an amount a
    /// second admin orders the same by the same line (admin).
    Request {
        /// The transaction.
        #[command(flatten)]
        tx: Tx,
        /// The place of the deposit's log in the receipt.
        ordinal: u32,
        /// Where to, on the same chain.
        to: String,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
    /// Say which transaction paid a refund, once that is final: the money leaves custody (admin).
    Settle {
        /// The refund, such as refund-1.
        refund: String,
        /// The transaction that paid it.
        #[command(flatten)]
        paid_by: Tx,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
    /// Say that a refund is not paid, and will not be: the money goes back to where it came from (admin).
    Withdraw {
        /// The refund, such as refund-1.
        refund: String,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
}

impl Refunds {
    /// The request that does it.
    pub(super) fn request(self) -> Request {
        match self {
            Self::List { pending, page } => {
                let only = if pending { "pending=true&" } else { "" };
                get(&format!("refunds?{only}{}", page.query()))
            }
            Self::Request { tx, ordinal, to, why } => {
                let mut body = tx.body(&why);
                body["ordinal"] = Value::from(ordinal);
                body["to"] = Value::from(to);
                post("refunds", body)
            }
            Self::Settle { refund, paid_by, why } => {
                let mut body = why.body();
                body["refund"] = Value::from(refund);
                body["chain"] = Value::from(paid_by.chain);
                body["paid_by"] = Value::from(paid_by.tx);
                post("refunds/settle", body)
            }
            Self::Withdraw { refund, why } => {
                let mut body = why.body();
                body["refund"] = Value::from(refund);
                post("refunds/withdraw", body)
            }
        }
    }
}
