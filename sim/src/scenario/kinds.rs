//! The words of a scenario file: kinds of payments, claims, commands and faults.

use serde::Deserialize;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every one, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// How it is written.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

words!(
    /// What a payment on the chain is like. The traps are those of the chain facts.
    DepositKind {
        /// A user pays a registered token to their own deposit address.
        Plain = "plain",
        /// E8: one transaction pays three times, one user twice.
        Several = "several",
        /// E18: somebody else sends it, with logs of other contracts before and after the payment.
        Relayed = "relayed",
        /// E6: a token that counts in fewer decimals than the ledger.
        FewDecimals = "few_decimals",
        /// E1: the transaction reverts.
        Reverted = "reverted",
        /// E2: the transaction succeeds and moves nothing.
        NoTransfer = "no_transfer",
        /// E3: a foreign contract in the token's name.
        FakeToken = "fake_token",
        /// E4: the topic of a transfer with the layout of an ERC-721 one.
        Erc721 = "erc721",
        /// E4: addresses with dirty high bytes.
        DirtyTopic = "dirty_topic",
        /// E4: more data than an amount.
        LongData = "long_data",
        /// E5: a native transfer in the guise of a token log.
        Native = "native",
        /// E7: a transfer of nothing.
        Zero = "zero",
        /// E7: less than the asset's minimum.
        Dust = "dust",
        /// E9: from a deposit address to itself.
        SelfTransfer = "self_transfer",
        /// E9: from a deposit address to another address of the house.
        OwnSweep = "own_sweep",
        /// E9: minted to a deposit address.
        Minted = "minted",
        /// To an address of the house that belongs to no user.
        Unattributed = "unattributed",
        /// Of an asset that is disabled.
        Disabled = "disabled",
        /// To an address that is not ours.
        Stranger = "stranger",
        /// More than the ledger can count.
        Huge = "huge",
        /// E20: the transaction is named and never mined.
        NeverMined = "never_mined",
    }
);

words!(
    /// Whether and how users claim a payment.
    Claiming {
        /// Nobody does: the scanner must find it.
        Never = "never",
        /// The user does, once.
        Once = "once",
        /// The user does, before it is even sent.
        Early = "early",
        /// The user does, and repeats the very same request later.
        Twice = "twice",
        /// The user sends three claims under keys of their own at the same moment.
        Concurrent = "concurrent",
        /// E19: another user claims it first, then its owner does.
        Stolen = "stolen",
    }
);

words!(
    /// What a payment between users is like.
    TransactionKind {
        /// The money moves at once.
        Transfer = "transfer",
        /// It is held, and then posted.
        HoldPosted = "hold_posted",
        /// It is held, and then posted in part.
        HoldPostedPart = "hold_posted_part",
        /// It is held, and then given up.
        HoldVoided = "hold_voided",
        /// It is held, and nobody resolves it before it expires.
        HoldExpired = "hold_expired",
        /// It is held for ever.
        HoldAbandoned = "hold_abandoned",
        /// It is held, and then posted and given up at the same moment.
        HoldContested = "hold_contested",
        /// It is held, and posted about when it expires.
        HoldOverdue = "hold_overdue",
        /// It is held, and then more is asked for than was held.
        HoldExceeded = "hold_exceeded",
        /// It is held, then posted in part, and later that part moves back.
        HoldReversed = "hold_reversed",
        /// The money moves at once, and later back.
        Reversed = "reversed",
        /// More is asked for than there is.
        Overdrawn = "overdrawn",
    }
);

words!(
    /// A group of faults: what a swarm switches on and off as one.
    Family {
        /// Chain endpoints that misbehave.
        Endpoint = "endpoint",
        /// Links that misbehave.
        Network = "network",
        /// The store of the journal.
        Store = "store",
        /// The disk below it.
        Disk = "disk",
        /// The bank's own process.
        Process = "process",
        /// The date on its clock.
        Clock = "clock",
        /// The chain itself.
        Chain = "chain",
        /// The queues between the bank and its workers.
        Queue = "queue",
        /// The processes of workers.
        Worker = "worker",
    }
);

words!(
    /// What an operator orders. All but sweeping and processing are taken back after a while, or ended.
    OrderKind {
        /// Nobody is asked anything about the chain.
        PauseChain = "pause_chain",
        /// An endpoint is not asked.
        PauseEndpoint = "pause_endpoint",
        /// A breaker is forced open.
        ForceOpen = "force_open",
        /// A breaker is switched off.
        Disable = "disable",
        /// Nothing new is taken in.
        Drain = "drain",
        /// Everything open is due at once.
        Sweep = "sweep",
        /// The transaction of a payment is verified at once.
        Process = "process",
        /// A payment is sent back, and after a while it is said what came of that.
        Refund = "refund",
    }
);

words!(
    /// What breaks.
    FaultKind {
        /// Endpoints refuse connections at once.
        Dead = "dead",
        /// Endpoints take questions and never answer.
        NeverAnswers = "never_answers",
        /// Endpoints take longer.
        Slow = "slow",
        /// Endpoints are some blocks behind (E13).
        Lagging = "lagging",
        /// The heads of endpoints stand still.
        StuckHead = "stuck_head",
        /// Endpoints know heads and nothing else (E13, E15).
        Empty = "empty",
        /// Endpoints answer 429.
        RateLimited = "rate_limited",
        /// Endpoints answer 401.
        Auth = "auth",
        /// Endpoints answer 5xx.
        ServerError = "server_error",
        /// Endpoints tell who they are and nothing else yet: they start, or are indexing (E15).
        NotReady = "not_ready",
        /// Endpoints answer what is no protocol.
        Malformed = "malformed",
        /// Endpoints find every scan too large.
        TooLarge = "too_large",
        /// Endpoints answer questions that were not asked.
        Crossed = "crossed",
        /// Endpoints serve another chain (E22).
        WrongChain = "wrong_chain",
        /// Endpoints sit on a fork of their own (E12).
        PrivateFork = "private_fork",
        /// Endpoints tell an untruth.
        Lying = "lying",
        /// Nothing gets through.
        Partition = "partition",
        /// Messages wait until the fault ends.
        Hold = "hold",
        /// Messages are lost.
        Loss = "loss",
        /// Messages arrive twice.
        Duplicate = "duplicate",
        /// Messages overtake each other.
        Reorder = "reorder",
        /// Messages take longer.
        Delay = "delay",
        /// The other side has forgotten the connection, until the sender notices.
        HalfOpen = "half_open",
        /// What was asked is done, and the answer is lost.
        ResponseLost = "response_lost",
        /// One is cut off from everybody else.
        Isolate = "isolate",
        /// Links are stopped one by one and let go one by one, in random orders.
        Swizzle = "swizzle",
        /// The store cannot be reached.
        StoreUnavailable = "store_unavailable",
        /// The disk is full.
        StoreFull = "store_full",
        /// The store takes longer.
        StoreSlow = "store_slow",
        /// Whether an append was committed is not known.
        CommitUnknown = "commit_unknown",
        /// A bit of the journal flips.
        BitFlip = "bit_flip",
        /// Writes land in a wrong place.
        MisdirectedWrite = "misdirected_write",
        /// A part of the journal cannot be read.
        ReadError = "read_error",
        /// Syncs fail.
        SyncFailed = "sync_failed",
        /// The process dies, and is started again.
        Crash = "crash",
        /// The process is told to stop, and is started again.
        Restart = "restart",
        /// The process is stopped, and goes on.
        Pause = "pause",
        /// The process takes longer over each input.
        ProcessSlow = "process_slow",
        /// The process's date is off.
        ClockSkew = "clock_skew",
        /// The process's date wanders off.
        ClockDrift = "clock_drift",
        /// The process's date jumps, for good.
        ClockJump = "clock_jump",
        /// Another writer takes the journal over.
        Usurped = "usurped",
        /// The last blocks are replaced (E11).
        Reorg = "reorg",
        /// Blocks come and are not finalized.
        FinalityStall = "finality_stall",
        /// A queue refuses connections.
        QueueDown = "queue_down",
        /// A queue takes requests and never answers.
        QueueSilent = "queue_silent",
        /// A queue has no room and refuses writes.
        QueueFull = "queue_full",
        /// A queue does what is asked, and its answers are lost.
        QueueLosesAnswers = "queue_loses_answers",
        /// A queue hands out jobs whose leases are not over.
        QueueRepeats = "queue_repeats",
        /// A queue loses all that it holds.
        QueueForgets = "queue_forgets",
        /// A queue loses some of what it holds.
        QueueFailsOver = "queue_fails_over",
        /// A worker dies, and is started again.
        WorkerCrash = "worker_crash",
        /// A worker is stopped, and goes on.
        WorkerPause = "worker_pause",
    }
);

words!(
    /// Which untruth a lying endpoint tells.
    LieKind {
        /// Every transaction asked for paid a user.
        InventedPayment = "invented_payment",
        /// Every transfer was of a thousand times as much.
        InflatedAmount = "inflated_amount",
        /// Receipts and scans lack their last log.
        OmittedLog = "omitted_log",
        /// The latest block is finalized already.
        EarlyFinality = "early_finality",
        /// The finalized block is far above the chain's head.
        FutureFinality = "future_finality",
        /// Blocks have other hashes.
        ForgedHash = "forged_hash",
    }
);

words!(
    /// What a crash leaves of what was written and not synced.
    LossKind {
        /// All of it.
        Kept = "kept",
        /// Nothing.
        Lost = "lost",
        /// A part.
        Torn = "torn",
    }
);

words!(
    /// Which way a link is hit.
    DirectionKind {
        /// What travels to the bank.
        ToBank = "to_bank",
        /// What the bank sends.
        FromBank = "from_bank",
    }
);

words!(
    /// The shape of a latency.
    ShapeKind {
        /// Always the same.
        Fixed = "fixed",
        /// Anything up to the given one, or between the given ones.
        Uniform = "uniform",
        /// Mostly shorter, sometimes much longer, the given one on average.
        Exponential = "exponential",
        /// Nearly always next to nothing, and in five of a hundred cases the given one.
        Bimodal = "bimodal",
    }
);

words!(
    /// How a date wanders off.
    DriftKind {
        /// The clock is too fast or too slow.
        Linear = "linear",
        /// It swings around the right date.
        Periodic = "periodic",
        /// It jumps again and again.
        Step = "step",
    }
);

words!(
    /// What a fault waits for.
    CueKind {
        /// A batch was committed.
        Commit = "commit",
        /// A question was put to the endpoint that `of` names.
        Question = "question",
        /// The bank took a request of a client.
        Request = "request",
        /// A transaction was seen.
        Seen = "seen",
        /// The deposits of a transaction were posted.
        Credited = "credited",
        /// A seen transaction was found gone from the chain.
        Reorged = "reorged",
        /// A transaction became a dead letter.
        DeadLetter = "dead_letter",
        /// The breaker of the endpoint that `of` names opened.
        Opened = "opened",
        /// The process started, the first time included.
        Start = "start",
        /// Jobs were leased to the worker that `of` names.
        Leased = "leased",
    }
);
