//! The columns: what the bank is at while a fault is at work.

/// What a condition is a state of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A transaction with deposits, as the journal has it.
    Deposit,
    /// The breaker of the endpoint that is hit; of any, if the fault hits none alone.
    Breaker,
    /// A question that is under way, by what it is asked for.
    Lane,
    /// The gate between the bank and its store.
    Outbox,
    /// The process.
    Process,
}

impl Group {
    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Breaker => "breaker",
            Self::Lane => "lane",
            Self::Outbox => "outbox",
            Self::Process => "process",
        }
    }
}

macro_rules! conditions {
    ($($variant:ident in $group:ident = $name:literal: $meaning:literal),+ $(,)?) => {
        /// One state of one machine.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Condition { $(#[doc = $meaning] $variant),+ }

        /// Every condition, in the order of the columns.
        pub const CONDITIONS: &[Condition] = &[$(Condition::$variant),+];

        impl Condition {
            /// What it is a state of.
            #[must_use]
            pub const fn group(self) -> Group {
                match self { $(Self::$variant => Group::$group),+ }
            }

            /// What it is called.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),+ }
            }
        }
    };
}

conditions! {
    Unnamed in Deposit = "unnamed": "A transaction is in a block, and nobody named it to the bank.",
    Observed in Deposit = "observed": "A transaction is being looked for.",
    Seen in Deposit = "seen": "A transaction is in a block that is not final.",
    Reorged in Deposit = "reorged": "A transaction was in a block that is gone.",
    Posted in Deposit = "posted": "The deposits of a transaction are posted.",
    Suspended in Deposit = "suspended": "A deposit that is nobody's waits in suspense.",
    Rejected in Deposit = "rejected": "A transaction has nothing in it for us.",
    DeadLetter in Deposit = "dead letter": "A person must look at a transaction.",
    Closed in Breaker = "closed": "A breaker lets every call through.",
    Open in Breaker = "open": "A breaker lets no call through.",
    HalfOpen in Breaker = "half-open": "A breaker lets a few calls through, to see.",
    ShutOut in Breaker = "shut out": "An endpoint is cordoned, because it contradicted others or serves another chain.",
    Claim in Lane = "claim": "A receipt is asked for that a user claimed.",
    Scanner in Lane = "scanner": "Final blocks are read for what nobody claimed.",
    FastTrack in Lane = "fast track": "A receipt is asked for while its transaction is newly named.",
    Sweep in Lane = "sweep": "A receipt is asked for that was not settled on the fast track.",
    Heads in Lane = "heads": "Endpoints are asked for their heads.",
    Identity in Lane = "identity": "An endpoint is asked who it is, or whether it tells receipts.",
    Idle in Outbox = "idle": "Nothing waits for the store.",
    Appending in Outbox = "appending": "A batch is being appended.",
    Doubtful in Outbox = "doubtful": "It is not known what became of a batch.",
    Resting in Outbox = "resting": "An append failed, and the store is left alone for a while.",
    Saturated in Outbox = "saturated": "So much waits that clients are turned away.",
    Paused in Process = "paused": "The process is stopped, or still at its last input.",
    Stopping in Process = "stopping": "The process was told to stop and finishes what it began.",
    Down in Process = "down": "There is no process.",
}

impl Condition {
    /// Its column.
    #[must_use]
    pub const fn place(self) -> usize {
        self as usize
    }

    /// Its bit among the conditions that one moment has.
    #[must_use]
    pub const fn bit(self) -> u64 {
        1 << self.place()
    }
}

const _: () = assert!(CONDITIONS.len() <= 64, "a moment has its conditions in 64 bits");
