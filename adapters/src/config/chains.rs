//! The `[[chains]]` tables: which chains deposits are taken on, and whom to ask about them.

use std::time::Duration;

use figment::value::Value;
use plimsoll_core::escrow::{ChainConfig, DepositAddresses, EndpointConfig};
use plimsoll_core::id::{Address, BlockHash, ChainId, EndpointId, Family, IdParseError};
use plimsoll_core::resilience::Window;

use super::fault::Faults;
use super::section::{Section, Unfit, duration, list, parse_duration, parsed, text, whole, within};
use crate::chain::{EndpointUrl, UrlError};

/// How often heads are read unless the configuration says otherwise: about each block of a fast chain.
const POLL_DEFAULT: Duration = Duration::from_millis(500);

/// A chain, and where its endpoints are.
pub(super) type Chain = (ChainConfig, Vec<(EndpointId, EndpointUrl)>);

/// Reads every chain that is in order, and says whether some are not.
pub(super) fn read_all(sections: Vec<Section>, faults: &mut Faults) -> (Vec<Chain>, bool) {
    if sections.is_empty() {
        faults.add("chains", "is missing", "add at least one [[chains]] table");
        return (Vec::new(), true);
    }
    let expected = sections.len();
    let chains: Vec<_> = sections
        .into_iter()
        .filter_map(|section| read_chain(section, faults))
        .collect();
    let left_out = chains.len() < expected;
    (chains, left_out)
}

fn read_chain(mut section: Section, faults: &mut Faults) -> Option<Chain> {
    let id = section.required("id", chain_id, "56", faults);
    if let Some(id) = id {
        section.identify("chains", &called(id));
    }
    // The names of a chain that is itself misnamed are read as most chains have them.
    let words = Words::of(id.map_or(Family::Evm, ChainId::family));
    let genesis = section.required(
        "genesis",
        parsed(words.block, words.block_example),
        words.block_example,
        faults,
    );
    let poll = section.optional("poll", duration, POLL_DEFAULT, faults);
    let stalled_lag = section.optional("stalled_lag", |value| whole(value).map(Some), None, faults);
    let start_block = section.required("start_block", whole, "62000000", faults);
    let collect = list(parsed(words.address, words.address_example));
    let collect = section.optional("collect", collect, Vec::new(), faults);
    let addresses = section.table("deposit_addresses", faults);
    let addresses = match words.family {
        Family::Evm => read_factory(addresses, faults),
        Family::Solana => read_program(addresses, faults),
    };
    let sections = section.tables("endpoints", faults);
    let endpoints: Vec<_> = sections
        .into_iter()
        .map(|one| read_endpoint(one, faults))
        .collect();
    section.finish(faults);

    let (id, endpoints) = (id?, endpoints.into_iter().collect::<Option<Vec<_>>>()?);
    let (configs, urls): (Vec<_>, Vec<_>) = endpoints.into_iter().unzip();
    // More endpoints than an index can count are refused as too many when the chain is checked.
    let located = |(index, url)| (EndpointId { chain: id, index }, url);
    let config = ChainConfig {
        id,
        genesis: genesis?,
        endpoints: configs,
        addresses: addresses?,
        collect,
        start_block: start_block?,
        poll,
        stalled_lag,
    };
    Some((config, (0..=u8::MAX).zip(urls).map(located).collect()))
}

/// How a chain is called in the path of a fault.
pub(super) fn called(chain: ChainId) -> String {
    match chain.family() {
        Family::Evm => chain.number().to_string(),
        Family::Solana => chain.to_string(),
    }
}

/// How the names of one family are read, and what they look like.
pub(super) struct Words {
    family: Family,
    pub(super) address: fn(&str) -> Result<Address, IdParseError>,
    pub(super) address_example: &'static str,
    block: fn(&str) -> Result<BlockHash, IdParseError>,
    block_example: &'static str,
}

impl Words {
    /// Those of `family`.
    pub(super) const fn of(family: Family) -> Self {
        match family {
            Family::Evm => Self {
                family,
                address: Address::evm_from_str,
                address_example: "\"0x55d398326f99059fF775485246999027B3197955\"",
                block: BlockHash::evm_from_str,
                block_example: "\"0x0d21840abff46b96c84b2ac9e10e4f5cdaeb5693cb665db62a2f3b02d2d57b5b\"",
            },
            Family::Solana => Self {
                family,
                address: Address::solana_from_str,
                address_example: "\"Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB\"",
                block: BlockHash::solana_from_str,
                block_example: "\"5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d\"",
            },
        }
    }
}

fn read_program(mut section: Section, faults: &mut Faults) -> Option<DepositAddresses> {
    let example = "the address of your program, in base58";
    let program = section.required(
        "program",
        parsed(Address::solana_from_str, example),
        example,
        faults,
    );
    section.finish(faults);
    program.map(|program| DepositAddresses::Program { program })
}

fn read_factory(mut section: Section, faults: &mut Faults) -> Option<DepositAddresses> {
    let address = "\"0x4e59b44847b379578588920ca78fbf26c0b4956c\"";
    let factory: Option<Address> =
        section.required("factory", parsed(Address::evm_from_str, address), address, faults);
    let code = "the keccak256 of the forwarder's init code, in hex";
    let init_code_hash = section.required(
        "init_code_hash",
        parsed(BlockHash::evm_from_str, code),
        code,
        faults,
    );
    section.finish(faults);
    Some(DepositAddresses::Factory {
        factory: factory?,
        init_code_hash: init_code_hash?.evm()?,
    })
}

fn read_endpoint(mut section: Section, faults: &mut Faults) -> Option<(EndpointConfig, EndpointUrl)> {
    let name = section.required("name", text, "\"bnb-1\"", faults);
    let provider = section.required("provider", text, "\"BNB Chain\"", faults);
    let url = section.required("url", url, "\"https://bsc-dataseed.bnbchain.org\"", faults);
    let quotas = section.optional("quotas", list(quota), Vec::new(), faults);
    section.finish(faults);
    Some((
        EndpointConfig {
            name: name?,
            provider: provider?,
            quotas,
        },
        url?,
    ))
}

/// The chain called by its EIP-155 id, or a cluster by its CAIP-2 name.
pub(super) fn chain_id(value: Value) -> Result<ChainId, Unfit> {
    let name = value.as_str().and_then(|text| text.parse::<ChainId>().ok());
    match name.filter(|chain| chain.family() == Family::Solana) {
        Some(cluster) => Ok(cluster),
        None => within(0, ChainId::EIP155_MAX)(value).map(ChainId::new),
    }
}

/// A number of calls and a span of time.
fn quota(value: Value) -> Result<Window, Unfit> {
    let text = text(value)?;
    let unfit = |why: String| {
        Unfit::new(
            format!("is \"{text}\": {why}"),
            "write one like \"10000/5m\" or \"20/1s\"",
        )
    };
    let (calls, span) = text
        .split_once('/')
        .ok_or_else(|| unfit("there is no slash in it".to_owned()))?;
    let quota = calls
        .parse()
        .map_err(|_| unfit("no whole number of calls comes before the slash".to_owned()))?;
    let per = parse_duration(span).map_err(|why| unfit(format!("what follows the slash is {why}")))?;
    let window = Window { quota, per };
    window.check().map_err(|why| unfit(why.to_string()))?;
    Ok(window)
}

/// Never repeats the address, which may carry a key.
fn url(value: Value) -> Result<EndpointUrl, Unfit> {
    let parsed = text(value)?.parse();
    parsed.map_err(|error: UrlError| Unfit::new(error.to_string(), "write one like \"https://host/path\""))
}
