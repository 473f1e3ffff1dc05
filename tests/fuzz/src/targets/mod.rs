//! The targets, and what each is given.

mod config;
mod http;
mod journal;
mod names;
mod recording;
mod report;
mod rpc;
mod scenario;
mod trace;

/// A parser, or a few that belong together.
#[derive(Debug)]
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// Gives it some bytes, and tells whether it took them. Panics when it does what it must not.
    pub run: fn(&[u8]) -> bool,
    /// What it must take, and where hunting begins. Made by the code that writes it, so that it is never out of date.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target there is.
#[rustfmt::skip]
pub const TARGETS: &[Target] = &[
    Target { name: "config", run: config::run, seeds: config::seeds },
    Target { name: "http", run: http::run, seeds: http::seeds },
    Target { name: "journal", run: journal::run, seeds: journal::seeds },
    Target { name: "names", run: names::run, seeds: names::seeds },
    Target { name: "recording", run: recording::run, seeds: recording::seeds },
    Target { name: "report", run: report::run, seeds: report::seeds },
    Target { name: "rpc_body", run: rpc::body, seeds: rpc::body_seeds },
    Target { name: "rpc_response", run: rpc::response, seeds: rpc::response_seeds },
    Target { name: "rpc_solana", run: rpc::solana, seeds: rpc::solana_seeds },
    Target { name: "scenario", run: scenario::run, seeds: scenario::seeds },
    Target { name: "trace", run: trace::run, seeds: trace::seeds },
];

/// The first byte, which chooses among a few things, and the rest.
fn choice(data: &[u8]) -> Option<(u8, &[u8])> {
    data.split_first().map(|(first, rest)| (*first, rest))
}
