use plimsoll_core::bank::{Act, ActDone, AdminAct, Command, Effect, Event, Query, Record, Reply};
use plimsoll_core::digest::Digest;
use plimsoll_core::escrow::{DepositKey, EscrowRecord, RefundRecord, Resolution, TxKey};
use plimsoll_core::id::{Address, ChainId, IdempotencyKey, RequestId, TransactionId, TxHash, UserId};
use plimsoll_core::limits::TEXT_BYTES_MAX;
use plimsoll_core::machine::Intent;
use plimsoll_core::time::WallClock;

use super::{Redactor, digest_redacted};

const KEY: IdempotencyKey = IdempotencyKey::from_bytes([7; 16]);
const TX: TxKey = TxKey {
    chain: ChainId::new(56),
    tx: TxHash::Evm([1; 32]),
};
const DEPOSIT: DepositKey = DepositKey { tx: TX, ordinal: 0 };
const REQUEST: RequestId = RequestId::new(3);

fn redactor() -> Redactor {
    Redactor::new("the key of the tests")
}

#[test]
fn what_a_decision_may_depend_on_is_kept() {
    let text = |text: &str| redactor().text(text);
    assert_eq!(text(""), "");
    assert_eq!(text("Ada"), text("Ada"));
    assert_ne!(text("Ada"), text("ada"));
    for (length, fits) in [(1, true), (TEXT_BYTES_MAX, true), (TEXT_BYTES_MAX + 1, false)] {
        let redacted = text(&"a".repeat(length));
        assert_eq!(
            (1..=TEXT_BYTES_MAX).contains(&redacted.len()),
            fits,
            "{length} bytes"
        );
    }
}

#[test]
fn texts_are_hashed_with_the_key() {
    let (one, another) = (redactor(), Redactor::new("another key"));
    assert_eq!(
        one.text("Ada"),
        "~2cde38ea57d80e905d31eacbb42fda70",
        "as old recordings have it"
    );
    assert_ne!(one.text("Ada"), another.text("Ada"));
    assert_ne!(one.key_id(), another.key_id());
    assert_eq!(
        format!("{one:?}"),
        format!("Redactor({})", one.key_id()),
        "the key is not printed"
    );
}

fn commands(text: impl Fn(&str) -> String) -> [Command; 4] {
    [
        Command::RegisterUser {
            key: KEY,
            name: text("Ada"),
        },
        Command::ResolveDeadLetter {
            tx: TX,
            resolution: Resolution::Retry,
            actor: text("Grace"),
            reason: text("because"),
        },
        Command::AttributeSuspense {
            deposit: DEPOSIT,
            user: UserId::new(1),
            actor: text("Grace"),
            reason: text("because"),
        },
        Command::Administer {
            key: KEY,
            act: AdminAct::Process(TX),
            actor: text("Grace"),
            reason: text("because"),
        },
    ]
}

fn effects(text: impl Fn(&str) -> String) -> Vec<Effect> {
    let (at, user) = (WallClock::from_micros(9), UserId::new(1));
    let records = [
        Record::UserRegistered {
            user,
            key: KEY,
            name: text("Ada"),
            addresses: vec![],
            at,
        },
        Record::Escrow(EscrowRecord::DeadLetterResolved {
            tx: TX,
            resolution: Resolution::Dismiss,
            actor: text("Grace"),
            reason: text("because"),
            at,
        }),
        Record::Escrow(EscrowRecord::SuspenseAttributed {
            deposit: DEPOSIT,
            user,
            transaction: TransactionId::new(1),
            purchase: None,
            actor: text("Grace"),
            reason: text("because"),
            at,
        }),
        Record::Escrow(EscrowRecord::Refund(RefundRecord::Proposed {
            deposit: DEPOSIT,
            to: Address::Evm([3; 20]),
            actor: text("Grace"),
            at,
        })),
        Record::Administered {
            key: KEY,
            act: AdminAct::Drain,
            actor: text("Grace"),
            reason: text("because"),
            done: ActDone::Ordered { changed: true },
            at,
        },
    ];
    let reply = Reply::User {
        user,
        name: text("Ada"),
        addresses: vec![],
        replayed: false,
    };
    let request = REQUEST;
    let act = |reply| Intent::Act(Act::Reply { request, reply });
    let records = records.into_iter().map(Intent::Record);
    records.chain([act(reply), act(Reply::Done)]).collect()
}

#[test]
fn every_text_about_a_person_is_redacted_in_inputs() {
    let redactor = redactor();
    let event = |command| Event::Command {
        request: REQUEST,
        command,
    };
    let plain = commands(str::to_owned).map(event);
    let expected = commands(|text| redactor.text(text)).map(event);
    for (plain, expected) in plain.iter().zip(expected) {
        assert_eq!(*redactor.event(plain), expected);
    }
    let query = Event::Query {
        request: REQUEST,
        query: Query::User(UserId::new(1)),
    };
    assert_eq!(*redactor.event(&query), query);
}

#[test]
fn the_digest_of_what_a_live_bank_wishes_for_is_that_of_the_redacted_form() {
    let redactor = redactor();
    let (mut live, mut replayed) = (Digest::new(), Digest::new());
    redactor.digest(&effects(str::to_owned), &mut live);
    let redacted = effects(|text| redactor.text(text));
    digest_redacted(&redacted, &mut replayed);
    assert_eq!(live, replayed);
    let records = effects(str::to_owned)
        .into_iter()
        .filter_map(|effect| match effect {
            Intent::Record(record) => Some(Intent::Record(redactor.record(record))),
            Intent::Act(_) => None,
        });
    assert_eq!(records.collect::<Vec<Effect>>(), redacted[..5]);
}
