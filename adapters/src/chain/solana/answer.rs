//! Results of Solana's RPC, parsed whole or refused with what is wrong.
//!
//! Unknown fields are passed over, and every field that is used must be there and make sense. Amounts are read from the text
//! beside the floating-point number (trap S13).

use plimsoll_core::escrow::{Answer, BlockRef, Fault, TOKEN_PROGRAM, TokenBalance};
use plimsoll_core::id::{Address, BlockHash, ChainId, TxHash};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::chain::envelope::malformed;

/// What a transaction did.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::chain) struct Transaction {
    pub(super) slot: u64,
    pub(super) succeeded: bool,
    /// By place and mint.
    pub(super) balances: Vec<TokenBalance>,
}

/// A transaction that names an account.
pub(super) struct Named {
    pub(super) tx: TxHash,
    pub(super) slot: u64,
    pub(super) succeeded: bool,
}

pub(super) fn genesis(result: &RawValue) -> Result<BlockHash, Fault> {
    let Base58(hash) = value(result, "a genesis hash")?;
    Ok(hash)
}

/// A node that lags says so by an error.
pub(super) fn health(result: &RawValue) -> Result<(), Fault> {
    let health: String = value(result, "the health of a node")?;
    if health == "ok" {
        Ok(())
    } else {
        Err(Fault::NotReady)
    }
}

/// `None`: there is no such account, or it is no mint of the token program.
pub(super) fn decimals(result: &RawValue) -> Result<Option<u8>, Fault> {
    let account: Context<Option<RawAccount>> = value(result, "an account")?;
    let mint = account.value.filter(|account| account.owner.0 == TOKEN_PROGRAM);
    let Some(RawAccount { data, .. }) = mint else {
        return Ok(None);
    };
    // What is not of a known kind is shown as it is stored, and not taken apart.
    let Ok(RawData { parsed }) = serde_json::from_value(data) else {
        return Ok(None);
    };
    let is_mint = parsed.kind == "mint" && parsed.info.is_initialized == Some(true);
    Ok(parsed.info.decimals.filter(|_| is_mint))
}

pub(super) fn identity(genesis: BlockHash, decimals: Vec<Option<u8>>) -> Result<Answer, Fault> {
    let chain = ChainId::of_cluster(&genesis).ok_or_else(|| malformed("a genesis hash"))?;
    Ok(Answer::Identity {
        chain_id: chain.number(),
        genesis,
        decimals,
    })
}

/// The head of a commitment: the slot that the node is at, and the hash of its block.
pub(super) fn head(result: &RawValue) -> Result<BlockRef, Fault> {
    let head: Context<RawBlock> = value(result, "a latest block hash")?;
    Ok(BlockRef {
        number: head.context.slot,
        hash: head.value.blockhash.0,
    })
}

pub(super) fn slot(result: &RawValue) -> Result<u64, Fault> {
    value(result, "a slot")
}

/// The last of a list of slots. A node whose list is empty cannot say.
pub(super) fn last_slot(result: &RawValue) -> Result<u64, Fault> {
    let slots: Vec<u64> = value(result, "a list of slots")?;
    slots.last().copied().ok_or(Fault::NotReady)
}

/// The hash of a block. A node that has not got it cannot say.
pub(super) fn block(result: &RawValue) -> Result<BlockHash, Fault> {
    let block: Option<RawBlock> = value(result, "a block")?;
    block.map(|block| block.blockhash.0).ok_or(Fault::NotReady)
}

/// The transaction, if the node has it.
pub(super) fn transaction(result: &RawValue, tx: &TxHash) -> Result<Option<Transaction>, Fault> {
    let Some(raw) = value::<Option<RawTransaction>>(result, "a transaction")? else {
        return Ok(None);
    };
    if raw.transaction.signatures.first().map(|first| first.0) != Some(*tx) {
        return Err(malformed("another transaction"));
    }
    let Some(meta) = raw.meta else {
        return Err(malformed("a transaction without its outcome"));
    };
    let keys = &raw.transaction.message.account_keys;
    Ok(Some(Transaction {
        slot: raw.slot,
        succeeded: meta.err.is_null(),
        balances: balances(&meta, keys)?,
    }))
}

/// Takes the word of a node that it has no such transaction. It counts only from one that has come to `slot`, and that knows of no
/// outcome either: what a node has not got it may have dropped, or not have yet (traps S9, S16).
pub(super) fn absence(result: &RawValue, slot: u64) -> Result<(), Fault> {
    let statuses: Context<Vec<Option<RawStatus>>> = value(result, "the states of signatures")?;
    match statuses.value.as_slice() {
        [None] if statuses.context.slot >= slot => Ok(()),
        [_] => Err(Fault::NotReady),
        _ => Err(malformed("the states of other signatures")),
    }
}

/// One page of the transactions that name an account, newest first.
pub(super) fn signatures(result: &RawValue) -> Result<Vec<Named>, Fault> {
    let page: Vec<RawSignature> = value(result, "a list of signatures")?;
    if !page.is_sorted_by(|newer, older| newer.slot >= older.slot) {
        return Err(malformed("a list of signatures that is not in order"));
    }
    let named = |raw: RawSignature| Named {
        tx: raw.signature.0,
        slot: raw.slot,
        succeeded: raw.err.is_null(),
    };
    Ok(page.into_iter().map(named).collect())
}

/// What each token account held before and after. One that is of another mint afterwards is two: it lost all of the one, and
/// had none of the other (trap S2).
fn balances(meta: &RawMeta, keys: &[RawKey]) -> Result<Vec<TokenBalance>, Fault> {
    let mut all: Vec<TokenBalance> = Vec::new();
    let (before, after) = (&meta.pre_token_balances, &meta.post_token_balances);
    let sides = before
        .iter()
        .map(|raw| (raw, true))
        .chain(after.iter().map(|raw| (raw, false)));
    for (raw, is_before) in sides {
        let key = keys.get(usize::from(raw.account_index));
        let account = key.ok_or_else(|| malformed("a balance of an account that is not there"))?;
        let amount = raw.amount()?;
        let is_same = |one: &&mut TokenBalance| one.place == raw.account_index && one.mint == raw.mint.0;
        match all.iter_mut().find(is_same).filter(|_| !is_before) {
            Some(known) => {
                // Who owns the account afterwards counts (trap S5).
                (known.after, known.wallet, known.program) = (amount, raw.owner.0, raw.program_id.0);
            }
            None => all.push(TokenBalance {
                place: raw.account_index,
                account: account.pubkey.0,
                mint: raw.mint.0,
                wallet: raw.owner.0,
                program: raw.program_id.0,
                before: if is_before { amount } else { 0 },
                after: if is_before { 0 } else { amount },
            }),
        }
    }
    let places = |side: &[RawBalance]| {
        let mut places: Vec<u8> = side.iter().map(|raw| raw.account_index).collect();
        places.sort_unstable();
        places.is_sorted_by(|a, b| a < b)
    };
    if !places(before) || !places(after) {
        return Err(malformed("two balances of one account"));
    }
    all.sort_unstable_by_key(|one| (one.place, one.mint));
    Ok(all)
}

#[derive(Deserialize)]
struct Context<T> {
    context: RawContext,
    value: T,
}

#[derive(Deserialize)]
struct RawContext {
    slot: u64,
}

#[derive(Deserialize)]
struct RawBlock {
    blockhash: Base58<BlockHash>,
}

#[derive(Deserialize)]
struct RawAccount {
    owner: Base58<Address>,
    data: Value,
}

#[derive(Deserialize)]
struct RawData {
    parsed: RawParsed,
}

#[derive(Deserialize)]
struct RawParsed {
    #[serde(rename = "type")]
    kind: String,
    info: RawMint,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMint {
    decimals: Option<u8>,
    is_initialized: Option<bool>,
}

#[derive(Deserialize)]
struct RawTransaction {
    slot: u64,
    transaction: RawBody,
    meta: Option<RawMeta>,
}

#[derive(Deserialize)]
struct RawStatus {}

#[derive(Deserialize)]
struct RawSignature {
    signature: Base58<TxHash>,
    slot: u64,
    err: Value,
}

#[derive(Deserialize)]
struct RawBody {
    signatures: Vec<Base58<TxHash>>,
    message: RawMessage,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMessage {
    /// Those from lookup tables included (trap S3).
    account_keys: Vec<RawKey>,
}

#[derive(Deserialize)]
struct RawKey {
    pubkey: Base58<Address>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMeta {
    err: Value,
    pre_token_balances: Vec<RawBalance>,
    post_token_balances: Vec<RawBalance>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBalance {
    account_index: u8,
    mint: Base58<Address>,
    owner: Base58<Address>,
    program_id: Base58<Address>,
    ui_token_amount: RawAmount,
}

#[derive(Deserialize)]
struct RawAmount {
    amount: String,
}

impl RawBalance {
    fn amount(&self) -> Result<u64, Fault> {
        let text = &self.ui_token_amount.amount;
        let is_plain = text.bytes().all(|digit| digit.is_ascii_digit());
        let amount = text.parse().ok().filter(|_| is_plain);
        amount.ok_or_else(|| malformed("an amount that is no whole number of 64 bits"))
    }
}

/// A name that is written in base58.
struct Base58<T>(T);

macro_rules! base58 {
    ($($name:ty),*) => {
        $(impl<'de> Deserialize<'de> for Base58<$name> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                <$name>::solana_from_str(&text).map(Self).map_err(D::Error::custom)
            }
        })*
    };
}

base58!(Address, BlockHash, TxHash);

/// A result as a `T`; `what` says what it should have been.
fn value<T: DeserializeOwned>(result: &RawValue, what: &'static str) -> Result<T, Fault> {
    serde_json::from_str(result.get()).map_err(|_| malformed(what))
}

#[cfg(test)]
mod tests;
