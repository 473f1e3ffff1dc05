//! The name of a job in a queue: `eip155:56/0x…`, which people can read and look for.

use plimsoll_core::escrow::TxKey;

/// The name of `job`.
pub(super) fn name(job: &TxKey) -> String {
    format!("{}/{}", job.chain, job.tx)
}

/// The job of this name, if it is one.
pub(super) fn parse(name: &str) -> Option<TxKey> {
    let (chain, tx) = name.split_once('/')?;
    let job = TxKey {
        chain: chain.parse().ok()?,
        tx: tx.parse().ok()?,
    };
    (job.chain.family() == job.tx.family()).then_some(job)
}

/// The job of this name. One that cannot be read was put there by something else: it is left to lie, and the log told.
pub(super) fn readable(name: &str) -> Option<TxKey> {
    let job = parse(name);
    if job.is_none() {
        let start: String = name.chars().take(100).collect();
        tracing::warn!(
            name = start,
            "a queue holds something that is no job of this version"
        );
    }
    job
}

#[cfg(test)]
mod tests;
