//! Random sequences of everything that can happen, judged after every step against a slow and obvious model.

mod model;
mod steps;

use std::collections::BTreeSet;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use self::model::{Answer, Model, Status, Sums, id_at};
use self::steps::{ASSETS, OWNERS, Step, altered, steps};
use super::{
    AccountKey, Counters, Ledger, LedgerRecord, Limits, Outcome, Owner, Request, Rules, TransactionState,
    Verdict,
};
use crate::id::{AssetId, IdempotencyKey, TransactionId, UserId};
use crate::money::{Amount, Asset, Registry};
use crate::time::WallClock;

/// The ledger and the model, side by side.
struct Run {
    registry: Registry,
    ledger: Ledger,
    model: Model,
    wall: WallClock,
    asked: Vec<(bool, Request)>,
    records: Vec<LedgerRecord>,
    /// The names of every kind of answer that was seen.
    seen: BTreeSet<&'static str>,
}

impl Run {
    fn new() -> Self {
        let asset = |symbol: &str, min, max, enabled| Asset {
            id: symbol.parse().unwrap(),
            name: symbol.to_string(),
            scale: 6,
            min: Amount::from_minor(min),
            max: Amount::from_minor(max),
            enabled,
            tokens: vec![],
        };
        let assets = vec![
            asset(ASSETS[0], 2, 50, true),
            asset(ASSETS[1], 1, i128::MAX, true),
            asset(ASSETS[2], 1, 50, false),
        ];
        Self {
            registry: Registry::new(assets).unwrap(),
            ledger: Ledger::new(),
            model: Model::default(),
            wall: WallClock::from_micros(0),
            asked: Vec::new(),
            records: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Ask {
                key,
                by_user,
                command,
            } => self.ask(
                *by_user,
                Request {
                    key: IdempotencyKey::from_bytes([*key; 16]),
                    command: command.clone(),
                },
            ),
            Step::Repeat { which } => {
                if !self.asked.is_empty() {
                    let (by_user, request) = which.get(&self.asked).clone();
                    self.ask(by_user, request);
                }
            }
            Step::Alter { which, place } => {
                if !self.asked.is_empty() {
                    let (by_user, mut request) = which.get(&self.asked).clone();
                    request.command = altered(&request.command, *place);
                    self.ask(by_user, request);
                }
            }
            Step::Wait { micros } => {
                self.wall = WallClock::from_micros(self.wall.as_micros() + micros);
            }
            Step::Expire { max } => self.expire(*max),
            Step::SetLimits { account, limits } => self.set_limits(*account, *limits),
            Step::Open { user, assets } => self.open(UserId::new(*user), assets),
        }
        self.compare();
    }

    fn ask(&mut self, by_user: bool, request: Request) {
        let rules = if by_user {
            Rules::Registered(&self.registry)
        } else {
            Rules::Internal
        };
        let verdict = self.ledger.decide(rules, self.wall, request.clone());
        assert_eq!(verdict, self.ledger.decide(rules, self.wall, request.clone()));
        let registry = by_user.then_some(&self.registry);
        let expected = self.model.answer(registry, self.wall.as_micros(), &request);
        let answer = match verdict {
            Verdict::Fresh(record) => {
                let outcome = Ledger::outcome_of(&record).unwrap();
                self.seen.insert(match outcome {
                    Outcome::Accepted(_) => "accepted",
                    Outcome::Refused(refusal) => refusal.code(),
                });
                self.apply(record);
                Answer::New(outcome)
            }
            Verdict::Frozen(outcome) => {
                self.seen.insert("frozen");
                Answer::Same(outcome)
            }
            Verdict::Conflict { field } => {
                self.seen.insert(field.as_str());
                Answer::Conflict(field)
            }
        };
        assert_eq!(answer, expected, "the answer to {request:?}");
        self.asked.push((by_user, request));
    }

    fn expire(&mut self, max: usize) {
        for record in self.ledger.due(self.wall, max) {
            let LedgerRecord::HoldExpired { hold } = record else {
                panic!("{record:?} is due")
            };
            self.seen.insert("expired");
            self.model.expire(hold);
            self.apply(record);
        }
    }

    fn set_limits(&mut self, account: AccountKey, limits: Limits) {
        let decided = self.ledger.decide_limits(Rules::Internal, account, limits);
        let expected = self.model.set_limits(account, limits);
        match decided {
            Ok(record) => {
                assert_eq!(expected, Ok(()));
                self.apply(record);
            }
            Err(refusal) => {
                self.seen.insert(refusal.code());
                assert_eq!(expected, Err(refusal));
            }
        }
    }

    fn open(&mut self, user: UserId, assets: &[AssetId]) {
        self.apply(LedgerRecord::AccountsOpened {
            user,
            assets: assets.to_vec(),
        });
        let owner = Owner::User(user);
        let opened = assets.iter().map(|asset| AccountKey { owner, asset: *asset });
        self.model.opened.extend(opened);
    }

    fn apply(&mut self, record: LedgerRecord) {
        self.ledger.apply(&record);
        self.records.push(record);
    }

    fn compare(&self) {
        self.ledger.check();
        let accounts: Vec<_> = self.ledger.accounts().collect();
        let keys: Vec<_> = accounts.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, self.model.opened.iter().copied().collect::<Vec<_>>());
        for (key, counters) in accounts {
            let sums = self.model.sums(|other| other == key).unwrap();
            assert_eq!(units(counters), sums, "the counters of {key}");
        }
        for asset in ASSETS.map(|symbol| symbol.parse().unwrap()) {
            let sums = self.model.sums(|account| account.asset == asset).unwrap();
            assert_eq!(units(self.ledger.totals(asset)), sums, "the totals of {asset}");
            for owner in OWNERS {
                let key = AccountKey { owner, asset };
                let balance = self.ledger.balance(key);
                let parts = [balance.available, balance.held, balance.incoming].map(Amount::minor);
                assert_eq!(parts, self.model.balance(key), "the balance of {key}");
            }
        }
        for user in [1, 2, 3].map(UserId::new) {
            let of_user = |key: &&AccountKey| key.owner == Owner::User(user);
            let expected = self.model.opened.iter().filter(of_user);
            let expected = expected.map(|key| (key.asset, self.ledger.balance(*key)));
            let listed = self.ledger.balances_of(user);
            assert_eq!(listed.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }
        let now = self.wall.as_micros();
        for max in 0..3 {
            let expected = self.model.due(now, max).into_iter();
            let expected = expected.map(|hold| LedgerRecord::HoldExpired { hold });
            assert_eq!(self.ledger.due(self.wall, max), expected.collect::<Vec<_>>());
        }
        let next = self.ledger.next_expiry().map(WallClock::as_micros);
        assert_eq!(next, self.model.next_expiry());
        self.compare_transactions();
    }

    fn compare_transactions(&self) {
        for (index, expected) in self.model.transactions.iter().enumerate() {
            let view = self.ledger.transaction(id_at(index)).unwrap();
            let status = match view.state {
                TransactionState::Posted => Status::Posted,
                TransactionState::Pending { expires_at } => {
                    Status::Pending(expires_at.map(WallClock::as_micros))
                }
                TransactionState::HoldPosted => Status::HoldPosted,
                TransactionState::Voided => Status::Voided,
                TransactionState::Expired => Status::Expired,
            };
            assert_eq!(view.id, id_at(index));
            assert_eq!(status, expected.status, "the state of {}", view.id);
            assert_eq!(view.transfers, expected.transfers);
            assert_eq!(view.reverses, expected.reverses);
            assert_eq!(view.reversed_by, expected.reversed_by);
        }
        let beyond = id_at(self.model.transactions.len());
        assert_eq!(self.ledger.transaction(beyond), None);
        assert_eq!(self.ledger.transaction(TransactionId::new(0)), None);
    }

    /// Stores and loads every record, and lets a fresh ledger take them in.
    fn replayed(&self) -> Ledger {
        let mut ledger = Ledger::new();
        for record in &self.records {
            let bytes = postcard::to_allocvec(record).unwrap();
            let loaded: LedgerRecord = postcard::from_bytes(&bytes).unwrap();
            assert_eq!(loaded, *record);
            ledger.apply(&loaded);
        }
        ledger
    }
}

fn units(counters: Counters) -> Sums {
    let Counters {
        debits_posted,
        credits_posted,
        debits_pending,
        credits_pending,
    } = counters;
    [debits_posted, credits_posted, debits_pending, credits_pending]
        .map(|amount| u128::try_from(amount.minor()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_does_what_the_model_does(steps in steps()) {
        let mut run = Run::new();
        for step in &steps {
            run.step(step);
        }
        let replayed = run.replayed();
        prop_assert_eq!(replayed.digest(), run.ledger.digest());
        prop_assert!(replayed == run.ledger);
    }
}

/// Guards the property above against a generator that has stopped to reach something.
#[test]
fn the_generator_reaches_every_answer() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..200 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let mut run = Run::new();
        for step in &steps {
            run.step(step);
        }
        seen.extend(run.seen);
    }
    let all = [
        "accepted",
        "accounts",
        "above_maximum",
        "already_reversed",
        "amount_above_max",
        "amount_below_min",
        "amount_exceeds_hold",
        "amount_not_positive",
        "amounts",
        "amounts_count_differs",
        "asset_disabled",
        "assets",
        "below_minimum",
        "expired",
        "expiry",
        "expiry_in_the_past",
        "frozen",
        "hold_already_posted",
        "hold_already_voided",
        "hold_expired",
        "insufficient_funds",
        "kind",
        "limits_invalid",
        "no_transfers",
        "not_a_hold",
        "not_posted",
        "overflow",
        "same_account",
        "target",
        "too_many_transfers",
        "unknown_asset",
        "unknown_transaction",
    ];
    let missing: Vec<_> = all.into_iter().filter(|code| !seen.contains(code)).collect();
    assert!(missing.is_empty(), "never seen: {missing:?}");
}
