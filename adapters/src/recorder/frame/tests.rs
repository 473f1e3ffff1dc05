//! The stored form, byte for byte. When one of these changes, recordings that were made before are read as something else:
//! raise [`FORMAT`], and only then renew them.

use std::borrow::Cow;
use std::time::Duration;

use plimsoll_core::bank::{Act, AdminAct, Bank, Command, EndpointName, Event, Input, Query, State};
use plimsoll_core::digest::Digest;
use plimsoll_core::escrow::{
    Answer, BlockRef, DeadLetterReason, DepositKey, Fault, LetterFilter, LetterPlace, Log, Receipt,
    RefundAct, Resolution, ScanLog, TxKey,
};
use plimsoll_core::id::{
    Address, BlockHash, CallId, IdempotencyKey, RefundId, RequestId, TransactionId, TxHash, UserId,
};
use plimsoll_core::journal::{Head, Position};
use plimsoll_core::ledger::{self, Owner, Request, Transfer};
use plimsoll_core::machine::{Effects, Intent, Machine as _};
use plimsoll_core::money::Amount;
use plimsoll_core::outbox::{Appended, Outbox};
use plimsoll_core::resilience::BreakerOrder;
use plimsoll_core::time::{Instant, WallClock};

use super::{Answered, Asked, FORMAT, Frame, HeadSeen, Opening};
use crate::recorder::Redactor;
use crate::testing::{CHAIN, GENESIS, bank_config, register};

const NOW: Instant = Instant::from_nanos(300);
const WALL: WallClock = WallClock::from_micros(1_700_000_000_000_000);

const TX: TxKey = TxKey {
    chain: CHAIN,
    tx: TxHash::Evm([1; 32]),
};

fn block(number: u64) -> BlockRef {
    let hash = BlockHash::Evm([2; 32]);
    BlockRef { number, hash }
}

fn log() -> Log {
    Log {
        address: Address::Evm([3; 20]),
        topics: [[4; 32]; 4],
        topic_count: 3,
        word: [5; 32],
        data_len: 32,
        index: 6,
    }
}

fn commands() -> Vec<Command> {
    let key = IdempotencyKey::from_bytes([7; 16]);
    let (user, hold) = (UserId::new(300), TransactionId::new(9));
    let transfers = vec![Transfer {
        debit: Owner::User(user),
        credit: Owner::Fees,
        asset: "USDT".parse().unwrap(),
        amount: Amount::from_minor(1_000),
    }];
    let text = str::to_owned;
    let mut commands = vec![
        register("al"),
        Command::Claim { key, user, tx: TX },
        Command::ResolveDeadLetter {
            tx: TX,
            resolution: Resolution::Dismiss,
            actor: text("a"),
            reason: text("r"),
        },
        Command::AttributeSuspense {
            deposit: DepositKey { tx: TX, ordinal: 2 },
            user,
            actor: text("a"),
            reason: text("r"),
        },
    ];
    commands.extend(acts().map(|act| Command::Administer {
        key,
        act,
        actor: text("a"),
        reason: text("r"),
    }));
    let of_ledger = [
        ledger::Command::Post {
            transfers: transfers.clone(),
        },
        ledger::Command::Hold {
            transfers,
            expires_at: Some(WALL),
        },
        ledger::Command::PostHold { hold, amounts: None },
        ledger::Command::VoidHold { hold },
        ledger::Command::Reverse { transaction: hold },
    ];
    commands.extend(of_ledger.map(|command| Command::Transact(Request { key, command })));
    commands
}

fn acts() -> [AdminAct; 14] {
    let endpoint = EndpointName {
        chain: TX.chain,
        name: "rpc".to_owned(),
    };
    let breaker = |order| AdminAct::Breaker {
        endpoint: endpoint.clone(),
        order,
    };
    [
        AdminAct::PauseChain(TX.chain),
        AdminAct::ResumeChain(TX.chain),
        AdminAct::PauseEndpoint(endpoint.clone()),
        AdminAct::ResumeEndpoint(endpoint.clone()),
        breaker(BreakerOrder::ForceOpen),
        breaker(BreakerOrder::Disable),
        breaker(BreakerOrder::Reset),
        AdminAct::Sweep,
        AdminAct::Process(TX),
        AdminAct::Drain,
        AdminAct::Undrain,
        AdminAct::Refund(RefundAct::Request {
            deposit: DepositKey { tx: TX, ordinal: 2 },
            to: Address::Evm([3; 20]),
        }),
        AdminAct::Refund(RefundAct::Settle {
            refund: RefundId::new(1),
            paid_by: TX.tx,
        }),
        AdminAct::Refund(RefundAct::Withdraw {
            refund: RefundId::new(1),
        }),
    ]
}

fn queries() -> Vec<Query> {
    vec![
        Query::User(UserId::new(1)),
        Query::Balances(UserId::new(1)),
        Query::Claim("claim-1".parse().unwrap()),
        Query::Transaction(TransactionId::new(1)),
        Query::DeadLetters {
            filter: LetterFilter {
                reason: Some(DeadLetterReason::Unseen),
                ..LetterFilter::default()
            },
            after: Some(LetterPlace {
                since: WallClock::from_micros(1),
                tx: TX,
            }),
            limit: 10,
        },
        Query::DeadLetter(TX),
        Query::DeadLetterGroups,
        Query::Suspense {
            after: Some(DepositKey { tx: TX, ordinal: 2 }),
            limit: 9,
        },
        Query::Refunds {
            is_pending: true,
            after: Some(RefundId::new(3)),
            limit: 9,
        },
        Query::Status,
    ]
}

fn outcomes() -> Vec<Result<Answer, Fault>> {
    let (finalized, latest) = (block(5), block(8));
    let receipt = Receipt {
        tx: TX.tx,
        block: block(4),
        succeeded: true,
        logs: vec![log()],
        balances: Vec::new(),
    };
    let found = ScanLog {
        tx: TX.tx,
        block: 4,
        log: log(),
    };
    vec![
        Ok(Answer::Identity {
            chain_id: 56,
            genesis: GENESIS,
            decimals: vec![Some(18), None],
        }),
        Ok(Answer::Heads { latest, finalized }),
        Ok(Answer::Receipt {
            finalized,
            receipt: Some(receipt),
        }),
        Ok(Answer::Scan {
            finalized,
            last: Some(latest),
            logs: vec![found],
        }),
        Ok(Answer::Attested { block: latest }),
        Err(Fault::Timeout),
        Err(Fault::Connection),
        Err(Fault::RateLimited {
            retry_after: Some(Duration::from_millis(1_500)),
        }),
        Err(Fault::Auth),
        Err(Fault::Server { code: -32_000 }),
        Err(Fault::NotReady),
        Err(Fault::Malformed { what: "not stored" }),
        Err(Fault::TooLarge),
        Err(Fault::Unsupported),
        Err(Fault::Pruned),
    ]
}

fn frames() -> Vec<Frame<'static>> {
    let request = RequestId::new(3);
    let events = std::iter::once(Event::Tick)
        .chain(
            commands()
                .into_iter()
                .map(|command| Event::Command { request, command }),
        )
        .chain(queries().into_iter().map(|query| Event::Query { request, query }))
        .chain(outcomes().into_iter().map(|outcome| Event::Answered {
            call: CallId::new(4),
            outcome,
        }));
    let input = |event| Frame::Input {
        now: NOW,
        wall: WALL,
        digest: 5,
        event: Cow::Owned(event),
    };
    let asked = [
        Asked::Append {
            last: Position::new(300),
        },
        Asked::ReadHead,
    ];
    let appended = [
        Appended::Committed,
        Appended::Failed,
        Appended::Unknown,
        Appended::Fenced,
    ];
    let heads = [
        HeadSeen::Unreadable,
        HeadSeen::Committed,
        HeadSeen::NotCommitted,
        HeadSeen::Another,
    ];
    let answers = appended
        .map(Answered::Appended)
        .into_iter()
        .chain(heads.map(Answered::Head));
    let asked = asked.map(|request| Frame::Asked {
        now: NOW,
        wall: WALL,
        request,
    });
    let mut frames: Vec<Frame<'static>> = events.map(input).chain(asked).collect();
    frames.extend(answers.map(|answer| Frame::Answered { now: NOW, answer }));
    frames.push(Frame::Closing {
        inputs: 300,
        digest: 6,
    });
    frames
}

/// Where a segment begins in the middle of a life that has begun to ask its endpoints.
fn opening() -> Frame<'static> {
    let mut bank = Bank::open(bank_config(), State::default()).unwrap();
    let mut outbox = Outbox::new(Head::default());
    let mut fx = Effects::new();
    let mut tell = |bank: &mut Bank, at, event| {
        let input = Input { wall: WALL, event };
        bank.handle(Instant::from_nanos(at), input, &mut fx);
        let acts = fx.as_slice().iter().filter_map(|effect| match effect {
            Intent::Act(Act::Ask { call, .. }) => Some(*call),
            Intent::Act(_) | Intent::Record(_) => None,
        });
        let calls: Vec<CallId> = acts.collect();
        outbox.accept(&mut fx);
        calls
    };
    let calls = tell(&mut bank, 1, Event::Tick);
    let identity = Answer::Identity {
        chain_id: 56,
        genesis: GENESIS,
        decimals: vec![Some(18)],
    };
    for (at, call) in (2..).zip(&calls) {
        let (call, outcome) = (*call, Ok(identity.clone()));
        tell(&mut bank, at, Event::Answered { call, outcome });
    }
    let request = RequestId::new(1);
    let command = register("al");
    tell(&mut bank, 1_000, Event::Command { request, command });
    let claim = Command::Claim {
        key: IdempotencyKey::from_bytes([8; 16]),
        user: UserId::new(1),
        tx: TX,
    };
    let command = claim;
    tell(&mut bank, 2_000, Event::Command { request, command });
    assert!(outbox.store_request(NOW, WALL).is_some());
    Frame::Opening(Box::new(Opening {
        version: "1.2.3".to_owned(),
        now: NOW,
        wall: WALL,
        inputs: 5,
        lost: 2,
        digest: 7,
        key: Redactor::new("a key").key_id(),
        config: bank_config(),
        outbox: outbox.moment(),
        bank: Some(bank.volatile()),
    }))
}

fn stored(frame: &Frame<'_>) -> Vec<u8> {
    let bytes = postcard::to_allocvec(frame).unwrap();
    assert_eq!(postcard::from_bytes::<Frame<'_>>(&bytes).unwrap(), *frame);
    bytes
}

#[test]
fn every_frame_is_stored_as_it_always_was() {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let lines: Vec<String> = frames().iter().map(|frame| hex(stored(frame))).collect();
    insta::assert_snapshot!(format!("format {FORMAT}\n{}", lines.join("\n")));
}

/// It is long, and what the bank holds in memory is its own affair: only that it changed is shown.
#[test]
fn every_opening_is_stored_as_it_always_was() {
    let bytes = stored(&opening());
    let digest = Digest::of(bytes.as_slice());
    insta::assert_snapshot!(format!("format {FORMAT}, {} bytes, {digest:032x}", bytes.len()));
}
