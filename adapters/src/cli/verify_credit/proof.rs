//! The evidence of a credit, held against the state that the journal leads to.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};

use plimsoll_core::bank::State;
use plimsoll_core::escrow::{Beneficiary, Booked, Deposit, DepositKey, Evidence, FinalityRule, Stage, TxKey};
use plimsoll_core::id::Family;
use plimsoll_core::ledger::{Owner, TransactionState, Transfer};
use plimsoll_core::money::Amount;

/// How many independent upstreams a credit needs.
pub(super) const VOTES_MIN: usize = 2;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    verdict: Verdict,
    what: String,
    why: Option<String>,
}

/// What the look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Holds,
    Fails,
    /// It could not be looked at, which proves nothing.
    Unknown,
}

impl Check {
    /// That `what` holds, or does not.
    pub(super) const fn new(holds: bool, what: String) -> Self {
        Self {
            verdict: if holds { Verdict::Holds } else { Verdict::Fails },
            what,
            why: None,
        }
    }

    /// That it could not be seen whether `what` holds.
    pub(super) fn unknown(what: String, why: String) -> Self {
        Self {
            verdict: Verdict::Unknown,
            what,
            why: Some(why),
        }
    }

    /// The same, with what is known of the failure.
    pub(super) fn because(self, why: Option<String>) -> Self {
        Self { why, ..self }
    }

    /// Whether it was seen to hold.
    pub(super) const fn holds(&self) -> bool {
        match self.verdict {
            Verdict::Holds => true,
            Verdict::Fails | Verdict::Unknown => false,
        }
    }

    /// Whether it was seen not to hold.
    pub(super) const fn has_failed(&self) -> bool {
        match self.verdict {
            Verdict::Fails => true,
            Verdict::Holds | Verdict::Unknown => false,
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Holds => "ok     ",
            Verdict::Fails => "FAILED ",
            Verdict::Unknown => "unknown",
        };
        write!(f, "{verdict} {}", self.what)?;
        self.why.iter().try_for_each(|why| write!(f, ": {why}"))
    }
}

/// The evidence and the deposits of a final transaction.
pub(super) fn final_of(state: &State, tx: TxKey) -> Option<(&Evidence, &[Booked])> {
    match &state.escrow().watch(tx)?.stage {
        Stage::Final { evidence, deposits } => Some((evidence, deposits)),
        Stage::Observed
        | Stage::Seen { .. }
        | Stage::Reorged { .. }
        | Stage::Rejected { .. }
        | Stage::DeadLetter { .. }
        | Stage::Dismissed => None,
    }
}

/// What was credited, and why it is believed.
pub(super) fn describe(out: &mut impl Write, state: &State, tx: TxKey) -> io::Result<()> {
    let Some((evidence, deposits)) = final_of(state, tx) else {
        return Ok(());
    };
    writeln!(out, "{}/{}", tx.chain, tx.tx)?;
    for booked in deposits {
        let Deposit {
            ordinal,
            asset,
            amount,
            from,
            to,
            beneficiary,
        } = booked.deposit;
        let amount = shown(state, asset, amount);
        match tx.chain.family() {
            Family::Evm => write!(
                out,
                "deposit  log {ordinal}: {amount} {asset} from {from} to {to}, "
            )?,
            Family::Solana => write!(
                out,
                "deposit  token account {ordinal}: {amount} {asset} from wallet {from} to wallet {to}, "
            )?,
        }
        match beneficiary {
            Beneficiary::User(user) => write!(out, "credited to {user}")?,
            Beneficiary::Suspense(reason) => write!(out, "in suspense ({})", reason.code())?,
        }
        for (what, id) in [
            ("as", booked.transaction),
            ("and bought the product in", booked.purchase),
        ] {
            id.iter().try_for_each(|id| write!(out, " {what} {id}"))?;
        }
        writeln!(out)?;
    }
    let Evidence { block, digest, votes } = evidence;
    let (place, shows) = match tx.chain.family() {
        Family::Evm => ("block", "receipt"),
        Family::Solana => ("slot", "balances"),
    };
    writeln!(
        out,
        "evidence {place} {} {}, {shows} {digest:032x}",
        block.number, block.hash
    )?;
    for vote in votes {
        let (endpoint, by) = (vote.endpoint, vote.finalized);
        let said = match vote.rule {
            FinalityRule::Finalized => "had finalized",
            FinalityRule::Attested => "said that two thirds of the validators had built upon",
        };
        writeln!(
            out,
            "vote     endpoint {endpoint}, which {said} {} {}",
            by.number, by.hash
        )?;
    }
    let by = match evidence.rule() {
        FinalityRule::Finalized => "each calls final",
        FinalityRule::Attested => {
            "each calls final, or attested by two thirds of the validators while finality stalled"
        }
    };
    writeln!(
        out,
        "rule     {VOTES_MIN} independent upstreams show the same {shows} in a {place} that {by}"
    )
}

fn shown(state: &State, asset: plimsoll_core::id::AssetId, amount: Amount) -> String {
    state.scale(asset).map_or_else(
        || format!("{amount:?}"),
        |scale| amount.display(scale).to_string(),
    )
}

/// Whether the journal bears the credit out.
pub(super) fn checks(state: &State, tx: TxKey) -> Vec<Check> {
    let Some((evidence, deposits)) = final_of(state, tx) else {
        return vec![Check::new(
            false,
            "the transaction is final in the journal".to_owned(),
        )];
    };
    let voters: BTreeSet<u8> = evidence.votes.iter().map(|vote| vote.endpoint).collect();
    let enough = format!("{} upstreams voted, and {VOTES_MIN} are needed", voters.len());
    let mut checks = vec![
        Check::new(voters.len() >= VOTES_MIN, enough),
        Check::new(
            evidence.is_final(),
            "each of them had finalized the block when it voted".to_owned(),
        ),
    ];
    checks.extend(deposits.iter().flat_map(|booked| of_deposit(state, tx, booked)));
    checks
}

fn of_deposit(state: &State, tx: TxKey, booked: &Booked) -> [Check; 3] {
    let Deposit {
        ordinal,
        asset,
        amount,
        to,
        beneficiary,
        ..
    } = booked.deposit;
    let key = DepositKey { tx, ordinal };
    let id = booked.transaction;
    let once = id.is_some() && state.escrow().posting(&key) == id;
    let view = id.and_then(|id| state.ledger().transaction(id));
    let credit = match beneficiary {
        Beneficiary::User(user) => Owner::User(user),
        Beneficiary::Suspense(_) => Owner::Suspense,
    };
    let expected = Transfer {
        debit: Owner::Custody(tx.chain),
        credit,
        asset,
        amount,
    };
    let moved = view.is_some_and(|view| {
        let is_posted = matches!(
            view.state,
            TransactionState::Posted | TransactionState::HoldPosted
        );
        is_posted && view.transfers == [expected] && view.reversed_by.is_none()
    });
    let owner = state.owner_of(tx.chain, to);
    let whose = match beneficiary {
        Beneficiary::User(user) => owner == Some(user),
        Beneficiary::Suspense(_) => true, // whose it is, is what nobody knew
    };
    let movement = match tx.chain.family() {
        Family::Evm => format!("log {ordinal}"),
        Family::Solana => format!("the gain of token account {ordinal}"),
    };
    [
        Check::new(once, format!("{movement} was posted once")),
        Check::new(
            moved,
            format!("the ledger moved exactly what {movement} paid, from custody"),
        ),
        Check::new(
            whose,
            format!("the address that {movement} paid is that of whom it was credited to"),
        ),
    ]
}

#[cfg(test)]
mod tests;
