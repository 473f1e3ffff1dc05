//! The chain of the storm: one private node with the tokens, the traps and the people who pay.

use plimsoll_core::escrow::deposit_address;
use plimsoll_core::id::{Address, UserId};
use plimsoll_tests::evm::abi::Arg;
use plimsoll_tests::evm::contracts::{self, Contract};
use plimsoll_tests::evm::node::{Node, Tag};
use plimsoll_tests::evm::wallet::{Deployed, Wallet};
use plimsoll_tests::product::{Asset, Endpoint, Settings};

/// The chain's id: that of BSC.
pub(super) const CHAIN: u64 = 56;
/// What `CHAIN` is called in the product's interface.
pub(super) const CHAIN_NAME: &str = "eip155:56";
/// The whole tokens that each payer begins with.
const PURSE: u128 = 1_000_000_000;
/// Where EIP-7708 logs come from.
const SYSTEM: Address = {
    let mut bytes = [0xff; 20];
    bytes[19] = 0xfe;
    Address::Evm(bytes)
};

pub(super) const USDT: Asset = Asset {
    symbol: "USDT",
    scale: 18,
    min: "1",
    token: None,
    enabled: true,
};
/// Trap E6: its token has fewer decimals than another's, and than the ledger.
pub(super) const USDC: Asset = Asset {
    symbol: "USDC",
    scale: 8,
    min: "1",
    token: None,
    enabled: true,
};
/// What a deposit of USDT buys: 3/2 of it for each.
pub(super) const CREDIT: Asset = Asset {
    symbol: "CREDIT",
    scale: 2,
    min: "0.01",
    token: None,
    enabled: true,
};
/// The decimals of the USDC contract.
pub(super) const USDC_DECIMALS: u8 = 6;

/// Every contract and every account that takes part.
#[derive(Debug)]
pub(super) struct World<'n> {
    pub(super) node: &'n Node,
    /// Those who pay honestly.
    pub(super) payers: Vec<Wallet<'n>>,
    /// Carries what others pay, and pays the gas.
    pub(super) relayer: Wallet<'n>,
    /// Spends its money twice, when a reorganisation lets it.
    pub(super) double_spender: Wallet<'n>,
    /// Replaces its payments while they wait.
    pub(super) replacer: Wallet<'n>,
    /// Is nobody of ours, and moves logs about in their blocks.
    pub(super) stranger: Wallet<'n>,
    /// An address of the house that belongs to no user.
    pub(super) collect: Wallet<'n>,
    pub(super) usdt: Deployed,
    pub(super) usdc: Deployed,
    pub(super) fake: Deployed,
    pub(super) native: Deployed,
    /// Registered as tokens, because only then their oddity matters.
    pub(super) nft: Deployed,
    pub(super) odd: Deployed,
    pub(super) returns_false: Deployed,
    pub(super) multisend: Deployed,
    pub(super) reverter: Deployed,
    pub(super) smart_wallet: Deployed,
}

impl<'n> World<'n> {
    /// Deploys everything and fills the purses.
    pub(super) fn new(node: &'n Node) -> Self {
        let wallet = |number| Wallet::number(node, number);
        let deployer = wallet(0);
        let deploy = |contract: Contract| deployer.deploy(contract, &[]);
        let named = |symbol: &str, decimals: u8| [symbol.into(), symbol.into(), u128::from(decimals).into()];
        let native = contracts::native_like();
        node.set_code(SYSTEM, native.runtime());
        let world = Self {
            node,
            payers: (0..4).map(wallet).collect(),
            relayer: wallet(4),
            double_spender: wallet(5),
            replacer: wallet(6),
            stranger: wallet(7),
            collect: wallet(9),
            usdt: deployer.deploy(contracts::true_token(), &named("USDT", USDT.scale)),
            usdc: deployer.deploy(contracts::true_token(), &named("USDC", USDC_DECIMALS)),
            fake: deployer.deploy(contracts::fake_token(), &named("USDT", USDT.scale)),
            native: Deployed {
                address: SYSTEM,
                contract: native,
            },
            nft: deploy(contracts::nft_like()),
            odd: deploy(contracts::odd_layout()),
            returns_false: deploy(contracts::returns_false()),
            multisend: deploy(contracts::multisend()),
            reverter: deploy(contracts::reverter()),
            smart_wallet: deploy(contracts::smart_wallet()),
        };
        world.fill_purses();
        world
    }

    /// The address to which `user` is paid, which both sides can compute.
    pub(super) fn deposit_address(user: UserId) -> Address {
        deposit_address(&Settings::ADDRESSES, user)
    }

    /// What a server is told that takes deposits here, by `endpoints`.
    pub(super) fn settings(&self, endpoints: Vec<Endpoint>) -> Settings {
        let with_token = |asset: Asset, token: &Deployed, decimals| Asset {
            token: Some((token.address, decimals)),
            ..asset
        };
        let odd = |symbol, token| with_token(Asset { symbol, ..USDT }, token, USDT.scale);
        Settings {
            chain: CHAIN,
            genesis: self.node.block(Tag::Height(0)).hash,
            assets: vec![
                with_token(USDT, &self.usdt, USDT.scale),
                with_token(USDC, &self.usdc, USDC_DECIMALS),
                CREDIT,
                odd("NFT", &self.nft),
                odd("ODD", &self.odd),
                odd("FALSE", &self.returns_false),
            ],
            price: Some((USDT.symbol, CREDIT.symbol, "3/2")),
            collect: vec![self.collect.address()],
            endpoints,
            patience: "25s",
        }
    }

    fn fill_purses(&self) {
        let everything = Arg::Word([0xff; 32]);
        let others = [
            &self.double_spender,
            &self.replacer,
            &self.stranger,
            &self.collect,
        ];
        let owners = self.payers.iter().chain(others).map(Wallet::address);
        for owner in owners.chain([self.smart_wallet.address]) {
            for (token, decimals) in [(&self.usdt, USDT.scale), (&self.usdc, USDC_DECIMALS)] {
                let purse = PURSE * 10u128.pow(u32::from(decimals));
                self.relayer.send(token, "mint", &[owner.into(), purse.into()]);
            }
        }
        for payer in &self.payers {
            for spender in [&self.multisend, &self.reverter] {
                payer.send(
                    &self.usdt,
                    "approve",
                    &[spender.address.into(), everything.clone()],
                );
            }
        }
        self.node.mine(1);
    }
}
