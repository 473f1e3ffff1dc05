//! How deposits leave suspense, and whose they become.

use super::refunds::Given;
use super::{EscrowState, Suspended};
use crate::escrow::deposit::DepositKey;
use crate::escrow::dust::DustPlace;
use crate::id::{TransactionId, UserId};

impl EscrowState {
    pub(super) fn apply_attribution(
        &mut self,
        deposit: &DepositKey,
        user: UserId,
        purchase: Option<TransactionId>,
    ) {
        self.leave_suspense(deposit);
        self.given.insert(*deposit, Given { user, purchase });
    }

    pub(super) fn apply_dust(&mut self, deposits: &[DepositKey], user: UserId) {
        let mut place = None;
        for deposit in deposits {
            let suspended = self.leave_suspense(deposit);
            let Some(lay) = DustPlace::of(deposit, &suspended) else {
                unreachable!("{deposit:?} was credited with what is below the minimum, and was not")
            };
            assert!(
                *place.get_or_insert(lay) == lay,
                "{deposit:?} was credited with what was paid elsewhere"
            );
            // What they bought, they bought together: none of them alone can undo it.
            let purchase = None;
            self.given.insert(*deposit, Given { user, purchase });
        }
        let Some(place) = place else {
            unreachable!("nothing was credited together")
        };
        self.dust.reach(&place);
    }

    pub(super) fn leave_suspense(&mut self, deposit: &DepositKey) -> Suspended {
        let Some(suspended) = self.suspense.remove(deposit) else {
            unreachable!("{deposit:?} was not in suspense")
        };
        self.dust.take(deposit, &suspended);
        suspended
    }
}
