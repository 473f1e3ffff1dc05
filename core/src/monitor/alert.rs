//! The words of a monitor: what it may tell, how bad that is, and what it follows from.

use core::fmt;
use core::time::Duration;

use crate::id::ChainId;
use crate::time::Instant;

/// How the whole is, from well to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing is raised.
    Healthy,
    /// Somebody should look today.
    Warning,
    /// The service works, and worse than it should: somebody should look now.
    Degraded,
    /// The promise is in danger, or nothing can be credited.
    Critical,
}

impl Level {
    /// Every level, best first.
    pub const ALL: [Self; 4] = [Self::Healthy, Self::Warning, Self::Degraded, Self::Critical];

    /// The name in logs, metrics and bodies.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Warning => "warning",
            Self::Degraded => "degraded",
            Self::Critical => "critical",
        }
    }
}

/// What a person may have to hear of. The order is that in which several are told at once: what inhibits others is first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alert {
    /// The bank does not say how it stands.
    BankSilent,
    /// The journal does not take what it is given.
    JournalFailing,
    /// A chain has fewer independent upstreams than a credit needs.
    UpstreamsFew(ChainId),
    /// A chain has not what the books say.
    BooksDiffer(ChainId),
    /// The scanner is so far behind that endpoints will soon have forgotten what it has not read.
    HistoryShort(ChainId),
    /// The oldest dead letter waits for too long.
    DeadLetterOld,
    /// There are many dead letters.
    DeadLettersMany,
    /// The queue's server is gone; the database serves in its stead.
    QueueDown,
    /// The blocks of a chain become final late, or no more.
    FinalityLags(ChainId),
    /// Transactions are not settled for long.
    PendingOld,
    /// Many transactions are not settled.
    PendingMany,
    /// Endpoints of a chain cannot be asked.
    EndpointsDown(ChainId),
    /// A transaction became a dead letter.
    DeadLetterNew,
}

impl Alert {
    /// The name in logs, metrics and bodies, without what it is about.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BankSilent => "bank_silent",
            Self::JournalFailing => "journal_failing",
            Self::UpstreamsFew(_) => "upstreams_few",
            Self::BooksDiffer(_) => "books_differ",
            Self::HistoryShort(_) => "history_short",
            Self::DeadLetterOld => "dead_letter_old",
            Self::DeadLettersMany => "dead_letters_many",
            Self::QueueDown => "queue_down",
            Self::FinalityLags(_) => "finality_lags",
            Self::PendingOld => "pending_old",
            Self::PendingMany => "pending_many",
            Self::EndpointsDown(_) => "endpoints_down",
            Self::DeadLetterNew => "dead_letter_new",
        }
    }

    /// The chain that it is about, if it is about one.
    #[must_use]
    pub const fn chain(&self) -> Option<ChainId> {
        match self {
            Self::UpstreamsFew(chain)
            | Self::BooksDiffer(chain)
            | Self::HistoryShort(chain)
            | Self::FinalityLags(chain)
            | Self::EndpointsDown(chain) => Some(*chain),
            Self::BankSilent
            | Self::JournalFailing
            | Self::DeadLetterOld
            | Self::DeadLettersMany
            | Self::QueueDown
            | Self::PendingOld
            | Self::PendingMany
            | Self::DeadLetterNew => None,
        }
    }

    /// How bad it is.
    #[must_use]
    pub const fn level(&self) -> Level {
        match self {
            Self::BankSilent
            | Self::JournalFailing
            | Self::UpstreamsFew(_)
            | Self::BooksDiffer(_)
            | Self::HistoryShort(_)
            | Self::DeadLetterOld => Level::Critical,
            Self::DeadLettersMany | Self::QueueDown | Self::FinalityLags(_) | Self::PendingOld => {
                Level::Degraded
            }
            Self::PendingMany | Self::EndpointsDown(_) | Self::DeadLetterNew => Level::Warning,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::BankSilent => "look at the log and the machine: the driver hangs, or is overloaded",
            Self::JournalFailing => {
                "look at the journal's disk: nothing is acknowledged until it takes what it is given"
            }
            Self::UpstreamsFew(_) => {
                "add endpoints of other providers: nothing is credited on this chain until two agree"
            }
            Self::BooksDiffer(_) => {
                "look at /api/v1/escrow/reconciliation: it names the asset and what may explain the difference"
            }
            Self::HistoryShort(_) => {
                "add endpoints of two providers that keep older logs, before deposits that nobody claims cannot be found any more"
            }
            Self::FinalityLags(_) => {
                "wait: deposits are seen and locked, and credited once the chain calls their blocks final again"
            }
            Self::DeadLetterOld | Self::DeadLettersMany | Self::DeadLetterNew => {
                "look at /api/v1/escrow/dead-letter-queue and decide"
            }
            Self::QueueDown => "restart the queue's server: deposits are credited all the same, only later",
            Self::PendingOld | Self::PendingMany => "look at the endpoints and at the finality of the chains",
            Self::EndpointsDown(_) => "look at /health: it says which, and why",
        }
    }

    /// Whether `other` follows from it, and so is not told beside it.
    #[must_use]
    pub fn inhibits(&self, other: &Self) -> bool {
        let waits = matches!(other, Self::PendingOld | Self::PendingMany);
        match self {
            Self::BankSilent => *other != Self::BankSilent,
            Self::JournalFailing | Self::FinalityLags(_) => waits,
            Self::UpstreamsFew(chain) => {
                waits || [Self::EndpointsDown(*chain), Self::FinalityLags(*chain)].contains(other)
            }
            Self::PendingOld => *other == Self::PendingMany,
            Self::DeadLettersMany => *other == Self::DeadLetterNew,
            Self::BooksDiffer(_)
            | Self::DeadLetterOld
            | Self::HistoryShort(_)
            | Self::QueueDown
            | Self::PendingMany
            | Self::EndpointsDown(_)
            | Self::DeadLetterNew => false,
        }
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.chain() {
            Some(chain) => write!(f, "{} on {chain}", self.code()),
            None => f.write_str(self.code()),
        }
    }
}

/// What a monitor tells.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum News {
    /// Something is wrong.
    Raised {
        /// What.
        alert: Alert,
        /// What was measured: a number, or seconds.
        value: u64,
        /// What it should not exceed.
        limit: u64,
        /// Since when.
        since: Instant,
    },
    /// It is wrong still.
    Repeated {
        /// What.
        alert: Alert,
        /// What was measured.
        value: u64,
        /// What it should not exceed.
        limit: u64,
        /// Since when.
        since: Instant,
    },
    /// It is well again.
    Resolved {
        /// What.
        alert: Alert,
        /// How long it was wrong.
        lasted: Duration,
    },
    /// The whole is better or worse than it was.
    Level {
        /// How it was.
        from: Level,
        /// How it is.
        to: Level,
    },
}
