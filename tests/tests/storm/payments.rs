//! Every way to pay, and not to pay, that the list of traps names.

use plimsoll_core::id::{Address, TxHash};
use plimsoll_core::rng::Rng;
use plimsoll_tests::evm::abi::Arg;
use plimsoll_tests::evm::wallet::Wallet;
use plimsoll_tests::product::Settings;

use super::world::World;

/// One whole USDT, and the least deposit.
const USDT_UNIT: u128 = 1_000_000_000_000_000_000;
/// So little USDT that nobody is paid the least deposit in such pieces: what they were credited together, and so bought, would
/// depend on the order of things. The simulator's oracles know that order.
const DUST: u128 = USDT_UNIT / 1_000 - 1;
/// One whole USDC on the chain.
const USDC_UNIT: u128 = 1_000_000;
/// The gas prices of a payment and of the one that replaces it, in wei.
const GAS_PRICES: (u64, u64) = (4_000_000_000, 8_000_000_000);

/// A way to pay. The number in each comment is that of the trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A plain transfer.
    Honest,
    /// E6: a plain transfer of a token with other decimals.
    OtherDecimals,
    /// E7: less than the minimum.
    BelowMinimum,
    /// More than the maximum.
    AboveMaximum,
    /// To an address of the house.
    ToCollect,
    /// E8: one transaction that pays two users, one of them twice, the house, and too little once more.
    Several,
    /// E18: from a contract, carried by somebody else.
    SmartWallet,
    /// E1: reverted.
    Reverted,
    /// E1: undone by the contract that called the token.
    Undone,
    /// E2: the token answers false.
    FalseAnswer,
    /// E3: the twin of the token.
    Fake,
    /// E4: a fourth topic.
    Nft,
    /// E4: one topic.
    Unindexed,
    /// E4: topics with more than an address.
    DirtyTopics,
    /// E4: too much data.
    LongData,
    /// E4: no data.
    NoData,
    /// E5: the chain's own coin.
    Native,
    /// E7: nothing, from somebody who did not ask for it.
    Zero,
    /// E9: minted.
    Minted,
    /// E9: from an address of the house.
    Sweep,
    /// E9: from an address of the house to itself.
    SelfTransfer,
    /// To nobody of ours.
    ToStranger,
    /// E20: replaced while it waited.
    Replaced,
    /// E11, E12: mined, and replaced by another payment in a reorganisation.
    DoubleSpent,
}

impl Kind {
    pub(super) const ALL: [Self; 24] = [
        Self::Honest,
        Self::OtherDecimals,
        Self::BelowMinimum,
        Self::AboveMaximum,
        Self::ToCollect,
        Self::Several,
        Self::SmartWallet,
        Self::Reverted,
        Self::Undone,
        Self::FalseAnswer,
        Self::Fake,
        Self::Nft,
        Self::Unindexed,
        Self::DirtyTopics,
        Self::LongData,
        Self::NoData,
        Self::Native,
        Self::Zero,
        Self::Minted,
        Self::Sweep,
        Self::SelfTransfer,
        Self::ToStranger,
        Self::Replaced,
        Self::DoubleSpent,
    ];

    /// The published reason for which a final transaction of this kind is worth nothing; `None` for one that is
    /// worth something, or that no final block holds.
    pub(super) const fn worthless_because(self) -> Option<&'static str> {
        match self {
            Self::Honest
            | Self::OtherDecimals
            | Self::BelowMinimum
            | Self::AboveMaximum
            | Self::ToCollect
            | Self::Several
            | Self::SmartWallet
            | Self::Replaced
            | Self::DoubleSpent => None,
            Self::Reverted => Some("reverted"),
            Self::Undone | Self::FalseAnswer => Some("no_transfer"),
            Self::Fake => Some("foreign_contract"),
            Self::Nft | Self::Unindexed | Self::DirtyTopics | Self::LongData | Self::NoData => {
                Some("malformed_log")
            }
            Self::Native => Some("native_transfer"),
            Self::Zero => Some("zero_amount"),
            Self::Minted => Some("minted"),
            Self::Sweep | Self::SelfTransfer => Some("own_transfer"),
            Self::ToStranger => Some("not_to_us"),
        }
    }
}

impl World<'_> {
    /// Puts a payment of this kind to `to` into the pool; where two are paid, `other` is the second.
    pub(super) fn pay(&self, kind: Kind, to: Address, other: Address, rng: &mut Rng) -> TxHash {
        let payer = rng.pick(&self.payers).expect("there are payers");
        let amount = usdt(rng);
        let (from, token) = (payer.address(), self.usdt.address);
        let transfer = |wallet: &Wallet<'_>, to: Address, amount: u128| {
            wallet.send(&self.usdt, "transfer", &[to.into(), amount.into()])
        };
        let odd = |method, args: &[Arg]| self.relayer.send(&self.odd, method, args);
        let triple = [from.into(), to.into(), Arg::from(amount)];
        match kind {
            Kind::Honest => transfer(payer, to, amount),
            Kind::OtherDecimals => {
                let amount = USDC_UNIT + u128::from(rng.below(500 * 1_000_000));
                payer.send(&self.usdc, "transfer", &[to.into(), amount.into()])
            }
            Kind::BelowMinimum => transfer(payer, to, DUST),
            Kind::AboveMaximum => transfer(payer, to, u128::from(Settings::MAX) * USDT_UNIT + 1),
            Kind::ToCollect => transfer(payer, self.collect.address(), amount),
            Kind::Several => self.pay_several(payer, to, other, rng),
            Kind::SmartWallet => self.relayer.send(
                &self.smart_wallet,
                "pay",
                &[token.into(), to.into(), amount.into()],
            ),
            Kind::Reverted => transfer(payer, to, u128::MAX),
            Kind::Undone => payer.send(
                &self.reverter,
                "payUndone",
                &[token.into(), to.into(), amount.into()],
            ),
            Kind::FalseAnswer => payer.send(&self.returns_false, "transfer", &[to.into(), amount.into()]),
            Kind::Fake => self.relayer.send(&self.fake, "pretend", &triple),
            Kind::Nft => {
                let token_id = u128::from(rng.next_u64());
                self.relayer
                    .send(&self.nft, "mint", &[to.into(), token_id.into()])
            }
            Kind::Unindexed => odd("unindexed", &triple),
            Kind::DirtyTopics => odd("dirtyTopics", &[&triple[..], &[Arg::Word([0xff; 32])]].concat()),
            Kind::LongData => odd("longData", &triple),
            Kind::NoData => odd("noData", &triple[..2]),
            Kind::Native => self
                .relayer
                .send_with_coins(&self.native, "forward", &[to.into()], 5),
            Kind::Zero => {
                let args = [from.into(), to.into(), Arg::from(0)];
                self.relayer.send(&self.usdt, "transferFrom", &args)
            }
            Kind::Minted => self.relayer.send(&self.usdt, "mint", &[to.into(), amount.into()]),
            Kind::Sweep => transfer(&self.collect, to, amount),
            Kind::SelfTransfer => transfer(&self.collect, self.collect.address(), amount),
            Kind::ToStranger => transfer(payer, self.stranger.address(), amount),
            Kind::Replaced => self.pay_and_replace(to, other, amount),
            Kind::DoubleSpent => transfer(&self.double_spender, to, amount),
        }
    }

    fn pay_several(&self, payer: &Wallet<'_>, to: Address, other: Address, rng: &mut Rng) -> TxHash {
        let collect = self.collect.address();
        let recipients = [to, other, to, collect, to].map(Arg::from).to_vec();
        let twice = usdt(rng);
        let values = [twice, usdt(rng), twice, usdt(rng), DUST];
        let values = values.map(Arg::from).to_vec();
        let args = [self.usdt.address.into(), Arg::List(recipients), Arg::List(values)];
        payer.send(&self.multisend, "multisend", &args)
    }

    /// Pays `to`, and takes it back by paying `other` with the same nonce before any block is mined.
    fn pay_and_replace(&self, to: Address, other: Address, amount: u128) -> TxHash {
        let nonce = self.node.nonce(self.replacer.address());
        let pay = |gas_price, to: Address| {
            let args = [to.into(), amount.into()];
            let sent = self
                .replacer
                .send_as(nonce, gas_price, &self.usdt, "transfer", &args);
            sent.unwrap_or_else(|error| panic!("the node took no payment with nonce {nonce}: {error:?}"))
        };
        let first = pay(GAS_PRICES.0, to);
        pay(GAS_PRICES.1, other);
        first
    }
}

/// From 1 to 300 USDT, to the last decimal.
fn usdt(rng: &mut Rng) -> u128 {
    u128::from(rng.between(1, 299)) * USDT_UNIT + u128::from(rng.below(1_000_000_000_000_000_000))
}
