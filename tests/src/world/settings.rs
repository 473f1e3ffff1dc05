//! The configuration file of the bank that a plan's topology asks for.

use std::path::Path;

use plimsoll_core::id::BlockHash;
use plimsoll_sim::model::assets::{COLLECT, MIN_MILLI};
use plimsoll_sim::world::plan::{PoolPlan, PricePlan, Token, Topology};

use crate::evm::movements::Contracts;
use crate::evm::node::{Block, Node, Tag};
use crate::product::{ADMIN_TOKEN, Settings};

/// The largest deposit, in whole units: more than any plan moves.
const MAX: &str = "1000000000";

/// What the file names besides the plan.
pub(super) struct Site<'s> {
    /// The chain.
    pub(super) node: &'s Node,
    /// Its tokens.
    pub(super) contracts: &'s Contracts,
    /// Where each endpoint is.
    pub(super) urls: Vec<String>,
}

/// The file of a bank that listens on `port` and keeps `journal`.
pub(super) fn to_toml(topology: &Topology, site: &Site<'_>, port: u16, journal: &Path) -> String {
    let bank = &topology.bank;
    let fast_track: Vec<String> = bank.fast_track_ms.iter().copied().map(time).collect();
    let (sweep, patience) = (time(bank.sweep_ms), time(bank.patience_ms));
    let journal = journal.display();
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
fast_track = {fast_track:?}
sweep = "{sweep}"
patience = "{patience}"
"#
    );
    toml += &pool(&bank.pool);
    for token in Token::ALL {
        toml += &asset(token, topology, site.contracts);
    }
    if let Some(price) = bank.price {
        toml += &product(price);
    }
    toml + &chain(topology, site)
}

/// What USDT buys. A plan gives minor units for minor units, a file whole units for whole ones.
fn product(price: PricePlan) -> String {
    let (pays, gives) = (Token::Usdt.facts(), Token::Gold.facts());
    let whole = |number: u64, scale: u8| u128::from(number) * 10u128.pow(u32::from(scale));
    let (above, below) = (
        whole(price.numerator, pays.scale),
        whole(price.denominator, gives.scale),
    );
    let (pays, gives) = (pays.id, gives.id);
    format!("\n[[products]]\npays = \"{pays}\"\ngives = \"{gives}\"\nprice = \"{above}/{below}\"\n")
}

fn pool(pool: &PoolPlan) -> String {
    let PoolPlan {
        failures,
        open_ms,
        open_ms_max,
        successes,
        half_open_permits,
        cordon_ms,
        ban_ms,
        ban_ms_max,
        in_flight,
        explore_one_in,
        hedge_share_max,
    } = *pool;
    format!(
        r#"
[pool]
in_flight_max = {in_flight}
disagreement_cordon = "{cordon}"
identity_cordon = "{cordon}"
ban = "{ban}"
ban_max = "{ban_max}"
explore_one_in = {explore_one_in}
hedge_share_max = {hedge_share_max}

[pool.breaker]
failures = {failures}
open_for = "{open}"
open_for_max = "{open_max}"
successes_to_close = {successes}
half_open_permits = {half_open_permits}
"#,
        cordon = time(cordon_ms),
        ban = time(ban_ms),
        ban_max = time(ban_ms_max),
        open = time(open_ms),
        open_max = time(open_ms_max),
    )
}

fn asset(token: Token, topology: &Topology, contracts: &Contracts) -> String {
    let facts = token.facts();
    let (symbol, name, scale) = (facts.id, facts.name, facts.scale);
    let (min, enabled) = (MIN_MILLI / 1_000, facts.is_enabled);
    let mut toml = format!(
        "\n[[assets]]\nsymbol = \"{symbol}\"\nname = \"{name}\"\nscale = {scale}\nmin = \"{min}\"\nmax = \"{MAX}\"\n\
         enabled = {enabled}\n"
    );
    if let (Some((_, decimals)), Some(contract)) = (facts.contract, contracts.token(token)) {
        let (chain, contract) = (topology.chain.id, contract.address);
        let token = format!("chain = {chain}\ncontract = \"{contract}\"\ndecimals = {decimals}\n");
        toml += &format!("\n[[assets.tokens]]\n{token}");
    }
    toml
}

fn chain(topology: &Topology, site: &Site<'_>) -> String {
    let Block { hash: genesis, .. } = site.node.block(Tag::Height(0));
    let mut toml = format!(
        r#"
[[chains]]
id = {id}
genesis = "{genesis}"
poll = "{poll}"
start_block = {start}
collect = ["{COLLECT}"]

[chains.deposit_addresses]
factory = "{factory}"
init_code_hash = "{init_code_hash}"
"#,
        id = topology.chain.id,
        poll = time(topology.bank.poll_ms),
        start = site.node.block(Tag::Latest).number,
        factory = Settings::FACTORY,
        init_code_hash = BlockHash::Evm(Settings::INIT_CODE_HASH),
    );
    for (one, url) in topology.endpoints.iter().zip(&site.urls) {
        let (name, provider) = (&one.name, &one.provider);
        toml += &format!(
            "\n[[chains.endpoints]]\nname = \"{name}\"\nprovider = \"{provider}\"\nurl = \"{url}\"\n"
        );
    }
    toml
}

/// A time as the file writes it.
fn time(ms: u64) -> String {
    format!("{ms}ms")
}
