//! The chains: questions of the core put to endpoints over JSON-RPC.
//!
//! `question` and `answer` are pure (a question to bytes, bytes to an answer or a fault), and so is `solana`, which has its own;
//! `envelope` and `hex` are what they share, `url` says what an endpoint's address may be, `dial` and `connect` how a connection is made, and `client` puts one
//! question to one endpoint in one batch. Which endpoint is asked, how often, and what an answer is worth is all
//! decided in core.

mod answer;
mod client;
mod connect;
mod dial;
mod envelope;
mod hex;
mod http;
mod question;
mod solana;
mod url;

pub use answer::parse;
pub use client::{BODY_BYTES_MAX, RpcClient};
pub use dial::{Dial, Duplex, Internet, Target, TlsError};
pub use question::render;
pub use url::{EndpointUrl, UrlError};

pub(crate) use connect::Connector;
pub(crate) use http::retry_after;
