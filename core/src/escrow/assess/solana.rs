//! The validity rules of Solana: what a token account gained in a transaction, whatever its instructions were.
//!
//! A plain transfer names no mint, and inner ones are easily missed, so balances decide (trap S2). They do not say who paid:
//! the payer is whoever lost most of the same token in the transaction.

use super::{Addresses, Assessment, Judgement, Movement, deposit, total};
use crate::escrow::evm::TokenBalance;
use crate::escrow::reason::{DeadLetterReason, Reason};
use crate::escrow::solana::{TOKEN_PROGRAM, token_account};
use crate::id::{Address, ChainId};
use crate::money::{Amount, Registry, Standing};

/// Judges the token accounts of a transaction that succeeded in a slot of a chain, `here`.
pub(super) fn assess(
    here: (ChainId, u64),
    balances: &[TokenBalance],
    registry: &Registry,
    ours: &impl Addresses,
) -> Assessment {
    let raised = balances.iter().filter(|one| one.after > one.before);
    total(raised.map(|gain| judge(here, gain, balances, registry, ours)))
}

fn judge(
    (chain, block): (ChainId, u64),
    gain: &TokenBalance,
    balances: &[TokenBalance],
    registry: &Registry,
    ours: &impl Addresses,
) -> Judgement {
    let dismissed = Judgement::Dismissed;
    let standing = registry.token_in(chain, gain.mint, block);
    if standing == Standing::Foreign {
        return dismissed(Reason::ForeignContract);
    }
    let Some(recipient) = ours.recipient(chain, gain.wallet) else {
        return dismissed(Reason::NotToUs);
    };
    let Standing::InForce(asset, decimals) = standing else {
        return dismissed(Reason::TokenNotInForce);
    };
    if gain.program != TOKEN_PROGRAM {
        return dismissed(Reason::ForeignProgram);
    }
    if gain.account != token_account(&gain.wallet, &gain.mint) {
        return dismissed(Reason::NotAssociated);
    }
    let from = match payer(chain, gain, balances, ours) {
        Payer::Outsider(wallet) => wallet,
        Payer::Nobody => return dismissed(Reason::Minted),
        Payer::Ourselves => return dismissed(Reason::OwnTransfer),
        Payer::Both => return Judgement::DeadLetter(DeadLetterReason::MixedPayers),
    };
    let movement = Movement {
        ordinal: u32::from(gain.place),
        from,
        to: gain.wallet,
        recipient,
    };
    let units = Amount::from_minor(i128::from(gain.after - gain.before));
    deposit(movement, units, decimals, asset)
}

/// Who lost what an account gained.
enum Payer {
    /// A wallet that is not ours.
    Outsider(Address),
    /// Nobody: it was minted.
    Nobody,
    /// A wallet of ours.
    Ourselves,
    /// Wallets of ours and others.
    Both,
}

fn payer(chain: ChainId, gain: &TokenBalance, balances: &[TokenBalance], ours: &impl Addresses) -> Payer {
    let is_loss = |one: &&TokenBalance| one.mint == gain.mint && one.after < one.before;
    let losses = balances.iter().filter(is_loss);
    let (mut most, mut own_lost) = (None, false);
    for loss in losses {
        let lost = loss.before - loss.after;
        if ours.recipient(chain, loss.wallet).is_some() {
            own_lost = true;
        } else if most.is_none_or(|(most, _)| lost > most) {
            most = Some((lost, loss.wallet));
        }
    }
    match (most, own_lost) {
        (Some((_, wallet)), false) => Payer::Outsider(wallet),
        (None, false) => Payer::Nobody,
        (None, true) => Payer::Ourselves,
        (Some(_), true) => Payer::Both,
    }
}

#[cfg(test)]
mod tests;
