//! The test contracts, as `tests/compile.mjs` compiled them.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::abi::{Arg, encode};
use super::bytes;
use super::node::installed;

/// A contract that can be deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    name: &'static str,
    bytecode: Vec<u8>,
    runtime: Vec<u8>,
    /// The selector of each method, by its bare name.
    selectors: BTreeMap<String, Vec<u8>>,
}

macro_rules! contracts {
    ($($(#[$doc:meta])* $function:ident = $name:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// # Panics
        /// When it is not compiled, or its source has changed since.
        #[must_use]
        pub fn $function() -> Contract {
            Contract::load($name, include_str!(concat!("contracts/", $name, ".sol")))
        }
    )*};
}

contracts! {
    /// The registered token: `(name, symbol, decimals)`.
    true_token = "TrueToken";
    /// E3: the twin of the registered token: `(name, symbol, decimals)`.
    fake_token = "FakeToken";
    /// E2: a transfer that answers false and does nothing.
    returns_false = "ReturnsFalse";
    /// E1: a transfer that is undone after it worked.
    reverter = "Reverter";
    /// E8: several transfers in one transaction.
    multisend = "Multisend";
    /// E4: the four-topic event of ERC-721.
    nft_like = "NftLike";
    /// E4: transfer events that are laid out like no ERC-20's.
    odd_layout = "OddLayout";
    /// E5: the event that EIP-7708 gives to the chain's own coin.
    native_like = "NativeLike";
    /// E18: a payer that is a contract.
    smart_wallet = "SmartWallet";
}

impl Contract {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The code that a call runs, for a contract without a constructor.
    #[must_use]
    pub fn runtime(&self) -> &[u8] {
        &self.runtime
    }

    /// The data of the transaction that makes it.
    #[must_use]
    pub fn creation(&self, args: &[Arg]) -> Vec<u8> {
        [self.bytecode.as_slice(), &encode(args)].concat()
    }

    /// The data of a call of `method`.
    ///
    /// # Panics
    /// When it has no such method.
    #[must_use]
    pub fn call(&self, method: &str, args: &[Arg]) -> Vec<u8> {
        let Some(selector) = self.selectors.get(method) else {
            panic!("{} has no method {method}", self.name)
        };
        [selector.as_slice(), &encode(args)].concat()
    }

    fn load(name: &'static str, source: &str) -> Self {
        let path = installed(&format!("contracts/{name}.json"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let artefact: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            artefact["source"].as_str(),
            Some(source),
            "{name}.sol has changed since it was compiled: run tests/run --install"
        );
        let methods = artefact["methods"]
            .as_object()
            .expect("an artefact lists its methods");
        Self {
            name,
            bytecode: bytes(artefact["bytecode"].as_str().expect("an artefact has bytecode")),
            runtime: bytes(
                artefact["runtime"]
                    .as_str()
                    .expect("an artefact has runtime code"),
            ),
            selectors: methods.iter().map(selector).collect(),
        }
    }
}

fn selector((signature, selector): (&String, &Value)) -> (String, Vec<u8>) {
    let name = signature.split('(').next().unwrap_or_default();
    (
        name.to_owned(),
        bytes(selector.as_str().expect("a selector is a string")),
    )
}
