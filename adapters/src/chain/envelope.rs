//! The JSON-RPC 2.0 envelope: a body to the results of a batch, in the order of their ids, and errors to faults.

use plimsoll_core::escrow::Fault;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What one call of a batch came back with.
pub(super) type CallResult<'a> = Result<&'a RawValue, RpcError>;

/// A JSON-RPC error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct RpcError {
    code: i64,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Response<'a> {
    id: Option<u64>,
    /// `null` is a result; absence is none.
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    error: Option<RpcError>,
}

/// The results of the `count` calls in `body`, the call with id 0 first. `fault` says what an error means that is of no call.
pub(super) fn open(
    body: &[u8],
    count: usize,
    fault: fn(&RpcError) -> Fault,
) -> Result<Vec<CallResult<'_>>, Fault> {
    let responses = match body.trim_ascii_start().first() {
        Some(b'[') => {
            serde_json::from_slice::<Vec<Response<'_>>>(body).map_err(|_| malformed(NOT_JSON_RPC))?
        }
        // Who cannot even take the batch answers with one error and no array.
        Some(b'{') => vec![serde_json::from_slice(body).map_err(|_| malformed(NOT_JSON_RPC))?],
        Some(_) | None => return Err(malformed(NOT_JSON_RPC)),
    };
    let mut results: Vec<Option<CallResult<'_>>> = (0..count).map(|_| None).collect();
    for response in responses {
        let result = match (response.result, response.error) {
            (None, Some(error)) => Err(error),
            (Some(result), None) => Ok(result),
            // Some servers send `"result": null` beside an error.
            (Some(result), Some(error)) if result.get() == "null" => Err(error),
            (Some(_), Some(_)) => return Err(malformed("a result and an error at once")),
            (None, None) => return Err(malformed("neither a result nor an error")),
        };
        let place = match (response.id, &result) {
            (Some(id), _) => usize::try_from(id).ok().and_then(|id| results.get_mut(id)),
            (None, Err(error)) => return Err(fault(error)),
            (None, Ok(_)) => None,
        };
        match place {
            Some(place @ None) => *place = Some(result),
            Some(Some(_)) | None => return Err(malformed("an id that was not asked")),
        }
    }
    let results: Option<Vec<CallResult<'_>>> = results.into_iter().collect();
    results.ok_or_else(|| malformed("a call without a response"))
}

impl RpcError {
    /// What the error means for the endpoint. Codes beyond the JSON-RPC standard are those of EIP-1474 and of
    /// go-ethereum; where vendors share one code between different things, their texts tell them apart.
    pub(super) fn fault(&self) -> Fault {
        if self.is_beyond_head() {
            Fault::NotReady
        } else if self.says(&TOO_LARGE) {
            Fault::TooLarge
        } else if self.says(&NOT_READY) {
            Fault::NotReady
        } else if self.code == METHOD_NOT_FOUND || self.says(&UNSUPPORTED) {
            Fault::Unsupported
        } else if self.code == PRUNED || self.says(&FORGOTTEN) {
            Fault::Pruned
        } else if self.code == LIMIT_EXCEEDED || self.is_rate_limit() {
            Fault::RateLimited { retry_after: None }
        } else {
            Fault::Server { code: self.code }
        }
    }

    /// Whether it says no more than that a limit was exceeded. Public endpoints that search no logs say so of every search,
    /// beside calls of the same batch that they answer (docs.bnbchain.org, page "JSON-RPC Endpoint").
    pub(super) fn is_bare_limit(&self) -> bool {
        self.code == LIMIT_EXCEEDED && self.message.eq_ignore_ascii_case("limit exceeded")
    }

    /// Its code.
    pub(super) const fn code(&self) -> i64 {
        self.code
    }

    /// Whether it says that too much was asked.
    pub(super) fn is_rate_limit(&self) -> bool {
        self.says(&RATE_LIMITED)
    }

    /// Whether a contract call failed in the contract, so that the node itself is well.
    pub(super) fn is_revert(&self) -> bool {
        self.code == REVERTED || self.says(&EXECUTION_FAILED)
    }

    /// Whether the call named blocks that the node has not got yet. Nodes used to answer that with the logs that they have,
    /// and since 2025 refuse it (ethereum/execution-apis, pull request 875).
    pub(super) fn is_beyond_head(&self) -> bool {
        self.says(&BEYOND_HEAD)
    }

    /// Whether the call was about a block whose state the node has not got yet, or not any more.
    pub(super) fn lacks_state(&self) -> bool {
        self.is_beyond_head() || self.says(&NO_STATE)
    }

    fn says(&self, phrases: &[&str]) -> bool {
        let message = self.message.to_ascii_lowercase();
        phrases.iter().any(|phrase| message.contains(phrase))
    }
}

/// JSON-RPC 2.0: "method not found".
const METHOD_NOT_FOUND: i64 = -32601;
/// go-ethereum: history that EIP-4444 lets nodes drop.
const PRUNED: i64 = 4444;
/// EIP-1474: "limit exceeded".
const LIMIT_EXCEEDED: i64 = -32005;
/// go-ethereum: "execution reverted" with the reason as data.
const REVERTED: i64 = 3;

/// Blocks above the node's head: the texts of go-ethereum, reth and others, and of anvil. They come before those of
/// [`TOO_LARGE`], some of which they contain.
const BEYOND_HEAD: [&str; 4] = [
    "invalid block range",
    "beyond current head",
    "beyond the latest block",
    "blockoutofrange",
];
/// State that was pruned, or that of a block which is not here: the texts of go-ethereum, bsc, erigon, nethermind, reth and
/// anvil.
const NO_STATE: [&str; 8] = [
    "missing trie node",
    "header not found",
    "unknown block",
    "state is not available",
    "historical state",
    "state not available",
    "no state found",
    "pruned",
];
/// More logs or blocks than the node wants to give in one answer: the texts of go-ethereum, bsc, erigon,
/// nethermind and the large hosted providers.
const TOO_LARGE: [&str; 7] = [
    "query returned more than",
    "query exceeds max",
    "block range",
    "range too large",
    "too many results",
    "response size",
    "response too large",
];
/// The node is alive and cannot say yet (go-ethereum, since its background transaction indexing of 2024).
const NOT_READY: [&str; 4] = [
    "transaction indexing is in progress",
    "finalized block not found",
    "header not found",
    "unknown block",
];
/// Methods that are switched off, or not part of what was paid for.
const UNSUPPORTED: [&str; 5] = [
    "method not found",
    "does not exist/is not available",
    "method is disabled",
    "unsupported method",
    "method not supported",
];
/// Logs, receipts or blocks that the node had and has dropped: the texts of go-ethereum, bsc, erigon and nethermind.
const FORGOTTEN: [&str; 2] = ["pruned", "history is not available"];
const RATE_LIMITED: [&str; 3] = ["rate limit", "too many requests", "limit exceeded"];
const EXECUTION_FAILED: [&str; 4] = ["revert", "invalid opcode", "out of gas", "execution aborted"];

const NOT_JSON_RPC: &str = "not a JSON-RPC response";

/// The fault of an answer that is not what the protocol says.
pub(super) const fn malformed(what: &'static str) -> Fault {
    Fault::Malformed { what }
}

/// Tells a `null` from an absent field.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests;
