//! What the chain says, read from the node's own receipts by rules written down a second time.
//!
//! Nothing here is shared with the product: the receipts are decoded by the tests' own reader, and the rules and the
//! price are those of the documentation.

use std::collections::BTreeMap;

use plimsoll_core::id::{Address, TxHash, UserId};
use plimsoll_tests::evm::receipt::{Log, Receipt};
use plimsoll_tests::product::Settings;

use super::book::{Book, User};
use super::payments::Kind;
use super::world::{CHAIN_NAME, CREDIT, USDC, USDC_DECIMALS, USDT, World};

/// Whose a deposit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    User(UserId),
    /// Nobody's, for this published reason.
    Nobody(&'static str),
}

/// One valid movement of a token to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Deposit {
    /// The place of its log in the receipt.
    pub(super) ordinal: usize,
    pub(super) asset: &'static str,
    /// In minor units of the ledger.
    pub(super) amount: i128,
    pub(super) whose: Whose,
}

/// How a claim must stand in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// With these deposits of the claimant.
    Credited(Vec<Deposit>),
    /// With these deposits, which are nobody's; the reason of the first is the claim's.
    Suspense(Vec<Deposit>),
    /// For this published reason.
    Rejected(&'static str),
    /// No block holds the transaction.
    DeadLetter,
}

/// Every transaction of the chain, with the deposits in it.
#[derive(Debug)]
pub(super) struct Truth {
    deposits: BTreeMap<TxHash, Vec<Deposit>>,
}

impl Truth {
    /// Reads the blocks from 1 to `last`.
    pub(super) fn read(world: &World<'_>, users: &[User], last: u64) -> Self {
        let owners: BTreeMap<Address, UserId> = users.iter().map(|user| (user.address, user.id)).collect();
        let receipts = (1..=last).flat_map(|height| world.node.receipts(height));
        let deposits = receipts.map(|receipt| (receipt.hash, deposits_in(&receipt, world, &owners)));
        Self {
            deposits: deposits.collect(),
        }
    }

    /// How many deposits there are, and how many of them are nobody's.
    pub(super) fn counts(&self) -> (usize, usize) {
        let nobodys = self
            .all()
            .filter(|deposit| matches!(deposit.whose, Whose::Nobody(_)));
        (self.all().count(), nobodys.count())
    }

    /// What the house's own accounts come to, by their names: everything that came in is in custody, what is nobody's
    /// in suspense, what was paid for CREDIT in the treasury, and what was given for it was issued.
    pub(super) fn house(&self) -> BTreeMap<String, i128> {
        let mut house = BTreeMap::new();
        let mut add = |account: String, amount| {
            if amount != 0 {
                *house.entry(account).or_default() += amount;
            }
        };
        for deposit in self.all() {
            let asset = deposit.asset;
            add(format!("custody-{CHAIN_NAME}/{asset}"), deposit.amount);
            match deposit.whose {
                Whose::Nobody(_) => add(format!("suspense/{asset}"), deposit.amount),
                Whose::User(_) => {
                    let (cost, units) = purchase(deposit);
                    add(format!("treasury/{asset}"), cost);
                    add(format!("issuance/{}", CREDIT.symbol), units);
                }
            }
        }
        house
    }

    /// What every user has, by asset: deposits, less what they cost, with what they bought, and what users moved
    /// between them.
    pub(super) fn balances(&self, book: &Book) -> BTreeMap<(UserId, &'static str), i128> {
        let mut balances = BTreeMap::new();
        let mut add = |user: UserId, asset: &'static str, amount: i128| {
            *balances.entry((user, asset)).or_default() += amount;
        };
        for user in &book.users {
            for asset in [USDT, USDC, CREDIT] {
                add(user.id, asset.symbol, 0);
            }
        }
        for deposit in self.all() {
            if let Whose::User(user) = deposit.whose {
                let (cost, units) = purchase(deposit);
                add(user, deposit.asset, deposit.amount - cost);
                add(user, CREDIT.symbol, units);
            }
        }
        let done = book.transfers.iter().filter(|transfer| transfer.outcome.is_ok());
        for leg in done.flat_map(|transfer| &transfer.legs) {
            add(leg.debit, leg.asset, -leg.amount);
            add(leg.credit, leg.asset, leg.amount);
        }
        balances
    }

    /// How a claim of `user` on `tx` must stand.
    pub(super) fn verdict(&self, user: UserId, tx: TxHash, book: &Book) -> Verdict {
        let Some(deposits) = self.deposits.get(&tx) else {
            return Verdict::DeadLetter;
        };
        let of = |wanted: fn(&Whose, UserId) -> bool| -> Vec<Deposit> {
            let deposits = deposits.iter().filter(|deposit| wanted(&deposit.whose, user));
            deposits.copied().collect()
        };
        let theirs = of(|whose, user| *whose == Whose::User(user));
        let nobodys = of(|whose, _| matches!(whose, Whose::Nobody(_)));
        if !theirs.is_empty() {
            Verdict::Credited(theirs)
        } else if !nobodys.is_empty() {
            Verdict::Suspense(nobodys)
        } else if !deposits.is_empty() {
            Verdict::Rejected("not_yours")
        } else {
            let kind = book.payments.get(&tx).copied();
            let reason = kind.and_then(Kind::worthless_because);
            Verdict::Rejected(reason.unwrap_or_else(|| panic!("{tx}: a {kind:?} payment came to nothing")))
        }
    }

    fn all(&self) -> impl Iterator<Item = &Deposit> {
        self.deposits.values().flatten()
    }
}

/// What a deposit of USDT buys: 3/2 CREDIT for each, in whole minor units rounded down, which cost what they must
/// and no more than that, rounded up. A deposit of anything else buys nothing.
fn purchase(deposit: &Deposit) -> (i128, i128) {
    if deposit.asset != USDT.symbol {
        return (0, 0);
    }
    // 10^18 minor units of USDT are 150 minor units of CREDIT.
    let (above, below) = (150, 10i128.pow(18));
    let units = deposit.amount * above / below;
    let cost = (units * below + above - 1) / above;
    (cost, units)
}

fn deposits_in(receipt: &Receipt, world: &World<'_>, owners: &BTreeMap<Address, UserId>) -> Vec<Deposit> {
    if !receipt.success {
        return Vec::new();
    }
    let logs = receipt.logs.iter().enumerate();
    logs.filter_map(|(ordinal, log)| deposit_in(ordinal, log, world, owners))
        .collect()
}

fn deposit_in(
    ordinal: usize,
    log: &Log,
    world: &World<'_>,
    owners: &BTreeMap<Address, UserId>,
) -> Option<Deposit> {
    let (asset, decimals) = if log.address == world.usdt.address {
        (USDT, USDT.scale)
    } else if log.address == world.usdc.address {
        (USDC, USDC_DECIMALS)
    } else {
        return None;
    };
    let (from, to, value) = log.transfer()?;
    let collect = world.collect.address();
    let is_ours = |address: Address| address == collect || owners.contains_key(&address);
    if !is_ours(to) || is_ours(from) || from == Address::Evm([0; 20]) || value == 0 {
        return None;
    }
    let amount = i128::try_from(value).ok()? * 10i128.pow(u32::from(asset.scale - decimals));
    let unit = 10i128.pow(u32::from(asset.scale));
    let whose = match owners.get(&to) {
        None => Whose::Nobody("unattributed"),
        Some(_) if amount < unit => Whose::Nobody("below_minimum"),
        Some(_) if amount > i128::from(Settings::MAX) * unit => Whose::Nobody("above_maximum"),
        Some(user) => Whose::User(*user),
    };
    Some(Deposit {
        ordinal,
        asset: asset.symbol,
        amount,
        whose,
    })
}
