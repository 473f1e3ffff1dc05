//! Leaf machines that keep one failing part from sinking the ship: what failed, when to try again, whom not to ask.
//!
//! A leaf knows no sibling but the ones it is made of, pushes no effects, and answers with a small value that its owner
//! acts on. Each is a function of its state, the time it is given and its own random stream.

pub mod backoff;
pub mod breaker;
pub mod error_class;
pub mod hedge;
pub mod limiter;
pub mod pool;
pub mod retry_budget;

pub use backoff::{Backoff, BackoffPolicy, Exhausted, Jitter, Retry};
pub use breaker::{
    Admission, Breaker, BreakerOrder, BreakerPolicy, BreakerState, CallOutcome, Permit, RefusedBy, Transition,
};
pub use error_class::{ErrorClass, Recovery};
pub(crate) use hedge::Hedge;
pub use hedge::{HedgePolicy, Hedges};
pub use limiter::{Allowance, Limiter, Window};
pub use pool::{Choice, CordonReason, EndpointSet, Lease, Pool, PoolPolicy, ProviderSet};
pub use retry_budget::{RetryBudget, RetryBudgetPolicy, Withdrawal};

/// A setting that a machine cannot work with. Refused when the configuration is read, so that no setting is accepted
/// and then without effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{setting} must be {expected}")]
pub struct PolicyError {
    /// The name of the setting.
    pub setting: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

/// Refuses `setting` unless `holds`.
fn require(holds: bool, setting: &'static str, expected: &'static str) -> Result<(), PolicyError> {
    if holds {
        Ok(())
    } else {
        Err(PolicyError { setting, expected })
    }
}
