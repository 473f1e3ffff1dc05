//! What kind of failure it was, and therefore who does what about it, and when.
//!
//! Adapters turn each protocol's errors into one of six classes; core decides by the class alone, so a new venue or
//! database needs no new rule.

/// The kind of a failed operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorClass {
    /// It may well work at once: a connection was cut, a call timed out.
    Transient,
    /// We ask too much: HTTP 429 or 418, or a quota in the body of the answer.
    RateLimited,
    /// Our credentials were refused: HTTP 401 or 403, a bad signature, a key that is blocked.
    Auth,
    /// The other side is in trouble: HTTP 5xx, an internal error of the node.
    Server,
    /// It was set up wrongly: an unknown method or host, a wrong chain. Repeating it changes nothing.
    Configuration,
    /// Somebody else was first: a deadlock victim, a failed serialisation, an optimistic lock.
    Conflict,
}

/// How an operation that failed is taken up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recovery {
    /// Once at once (elsewhere, if there is a choice), and from then on as [`Recovery::Progressive`].
    Immediate,
    /// After the pause that the other side asked for, or else after a backoff.
    Delayed,
    /// With growing pauses, until the backoff gives up.
    Progressive,
    /// Not by itself: a person changes something first.
    Manual,
}

impl ErrorClass {
    /// Every class.
    pub const ALL: [Self; 6] = [
        Self::Transient,
        Self::RateLimited,
        Self::Auth,
        Self::Server,
        Self::Configuration,
        Self::Conflict,
    ];

    /// How a failure of this class is recovered from.
    #[must_use]
    pub const fn recovery(self) -> Recovery {
        match self {
            Self::Transient | Self::Conflict => Recovery::Immediate,
            Self::RateLimited => Recovery::Delayed,
            Self::Server => Recovery::Progressive,
            Self::Auth | Self::Configuration => Recovery::Manual,
        }
    }

    /// The name in logs, metrics and journals. Never changes its meaning.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::RateLimited => "rate_limited",
            Self::Auth => "auth",
            Self::Server => "server",
            Self::Configuration => "configuration",
            Self::Conflict => "conflict",
        }
    }
}

#[cfg(test)]
mod tests;
