//! The escrow: how a token movement on a chain becomes a credit, exactly once.
//!
//! `deposit` has the words and the life of a deposit, `reason` why something is not credited, `evm` what endpoints
//! are asked and answer, `assess` the validity rules, `dust` what waits below the minimum, `letter` what is kept of a dead letter, `replay` how many are tried again, `refund` what goes back,
//! `state` what is durable, `report` what a worker found out, `verifier` who asks which endpoint
//! when, and `quorum` when two independent upstreams agree.

mod address;
mod assess;
mod config;
mod deposit;
mod dust;
mod evm;
mod letter;
mod letters;
mod reason;
mod reconciliation;
mod record;
mod refund;
mod replay;
mod report;
mod solana;
mod state;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod verifier;

pub use address::{check_identity, create2_address, deposit_address, identity_question};
pub use assess::{Addresses, Assessment, Recipient, assess, concerns_us};

pub use config::{
    ChainConfig, DepositAddresses, EndpointConfig, EscrowConfig, EscrowConfigError, Product, QuotaError,
    Workers,
};
pub(crate) use deposit::sums;
pub use deposit::{
    Beneficiary, Booked, Claim, Deposit, DepositKey, Evidence, FinalityRule, Stage, TxKey, Vote,
};
pub use dust::{DustPlace, Heap};
pub use evm::{
    Answer, BlockRef, Fault, Log, NO_TX, Question, Receipt, ScanLog, TRANSFER_TOPIC, TokenBalance,
};
pub use letter::{
    Attempt, History, Letter, LetterFilter, LetterGroup, LetterPage, LetterPlace, LetterView, Proposal,
};
pub use reason::{AttemptClass, DeadLetterReason, Reason, SuspenseReason};
pub use reconciliation::{Agreement, Named, Part, Reconciliation, Row};
pub use record::{EscrowRecord, Resolution};
pub use refund::{Refund, RefundAct, RefundProposal, RefundRecord, RefundStage};
pub use replay::{Replay, ReplayEnd, ReplayPlan};
pub use report::{Pauses, Report, ReportError, Sighting, Taken, Tried};
pub use solana::{TOKEN_PROGRAM, program_address, token_account, user_wallet};
pub use state::{EscrowState, Holding, Suspended, Watch};
pub use verifier::{Abilities, Backfill, Service};
