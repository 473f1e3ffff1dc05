//! The table `[expect]` of a scenario file.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;

use super::values::{Count, Millis, Span};
use crate::world::plan::{AlertName, Canary, Expectations};

/// `[expect]`: what must hold at the end.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectTable {
    /// Every valid deposit is credited.
    pub all_credited: bool,
    /// 99 of 100 deposits are credited within this, from the finality of their block.
    pub credit_p99_ms_max: Option<Millis>,
    /// How much longer any deposit is waited for than in the same run without faults, from the moment when its block was
    /// final and, if it is claimed, the first claim was due.
    pub failover_added_ms_max: Option<Millis>,
    /// After each crash the bank acts again within this, counted from the crash.
    pub recovered_within_ms: Option<Millis>,
    /// How many transactions become dead letters.
    pub dead_letters: Option<Count>,
    /// How many dead letters are left at the end.
    pub dead_letters_left: Option<Count>,
    /// How many transactions are rejected.
    pub rejected: Option<Count>,
    /// How many deposits are in suspense at the end.
    pub suspended: Option<Count>,
    /// At least so many transactions are seen to be gone from the chain.
    pub reorged_min: Option<Count>,
    /// At least so many endpoints are cordoned.
    pub cordoned_min: Option<Count>,
    /// At least so many transactions become final by the report of a worker.
    pub reported_min: Option<Count>,
    /// At least so many times custody is reconciled.
    pub reconciled_min: Option<Count>,
    /// At least so many of these times the chain has not what the books say.
    pub mismatches_min: Option<Count>,
    /// These alerts and no others are raised at some time.
    pub alerts: Option<BTreeSet<AlertName>>,
    /// Nothing is credited from the first of these times to the second.
    pub none_credited_between_ms: Option<Spanned<Span<Millis>>>,
    /// The failure that the run must come to, on purpose.
    pub canary: Option<Canary>,
}

impl ExpectTable {
    /// The same for a plan.
    pub(super) fn expectations(&self) -> Expectations {
        let count = |field: Option<Count>| field.map(|count| count.0);
        let millis = |field: Option<Millis>| field.map(|millis| millis.0);
        let between = self.none_credited_between_ms.as_ref().map(Spanned::get_ref);
        Expectations {
            all_credited: self.all_credited,
            credit_p99_ms_max: millis(self.credit_p99_ms_max),
            failover_added_ms_max: millis(self.failover_added_ms_max),
            recovered_within_ms: millis(self.recovered_within_ms),
            dead_letters: count(self.dead_letters),
            dead_letters_left: count(self.dead_letters_left),
            rejected: count(self.rejected),
            suspended: count(self.suspended),
            reorged_min: count(self.reorged_min),
            cordoned_min: count(self.cordoned_min),
            reported_min: count(self.reported_min),
            reconciled_min: count(self.reconciled_min),
            mismatches_min: count(self.mismatches_min),
            alerts: self.alerts.clone(),
            none_credited_between_ms: between.map(|between| (between.low.0, between.high.0)),
            canary: self.canary,
        }
    }
}
