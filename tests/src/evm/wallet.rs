//! Accounts that deploy, pay and call. The node holds their keys, so nothing here signs.

use plimsoll_core::id::{Address, TxHash};
use serde_json::{Value, json};

use super::abi::Arg;
use super::contracts::Contract;
use super::node::{Node, RpcError};
use super::receipt::{Receipt, parsed};
use super::{bytes, hex};

/// The most gas that one transaction gets. It is given rather than estimated: a transaction that will revert has no
/// estimate, and must be mined all the same.
const GAS: &str = "0xf4240"; // 1,000,000
/// The most that a deployment gets.
const DEPLOYMENT_GAS: &str = "0x4c4b40"; // 5,000,000

/// One of the node's accounts.
#[derive(Debug, Clone, Copy)]
pub struct Wallet<'n> {
    node: &'n Node,
    address: Address,
}

/// A contract on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// Where.
    pub address: Address,
    /// Which.
    pub contract: Contract,
}

impl<'n> Wallet<'n> {
    /// The account with this number, from 0 to 9.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn number(node: &'n Node, number: usize) -> Self {
        let address = node.accounts()[number];
        Self { node, address }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// Deploys a contract in a block of its own.
    ///
    /// # Panics
    /// When its constructor reverts.
    #[must_use]
    pub fn deploy(&self, contract: Contract, args: &[Arg]) -> Deployed {
        let data = hex(&contract.creation(args));
        let request = json!({ "from": self.address.to_string(), "gas": DEPLOYMENT_GAS, "data": data });
        let receipt = self.mined(self.submit(request));
        assert!(receipt.success, "{}: the constructor reverted", contract.name());
        Deployed {
            address: receipt.contract.expect("a deployment makes a contract"),
            contract,
        }
    }

    /// Puts a call into the pool, where it waits for the next block.
    pub fn send(&self, to: &Deployed, method: &str, args: &[Arg]) -> TxHash {
        self.submit(self.request(to, method, args))
    }

    /// A call that brings `coins` (in wei) with it.
    pub fn send_with_coins(&self, to: &Deployed, method: &str, args: &[Arg], coins: u64) -> TxHash {
        let mut request = self.request(to, method, args);
        request["value"] = json!(format!("0x{coins:x}"));
        self.submit(request)
    }

    /// A call with a chosen nonce and gas price (in wei): a waiting one of the same nonce is replaced when it offers
    /// less.
    ///
    /// # Errors
    /// When the node refuses it.
    pub fn send_as(
        &self,
        nonce: u64,
        gas_price: u64,
        to: &Deployed,
        method: &str,
        args: &[Arg],
    ) -> Result<TxHash, RpcError> {
        let mut request = self.request(to, method, args);
        request["nonce"] = json!(format!("0x{nonce:x}"));
        request["gasPrice"] = json!(format!("0x{gas_price:x}"));
        let hash = self.node.try_rpc("eth_sendTransaction", &json!([request]))?;
        Ok(parsed(&hash))
    }

    /// A call in a block of its own, together with whatever else waits.
    ///
    /// # Panics
    /// When the block did not take it.
    pub fn transact(&self, to: &Deployed, method: &str, args: &[Arg]) -> Receipt {
        self.mined(self.send(to, method, args))
    }

    /// The word that a call would answer, without a transaction.
    ///
    /// # Panics
    /// When it reverts.
    #[must_use]
    pub fn view(&self, to: &Deployed, method: &str, args: &[Arg]) -> Vec<u8> {
        let answer = self
            .node
            .rpc("eth_call", &json!([self.request(to, method, args), "latest"]));
        bytes(answer.as_str().expect("a call answers bytes"))
    }

    fn request(&self, to: &Deployed, method: &str, args: &[Arg]) -> Value {
        json!({
            "from": self.address.to_string(),
            "to": to.address.to_string(),
            "gas": GAS,
            "data": hex(&to.contract.call(method, args)),
        })
    }

    fn submit(&self, request: Value) -> TxHash {
        parsed(&self.node.rpc("eth_sendTransaction", &json!([request])))
    }

    fn mined(&self, hash: TxHash) -> Receipt {
        self.node.mine(1);
        self.node.receipt(hash).expect("the block took the transaction")
    }
}
