//! What time brings: holds that expire, and what a start must bring up to date with the configuration.

use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::dust::DUST_RECORDS_MAX;
use super::{Bank, BankConfig, Effect, Record, State};
use crate::buggify_knob;
use crate::escrow::{DustPlace, TxKey, deposit_address};
use crate::id::{AssetId, ChainId, UserId};
use crate::limits::CHORES_PER_INPUT_MAX;
use crate::machine::{Deadline, Effects};

/// While a hold is about to expire, the date is looked at this often: it may stand still or go back.
const EXPIRY_WAIT_MIN: Duration = Duration::from_millis(10);
/// Dates and durations are different clocks: the date is looked at this often, in case it jumps.
const EXPIRY_WAIT_MAX: Duration = Duration::from_secs(60);

/// What a start has to do before everything is as the configuration says, last things first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Backlog {
    assets: Vec<(AssetId, u8)>,
    addresses: Vec<(UserId, ChainId)>,
    /// Transactions that automation was working on when the process ended.
    open: Vec<TxKey>,
    /// Where deposits below the minimum may have reached it together.
    pub(super) dust: Vec<DustPlace>,
}

impl Backlog {
    /// What is missing from `state`.
    pub(super) fn new(config: &BankConfig, state: &State) -> Self {
        let unknown = config
            .registry
            .assets()
            .filter(|asset| state.scale(asset.id).is_none());
        let chains = || config.escrow.chains.iter().map(|chain| chain.id);
        let lacking = state.users().flat_map(|(id, user)| {
            let has = |chain: ChainId| user.addresses.iter().any(|(known, _)| *known == chain);
            chains()
                .filter(move |chain| !has(*chain))
                .map(move |chain| (id, chain))
        });
        let mut open: Vec<TxKey> = state.escrow().open().map(|(_, tx)| tx).collect();
        open.reverse();
        Self {
            assets: unknown.map(|asset| (asset.id, asset.scale)).collect(),
            addresses: lacking.collect(),
            open,
            dust: Self::dust_due(config, state),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.assets.is_empty() && self.addresses.is_empty() && self.open.is_empty() && self.dust.is_empty()
    }
}

impl Bank {
    /// Works off some of the backlog: assets at once, since everything else may need them.
    pub(super) fn work_off(&mut self, fx: &mut Effects<Effect>) {
        for (asset, scale) in core::mem::take(&mut self.backlog.assets) {
            self.record(Record::AssetRegistered { asset, scale }, fx);
        }
        let mut left = self.chores_max();
        while left > 0 {
            if let Some(tx) = self.backlog.open.pop() {
                self.watch(tx);
            } else if let Some((user, chain)) = self.backlog.addresses.pop() {
                self.assign_address(user, chain, fx);
            } else if let Some(place) = self.backlog.dust.pop() {
                self.credit_dust(place, fx);
                left = left.saturating_sub(DUST_RECORDS_MAX - 1);
            } else {
                break;
            }
            left = left.saturating_sub(1);
        }
    }

    fn assign_address(&mut self, user: UserId, chain: ChainId, fx: &mut Effects<Effect>) {
        if let Some(config) = self.config.escrow.chains.iter().find(|one| one.id == chain) {
            let address = deposit_address(&config.addresses, user);
            self.record(Record::AddressAssigned { user, chain, address }, fx);
        }
    }

    /// Lets go the holds whose time is over.
    pub(super) fn expire_holds(&mut self, fx: &mut Effects<Effect>) {
        if self
            .state
            .ledger()
            .next_expiry()
            .is_none_or(|expiry| expiry > self.wall)
        {
            return;
        }
        let most = self.chores_max();
        for record in self.state.ledger().due(self.wall, most) {
            self.record(Record::Ledger(record), fx);
        }
    }

    /// How many chores of one kind one input does.
    fn chores_max(&mut self) -> usize {
        buggify_knob!(self.chaos, "bank/few_chores", CHORES_PER_INPUT_MAX, 1)
    }

    /// When the next hold expires, on the driver's clock.
    pub(super) fn next_expiry(&self) -> Option<Deadline> {
        let expiry = self.state.ledger().next_expiry()?;
        let wait = if expiry <= self.wall {
            Duration::ZERO
        } else {
            expiry.since(self.wall).clamp(EXPIRY_WAIT_MIN, EXPIRY_WAIT_MAX)
        };
        Some(Deadline {
            at: self.now.after(wait),
            why: "a hold expires",
        })
    }

    /// Puts `tx` on the fast track.
    pub(super) fn watch(&mut self, tx: TxKey) {
        self.verifier.watch(self.now, tx);
        let seen = self
            .state
            .escrow()
            .watch(tx)
            .and_then(|watch| watch.stage.seen_height());
        self.set_height(tx, seen);
        self.verifier_due = Some(Deadline {
            at: self.now,
            why: "a transaction was named",
        });
    }

    /// Notes the height at which `tx` was seen, or that it no longer is.
    pub(super) fn set_height(&mut self, tx: TxKey, height: Option<u64>) {
        self.verifier.set_height(self.now, tx, height);
        self.verifier_due = Some(Deadline {
            at: self.now,
            why: "a transaction was seen, or is gone",
        });
    }
}
