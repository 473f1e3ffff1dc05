//! Why something was not credited: the published reason codes, each with the trap it answers.
//!
//! Trap numbers refer to the tables "Deposit-validity traps" of the chain facts: E1 to E22 for EVM chains, S1 to S17 for
//! Solana.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every one, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code that the API, the logs and the metrics show.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

reasons!(
    /// Why a log, a transaction or a claim will never be credited. Each verdict is permanent and backed by a
    /// finalized block that two independent upstreams agree on.
    Reason {
        /// E1, S1: the transaction is in a block and reverted.
        Reverted = "reverted",
        /// E2, S2: the transaction moved nothing: it has no transfer log at all, or no token balance rose.
        NoTransfer = "no_transfer",
        /// E3, S4: the contract or mint is not a registered token.
        ForeignContract = "foreign_contract",
        /// E4: the log has the topic of a transfer but not its layout (an ERC-721, a dirty address, odd data).
        MalformedLog = "malformed_log",
        /// E5: a native transfer in the guise of a token log (EIP-7708).
        NativeTransfer = "native_transfer",
        /// The transfer is real, but to an address that is not ours.
        NotToUs = "not_to_us",
        /// E7: a transfer of nothing.
        ZeroAmount = "zero_amount",
        /// E9: from one of our own addresses, or to its own sender.
        OwnTransfer = "own_transfer",
        /// E9: minted, which is a deposit only by policy.
        Minted = "minted",
        /// E19: the deposit is real and somebody else's; a hash alone never attributes.
        NotYours = "not_yours",
        /// S4, S11: the mint is registered, and the account is of another token program.
        ForeignProgram = "foreign_program",
        /// S5: to a wallet of ours, in an account that is not the associated one.
        NotAssociated = "not_associated",
        /// E21: the token is registered, and not in force in that block: it was migrated, or is not yet.
        TokenNotInForce = "token_not_in_force",
    }
);

impl Reason {
    /// How telling a reason is: when nothing in a transaction is creditable, the most telling one is reported.
    #[must_use]
    pub const fn weight(self) -> u8 {
        match self {
            Self::NoTransfer => 0,
            Self::NotToUs => 1,
            Self::NativeTransfer => 2,
            Self::MalformedLog => 3,
            Self::ForeignContract => 4,
            Self::Minted => 5,
            Self::OwnTransfer => 6,
            Self::ZeroAmount => 7,
            Self::Reverted => 8,
            Self::NotYours => 9,
            Self::ForeignProgram => 10,
            Self::NotAssociated => 11,
            Self::TokenNotInForce => 12,
        }
    }
}

reasons!(
    /// Why a valid deposit is nobody's yet. The money is accounted for; only its owner is open.
    SuspenseReason {
        /// It came to an address of ours that belongs to no user.
        Unattributed = "unattributed",
        /// E7: less than the asset's minimum.
        BelowMinimum = "below_minimum",
        /// The asset is disabled.
        AssetDisabled = "asset_disabled",
        /// The user's account would exceed its limit.
        AccountLimit = "account_limit",
        /// More than the asset's maximum.
        AboveMaximum = "above_maximum",
    }
);

reasons!(
    /// Why a person must look at a transaction.
    DeadLetterReason {
        /// E20: no two upstreams ever showed it within the claim's time to live.
        Unseen = "unseen",
        /// E12: it was in a block, and the chain went on without it.
        ReorgedOut = "reorged_out",
        /// It was seen, and did not become final in time.
        NotFinal = "not_final",
        /// The amount does not fit the ledger.
        AmountOutOfRange = "amount_out_of_range",
        /// More deposits in one transaction than are recognised.
        TooManyDeposits = "too_many_deposits",
        /// It was seen, and by the time it was final the configuration no longer recognised all of its deposits.
        RulesChanged = "rules_changed",
        /// S2: balances of ours and of others fell in one transaction, so they do not say who paid what.
        MixedPayers = "mixed_payers",
    }
);

reasons!(
    /// What came of asking one endpoint for the receipt of a transaction.
    AttemptClass {
        /// It showed the receipt.
        Shown = "shown",
        /// It has none.
        Absent = "absent",
        /// Nothing came in time.
        Timeout = "timeout",
        /// It could not be reached, or hung up.
        Connection = "connection",
        /// It was asked too much.
        RateLimited = "rate_limited",
        /// It refused our credentials.
        Auth = "auth",
        /// It is in trouble itself.
        Server = "server",
        /// It is alive and cannot say yet (E15).
        NotReady = "not_ready",
        /// It answered something that the protocol does not know.
        Malformed = "malformed",
        /// It calls the answer too large.
        TooLarge = "too_large",
        /// No endpoint could be asked: all are shut out, or none has proved to be what it should be.
        NobodyAsked = "nobody_asked",
        /// It does not serve such questions (E14).
        Unsupported = "unsupported",
        /// It has not got any more what was asked for (E17).
        Pruned = "pruned",
    }
);

#[cfg(test)]
mod tests;
