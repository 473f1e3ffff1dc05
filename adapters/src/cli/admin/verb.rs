//! What can be done, and the request that each is.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Request;
use super::letters::Letters;
use super::refunds::Refunds;

/// What is done.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Show how the escrow stands: level, alerts, chains and endpoints, and what is ordered about them (viewer).
    Health,
    /// Show figures of the escrow (viewer).
    Metrics,
    /// Verify one transaction at once, claimed or not, dead letter or not (operator).
    Process {
        /// The transaction.
        #[command(flatten)]
        tx: Tx,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
    /// Make everything that is not settled due at once (operator).
    Sweep {
        /// Why.
        #[command(flatten)]
        why: Why,
    },
    /// Stop asking an endpoint, or anybody about a chain (admin).
    #[command(subcommand)]
    Pause(Subject),
    /// Take a pause back (admin).
    #[command(subcommand)]
    Resume(Subject),
    /// Order a breaker (admin).
    #[command(subcommand)]
    Breaker(Breaker),
    /// Take in nothing new: users, claims, payments and holds are refused for now, what is open goes on (admin).
    Drain {
        /// Why.
        #[command(flatten)]
        why: Why,
    },
    /// Take in new things again (admin).
    Undrain {
        /// Why.
        #[command(flatten)]
        why: Why,
    },
    /// Show whether the chains have what the books say, by the last reconciliation of each (viewer).
    Reconciliation,
    /// Hold what custody addresses have on a chain against the books (operator).
    Reconcile {
        /// The chain, by its CAIP-2 name, such as eip155:56.
        chain: String,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
    /// See to dead letters.
    #[command(subcommand)]
    Letters(Letters),
    /// See to deposits that are valid and nobody's yet.
    #[command(subcommand)]
    Suspense(Suspense),
    /// See to deposits that go back.
    #[command(subcommand)]
    Refunds(Refunds),
}

/// What is done about deposits in suspense.
#[derive(Debug, Subcommand)]
pub(super) enum Suspense {
    /// List them, by chain and hash (viewer).
    List {
        /// Which page.
        #[command(flatten)]
        page: Page,
    },
    /// Say whose one is: its owner is credited at once (admin).
    Attribute {
        /// The transaction.
        #[command(flatten)]
        tx: Tx,
        /// The place of the deposit's log in the receipt, or of its token account, as the list shows it.
        ordinal: u32,
        /// Whose it is, such as user-1.
        user: String,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
}

/// Part of a list.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Page {
    /// How many, 1 to 1000.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Those after this one: `next` of the page before.
    #[arg(long, value_name = "NEXT")]
    after: Option<String>,
}

/// What is paused or resumed.
#[derive(Debug, Subcommand)]
pub(super) enum Subject {
    /// A chain: nobody is asked anything about it; claims are accepted, and wait.
    Chain {
        /// The chain, by its CAIP-2 name, such as eip155:56.
        chain: String,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
    /// An endpoint.
    Endpoint {
        /// Which.
        #[command(flatten)]
        endpoint: Endpoint,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
}

/// What a breaker is told.
#[derive(Debug, Subcommand)]
pub(super) enum Breaker {
    /// Refuse every call, until it is reset.
    ForceOpen {
        /// Whose.
        #[command(flatten)]
        endpoint: Endpoint,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
    /// Let every call through, until it is reset.
    Disable {
        /// Whose.
        #[command(flatten)]
        endpoint: Endpoint,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
    /// Close with a clean record, and decide by itself again.
    Reset {
        /// Whose.
        #[command(flatten)]
        endpoint: Endpoint,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
}

/// A transaction on chain.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Tx {
    /// The chain, by its CAIP-2 name, such as eip155:56.
    pub(super) chain: String,
    /// The hash of the transaction.
    pub(super) tx: String,
}

/// An endpoint.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Endpoint {
    /// Its chain, by its CAIP-2 name, such as eip155:56.
    chain: String,
    /// Its name in the server's configuration.
    endpoint: String,
}

/// Why something is done.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Why {
    /// Why, for the journal.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Verb {
    /// The request that does it.
    pub(super) fn request(self) -> Request {
        match self {
            Self::Health => get("health"),
            Self::Metrics => get("metrics"),
            Self::Process { tx, why } => post("emergency-process", tx.body(&why)),
            Self::Sweep { why } => post("trigger-background-processing", why.body()),
            Self::Pause(subject) => subject.request("pause"),
            Self::Resume(subject) => subject.request("resume"),
            Self::Breaker(breaker) => breaker.request(),
            Self::Drain { why } => post("drain", why.body()),
            Self::Undrain { why } => post("undrain", why.body()),
            Self::Reconciliation => get("reconciliation"),
            Self::Reconcile { chain, why } => {
                post("reconciliation", json!({ "chain": chain, "reason": why.reason }))
            }
            Self::Letters(letters) => letters.request(),
            Self::Suspense(suspense) => suspense.request(),
            Self::Refunds(refunds) => refunds.request(),
        }
    }
}

impl Subject {
    fn request(self, verb: &str) -> Request {
        match self {
            Self::Chain { chain, why } => {
                let body = json!({ "chain": chain, "reason": why.reason });
                post(&format!("chains/{verb}"), body)
            }
            Self::Endpoint { endpoint, why } => post(&format!("endpoints/{verb}"), endpoint.body(&why)),
        }
    }
}

impl Breaker {
    fn request(self) -> Request {
        match self {
            Self::ForceOpen { endpoint, why } => post("breakers/force-open", endpoint.body(&why)),
            Self::Disable { endpoint, why } => post("breakers/disable", endpoint.body(&why)),
            Self::Reset { endpoint, why } => post("breakers/reset", endpoint.body(&why)),
        }
    }
}

impl Suspense {
    fn request(self) -> Request {
        match self {
            Self::List { page } => page.of("suspense"),
            Self::Attribute {
                tx,
                ordinal,
                user,
                why,
            } => {
                let mut body = tx.body(&why);
                body["ordinal"] = Value::from(ordinal);
                body["user"] = Value::from(user);
                post("suspense/attribute", body)
            }
        }
    }
}

impl Page {
    pub(super) fn of(self, list: &str) -> Request {
        get(&format!("{list}?{}", self.query()))
    }

    /// The page as a query.
    pub(super) fn query(self) -> String {
        let after = self.after.map(|after| format!("&after={}", encoded(&after)));
        format!("limit={}{}", self.limit, after.unwrap_or_default())
    }
}

impl Tx {
    pub(super) fn body(&self, why: &Why) -> Value {
        json!({ "chain": self.chain, "tx": self.tx, "reason": why.reason })
    }
}

impl Endpoint {
    fn body(&self, why: &Why) -> Value {
        json!({ "chain": self.chain, "endpoint": self.endpoint, "reason": why.reason })
    }
}

impl Why {
    pub(super) fn body(&self) -> Value {
        json!({ "reason": self.reason })
    }
}

pub(super) fn get(path: &str) -> Request {
    Request {
        method: "GET",
        path: format!("/api/v1/escrow/{path}"),
        body: None,
    }
}

pub(super) fn post(path: &str, body: Value) -> Request {
    Request {
        method: "POST",
        path: format!("/api/v1/escrow/{path}"),
        body: Some(body),
    }
}

/// `text` as part of a query.
pub(super) fn encoded(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(byte).collect()
}
