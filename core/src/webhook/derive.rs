//! [`Deriver`]: from the records of a journal to the events that users are told, and to whom each belongs.
//!
//! A function of the journal alone: whoever reads it from its first record comes to the same events under the same names. A
//! verdict about a transaction is told to everybody who claimed it and to everybody who was told of a deposit in it, and
//! each hears of their own deposits only.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::event::{Event, EventId, Kind, Topic};
use crate::bank::Record;
use crate::escrow::{Beneficiary, Booked, DepositKey, EscrowRecord, Reason, RefundRecord, TxKey};
use crate::id::{Address, RefundId, TxHash, UserId};
use crate::journal::Position;
use crate::time::WallClock;

/// An event with everything that there is to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// Its name and whom it concerns.
    pub event: Event,
    /// The transaction.
    pub tx: TxKey,
    /// When it was decided.
    pub at: WallClock,
    /// Why, where there is a reason: a published code.
    pub reason: Option<&'static str>,
    /// The deposits that it is about: the user's own, or those in suspense.
    pub deposits: Vec<Booked>,
    /// The one deposit that it is about, where that was attributed or is refunded.
    pub attributed: Option<DepositKey>,
    /// The refund that it is about, if it is about one.
    pub refund: Option<RefundNews>,
}

/// What is told of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundNews {
    /// Its name.
    pub id: RefundId,
    /// Where to the deposit goes back.
    pub to: Address,
    /// The transaction that paid it, once one did.
    pub paid_by: Option<TxHash>,
}

/// Who is to be told of a transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Interest {
    /// Who claimed it.
    claimants: BTreeSet<UserId>,
    /// Who was told that a deposit of theirs is seen.
    seen_by: BTreeSet<UserId>,
}

/// What one record says of one user's part in a transaction.
struct Telling {
    kind: Kind,
    user: Option<UserId>,
    reason: Option<&'static str>,
    deposits: Vec<Booked>,
    attributed: Option<DepositKey>,
    refund: Option<RefundNews>,
}

/// A refund that is to be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PendingRefund {
    deposit: DepositKey,
    to: Address,
    user: Option<UserId>,
}

impl Telling {
    const fn plain(kind: Kind, user: UserId) -> Self {
        Self {
            kind,
            user: Some(user),
            reason: None,
            deposits: Vec::new(),
            attributed: None,
            refund: None,
        }
    }
}

/// Reads a journal from its first record. It remembers who is to hear of a transaction until that is final or rejected, and
/// refunds until they are settled or withdrawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deriver {
    interest: BTreeMap<TxKey, Interest>,
    refunds: BTreeMap<RefundId, PendingRefund>,
}

impl Deriver {
    /// Takes the record at `position` in, and returns what is to be told of it, by user.
    pub fn take(&mut self, position: Position, record: &Record) -> Vec<Happening> {
        let Record::Escrow(record) = record else {
            return Vec::new();
        };
        let Some((tx, at, tellings)) = self.tell(record) else {
            return Vec::new();
        };
        let happening = |(part, telling): (u32, Telling)| Happening {
            event: Event {
                id: EventId { position, part },
                topic: Topic {
                    kind: telling.kind,
                    user: telling.user,
                },
            },
            tx: telling.attributed.map_or(tx, |deposit| deposit.tx),
            at,
            reason: telling.reason,
            deposits: telling.deposits,
            attributed: telling.attributed,
            refund: telling.refund,
        };
        (0..).zip(tellings).map(happening).collect()
    }

    /// How many transactions it remembers.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.interest.len()
    }

    fn tell(&mut self, record: &EscrowRecord) -> Option<(TxKey, WallClock, Vec<Telling>)> {
        match record {
            EscrowRecord::ClaimFiled { user, tx, .. } => {
                self.interest.entry(*tx).or_default().claimants.insert(*user);
                None
            }
            EscrowRecord::Seen { tx, deposits, at, .. } => Some((*tx, *at, self.seen(*tx, deposits))),
            EscrowRecord::Reorged { tx, at, .. } => {
                let tell = |user| Telling::plain(Kind::DepositReorged, user);
                Some((*tx, *at, self.concerned(*tx).map(tell).collect()))
            }
            EscrowRecord::Final { tx, deposits, at, .. } => Some((*tx, *at, self.settled(*tx, deposits))),
            EscrowRecord::Rejected { tx, reason, at, .. } => {
                let tell = |user| Telling {
                    reason: Some(reason.code()),
                    ..Telling::plain(Kind::DepositRejected, user)
                };
                let tellings = self.concerned(*tx).map(tell).collect();
                self.interest.remove(tx);
                Some((*tx, *at, tellings))
            }
            EscrowRecord::DeadLettered { tx, reason, at } => {
                let tell = |user| Telling {
                    reason: Some(reason.code()),
                    ..Telling::plain(Kind::DepositDeadLettered, user)
                };
                Some((*tx, *at, self.concerned(*tx).map(tell).collect()))
            }
            EscrowRecord::SuspenseAttributed {
                deposit, user, at, ..
            } => {
                let telling = Telling {
                    attributed: Some(*deposit),
                    ..Telling::plain(Kind::DepositAttributed, *user)
                };
                Some((deposit.tx, *at, alloc::vec![telling]))
            }
            EscrowRecord::DustCredited {
                user, deposits, at, ..
            } => {
                let tell = |deposit: &DepositKey| Telling {
                    attributed: Some(*deposit),
                    ..Telling::plain(Kind::DepositAttributed, *user)
                };
                let first = deposits.first()?.tx;
                Some((first, *at, deposits.iter().map(tell).collect()))
            }
            EscrowRecord::Refund(record) => self.refund(record),
            EscrowRecord::Scanned { .. }
            | EscrowRecord::DeadLetterResolved { .. }
            | EscrowRecord::DeadLetterDetailed { .. }
            | EscrowRecord::DismissalProposed { .. }
            | EscrowRecord::DeadLetterReopened { .. }
            | EscrowRecord::ReplayBegan { .. }
            | EscrowRecord::DeadLetterReplayed { .. }
            | EscrowRecord::ReplayEnded { .. }
            | EscrowRecord::ReplayCancelled { .. } => None,
        }
    }

    fn refund(&mut self, record: &RefundRecord) -> Option<(TxKey, WallClock, Vec<Telling>)> {
        let (id, pending, kind, paid_by, at) = match record {
            RefundRecord::Proposed { .. } => return None,
            RefundRecord::Requested {
                refund,
                deposit,
                to,
                of,
                at,
                ..
            } => {
                let pending = PendingRefund {
                    deposit: *deposit,
                    to: *to,
                    user: match of {
                        Beneficiary::User(user) => Some(*user),
                        Beneficiary::Suspense(_) => None,
                    },
                };
                self.refunds.insert(*refund, pending);
                (*refund, pending, Kind::RefundRequested, None, *at)
            }
            RefundRecord::Settled {
                refund, paid_by, at, ..
            } => {
                let pending = self.refunds.remove(refund)?;
                (*refund, pending, Kind::RefundSettled, Some(*paid_by), *at)
            }
            RefundRecord::Withdrawn { refund, at, .. } => {
                let pending = self.refunds.remove(refund)?;
                (*refund, pending, Kind::RefundWithdrawn, None, *at)
            }
        };
        let PendingRefund { deposit, to, user } = pending;
        let telling = Telling {
            kind,
            user,
            reason: None,
            deposits: Vec::new(),
            attributed: Some(deposit),
            refund: Some(RefundNews { id, to, paid_by }),
        };
        Some((deposit.tx, at, alloc::vec![telling]))
    }

    /// Whom `tx` concerns, once each.
    fn concerned(&self, tx: TxKey) -> impl Iterator<Item = UserId> + use<> {
        let interest = self.interest.get(&tx).cloned().unwrap_or_default();
        let everybody: BTreeSet<UserId> = interest.claimants.union(&interest.seen_by).copied().collect();
        everybody.into_iter()
    }

    fn seen(&mut self, tx: TxKey, deposits: &[Booked]) -> Vec<Telling> {
        let theirs = by_user(deposits);
        let interest = self.interest.entry(tx).or_default();
        interest.seen_by = theirs.keys().copied().collect();
        let tell = |(user, deposits)| Telling {
            deposits,
            ..Telling::plain(Kind::DepositSeen, user)
        };
        theirs.into_iter().map(tell).collect()
    }

    /// Each user's own deposits are final; whoever hoped and has none hears what became of it; what is nobody's is told even
    /// if nobody hoped.
    fn settled(&mut self, tx: TxKey, deposits: &[Booked]) -> Vec<Telling> {
        let mut theirs = by_user(deposits);
        let suspended: Vec<Booked> = deposits.iter().copied().filter(is_suspended).collect();
        let reason = suspended.iter().find_map(suspense_reason);
        let mut users: BTreeSet<UserId> = self.concerned(tx).collect();
        users.extend(theirs.keys());
        self.interest.remove(&tx);
        let tell = |user| match theirs.remove(&user) {
            Some(deposits) => Telling {
                deposits,
                ..Telling::plain(Kind::DepositFinal, user)
            },
            None if suspended.is_empty() => Telling {
                reason: Some(Reason::NotYours.code()),
                ..Telling::plain(Kind::DepositRejected, user)
            },
            None => Telling {
                reason,
                deposits: suspended.clone(),
                ..Telling::plain(Kind::DepositSuspended, user)
            },
        };
        let mut tellings: Vec<Telling> = users.into_iter().map(tell).collect();
        let is_told = tellings.iter().any(|one| one.kind == Kind::DepositSuspended);
        if !suspended.is_empty() && !is_told {
            tellings.push(Telling {
                kind: Kind::DepositSuspended,
                user: None,
                reason,
                deposits: suspended,
                attributed: None,
                refund: None,
            });
        }
        tellings
    }
}

fn by_user(deposits: &[Booked]) -> BTreeMap<UserId, Vec<Booked>> {
    let mut theirs = BTreeMap::<UserId, Vec<Booked>>::new();
    for booked in deposits {
        if let Beneficiary::User(user) = booked.deposit.beneficiary {
            theirs.entry(user).or_default().push(*booked);
        }
    }
    theirs
}

fn is_suspended(booked: &Booked) -> bool {
    suspense_reason(booked).is_some()
}

fn suspense_reason(booked: &Booked) -> Option<&'static str> {
    match booked.deposit.beneficiary {
        Beneficiary::Suspense(reason) => Some(reason.code()),
        Beneficiary::User(_) => None,
    }
}

#[cfg(test)]
mod tests;
