//! A record as the trace shows it.

use plimsoll_core::bank::{AdminAct, Record};
use plimsoll_core::escrow::{
    Beneficiary, Booked, DepositKey, EscrowRecord, Evidence, Reconciliation, RefundAct, RefundRecord,
    Resolution, TxKey,
};
use plimsoll_core::id::{ChainId, ClaimId, TransactionId, TxHash, UserId};
use plimsoll_core::ledger::LedgerRecord;

use super::{about, said};
use crate::trace::{Booking, Ids, Recorded};

/// A record, and what it belongs to. Its position is not known here.
pub(super) struct Fact {
    pub(super) ids: Ids,
    pub(super) recorded: Recorded,
}

impl Fact {
    fn new(name: &str, ids: Ids, what: String) -> Self {
        Self {
            ids,
            recorded: Recorded {
                position: 0,
                name: name.to_owned(),
                what,
                reason: None,
                block: None,
                votes: Vec::new(),
                bookings: Vec::new(),
                found: Vec::new(),
            },
        }
    }

    fn because(mut self, reason: &str) -> Self {
        self.recorded.reason = Some(reason.to_owned());
        self
    }

    fn seen_by(mut self, evidence: &Evidence, endpoints: &[String]) -> Self {
        self.recorded.block = Some(evidence.block.number);
        let name = |number: u8| endpoints.get(usize::from(number)).cloned();
        self.recorded.votes = evidence
            .votes
            .iter()
            .filter_map(|vote| name(vote.endpoint))
            .collect();
        self
    }

    fn booking(mut self, deposits: &[Booked]) -> Self {
        self.recorded.bookings = deposits.iter().map(booking).collect();
        self
    }
}

/// What `record` says. Voters are told by their places in `endpoints`.
pub(super) fn fact(record: &Record, endpoints: &[String]) -> Fact {
    match record {
        Record::AssetRegistered { asset, scale } => {
            let what = format!("{asset} has {scale} decimals");
            Fact::new("asset_registered", Ids::default(), what)
        }
        Record::UserRegistered { user, name, .. } => {
            let ids = Ids {
                user: Some(user.number()),
                ..Ids::default()
            };
            Fact::new("user_registered", ids, format!("{name} is {user}"))
        }
        Record::AddressAssigned { user, chain, address } => {
            let ids = Ids {
                user: Some(user.number()),
                ..Ids::default()
            };
            Fact::new(
                "address_assigned",
                ids,
                format!("{user} has {address} on {chain}"),
            )
        }
        Record::Ledger(record) => ledger(record),
        Record::Reconciled {
            chain,
            reconciliation,
        } => reconciled(*chain, reconciliation),
        Record::Escrow(record) => escrow(record, endpoints),
        Record::Administered { act, actor, .. } => {
            let ids = match act {
                AdminAct::Process(tx) => about(tx),
                AdminAct::Refund(RefundAct::Request { deposit, .. }) => Ids {
                    ordinal: Some(deposit.ordinal),
                    ..about(&deposit.tx)
                },
                AdminAct::PauseChain(_)
                | AdminAct::ResumeChain(_)
                | AdminAct::PauseEndpoint(_)
                | AdminAct::ResumeEndpoint(_)
                | AdminAct::Breaker { .. }
                | AdminAct::Sweep
                | AdminAct::Drain
                | AdminAct::Undrain
                | AdminAct::Reconcile(_)
                | AdminAct::Refund(RefundAct::Settle { .. } | RefundAct::Withdraw { .. }) => Ids::default(),
            };
            Fact::new("administered", ids, format!("{actor} {}", said::act(act)))
        }
    }
}

fn ledger(record: &LedgerRecord) -> Fact {
    let ids = |transaction: &TransactionId| Ids {
        transaction: Some(transaction.number()),
        ..Ids::default()
    };
    match record {
        LedgerRecord::Posted {
            transaction,
            transfers,
            ..
        } => {
            let what = format!("{transaction}: {}", said::transfers(transfers));
            Fact::new("ledger.posted", ids(transaction), what)
        }
        LedgerRecord::Held {
            transaction,
            transfers,
            ..
        } => {
            let what = format!("{transaction} holds {}", said::transfers(transfers));
            Fact::new("ledger.held", ids(transaction), what)
        }
        LedgerRecord::HoldPosted { hold, amounts, .. } => {
            let part = if amounts.is_some() { " in part" } else { "" };
            Fact::new(
                "ledger.hold_posted",
                ids(hold),
                format!("the hold {hold} is posted{part}"),
            )
        }
        LedgerRecord::HoldVoided { hold, .. } => Fact::new(
            "ledger.hold_voided",
            ids(hold),
            format!("the hold {hold} is released"),
        ),
        LedgerRecord::HoldExpired { hold } => Fact::new(
            "ledger.hold_expired",
            ids(hold),
            format!("the hold {hold} expired"),
        ),
        LedgerRecord::Reversed {
            transaction,
            original,
            ..
        } => {
            let what = format!("{transaction} reverses {original}");
            Fact::new("ledger.reversed", ids(transaction), what)
        }
        LedgerRecord::Refused { refusal, .. } => {
            Fact::new("ledger.refused", Ids::default(), refusal.to_string())
        }
        LedgerRecord::AccountsOpened { user, assets } => {
            let ids = Ids {
                user: Some(user.number()),
                ..Ids::default()
            };
            let symbols: Vec<&str> = assets.iter().map(|asset| asset.symbol()).collect();
            let what = format!("{user} has accounts of {}", symbols.join(", "));
            Fact::new("ledger.accounts_opened", ids, what)
        }
        LedgerRecord::LimitsSet { account, .. } => Fact::new(
            "ledger.limits_set",
            Ids::default(),
            format!("{account} has other limits"),
        ),
    }
}

fn escrow(record: &EscrowRecord, endpoints: &[String]) -> Fact {
    let fact =
        |name, tx: &TxKey, says: &str| Fact::new(name, about(tx), format!("{} {says}", said::short(&tx.tx)));
    match record {
        EscrowRecord::ClaimFiled { claim, user, tx, .. } => claim_filed(*claim, *user, tx),
        EscrowRecord::Scanned { to, found, .. } => scanned(to.number, found),
        EscrowRecord::Seen {
            tx,
            evidence,
            deposits,
            ..
        } => fact(
            "escrow.seen",
            tx,
            &format!("is in block {}", evidence.block.number),
        )
        .seen_by(evidence, endpoints)
        .booking(deposits),
        EscrowRecord::Reorged { tx, was, .. } => {
            let mut fact = fact(
                "escrow.reorged",
                tx,
                &format!("is in block {} no more", was.number),
            );
            fact.recorded.block = Some(was.number);
            fact
        }
        EscrowRecord::Final {
            tx,
            evidence,
            deposits,
            ..
        } => fact("escrow.final", tx, "is final and its deposits are posted")
            .seen_by(evidence, endpoints)
            .booking(deposits),
        EscrowRecord::Rejected {
            tx, reason, evidence, ..
        } => fact("escrow.rejected", tx, &format!("holds nothing for us: {reason}"))
            .seen_by(evidence, endpoints)
            .because(reason.code()),
        EscrowRecord::DeadLettered { .. }
        | EscrowRecord::DeadLetterResolved { .. }
        | EscrowRecord::DeadLetterDetailed { .. }
        | EscrowRecord::DismissalProposed { .. }
        | EscrowRecord::DeadLetterReopened { .. }
        | EscrowRecord::DeadLetterReplayed { .. }
        | EscrowRecord::ReplayBegan { .. }
        | EscrowRecord::ReplayEnded { .. }
        | EscrowRecord::ReplayCancelled { .. } => letter(record),
        EscrowRecord::SuspenseAttributed {
            deposit,
            user,
            transaction,
            ..
        } => attributed(deposit, *user, *transaction),
        EscrowRecord::DustCredited {
            user,
            deposits,
            transaction,
            ..
        } => gathered(deposits, *user, *transaction),
        EscrowRecord::Refund(record) => refund(record),
    }
}

/// What became of a dead letter, or of a replay of some.
fn letter(record: &EscrowRecord) -> Fact {
    let fact =
        |name, tx: &TxKey, says: &str| Fact::new(name, about(tx), format!("{} {says}", said::short(&tx.tx)));
    match record {
        EscrowRecord::DeadLettered { tx, reason, .. } => {
            fact("escrow.dead_lettered", tx, &format!("is for a person: {reason}")).because(reason.code())
        }
        EscrowRecord::DeadLetterResolved { tx, resolution, .. } => match resolution {
            Resolution::Retry => fact("escrow.dead_letter_retried", tx, "is tried again"),
            Resolution::Dismiss => fact("escrow.dead_letter_dismissed", tx, "is worthless"),
        },
        EscrowRecord::DeadLetterDetailed { tx, history } => {
            fact("escrow.dead_letter_detailed", tx, &said::tried(history))
        }
        EscrowRecord::DismissalProposed { tx, .. } => fact(
            "escrow.dismissal_proposed",
            tx,
            "is worthless, if another operator says so too",
        ),
        EscrowRecord::DeadLetterReopened { tx, .. } => fact(
            "escrow.dead_letter_reopened",
            tx,
            "was decided on the chain and is open again",
        ),
        EscrowRecord::DeadLetterReplayed { tx, replay, .. } => fact(
            "escrow.dead_letter_replayed",
            tx,
            &format!("is tried again by {replay}"),
        ),
        EscrowRecord::ReplayBegan { replay, plan, .. } => {
            let what = format!("{replay} begins, at {} a second", plan.rate);
            Fact::new("escrow.replay_began", Ids::default(), what)
        }
        EscrowRecord::ReplayEnded { replay, end, .. } => Fact::new(
            "escrow.replay_ended",
            Ids::default(),
            format!("{replay} is {}", end.code()),
        ),
        EscrowRecord::ReplayCancelled { replay, .. } => Fact::new(
            "escrow.replay_cancelled",
            Ids::default(),
            format!("{replay} is cancelled"),
        ),
        EscrowRecord::ClaimFiled { .. }
        | EscrowRecord::Scanned { .. }
        | EscrowRecord::Seen { .. }
        | EscrowRecord::Reorged { .. }
        | EscrowRecord::Final { .. }
        | EscrowRecord::Rejected { .. }
        | EscrowRecord::DustCredited { .. }
        | EscrowRecord::Refund(_)
        | EscrowRecord::SuspenseAttributed { .. } => unreachable!("this is about no dead letter"),
    }
}

fn reconciled(chain: ChainId, reconciliation: &Reconciliation) -> Fact {
    let rows = reconciliation.rows.iter();
    let rows: Vec<String> = rows
        .map(|row| format!("{} {}", row.asset, row.agreement.code()))
        .collect();
    let block = reconciliation.block.number;
    let what = format!("{chain} at block {block}: {}", rows.join(", "));
    let mut fact = Fact::new("reconciled", Ids::default(), what);
    fact.recorded.block = Some(block);
    fact
}

fn claim_filed(claim: ClaimId, user: UserId, tx: &TxKey) -> Fact {
    let ids = Ids {
        claim: Some(claim.number()),
        user: Some(user.number()),
        ..about(tx)
    };
    let what = format!("{claim} of {user} for {}", said::short(&tx.tx));
    Fact::new("escrow.claim_filed", ids, what)
}

fn scanned(to: u64, found: &[TxHash]) -> Fact {
    let what = format!("scanned up to block {to}, found {}", found.len());
    let mut fact = Fact::new("escrow.scanned", Ids::default(), what);
    fact.recorded.block = Some(to);
    fact.recorded.found = found.iter().map(ToString::to_string).collect();
    fact
}

fn attributed(deposit: &DepositKey, user: UserId, transaction: TransactionId) -> Fact {
    let ids = Ids {
        ordinal: Some(deposit.ordinal),
        user: Some(user.number()),
        transaction: Some(transaction.number()),
        ..about(&deposit.tx)
    };
    let place = format!("log {} of {}", deposit.ordinal, said::short(&deposit.tx.tx));
    Fact::new(
        "escrow.suspense_attributed",
        ids,
        format!("{place} goes to {user}"),
    )
}

fn gathered(deposits: &[DepositKey], user: UserId, transaction: TransactionId) -> Fact {
    let ids = Ids {
        user: Some(user.number()),
        transaction: Some(transaction.number()),
        ..Ids::default()
    };
    let what = format!("{} deposits below the minimum go to {user}", deposits.len());
    let mut fact = Fact::new("escrow.dust_credited", ids, what);
    fact.recorded.found = deposits.iter().map(|one| one.tx.tx.to_string()).collect();
    fact
}

fn refund(record: &RefundRecord) -> Fact {
    let place = |deposit: &DepositKey| format!("log {} of {}", deposit.ordinal, said::short(&deposit.tx.tx));
    let of_deposit = |deposit: &DepositKey, transaction| Ids {
        ordinal: Some(deposit.ordinal),
        transaction,
        ..about(&deposit.tx)
    };
    let of_refund = |transaction: &TransactionId| Ids {
        transaction: Some(transaction.number()),
        ..Ids::default()
    };
    match record {
        RefundRecord::Proposed { deposit, to, .. } => Fact::new(
            "escrow.refund_proposed",
            of_deposit(deposit, None),
            format!(
                "{} goes back to {to}, if another operator says so too",
                place(deposit)
            ),
        ),
        RefundRecord::Requested {
            refund,
            deposit,
            to,
            transaction,
            ..
        } => Fact::new(
            "escrow.refund_requested",
            of_deposit(deposit, Some(transaction.number())),
            format!("{refund}: {} goes back to {to}", place(deposit)),
        ),
        RefundRecord::Settled {
            refund,
            paid_by,
            transaction,
            ..
        } => Fact::new(
            "escrow.refund_settled",
            of_refund(transaction),
            format!("{refund} was paid by {}", said::short(paid_by)),
        ),
        RefundRecord::Withdrawn {
            refund, transaction, ..
        } => Fact::new(
            "escrow.refund_withdrawn",
            of_refund(transaction),
            format!("{refund} is not paid"),
        ),
    }
}

fn booking(booked: &Booked) -> Booking {
    let deposit = &booked.deposit;
    Booking {
        ordinal: deposit.ordinal,
        asset: deposit.asset.to_string(),
        amount: said::decimal(deposit.amount, deposit.asset),
        to: match deposit.beneficiary {
            Beneficiary::User(user) => user.to_string(),
            Beneficiary::Suspense(reason) => format!("suspense: {reason}"),
        },
        transaction: booked.transaction.map(TransactionId::number),
        purchase: booked.purchase.map(TransactionId::number),
    }
}
