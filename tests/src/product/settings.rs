//! The configuration file of a server under test.

use std::path::Path;

use plimsoll_core::escrow::DepositAddresses;
use plimsoll_core::id::{Address, BlockHash};

/// What operators must show.
pub const ADMIN_TOKEN: &str = "an-operator-of-the-end-to-end-tests";

/// What differs between servers under test.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The id of the chain.
    pub chain: u64,
    /// The hash of its block 0.
    pub genesis: BlockHash,
    /// The assets.
    pub assets: Vec<Asset>,
    /// What the first asset buys: the price of the second in the first, as it is written in the file.
    pub price: Option<(&'static str, &'static str, &'static str)>,
    /// Addresses of the house.
    pub collect: Vec<Address>,
    /// The endpoints of the chain.
    pub endpoints: Vec<Endpoint>,
    /// How long automation tries, as it is written in the file.
    pub patience: &'static str,
}

/// An asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// What it is called.
    pub symbol: &'static str,
    /// The decimals of the ledger.
    pub scale: u8,
    /// The least deposit, as it is written in the file.
    pub min: &'static str,
    /// The contract that stands for it on the chain, and its decimals.
    pub token: Option<(Address, u8)>,
    /// Whether new money may move.
    pub enabled: bool,
}

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// What it is called.
    pub name: String,
    /// Who runs it.
    pub provider: String,
    /// Where it is.
    pub url: String,
}

impl Settings {
    /// Where deposit addresses come from, in every configuration.
    pub const ADDRESSES: DepositAddresses = DepositAddresses::Factory {
        factory: Self::FACTORY,
        init_code_hash: Self::INIT_CODE_HASH,
    };
    /// The factory among them.
    pub const FACTORY: Address = Address::Evm([0x4e; 20]);
    /// The hash of the forwarder's init code among them.
    pub const INIT_CODE_HASH: [u8; 32] = [0x94; 32];

    /// The largest deposit and transfer of every asset, in whole units.
    pub const MAX: u32 = 1_000_000;

    /// The file of a server that listens on `port` and keeps `journal`.
    ///
    /// Times are short, so that a test need not wait for an endpoint that was let rest; the verification schedule is
    /// the default one.
    #[must_use]
    pub fn to_toml(&self, port: u16, journal: &Path) -> String {
        let mut toml = format!(
            r#"
[api]
listen = "127.0.0.1:{port}"
rate_per_second = 1000000
rate_burst = 1000000

[[api.tokens]]
name = "operator"
role = "admin"
token = "{ADMIN_TOKEN}"

[journal]
path = "{journal}"

[escrow]
patience = "{patience}"

[pool]
identity_cordon = "1s"
disagreement_cordon = "1s"
ban_max = "2s"

[pool.breaker]
open_for = "1s"
"#,
            journal = journal.display(),
            patience = self.patience,
        );
        for asset in &self.assets {
            toml += &asset.to_toml(self.chain);
        }
        if let Some((pays, gives, price)) = self.price {
            toml += &format!("\n[[products]]\npays = \"{pays}\"\ngives = \"{gives}\"\nprice = \"{price}\"\n");
        }
        toml += &self.chain_toml();
        toml
    }

    fn chain_toml(&self) -> String {
        let collect: Vec<String> = self.collect.iter().map(ToString::to_string).collect();
        let mut toml = format!(
            r#"
[[chains]]
id = {chain}
genesis = "{genesis}"
poll = "200ms"
start_block = 1
collect = {collect:?}

[chains.deposit_addresses]
factory = "{factory}"
init_code_hash = "{init_code_hash}"
"#,
            chain = self.chain,
            genesis = self.genesis,
            factory = Self::FACTORY,
            init_code_hash = BlockHash::Evm(Self::INIT_CODE_HASH),
        );
        for Endpoint { name, provider, url } in &self.endpoints {
            let endpoint = format!("name = \"{name}\"\nprovider = \"{provider}\"\nurl = \"{url}\"\n");
            toml += &format!("\n[[chains.endpoints]]\n{endpoint}");
        }
        toml
    }
}

impl Asset {
    fn to_toml(self, chain: u64) -> String {
        let Self {
            symbol,
            scale,
            min,
            enabled,
            ..
        } = self;
        let max = Settings::MAX;
        let mut toml = format!(
            "\n[[assets]]\nsymbol = \"{symbol}\"\nname = \"{symbol}\"\nscale = {scale}\nmin = \"{min}\"\nmax = \"{max}\"\n\
             enabled = {enabled}\n"
        );
        if let Some((contract, decimals)) = self.token {
            let token = format!("chain = {chain}\ncontract = \"{contract}\"\ndecimals = {decimals}\n");
            toml += &format!("\n[[assets.tokens]]\n{token}");
        }
        toml
    }
}
