//! What can be done about dead letters, and the request that each is.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::Request;
use super::verb::{Page, Tx, Why, encoded, get, post};

/// What is done about dead letters.
#[derive(Debug, Subcommand)]
pub(super) enum Letters {
    /// List them, the oldest first (viewer).
    List {
        /// Which of them.
        #[command(flatten)]
        which: Which,
        /// Which page.
        #[command(flatten)]
        page: Page,
    },
    /// Show one, with every attempt that is kept (viewer).
    Show {
        /// The transaction.
        #[command(flatten)]
        tx: Tx,
    },
    /// Count them by fingerprint: what failed alike, the most first (viewer).
    Groups,
    /// Ask endpoints what a replay of one would come to now; nothing is recorded (operator).
    DryRun {
        /// The transaction.
        #[command(flatten)]
        tx: Tx,
    },
    /// Let automation try again those that all of what is given fits, at a pace (operator).
    Replay {
        /// Which of them.
        #[command(flatten)]
        which: Which,
        /// This one alone; --chain must be given too.
        #[arg(long, value_name = "TX", requires = "chain")]
        tx: Option<String>,
        /// How many in a second, 1 to 100.
        #[arg(long, value_name = "N", default_value_t = 10)]
        rate: u32,
        /// End after so many.
        #[arg(long, value_name = "N")]
        stop_after: Option<u64>,
        /// End at this date, such as 2026-11-27T12:00:00Z.
        #[arg(long, value_name = "DATE")]
        stop_at: Option<String>,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
    /// Show how far the last replay is (viewer).
    Progress,
    /// End the replay under way; what it took stays taken (operator).
    Cancel {
        /// The replay, such as replay-1.
        replay: String,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
    /// Let automation try one again (operator).
    Retry {
        /// The transaction.
        #[command(flatten)]
        tx: Tx,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
    /// Leave one for good; the scanner would still revive it. What is worth much takes two operators: the first proposes it,
    /// the second approves by the same line (operator).
    Dismiss {
        /// The transaction.
        #[command(flatten)]
        tx: Tx,
        /// Why.
        #[command(flatten)]
        why: Why,
    },
}

/// Some of the dead letters: those that all of what is given fits.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Which {
    /// Those on this chain, by its CAIP-2 name, such as eip155:56.
    #[arg(long, value_name = "CHAIN")]
    chain: Option<String>,
    /// Those that are dead letters for this reason, such as unseen.
    #[arg(long, value_name = "CODE")]
    dead_for: Option<String>,
    /// Those with this fingerprint, as the groups show it.
    #[arg(long, value_name = "FINGERPRINT")]
    fingerprint: Option<String>,
    /// Those that this user claimed, such as user-1.
    #[arg(long, value_name = "USER")]
    claimed_by: Option<String>,
    /// Those that have been dead letters for longer, such as 24h.
    #[arg(long, value_name = "TIME")]
    older_than: Option<String>,
}

impl Which {
    /// What is given, by name; the reason by the name that the list has for it, or that a replay has.
    fn fields(self, reason: &'static str) -> impl Iterator<Item = (&'static str, String)> {
        let Self {
            chain,
            dead_for,
            fingerprint,
            claimed_by,
            older_than,
        } = self;
        let fields = [
            ("chain", chain),
            (reason, dead_for),
            ("fingerprint", fingerprint),
            ("claimed_by", claimed_by),
            ("older_than", older_than),
        ];
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }
}

impl Letters {
    pub(super) fn request(self) -> Request {
        let resolve = |tx: Tx, resolution: &str, why: &Why| {
            let mut body = tx.body(why);
            body["resolution"] = Value::from(resolution);
            post("dead-letter-queue/resolve", body)
        };
        match self {
            Self::List { which, page } => list(which, page),
            Self::Show { tx } => {
                let Tx { chain, tx } = tx;
                get(&format!(
                    "dead-letter-queue/{}?chain={}",
                    encoded(&tx),
                    encoded(&chain)
                ))
            }
            Self::Groups => get("dead-letter-queue/groups"),
            Self::DryRun { tx } => {
                let body = json!({ "chain": tx.chain, "tx": tx.tx });
                post("dead-letter-queue/dry-run", body)
            }
            Self::Replay {
                which,
                tx,
                rate,
                stop_after,
                stop_at,
                why,
            } => {
                let fields = which
                    .fields("dead_for")
                    .map(|(name, value)| (name, Value::from(value)));
                let others = [
                    ("tx", tx.map(Value::from)),
                    ("rate", Some(Value::from(rate))),
                    ("stop_after", stop_after.map(Value::from)),
                    ("stop_at", stop_at.map(Value::from)),
                    ("reason", why.body().get("reason").cloned()),
                ];
                let others = others
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value?)));
                let body = fields.chain(others).map(|(name, value)| (name.to_owned(), value));
                post(
                    "dead-letter-queue/replay",
                    Value::Object(body.collect::<Map<_, _>>()),
                )
            }
            Self::Progress => get("dead-letter-queue/replay"),
            Self::Cancel { replay, why } => {
                let mut body = why.body();
                body["replay"] = Value::from(replay);
                post("dead-letter-queue/replay/cancel", body)
            }
            Self::Retry { tx, why } => resolve(tx, "retry", &why),
            Self::Dismiss { tx, why } => resolve(tx, "dismiss", &why),
        }
    }
}

fn list(which: Which, page: Page) -> Request {
    let filter: String = which
        .fields("reason")
        .map(|(name, value)| format!("&{name}={}", encoded(&value)))
        .collect();
    get(&format!("dead-letter-queue?{}{filter}", page.query()))
}
