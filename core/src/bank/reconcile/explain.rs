//! What the books know of a difference: what is in the block and not credited, and what was credited and is gone.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::escrow::{Agreement, EscrowState, Named, Part, Reason, Refund, RefundStage, Stage, TxKey, Watch};
use crate::id::{Address, AssetId, ChainId};
use crate::limits::REFUND_SUMS_MAX;
use crate::money::Amount;

/// What may be on chain beside what is posted.
#[derive(Debug, Default)]
pub(super) struct Explanations {
    /// With the amount of an asset.
    known: Vec<(AssetId, Named)>,
    /// Of whatever asset, and whatever amount.
    unknown: Vec<Named>,
    /// What nobody is to be credited with.
    uncredited: Vec<Named>,
    /// What may have left, with the amount of an asset.
    gone: Vec<(AssetId, Gone)>,
}

/// What may have left custody.
#[derive(Debug)]
struct Gone {
    amount: Amount,
    /// Whether the books say that it did.
    is_settled: bool,
}

impl Explanations {
    /// Everything about `chain` that may be in its blocks up to `block`, which the scanner has read.
    pub(super) fn of(escrow: &EscrowState, chain: ChainId, block: u64) -> Self {
        let mut explanations = Self::default();
        for (tx, watch) in escrow.watches().filter(|(tx, _)| tx.chain == chain) {
            explanations.note(escrow, (tx, watch), block);
        }
        explanations
    }

    /// Takes in what may have left custody, or not.
    pub(super) fn expect_gone<'a>(&mut self, refunds: impl Iterator<Item = &'a Refund>) {
        self.gone.extend(refunds.map(|refund| {
            let is_settled = match refund.stage {
                RefundStage::Settled { .. } => true,
                RefundStage::Pending | RefundStage::Withdrawn { .. } => false,
            };
            let amount = refund.amount;
            (refund.asset, Gone { amount, is_settled })
        }));
    }

    fn note(&mut self, escrow: &EscrowState, (tx, watch): (TxKey, &Watch), block: u64) {
        let part = match &watch.stage {
            Stage::Seen { evidence, .. } if evidence.block.number <= block => Part::Seen,
            Stage::Observed | Stage::Reorged { .. } | Stage::Seen { .. } if watch.is_found => Part::Found,
            Stage::DeadLetter { .. } | Stage::Dismissed if watch.is_found => Part::DeadLetter,
            Stage::Rejected {
                reason: Reason::Minted | Reason::TokenNotInForce,
                evidence,
            } if evidence.block.number <= block => {
                self.uncredited.push(Named {
                    tx,
                    amount: None,
                    part: Part::Uncredited,
                });
                return;
            }
            Stage::Observed
            | Stage::Reorged { .. }
            | Stage::Seen { .. }
            | Stage::DeadLetter { .. }
            | Stage::Dismissed
            | Stage::Rejected { .. }
            | Stage::Final { .. } => return,
        };
        match escrow.last_seen(tx) {
            Some(amounts) => self.known.extend(amounts.iter().map(|(asset, amount)| {
                let amount = Some(*amount);
                (*asset, Named { tx, amount, part })
            })),
            None => self.unknown.push(Named {
                tx,
                amount: None,
                part,
            }),
        }
    }

    /// What is known to be in the block and not posted, of `asset`.
    pub(super) fn known(&self, asset: AssetId) -> Amount {
        let amounts = self.known_of(asset).filter_map(|named| named.amount);
        amounts.fold(Amount::ZERO, |sum, amount| {
            sum.plus(amount).unwrap_or(Amount::MAX)
        })
    }

    /// What is to be refunded of `asset`, or was lately.
    pub(super) fn leaving(&self, asset: AssetId) -> Amount {
        let amounts = self.gone_of(asset).map(|gone| gone.amount);
        amounts.fold(Amount::ZERO, |sum, amount| {
            sum.plus(amount).unwrap_or(Amount::MAX)
        })
    }

    fn gone_of(&self, asset: AssetId) -> impl Iterator<Item = &Gone> {
        let of = move |(gone, _): &&(AssetId, Gone)| *gone == asset;
        self.gone.iter().filter(of).map(|(_, gone)| gone)
    }

    /// Whether there is `more` on chain than in the books because some refunds were paid and others not.
    fn is_of_refunds(&self, asset: AssetId, more: Amount) -> bool {
        let mut settled = self.gone_of(asset).filter(|gone| gone.is_settled);
        let unpaid = settled.try_fold(Amount::ZERO, |sum, gone| sum.plus(gone.amount));
        // As if the books did not know of any payment: so much was paid of what may be.
        let Ok(paid) = unpaid.and_then(|unpaid| unpaid.minus(more)) else {
            return false;
        };
        is_sum_of_some(self.gone_of(asset).map(|gone| gone.amount), paid)
    }

    /// Whether what is to be refunded comes to so much less on chain, or to more than that: then what is open may fill the gap.
    fn may_be_paid(&self, asset: AssetId, more: Amount) -> bool {
        let mut pending = self.gone_of(asset).filter(|gone| !gone.is_settled);
        let most = pending.try_fold(Amount::ZERO, |sum, gone| sum.plus(gone.amount));
        most.and_then(|most| most.plus(more))
            .is_ok_and(|rest| !rest.is_negative())
    }

    fn known_of(&self, asset: AssetId) -> impl Iterator<Item = &Named> {
        let of = move |(known, _): &&(AssetId, Named)| *known == asset;
        self.known.iter().filter(of).map(|(_, named)| named)
    }

    /// What having `on_chain`, more than can be counted if `None`, and `in_custody` in the books comes to.
    pub(super) fn judge(&self, asset: AssetId, on_chain: Option<Amount>, in_custody: Amount) -> Agreement {
        let is_open = !self.unknown.is_empty() || self.known_of(asset).next().is_some();
        let more = on_chain.map(|on_chain| on_chain.minus(in_custody));
        match more {
            Some(Ok(more)) if self.is_of_refunds(asset, more) => Agreement::Even,
            Some(Ok(more)) if self.is_known(asset, more) => Agreement::Even,
            Some(Ok(more)) if is_open && self.may_be_paid(asset, more) => Agreement::Open,
            Some(Ok(more)) if more.is_negative() => Agreement::Deficit,
            Some(_) | None if is_open => Agreement::Open,
            Some(_) | None => Agreement::Surplus,
        }
    }

    /// Whether there is `more` on chain because of what is known to be in the block and not posted.
    fn is_known(&self, asset: AssetId, more: Amount) -> bool {
        let rest = more.minus(self.known(asset));
        rest.is_ok_and(|rest| self.is_of_refunds(asset, rest))
    }

    /// What may explain that there is more on chain.
    pub(super) fn of_surplus(&self, asset: AssetId) -> Vec<Named> {
        let all = self.known_of(asset).chain(&self.unknown).chain(&self.uncredited);
        all.copied().collect()
    }
}

/// Whether some of `amounts`, all, or none come to `sum`. Where there are too many ways to tell, any sum up to all of them is
/// taken to be one: an alarm must not be false.
fn is_sum_of_some(amounts: impl Iterator<Item = Amount>, sum: Amount) -> bool {
    if sum.is_negative() {
        return false;
    }
    let mut all = Amount::ZERO;
    let mut sums = BTreeSet::from([Amount::ZERO]);
    for amount in amounts {
        all = all.plus(amount).unwrap_or(Amount::MAX);
        if sums.len() <= REFUND_SUMS_MAX {
            let more: Vec<Amount> = sums.iter().filter_map(|one| one.plus(amount).ok()).collect();
            sums.extend(more.into_iter().filter(|one| *one <= sum));
        }
    }
    sums.contains(&sum) || (sums.len() > REFUND_SUMS_MAX && sum <= all)
}

/// What was posted, up to `block`, from payments to addresses that hold less now than was posted from them.
pub(super) fn missing(
    escrow: &EscrowState,
    (chain, asset, block): (ChainId, AssetId, u64),
    held: impl Fn(Address) -> Option<Amount>,
) -> Vec<Named> {
    let mut by_address: BTreeMap<Address, (Amount, Vec<Named>)> = BTreeMap::new();
    for (tx, watch) in escrow.watches().filter(|(tx, _)| tx.chain == chain) {
        let Stage::Final { evidence, deposits } = &watch.stage else {
            continue;
        };
        if evidence.block.number > block {
            continue;
        }
        for deposit in deposits.iter().map(|booked| booked.deposit) {
            if deposit.asset != asset {
                continue;
            }
            let (sum, named) = by_address.entry(deposit.to).or_default();
            *sum = sum.plus(deposit.amount).unwrap_or(Amount::MAX);
            named.push(Named {
                tx,
                amount: Some(deposit.amount),
                part: Part::Missing,
            });
        }
    }
    let lacks = |(address, (sum, named)): (Address, (Amount, Vec<Named>))| {
        (held(address).unwrap_or_default() < sum).then_some(named)
    };
    by_address.into_iter().filter_map(lacks).flatten().collect()
}
