//! What can be asked of an endpoint, and what it can answer, already parsed. The words are those of EVM chains; Solana answers
//! in the same ones, and differs in what a receipt holds.
//!
//! Core never sees JSON. The adapter turns bytes into these types or into a [`Fault`]; every field has a fixed size
//! or a bound, so no answer can be larger than its limit. One question is one upstream's whole view: the pieces of
//! an answer are fetched from the same endpoint in one batch (trap E16).

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{Address, BlockHash, Family, TxHash};

/// keccak256("Transfer(address,address,uint256)"): the first topic of ERC-20 transfers, and of ERC-721 ones (trap E4).
pub const TRANSFER_TOPIC: [u8; 32] = [
    0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b, 0x69, 0xc2, 0xb0, 0x68, 0xfc, 0x37, 0x8d, 0xaa, 0x95,
    0x2b, 0xa7, 0xf1, 0x63, 0xc4, 0xa1, 0x16, 0x28, 0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef,
];

/// A block, by number and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockRef {
    /// Its height.
    pub number: u64,
    /// Its hash.
    pub hash: BlockHash,
}

/// One log of a receipt or of a scan. Of the data only what a transfer can have is kept: the first word and the
/// whole length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Log {
    /// The contract that emitted it.
    pub address: Address,
    /// The topics; those past `topic_count` are zero.
    pub topics: [[u8; 32]; 4],
    /// How many topics there are, 0 to 4.
    pub topic_count: u8,
    /// The first 32 bytes of the data, zero-padded.
    pub word: [u8; 32],
    /// The length of the data in bytes.
    pub data_len: u32,
    /// Its index in the whole block, which changes when the transaction is mined again elsewhere (trap E11).
    pub index: u64,
}

impl Log {
    /// Stands for a Solana transaction that names `account`, in what a scan finds.
    #[must_use]
    pub const fn naming(account: Address) -> Self {
        Self {
            address: account,
            topics: [[0; 32]; 4],
            topic_count: 0,
            word: [0; 32],
            data_len: 0,
            index: 0,
        }
    }
}

/// What one token account held before and after a Solana transaction, whichever instruction moved it (trap S2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenBalance {
    /// Its place among the accounts of the transaction, those from lookup tables included (trap S3). The signature covers
    /// the order, so in one transaction the place stands for the account wherever it is mined.
    pub place: u8,
    /// The token account.
    pub account: Address,
    /// The token.
    pub mint: Address,
    /// Whose account it is after the transaction, or was before it if it is no longer (trap S5).
    pub wallet: Address,
    /// The token program that it is an account of (trap S4).
    pub program: Address,
    /// What it held before, in the token's units; 0 if it was not there.
    pub before: u64,
    /// What it holds after, in the token's units; 0 if it is no longer there.
    pub after: u64,
}

/// What a transaction did, once it is in a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The transaction.
    pub tx: TxHash,
    /// The block that holds it.
    pub block: BlockRef,
    /// Whether it succeeded: `status == 1` on EVM chains (trap E1), no `err` on Solana (trap S1).
    pub succeeded: bool,
    /// Its logs, in receipt order: a log's place here is its ordinal. None on Solana.
    pub logs: Vec<Log>,
    /// The token accounts that it touched, by place and mint. None on EVM chains.
    pub balances: Vec<TokenBalance>,
}

/// Balances count only where there are some, so that the digest of an EVM receipt is that of its logs.
impl Hash for Receipt {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let Self {
            tx,
            block,
            succeeded,
            logs,
            balances,
        } = self;
        (tx, block, succeeded, logs).hash(hasher);
        if !balances.is_empty() {
            balances.hash(hasher);
        }
    }
}

/// A log found by a scan, with where it was. On Solana it stands for a transaction that names a token account, which is the
/// log's `address`; nothing else is in it, and what the transaction did is for its receipt to say (trap S6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ScanLog {
    /// The transaction that emitted it.
    pub tx: TxHash,
    /// The height of its block.
    pub block: u64,
    /// The log.
    pub log: Log,
}

/// The name of no transaction. Whoever is asked for its receipt is asked whether they tell receipts at all.
pub const NO_TX: TxHash = TxHash::Evm([0; 32]);

/// What an endpoint is asked. Each is one batch to one upstream.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Question {
    /// Who are you? `eth_chainId`, the genesis block's hash, and `decimals()` of each of these contracts.
    Identity {
        /// The token contracts to ask for their decimals, in order.
        tokens: Vec<Address>,
    },
    /// The latest and the finalized head.
    Heads,
    /// The newest block that two thirds of the validators have built upon: `eth_getFinalizedHeader(-2)` of BSC, which moves
    /// on while `finalized` stalls.
    Attested,
    /// The receipt of a transaction, and the finalized head of the same node.
    Receipt {
        /// The transaction.
        tx: TxHash,
    },
    /// Every `Transfer` log of `tokens` in blocks `from..=to`, the header of `to`, and the finalized head. On Solana, every
    /// transaction that succeeded and names one of the token accounts `tokens`.
    Scan {
        /// The first height, on Solana the first slot.
        from: u64,
        /// The last height, on Solana the last slot.
        to: u64,
        /// The token contracts; on Solana the token accounts, at most
        /// [`SCAN_ACCOUNTS_MAX`](crate::limits::SCAN_ACCOUNTS_MAX).
        tokens: Vec<Address>,
    },
    /// What each of `holders` has of `token` at `block`, the header of `block`, and the finalized head.
    Balances {
        /// The height.
        block: u64,
        /// The token contract.
        token: Address,
        /// The holders, in order.
        holders: Vec<Address>,
    },
}

impl Question {
    /// The calls of [`Question::Heads`].
    pub const HEADS_CALLS: u32 = 2;
    /// The calls of [`Question::Receipt`]: Solana tells the hashes of blocks apart from the rest.
    #[must_use]
    pub const fn receipt_calls(family: Family) -> u32 {
        match family {
            Family::Evm => 2,
            Family::Solana => 4,
        }
    }

    /// The calls of [`Question::Scan`] about so many tokens: Solana is asked about each account by itself. An account that more
    /// transactions name than one answer holds takes more calls than these.
    #[must_use]
    pub fn scan_calls(family: Family, tokens: usize) -> u32 {
        match family {
            Family::Evm => 3,
            Family::Solana => u32::try_from(tokens).unwrap_or(u32::MAX).saturating_add(6),
        }
    }

    /// The calls of [`Question::Identity`] about so many tokens: on Solana one more, which shows whether the node says so when it
    /// has not come to a slot.
    #[must_use]
    pub fn identity_calls(family: Family, tokens: usize) -> u32 {
        let own = match family {
            Family::Evm => 2,
            Family::Solana => 3,
        };
        u32::try_from(tokens).unwrap_or(u32::MAX).saturating_add(own)
    }

    /// The calls of [`Question::Balances`] of so many holders.
    #[must_use]
    pub fn balances_calls(holders: usize) -> u32 {
        u32::try_from(holders).unwrap_or(u32::MAX).saturating_add(2)
    }

    /// The most calls that it comes to: the entries of its batch, or the requests made one after the other, each of which
    /// upstreams count.
    #[must_use]
    pub fn calls(&self) -> u32 {
        match self {
            Self::Identity { tokens } => Self::identity_calls(family_of(tokens), tokens.len()),
            Self::Heads => Self::HEADS_CALLS,
            Self::Attested => 1,
            Self::Receipt { tx } => Self::receipt_calls(tx.family()),
            Self::Scan { tokens, .. } => Self::scan_calls(family_of(tokens), tokens.len()),
            Self::Balances { holders, .. } => Self::balances_calls(holders.len()),
        }
    }
}

/// The family of the chain that `tokens` are on. There are always some.
fn family_of(tokens: &[Address]) -> Family {
    tokens.first().map_or(Family::Evm, Address::family)
}

/// What an endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Answer {
    /// To [`Question::Identity`].
    Identity {
        /// `eth_chainId`, or the number of the cluster that the genesis hash names.
        chain_id: u64,
        /// The hash of block 0.
        genesis: BlockHash,
        /// What each contract or mint said, in the order asked; `None` when the call failed, or when the account is no mint of
        /// the older token program (traps S4, S11).
        decimals: Vec<Option<u8>>,
    },
    /// To [`Question::Heads`].
    Heads {
        /// The latest block.
        latest: BlockRef,
        /// The finalized block.
        finalized: BlockRef,
    },
    /// To [`Question::Attested`].
    Attested {
        /// The block.
        block: BlockRef,
    },
    /// To [`Question::Receipt`].
    Receipt {
        /// The finalized block of the same node.
        finalized: BlockRef,
        /// The receipt; `None` when the node has none, which proves nothing (traps E13, E15).
        receipt: Option<Receipt>,
    },
    /// To [`Question::Scan`].
    Scan {
        /// The finalized block of the same node.
        finalized: BlockRef,
        /// The header of the last block asked for; `None` when the node has not got it, and then the logs prove
        /// nothing (trap E13). On Solana, of a slot in which no block was made, the hash is that of the block before it
        /// (trap S8).
        last: Option<BlockRef>,
        /// The logs, by block and index.
        logs: Vec<ScanLog>,
    },
    /// To [`Question::Balances`].
    Balances {
        /// The finalized block of the same node.
        finalized: BlockRef,
        /// The header of the block asked about; `None` when the node has not got it, or not its state any more.
        at: Option<BlockRef>,
        /// The balances in the order asked, in the token's units, big-endian; none when there is no header.
        balances: Vec<[u8; 32]>,
    },
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fault {
    /// Nothing came in time.
    Timeout,
    /// The endpoint could not be reached, or closed the connection.
    Connection,
    /// HTTP 429, or the JSON-RPC error that stands for it.
    RateLimited {
        /// What `Retry-After` said.
        retry_after: Option<Duration>,
    },
    /// HTTP 401 or 403.
    Auth,
    /// HTTP 5xx, or a JSON-RPC error that blames the server.
    Server {
        /// The status or error code.
        code: i64,
    },
    /// "Transaction indexing is in progress": alive, but cannot say (trap E15).
    NotReady,
    /// The answer was not what the protocol says: no JSON, wrong id, wrong types, too large, cut short.
    Malformed {
        /// What was wrong, for the log: no decision depends on it, and it is not stored.
        #[serde(skip, default = "not_stored")]
        what: &'static str,
    },
    /// More logs than one answer may have: ask for fewer blocks.
    TooLarge,
    /// The endpoint does not serve such questions at all (trap E14).
    Unsupported,
    /// The node has not got any more what was asked for (trap E17).
    Pruned,
}

const fn not_stored() -> &'static str {
    "not stored"
}

#[cfg(test)]
mod tests;
