//! Reconciliation: each verdict is held against what the chain knows about itself.
//!
//! What the bank says that custody addresses hold is what they hold at that block; what it says that the books have from blocks
//! up to it is what was posted from them. A thief, or what was minted, is found as soon as nothing else is open; and what
//! is on its way in is no alarm.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::Record;
use plimsoll_core::escrow::{Agreement, DepositKey, EscrowRecord, Reconciliation, RefundRecord, Row, TxKey};
use plimsoll_core::id::{Address, AssetId, RefundId};
use plimsoll_core::time::Instant;

use super::broken;
use crate::model::chain::{Chain, Due, Held};
use crate::world::observe::{End, Observation, Oracle, Violation};
use crate::world::plan::Token;

const NAME: &str = "reconciliation";

/// Deposits that are posted, with their block, asset and amount.
type Posted = BTreeMap<DepositKey, (u64, AssetId, i128)>;

/// The oracle.
#[derive(Debug, Default)]
pub struct Reconciled {
    posted: Posted,
    /// What the scanner found and nobody has decided yet.
    undecided: BTreeSet<TxKey>,
    /// What left custody by refunds, by asset.
    settled: BTreeMap<AssetId, i128>,
    /// Refunds of each asset that may be paid or not in a block that is looked at.
    refunds: BTreeMap<RefundId, (AssetId, i128)>,
    /// Every reconciliation, with what was so before it.
    all: Vec<(Reconciliation, Before)>,
}

/// What the records said before a reconciliation.
#[derive(Debug, Clone)]
struct Before {
    posted: Posted,
    settled: BTreeMap<AssetId, i128>,
    /// The assets of which something was refunded.
    refunded: BTreeSet<AssetId>,
    /// Whether something was undecided.
    is_open: bool,
}

impl Reconciled {
    fn note_refund(&mut self, record: &RefundRecord) {
        match record {
            RefundRecord::Requested {
                refund,
                asset,
                amount,
                ..
            } => {
                self.refunds.insert(*refund, (*asset, amount.minor()));
            }
            RefundRecord::Settled { refund, .. } => {
                if let Some((asset, amount)) = self.refunds.get(refund) {
                    *self.settled.entry(*asset).or_default() += amount;
                }
            }
            RefundRecord::Withdrawn { refund, .. } => {
                self.refunds.remove(refund);
            }
            RefundRecord::Proposed { .. } => {}
        }
    }
}

impl Oracle for Reconciled {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        let Observation::Committed { records, .. } = seen else {
            return Ok(());
        };
        for record in *records {
            match record {
                Record::Escrow(EscrowRecord::Final {
                    tx,
                    evidence,
                    deposits,
                    ..
                }) => {
                    self.undecided.remove(tx);
                    let block = evidence.block.number;
                    for deposit in deposits.iter().map(|booked| booked.deposit) {
                        let key = DepositKey {
                            tx: *tx,
                            ordinal: deposit.ordinal,
                        };
                        self.posted
                            .insert(key, (block, deposit.asset, deposit.amount.minor()));
                    }
                }
                Record::Escrow(EscrowRecord::Rejected { tx, .. }) => {
                    self.undecided.remove(tx);
                }
                Record::Escrow(EscrowRecord::Scanned { chain, found, .. }) => {
                    let found = found.iter().map(|tx| TxKey {
                        chain: *chain,
                        tx: *tx,
                    });
                    self.undecided.extend(found);
                }
                Record::Reconciled { reconciliation, .. } => {
                    let before = Before {
                        posted: self.posted.clone(),
                        settled: self.settled.clone(),
                        refunded: self.refunds.values().map(|(asset, _)| *asset).collect(),
                        is_open: !self.undecided.is_empty(),
                    };
                    self.all.push((reconciliation.clone(), before));
                }
                Record::Escrow(EscrowRecord::Refund(record)) => self.note_refund(record),
                Record::Escrow(_)
                | Record::Ledger(_)
                | Record::AssetRegistered { .. }
                | Record::UserRegistered { .. }
                | Record::AddressAssigned { .. }
                | Record::Administered { .. } => {}
            }
        }
        Ok(())
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        for (reconciliation, before) in &self.all {
            let block = reconciliation.block.number;
            if end.chain.block(block, end.at) != reconciliation.block {
                let detail = format!("block {block} is another than {}", reconciliation.block.hash);
                return Err(broken(NAME, "other_block", detail));
            }
            let house = end.chain.house(block, end.at);
            let sent = end.chain.sent_back(block, end.at);
            for row in &reconciliation.rows {
                let mut truth = Truth::of(end, row.asset, block, &before.posted);
                // What is to be refunded may hide what it is as much as.
                truth.is_open |= before.is_open || before.refunded.contains(&row.asset);
                truth.settled = before.settled.get(&row.asset).copied().unwrap_or_default();
                truth.sent = sent_of(row.asset, &sent);
                judge(row, on_chain(row.asset, &house), &truth)?;
            }
        }
        Ok(())
    }
}

/// What is so about one asset at one block.
struct Truth {
    /// What was posted from blocks up to it.
    posted: i128,
    /// What is due from blocks up to it and was not posted.
    unposted: i128,
    /// What was settled of refunds, whichever block paid it.
    settled: i128,
    /// What was sent back in blocks up to it.
    sent: i128,
    /// Whether something in them is not decided by a rule, or not decided at all.
    is_open: bool,
}

impl Truth {
    fn of(end: &End<'_>, asset: AssetId, block: u64, posted: &Posted) -> Self {
        let mine = posted.values().filter(|(at, of, _)| *of == asset && *at <= block);
        let sum = mine.map(|(.., amount)| *amount).sum();
        let chain: &Chain = end.chain;
        let in_block = chain.transactions().filter(|index| {
            chain
                .block_of(*index, end.at)
                .is_some_and(|at| at.number <= block)
        });
        let (mut unposted, mut is_open) = (0, false);
        for index in in_block {
            let tx = chain.key_of(index);
            let due: BTreeSet<DepositKey> = chain.deposits_of(index).map(|(key, _)| key).collect();
            for (ordinal, truth) in (0u32..).zip(chain.truth(index)) {
                let key = DepositKey { tx, ordinal };
                let is_awaited = due.contains(&key) && !posted.contains_key(&key);
                match truth.due {
                    Due::User(_) | Due::Suspense(_) if is_awaited => {
                        is_open = true; // its transaction is, whatever the asset
                        if truth.asset == asset {
                            unposted += truth.amount.minor();
                        }
                    }
                    Due::Person => is_open = true,
                    Due::User(_) | Due::Suspense(_) | Due::Nothing(_) => {}
                }
            }
        }
        Self {
            posted: sum,
            unposted,
            settled: 0,
            sent: 0,
            is_open,
        }
    }
}

fn judge(row: &Row, on_chain: Option<i128>, truth: &Truth) -> Result<(), Violation> {
    let asset = row.asset;
    let told = row.on_chain.map(|amount| amount.minor());
    if told != on_chain {
        let detail = format!("custody has {on_chain:?} minor units of {asset} on chain: told {told:?}");
        return Err(broken(NAME, "other_balance", detail));
    }
    let told = row.in_custody.minor();
    let in_books = truth.posted - truth.settled;
    if told != in_books {
        let detail = format!("{in_books} minor units of {asset} are in the books: told {told}");
        return Err(broken(NAME, "other_books", detail));
    }
    if row.custody != row.owed {
        let detail = format!("{:?} of {asset} are there, {:?} are owed", row.custody, row.owed);
        return Err(broken(NAME, "unbalanced", detail));
    }
    // What nothing on its way explains: minted if positive, stolen if negative.
    let excess = on_chain.map(|on_chain| on_chain + truth.sent - truth.posted - truth.unposted);
    // Refunds that are paid and not settled, or settled and not paid, may hide which of both it is, and never that it is.
    let unsettled = truth.settled - truth.sent;
    let is_so = match (excess, row.agreement) {
        (Some(0), Agreement::Even) => true,
        (Some(0), Agreement::Open) => truth.is_open,
        (Some(0), Agreement::Surplus | Agreement::Deficit) => false,
        (Some(excess), Agreement::Surplus) => excess > 0 || excess + unsettled > 0,
        (Some(excess), Agreement::Deficit) => excess < 0 || excess + unsettled < 0,
        (None, Agreement::Surplus) => true,
        // What is open may hide it for now.
        (Some(_) | None, Agreement::Open | Agreement::Even) => truth.is_open,
        (None, Agreement::Deficit) => false,
    };
    if is_so {
        return Ok(());
    }
    let told = row.agreement.code();
    let (posted, unposted) = (truth.posted, truth.unposted);
    let detail =
        format!("{asset} is called {told}: {on_chain:?} on chain, {posted} posted, {unposted} on its way");
    let invariant = match row.agreement {
        Agreement::Even | Agreement::Open => "not_found",
        Agreement::Surplus | Agreement::Deficit => "false_alarm",
    };
    Err(broken(NAME, invariant, detail))
}

/// What was sent back of `asset`, in the ledger's minor units.
fn sent_of(asset: AssetId, sent: &BTreeMap<Address, i128>) -> i128 {
    let token = Token::ALL.iter().map(|token| token.facts());
    let Some((facts, contract, decimals)) = token.filter(|facts| facts.id == asset).find_map(|facts| {
        facts
            .contract
            .map(|(contract, decimals)| (facts, contract, decimals))
    }) else {
        return 0;
    };
    let units = sent.get(&contract).copied().unwrap_or_default();
    units * 10i128.pow(u32::from(facts.scale - decimals))
}

/// What all addresses of the house hold of `asset`, in the ledger's minor units; `None` if nobody can count that.
fn on_chain(asset: AssetId, house: &BTreeMap<(Address, Address), Held>) -> Option<i128> {
    let token = Token::ALL.iter().find(|token| token.facts().id == asset)?;
    let facts = token.facts();
    let (contract, decimals) = facts.contract?;
    let mine = house.iter().filter(|((of, _), _)| *of == contract);
    let mut sum = 0;
    for (_, held) in mine {
        if held.is_huge {
            return None;
        }
        sum += held.units;
    }
    Some(sum * 10i128.pow(u32::from(facts.scale - decimals)))
}

#[cfg(test)]
mod tests;
