//! What may happen to the ledger, drawn from small spaces of names and dates, so that steps meet.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::super::{AccountKey, Command, Field, Limits, Owner, Transfer};
use crate::id::{AssetId, ChainId, TransactionId, UserId};
use crate::money::Amount;
use crate::time::WallClock;

/// Users and everybody of the house.
pub(super) const OWNERS: [Owner; 8] = [
    Owner::User(UserId::new(1)),
    Owner::User(UserId::new(2)),
    Owner::Custody(ChainId::new(56)),
    Owner::Suspense,
    Owner::Treasury,
    Owner::Issuance,
    Owner::Fees,
    Owner::Refunds,
];
/// Known, known, disabled, unknown.
pub(super) const ASSETS: [&str; 4] = ["USDT", "GOLD", "OLD", "NONE"];

/// One step of a run. Small spaces of names and dates, so that steps meet.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Ask {
        key: u8,
        by_user: bool,
        command: Command,
    },
    /// An earlier request once more, word for word.
    Repeat {
        which: prop::sample::Index,
    },
    /// An earlier request once more, with another value in one place.
    Alter {
        which: prop::sample::Index,
        place: Field,
    },
    Wait {
        micros: i64,
    },
    Expire {
        max: usize,
    },
    SetLimits {
        account: AccountKey,
        limits: Limits,
    },
    Open {
        user: u64,
        assets: Vec<AssetId>,
    },
}

fn asset() -> impl Strategy<Value = AssetId> {
    let symbol = prop_oneof![12 => Just(0), 6 => Just(1), 1 => Just(2), 1 => Just(3)];
    symbol.prop_map(|index: usize| ASSETS[index].parse().unwrap())
}

fn amount() -> impl Strategy<Value = Amount> {
    let units = prop_oneof![
        90 => 1..=12i128,
        2 => Just(0),
        2 => Just(-1),
        2 => Just(60),
        1 => Just(i128::MAX - 20),
    ];
    units.prop_map(Amount::from_minor)
}

fn transfer() -> impl Strategy<Value = Transfer> {
    let sources = prop_oneof![
        2 => Just(Owner::Custody(ChainId::new(56))),
        1 => Just(Owner::Issuance),
        5 => prop::sample::select(&OWNERS[..]),
    ];
    let parties = (sources, prop::sample::select(&OWNERS[..]));
    (parties, asset(), amount()).prop_map(|((debit, credit), asset, amount)| Transfer {
        debit,
        credit,
        asset,
        amount,
    })
}

fn transfers() -> impl Strategy<Value = Vec<Transfer>> {
    prop_oneof![
        1 => Just(Vec::new()),
        40 => prop::collection::vec(transfer(), 1),
        20 => prop::collection::vec(transfer(), 2..=4),
        1 => transfer().prop_map(|transfer| vec![transfer; 257]),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let expiry = prop::option::weighted(0.7, (0..24i64).prop_map(WallClock::from_micros));
    let id = || (0..16u64).prop_map(TransactionId::new);
    let amounts = prop::option::of(prop::collection::vec(amount(), 0..=3));
    prop_oneof![
        4 => transfers().prop_map(|transfers| Command::Post { transfers }),
        6 => (transfers(), expiry)
            .prop_map(|(transfers, expires_at)| Command::Hold { transfers, expires_at }),
        4 => (id(), amounts).prop_map(|(hold, amounts)| Command::PostHold { hold, amounts }),
        2 => id().prop_map(|hold| Command::VoidHold { hold }),
        3 => id().prop_map(|transaction| Command::Reverse { transaction }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let field = prop::sample::select(vec![
        Field::Kind,
        Field::Target,
        Field::Accounts,
        Field::Assets,
        Field::Amounts,
        Field::Expiry,
    ]);
    let account = (prop::sample::select(&OWNERS[..]), asset());
    let bounds = (-1..8i128, prop_oneof![3 => 0..40i128, 1 => Just(i128::MAX)]);
    prop_oneof![
        30 => (0..120u8, any::<bool>(), command())
            .prop_map(|(key, by_user, command)| Step::Ask { key, by_user, command }),
        2 => any::<prop::sample::Index>().prop_map(|which| Step::Repeat { which }),
        3 => (any::<prop::sample::Index>(), field).prop_map(|(which, place)| Step::Alter { which, place }),
        4 => (-2..5i64).prop_map(|micros| Step::Wait { micros }),
        3 => (0..3usize).prop_map(|max| Step::Expire { max }),
        2 => (account, bounds).prop_map(|((owner, asset), (minimum, maximum))| Step::SetLimits {
            account: AccountKey { owner, asset },
            limits: Limits {
                minimum: Amount::from_minor(minimum),
                maximum: Amount::from_minor(maximum),
            },
        }),
        1 => (1..4u64, prop::collection::vec(asset(), 0..3))
            .prop_map(|(user, assets)| Step::Open { user, assets }),
    ]
}

/// The same command with another value at `place`, as far as it has one.
pub(super) fn altered(command: &Command, place: Field) -> Command {
    let mut command = command.clone();
    match (&mut command, place) {
        (Command::Post { transfers } | Command::Hold { transfers, .. }, Field::Accounts) => {
            for transfer in transfers {
                (transfer.debit, transfer.credit) = (transfer.credit, transfer.debit);
            }
        }
        (Command::Post { transfers } | Command::Hold { transfers, .. }, Field::Assets) => {
            for transfer in transfers {
                transfer.asset = "OTHER".parse().unwrap();
            }
        }
        (Command::Post { transfers } | Command::Hold { transfers, .. }, Field::Amounts) => {
            for transfer in transfers {
                transfer.amount = Amount::from_minor(transfer.amount.minor() - 1);
            }
        }
        (Command::PostHold { amounts, .. }, Field::Amounts) => {
            *amounts = match amounts {
                None => Some(Vec::new()),
                Some(_) => None,
            };
        }
        (Command::Hold { expires_at, .. }, Field::Expiry) => {
            *expires_at = match expires_at {
                None => Some(WallClock::from_micros(1)),
                Some(_) => None,
            };
        }
        (
            Command::PostHold { hold: target, .. }
            | Command::VoidHold { hold: target }
            | Command::Reverse { transaction: target },
            Field::Target,
        ) => {
            *target = target.next();
        }
        (_, Field::Kind) => {
            command = Command::VoidHold {
                hold: TransactionId::new(1),
            };
        }
        (_, Field::Target | Field::Accounts | Field::Assets | Field::Amounts | Field::Expiry) => {}
    }
    command
}

/// A run: something happens, again and again.
pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..80)
}
