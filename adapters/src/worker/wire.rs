//! A report as it travels to a server: a byte for the format, the digest of the chains, and the report in postcard.
//!
//! A report names endpoints by their numbers, so it means something only to a server with the same endpoints in the same
//! order. The digest says whether that is so.

use plimsoll_core::digest::Digest;
use plimsoll_core::escrow::{ChainConfig, Report};

/// The format that this version writes, and the only one that it reads.
const FORMAT: u8 = 3;
/// The most bytes of a report: a receipt with more logs than any block has room for.
pub const REPORT_BYTES_MAX: usize = 8 << 20;
/// How many bytes come before the report itself.
const HEADER_BYTES: usize = 17;

/// Why bytes are no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Another format.
    #[error("the report has format {0}, this server reads {FORMAT}: run the same version on both sides")]
    Format(u8),
    /// The worker has other chains, or other endpoints, or the same in another order.
    #[error(
        "the worker's [[chains]] and [[chains.endpoints]] are not those of this server: give it the same configuration"
    )]
    Chains,
    /// Anything else.
    #[error("the body is not a report")]
    Malformed,
}

/// What must be the same on both sides: the chains, when their finality counts as stalled, and the endpoints of each with their
/// providers, in their order.
#[must_use]
pub fn digest_of(chains: &[ChainConfig]) -> u128 {
    let endpoints = |chain: &ChainConfig| -> Vec<(String, String)> {
        let named = chain.endpoints.iter();
        named
            .map(|one| (one.name.clone(), one.provider.clone()))
            .collect()
    };
    let chains = chains
        .iter()
        .map(|chain| (chain.id, chain.genesis, chain.stalled_lag, endpoints(chain)));
    Digest::of(&chains.collect::<Vec<_>>())
}

/// `report` of a worker whose chains have this digest.
#[must_use]
pub fn encode(chains: u128, report: &Report) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    bytes.extend(chains.to_le_bytes());
    match postcard::to_extend(report, bytes) {
        Ok(bytes) => bytes,
        Err(error) => unreachable!("a report is always encodable: {error}"),
    }
}

/// Reads what [`encode`] wrote, at a server whose chains have this digest.
///
/// # Errors
/// [`WireError`]: the bytes are no report to this server.
pub fn decode(chains: u128, bytes: &[u8]) -> Result<Report, WireError> {
    let format = *bytes.first().ok_or(WireError::Malformed)?;
    if format != FORMAT {
        return Err(WireError::Format(format));
    }
    let (header, report) = bytes.split_at_checked(HEADER_BYTES).ok_or(WireError::Malformed)?;
    if header[1..] != chains.to_le_bytes() {
        return Err(WireError::Chains);
    }
    match postcard::take_from_bytes(report) {
        Ok((report, [])) => Ok(report),
        Ok(_) | Err(_) => Err(WireError::Malformed),
    }
}

#[cfg(test)]
mod tests;
