//! What users and operators do. Each deed stands alone: leaving one out breaks no other, which is what a shrinker needs.

use serde::{Deserialize, Serialize};

/// What operators do about the dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handling {
    /// One lists them, and has automation try each again.
    #[default]
    Retry,
    /// One replays them all.
    Replay,
    /// One lists them, and asks of each what a replay would come to.
    DryRun,
    /// Two list them, and dismiss each.
    Dismiss,
}

/// One thing that somebody does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// A transaction is sent to the chain, and perhaps claimed. It waits until the users whom it pays have got their
    /// addresses from the bank.
    Deposit {
        /// When it is sent.
        at_ms: u64,
        /// What moves in it, in the order of its logs; none is a transaction without logs.
        movements: Vec<Movement>,
        /// What becomes of it.
        #[serde(default)]
        fate: Fate,
        /// How many blocks it waits before it is mined, 0 for the next one.
        #[serde(default)]
        delay_blocks: u64,
        /// Who claims it, when.
        #[serde(default)]
        claims: Vec<ClaimPlan>,
    },
    /// A user pays another one.
    Transfer {
        /// When.
        at_ms: u64,
        /// Who pays.
        from: u32,
        /// Who is paid.
        to: u32,
        /// In what.
        token: Token,
        /// How much, in thousandths of a whole unit.
        amount_milli: u64,
        /// The number of the idempotency key; deeds and claims with one number share a key. Left out, it is a key of its
        /// own.
        #[serde(default)]
        key: Option<u64>,
        /// Left out, the money moves at once; otherwise it is held first.
        #[serde(default)]
        hold: Option<HoldPlan>,
        /// When the payment is undone, if ever. It waits until the payment was accepted.
        #[serde(default)]
        reverse_at_ms: Option<u64>,
    },
    /// A user asks for their balances.
    Balances {
        /// When.
        at_ms: u64,
        /// Who.
        user: u32,
    },
    /// An operator sees to the dead letters.
    RetryDeadLetters {
        /// When.
        at_ms: u64,
        /// What is done about them.
        #[serde(default)]
        how: Handling,
    },
    /// An operator says whose a suspended deposit is, again and again until the bank takes it.
    Attribute {
        /// When first.
        at_ms: u64,
        /// Which deposit: the place of its deed in the workload.
        deed: u32,
        /// The place of the movement in that deed.
        ordinal: u32,
        /// Whose it is.
        user: u32,
    },
    /// An operator gives an order.
    Order {
        /// When.
        at_ms: u64,
        /// What.
        order: OrderPlan,
    },
}

/// An order of an operator. One that lasts is taken back by the same operator: at its time, or once it was acknowledged
/// if that is later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OrderPlan {
    /// Nobody is asked anything about the chain.
    PauseChain {
        /// When it is resumed.
        until_ms: u64,
    },
    /// An endpoint is not asked.
    PauseEndpoint {
        /// Which, by its place.
        endpoint: u8,
        /// When it is resumed.
        until_ms: u64,
    },
    /// A breaker is forced open.
    ForceOpen {
        /// Whose, by its place.
        endpoint: u8,
        /// When it is reset.
        until_ms: u64,
    },
    /// A breaker is switched off.
    Disable {
        /// Whose, by its place.
        endpoint: u8,
        /// When it is reset.
        until_ms: u64,
    },
    /// Nothing new is taken in.
    Drain {
        /// When it is again.
        until_ms: u64,
    },
    /// Everything open is due at once.
    Sweep,
    /// The transaction of a deposit is verified at once.
    Process {
        /// Which: the place of its deed in the workload.
        deed: u32,
    },
    /// A deposit is sent back; above the bank's amount a second operator says so at once. What is refused is left at that.
    Refund {
        /// Which deposit: the place of its deed in the workload.
        deed: u32,
        /// The place of the movement in that deed.
        ordinal: u32,
        /// When an operator says what came of it.
        until_ms: u64,
        /// What that is.
        paid: Paid,
    },
}

/// Whether an operator pays a refund on the chain, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paid {
    /// As soon as they know of it, and they say so later.
    Early,
    /// In the moment in which they say so.
    Late,
    /// They do not, and withdraw it.
    Never,
}

impl OrderPlan {
    /// When it is taken back, if it lasts.
    #[must_use]
    pub const fn until_ms(self) -> Option<u64> {
        match self {
            Self::PauseChain { until_ms }
            | Self::PauseEndpoint { until_ms, .. }
            | Self::ForceOpen { until_ms, .. }
            | Self::Disable { until_ms, .. }
            | Self::Drain { until_ms }
            | Self::Refund { until_ms, .. } => Some(until_ms),
            Self::Sweep | Self::Process { .. } => None,
        }
    }

    /// The same, to change it.
    pub const fn until_ms_mut(&mut self) -> Option<&mut u64> {
        match self {
            Self::PauseChain { until_ms }
            | Self::PauseEndpoint { until_ms, .. }
            | Self::ForceOpen { until_ms, .. }
            | Self::Disable { until_ms, .. }
            | Self::Drain { until_ms }
            | Self::Refund { until_ms, .. } => Some(until_ms),
            Self::Sweep | Self::Process { .. } => None,
        }
    }

    /// The endpoint that it is about, to change it.
    pub const fn endpoint_mut(&mut self) -> Option<&mut u8> {
        match self {
            Self::PauseEndpoint { endpoint, .. }
            | Self::ForceOpen { endpoint, .. }
            | Self::Disable { endpoint, .. } => Some(endpoint),
            Self::PauseChain { .. }
            | Self::Drain { .. }
            | Self::Sweep
            | Self::Process { .. }
            | Self::Refund { .. } => None,
        }
    }

    /// The deposit that it is about: the place of its deed, to change it, and of one movement, if it is about that alone.
    pub const fn deposit_mut(&mut self) -> Option<(&mut u32, Option<&mut u32>)> {
        match self {
            Self::Process { deed } => Some((deed, None)),
            Self::Refund { deed, ordinal, .. } => Some((deed, Some(ordinal))),
            Self::PauseChain { .. }
            | Self::PauseEndpoint { .. }
            | Self::ForceOpen { .. }
            | Self::Disable { .. }
            | Self::Drain { .. }
            | Self::Sweep => None,
        }
    }

    /// The deposit that it is about, by the place of its deed.
    #[must_use]
    pub fn deposit(mut self) -> Option<u32> {
        self.deposit_mut().map(|(deed, _)| *deed)
    }

    /// The movement that it is about, by the place of its deed and its own in it.
    #[must_use]
    pub fn movement(mut self) -> Option<(u32, u32)> {
        let (deed, ordinal) = self.deposit_mut()?;
        Some((*deed, *ordinal?))
    }
}

/// Money that is reserved before it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldPlan {
    /// How long after its start the hold is over by itself, if ever.
    #[serde(default)]
    pub expires_after_ms: Option<u64>,
    /// When it is resolved. It waits until the hold was accepted.
    pub end_at_ms: u64,
    /// How it is resolved.
    pub end: HoldEnd,
    /// How somebody else resolves it at the same moment: one of the two comes too late. Left out, nobody does.
    #[serde(default)]
    pub also: Option<HoldEnd>,
}

/// How a hold ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldEnd {
    /// All of it is posted.
    Post,
    /// So many of a hundred parts are posted, the rest released.
    PostPercent(u8),
    /// One minor unit more than it holds is posted, which nobody reserved.
    PostExcess,
    /// All of it is released.
    Void,
    /// Nobody resolves it.
    Abandon,
}

/// What becomes of a transaction that was sent to the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is mined and succeeds.
    #[default]
    Mined,
    /// It is mined and reverts, so that it has no logs (trap E1).
    Reverted,
    /// It is never mined: replaced by another one, or dropped (trap E20).
    NeverMined,
}

/// A claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimPlan {
    /// When, which may be before the transaction is sent.
    pub at_ms: u64,
    /// Who claims, which need not be who was paid (trap E19).
    pub user: u32,
    /// The number of the idempotency key; claims and deeds with one number share a key. Left out, it is a key of its own.
    #[serde(default)]
    pub key: Option<u64>,
}

/// One movement of tokens, or what looks like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// Its looks.
    #[serde(default)]
    pub shape: Shape,
    /// The user whose address is named in it.
    pub user: u32,
    /// The token.
    pub token: Token,
    /// How much, in thousandths of a whole token. A payment under one whole token is below the minimum (trap E7).
    pub amount_milli: u64,
}

/// What a movement looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A transfer from outside to the user's deposit address.
    #[default]
    Payment,
    /// A transfer to an address of the house that belongs to no user.
    ToCollect,
    /// A transfer between two addresses that are not ours.
    ToStranger,
    /// A transfer of a counterfeit token (trap E3).
    FakeToken,
    /// The layout of an ERC-721 transfer: four topics, no data (trap E4).
    Erc721,
    /// Address topics with dirty high bytes (trap E4).
    DirtyTopic,
    /// Two words of data (trap E4).
    LongData,
    /// A native transfer in the guise of a token log (EIP-7708, trap E5).
    Native,
    /// A transfer of nothing (trap E7).
    ZeroValue,
    /// From the user's deposit address to itself (trap E9).
    SelfTransfer,
    /// From the user's deposit address to the house's collecting address (trap E9).
    OwnSweep,
    /// From the zero address (trap E9).
    Minted,
    /// More than any ledger can count.
    Huge,
    /// Another event of the token: it moves nothing, and shifts the ordinals of what follows.
    Approval,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 14] = [
        Self::Payment,
        Self::ToCollect,
        Self::ToStranger,
        Self::FakeToken,
        Self::Erc721,
        Self::DirtyTopic,
        Self::LongData,
        Self::Native,
        Self::ZeroValue,
        Self::SelfTransfer,
        Self::OwnSweep,
        Self::Minted,
        Self::Huge,
        Self::Approval,
    ];
}

/// The assets of every world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Token {
    /// 18 decimals on the chain and in the ledger.
    Usdt,
    /// 6 decimals on the chain, 8 in the ledger (trap E6).
    Usdc,
    /// 18 decimals, disabled: what comes is held in suspense.
    Busd,
    /// The house's own product: 8 decimals, on no chain.
    Gold,
}

impl Deed {
    /// A plain payment from outside to `user`, claimed by nobody: how users come by money.
    #[must_use]
    pub fn payment(at_ms: u64, user: u32, token: Token, amount_milli: u64) -> Self {
        let shape = Shape::Payment;
        Self::Deposit {
            at_ms,
            movements: vec![Movement {
                shape,
                user,
                token,
                amount_milli,
            }],
            fate: Fate::Mined,
            delay_blocks: 0,
            claims: Vec::new(),
        }
    }

    /// Whether it is an order that stands until it is taken back. A refund is none: nothing rests because of it.
    #[must_use]
    pub const fn is_lasting_order(&self) -> bool {
        match self {
            Self::Order {
                order: OrderPlan::Refund { .. },
                ..
            } => false,
            Self::Order { order, .. } => order.until_ms().is_some(),
            Self::Deposit { .. }
            | Self::Transfer { .. }
            | Self::Balances { .. }
            | Self::RetryDeadLetters { .. }
            | Self::Attribute { .. } => false,
        }
    }

    /// When it begins.
    #[must_use]
    pub const fn at_ms(&self) -> u64 {
        match self {
            Self::Deposit { at_ms, .. }
            | Self::Transfer { at_ms, .. }
            | Self::Balances { at_ms, .. }
            | Self::RetryDeadLetters { at_ms, .. }
            | Self::Attribute { at_ms, .. }
            | Self::Order { at_ms, .. } => *at_ms,
        }
    }
}
