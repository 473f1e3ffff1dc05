//! What is durable: it changes by [`State::apply`] alone, so replaying the journal rebuilds it by the same lines.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::orders::{Acted, Orders};
use super::record::Record;
use super::refund::check_refunds;
use crate::digest::Digest;
use crate::escrow::{EscrowState, Reconciliation};
use crate::id::{Address, AssetId, ChainId, IdempotencyKey, Text, UserId};
use crate::ledger::Ledger;
use crate::table::Table;
use crate::time::WallClock;

/// A registered user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct User {
    /// The name for people.
    pub name: Text,
    /// The deposit addresses, by chain in the order of assignment.
    pub addresses: Vec<(ChainId, Address)>,
}

/// Everything that a restart must find again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    assets: BTreeMap<AssetId, u8>,
    /// By number, which has no gaps and begins with 1.
    users: Vec<User>,
    user_keys: Table<IdempotencyKey, UserId>,
    owners: Table<(ChainId, Address), UserId>,
    ledger: Ledger,
    escrow: EscrowState,
    orders: Orders,
    /// The last reconciliation of each chain.
    reconciled: BTreeMap<ChainId, Reconciliation>,
}

impl State {
    /// The accounts and transactions.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The deposits and claims.
    #[must_use]
    pub fn escrow(&self) -> &EscrowState {
        &self.escrow
    }

    /// What operators ordered.
    #[must_use]
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// The last reconciliation of each chain that was reconciled.
    pub fn reconciled(&self) -> impl Iterator<Item = (ChainId, &Reconciliation)> {
        self.reconciled.iter().map(|(chain, last)| (*chain, last))
    }

    /// The user called `id`.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(place(id)?)
    }

    /// Every user, in order.
    pub fn users(&self) -> impl ExactSizeIterator<Item = (UserId, &User)> {
        let numbered = |(place, user)| (UserId::new(place as u64 + 1), user);
        self.users.iter().enumerate().map(numbered)
    }

    /// The user who was registered with `key`.
    #[must_use]
    pub fn user_by_key(&self, key: &IdempotencyKey) -> Option<UserId> {
        self.user_keys.get(key).copied()
    }

    /// The number of the next user.
    #[must_use]
    pub fn next_user(&self) -> UserId {
        UserId::new(self.users.len() as u64 + 1)
    }

    /// The user to whom `address` was assigned.
    #[must_use]
    pub fn owner_of(&self, chain: ChainId, address: Address) -> Option<UserId> {
        self.owners.get(&(chain, address)).copied()
    }

    /// Every asset that was ever used, with its scale.
    pub fn assets(&self) -> impl Iterator<Item = (AssetId, u8)> + '_ {
        self.assets.iter().map(|(id, scale)| (*id, *scale))
    }

    /// The scale of `asset`, if it was ever used.
    #[must_use]
    pub fn scale(&self, asset: AssetId) -> Option<u8> {
        self.assets.get(&asset).copied()
    }

    /// Takes one fact in.
    ///
    /// # Panics
    /// When the fact does not follow from the ones before: the journal is then not one that this code wrote.
    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::AssetRegistered { asset, scale } => self.apply_asset(*asset, *scale),
            Record::UserRegistered {
                user,
                key,
                name,
                addresses,
                ..
            } => {
                self.apply_user(
                    *user,
                    *key,
                    User {
                        name: name.clone(),
                        addresses: addresses.clone(),
                    },
                );
            }
            Record::AddressAssigned { user, chain, address } => self.apply_address(*user, *chain, *address),
            Record::Ledger(record) => self.ledger.apply(record),
            Record::Escrow(record) => self.escrow.apply(record),
            Record::Reconciled {
                chain,
                reconciliation,
            } => {
                self.reconciled.insert(*chain, reconciliation.clone());
            }
            Record::Administered {
                key,
                act,
                actor,
                reason,
                done,
                at,
            } => self.apply_act(
                *key,
                Acted::new(act.clone(), actor.clone(), reason.clone(), *done),
                *at,
            ),
        }
    }

    /// Audits everything. Walks everything: for checks only.
    ///
    /// # Panics
    /// With the invariant that is broken.
    pub fn check(&self) {
        self.ledger.check();
        let assigned: usize = self.users.iter().map(|user| user.addresses.len()).sum();
        assert_eq!(assigned, self.owners.len(), "every deposit address has one owner");
        for (_, asset) in self.ledger.accounts().map(|(key, _)| (key.owner, key.asset)) {
            assert!(
                self.assets.contains_key(&asset),
                "an account holds {asset}, which was never registered"
            );
        }
        self.check_deposits();
        check_refunds(&self.escrow, &self.ledger);
    }

    /// A digest of everything durable. Walks everything: for checks only.
    #[must_use]
    pub fn digest(&self) -> u128 {
        let tables = (self.user_keys.digest(), self.owners.digest());
        Digest::of(&(
            &self.assets,
            &self.users,
            tables,
            self.ledger.digest(),
            self.escrow.digest(),
            &self.orders,
            &self.reconciled,
        ))
    }

    fn apply_act(&mut self, key: IdempotencyKey, acted: Acted, at: WallClock) {
        if let Some(tx) = acted.processed() {
            self.escrow.take_up(tx, at);
        }
        if let Some(chain) = acted.resumed() {
            self.escrow.renew(chain, at);
        }
        self.orders.apply(key, acted);
    }

    fn apply_asset(&mut self, asset: AssetId, scale: u8) {
        assert!(
            self.assets.insert(asset, scale).is_none(),
            "{asset} was registered twice"
        );
    }

    fn apply_user(&mut self, id: UserId, key: IdempotencyKey, user: User) {
        assert_eq!(id, self.next_user(), "users are numbered without gaps");
        assert!(
            self.user_keys.insert(key, id).is_none(),
            "a user's key was used twice"
        );
        for (chain, address) in user.addresses.iter().copied() {
            self.own(id, chain, address);
        }
        self.users.push(user);
    }

    fn apply_address(&mut self, id: UserId, chain: ChainId, address: Address) {
        self.own(id, chain, address);
        let found = place(id).and_then(|place| self.users.get_mut(place));
        let Some(user) = found else {
            unreachable!("an address was assigned to nobody")
        };
        user.addresses.push((chain, address));
    }

    fn own(&mut self, id: UserId, chain: ChainId, address: Address) {
        let earlier = self.owners.insert((chain, address), id);
        assert!(
            earlier.is_none(),
            "{address} on {chain} was assigned to {earlier:?} and {id}"
        );
    }

    /// Every final deposit has a posted transaction of its amount.
    fn check_deposits(&self) {
        use crate::escrow::Stage;
        for (tx, watch) in self.escrow.watches() {
            let Stage::Final { deposits, .. } = &watch.stage else {
                continue;
            };
            for booked in deposits {
                let posted = booked.transaction.and_then(|id| self.ledger.transaction(id));
                let amounts = posted
                    .iter()
                    .flat_map(|view| &view.transfers)
                    .map(|transfer| transfer.amount);
                let equal = amounts.eq([booked.deposit.amount]);
                assert!(
                    equal,
                    "deposit {} of {tx:?} was not posted as it came",
                    booked.deposit.ordinal
                );
            }
        }
    }
}

fn place(id: UserId) -> Option<usize> {
    usize::try_from(id.number().checked_sub(1)?).ok()
}
