//! The validity rules: which movements in a receipt are deposits, and why the others are not.
//!
//! A pure function of the receipt, the registry and our addresses. On EVM chains it looks at logs alone, never at calldata,
//! senders or recipients of the transaction (traps E1, E18); on Solana, in `solana`, at balances alone, never at
//! instructions (trap S2). Finality is not its business.

mod solana;

use alloc::vec::Vec;

use super::deposit::{Beneficiary, Deposit};
use super::evm::{Log, Receipt, TRANSFER_TOPIC};
use super::reason::{DeadLetterReason, Reason, SuspenseReason};
use crate::id::{Address, ChainId, Family, UserId};
use crate::limits::{DEPOSIT_MAX, DEPOSITS_PER_TX_MAX};
use crate::money::{Amount, Asset, Registry, Standing, convert};

/// Where EIP-7708 logs native transfers, in the guise of token logs (trap E5).
const NATIVE_TRANSFER_EMITTER: Address = Address::Evm([
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xfe,
]);

/// Whose an address of ours is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// Assigned to a user.
    User(UserId),
    /// Ours, and no user's.
    Collect,
}

/// What is known of our addresses.
pub trait Addresses {
    /// Whose `address` is on `chain`, on Solana that of a wallet; `None` when it is not ours.
    fn recipient(&self, chain: ChainId, address: Address) -> Option<Recipient>;
}

/// What a receipt amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assessment {
    /// It holds these deposits, at least one, by ordinal.
    Deposits(Vec<Deposit>),
    /// It holds nothing for us.
    Nothing(Reason),
    /// It cannot be judged by a rule.
    DeadLetter(DeadLetterReason),
}

/// Judges `receipt` movement by movement: one deposit a log (trap E8), on Solana one a token account (trap S14).
#[must_use]
pub fn assess(chain: ChainId, receipt: &Receipt, registry: &Registry, ours: &impl Addresses) -> Assessment {
    if !receipt.succeeded {
        return Assessment::Nothing(Reason::Reverted);
    }
    match chain.family() {
        Family::Evm => {
            let logs = (0u32..).zip(&receipt.logs);
            let here = (chain, receipt.block.number);
            total(logs.map(|(ordinal, log)| judge(here, ordinal, log, registry, ours)))
        }
        Family::Solana => solana::assess((chain, receipt.block.number), &receipt.balances, registry, ours),
    }
}

/// What the judgements of all movements come to.
fn total(judgements: impl Iterator<Item = Judgement>) -> Assessment {
    let mut deposits = Vec::new();
    let mut reason = Reason::NoTransfer;
    for judgement in judgements {
        match judgement {
            Judgement::Deposit(deposit) => deposits.push(deposit),
            Judgement::Dismissed(why) if why.weight() > reason.weight() => reason = why,
            Judgement::Dismissed(_) => {}
            Judgement::DeadLetter(why) => return Assessment::DeadLetter(why),
        }
    }
    if deposits.len() > DEPOSITS_PER_TX_MAX {
        Assessment::DeadLetter(DeadLetterReason::TooManyDeposits)
    } else if deposits.is_empty() {
        Assessment::Nothing(reason)
    } else {
        Assessment::Deposits(deposits)
    }
}

/// Whether a log found by a scan concerns us at all; the receipt then decides. On Solana only what names accounts of ours is
/// asked for.
#[must_use]
pub fn concerns_us(chain: ChainId, log: &Log, registry: &Registry, ours: &impl Addresses) -> bool {
    match chain.family() {
        Family::Evm => {
            let to = topic_address(&log.topics[2]);
            let is_ours = to.is_some_and(|to| ours.recipient(chain, to).is_some());
            is_ours && registry.token(chain, log.address).is_some()
        }
        Family::Solana => true,
    }
}

enum Judgement {
    Deposit(Deposit),
    Dismissed(Reason),
    DeadLetter(DeadLetterReason),
}

fn judge(
    (chain, block): (ChainId, u64),
    ordinal: u32,
    log: &Log,
    registry: &Registry,
    ours: &impl Addresses,
) -> Judgement {
    let dismissed = Judgement::Dismissed;
    if log.topic_count == 0 || log.topics[0] != TRANSFER_TOPIC {
        return dismissed(Reason::NoTransfer);
    }
    if log.address == NATIVE_TRANSFER_EMITTER {
        return dismissed(Reason::NativeTransfer);
    }
    let standing = registry.token_in(chain, log.address, block);
    if standing == Standing::Foreign {
        return dismissed(Reason::ForeignContract);
    }
    let (from, to) = match (
        log.topic_count,
        topic_address(&log.topics[1]),
        topic_address(&log.topics[2]),
    ) {
        (3, Some(from), Some(to)) if log.data_len == 32 => (from, to),
        _ => return dismissed(Reason::MalformedLog),
    };
    let Some(recipient) = ours.recipient(chain, to) else {
        return dismissed(Reason::NotToUs);
    };
    let Standing::InForce(asset, decimals) = standing else {
        return dismissed(Reason::TokenNotInForce);
    };
    if log.word == [0; 32] {
        return dismissed(Reason::ZeroAmount);
    }
    if from == to || ours.recipient(chain, from).is_some() {
        return dismissed(Reason::OwnTransfer);
    }
    if from == Address::default() {
        return dismissed(Reason::Minted);
    }
    let Ok(units) = Amount::from_be_word(&log.word) else {
        return Judgement::DeadLetter(DeadLetterReason::AmountOutOfRange);
    };
    let movement = Movement {
        ordinal,
        from,
        to,
        recipient,
    };
    deposit(movement, units, decimals, asset)
}

/// A movement of a registered token to an address of ours.
struct Movement {
    ordinal: u32,
    from: Address,
    to: Address,
    recipient: Recipient,
}

/// The deposit of `units` of a token with so many `decimals`.
fn deposit(movement: Movement, units: Amount, decimals: u8, asset: &Asset) -> Judgement {
    let amount = convert(units, decimals, asset.scale);
    let Some(amount) = amount.ok().filter(|amount| *amount <= DEPOSIT_MAX) else {
        return Judgement::DeadLetter(DeadLetterReason::AmountOutOfRange);
    };
    assert!(amount.is_positive(), "{units:?} moved and became {amount:?}");
    let beneficiary = match movement.recipient {
        Recipient::Collect => Beneficiary::Suspense(SuspenseReason::Unattributed),
        Recipient::User(_) if !asset.enabled => Beneficiary::Suspense(SuspenseReason::AssetDisabled),
        Recipient::User(_) if amount < asset.min => Beneficiary::Suspense(SuspenseReason::BelowMinimum),
        Recipient::User(_) if amount > asset.max => Beneficiary::Suspense(SuspenseReason::AboveMaximum),
        Recipient::User(user) => Beneficiary::User(user),
    };
    Judgement::Deposit(Deposit {
        ordinal: movement.ordinal,
        asset: asset.id,
        amount,
        from: movement.from,
        to: movement.to,
        beneficiary,
    })
}

/// The address in a topic; `None` when its 12 high bytes are not clean (trap E4).
fn topic_address(topic: &[u8; 32]) -> Option<Address> {
    let (high, low) = topic.split_at(12);
    let mut address = [0u8; 20];
    address.copy_from_slice(low);
    let is_clean = high.iter().all(|byte| *byte == 0);
    is_clean.then_some(Address::Evm(address))
}

#[cfg(test)]
mod tests;
