//! A small language for tests, so that they read as tables: `what happens -> what comes of it`, a line each.
//!
//! ```text
//!   at 5                               sets the date
//!   post custody>alice 10, alice>bob 4 GOLD -> transaction-1
//!   hold alice>bob 8 until 9           -> transaction-2
//!   post-hold 2 3                      -> transaction-2      (in part; without amounts: in full)
//!   void 2 | reverse 1                 -> hold_already_posted
//!   user post alice>bob 1              -> amount_below_min   (under the rules of the registry)
//!   key=7 void 2                       -> again hold_already_posted, or: conflict target
//!   expire 10                          -> transaction-2
//!   balance alice GOLD                 -> 2 available, 8 held, 0 incoming
//!   limits alice 1..20                 -> set
//!   state 2                            -> HoldPosted, reversed by transaction-3
//! ```
//!
//! Requests without a key get a new one. The asset is USDT where none is named.

use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use super::{
    AccountKey, Balance, Command, Ledger, Limits, Outcome, Owner, Request, Rules, Transfer, Verdict,
};
use crate::id::{AssetId, ChainId, IdempotencyKey, TransactionId, UserId};
use crate::money::{Amount, Asset, Registry};
use crate::time::WallClock;

/// A ledger that a test talks to.
pub(super) struct Script {
    pub(super) ledger: Ledger,
    registry: Registry,
    wall: WallClock,
    keys: u64,
}

/// Runs `lines` against a new ledger and gives it back.
#[track_caller]
pub(super) fn run(lines: &str) -> Script {
    let mut script = Script {
        ledger: Ledger::new(),
        registry: registry(),
        wall: WallClock::from_micros(0),
        keys: 1 << 32,
    };
    script.go_on(lines);
    script
}

impl Script {
    /// Runs more lines.
    #[track_caller]
    pub(super) fn go_on(&mut self, lines: &str) {
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (action, expected) = line.split_once("->").unwrap_or((line, ""));
            let answer = self.answer(action.trim());
            self.ledger.check();
            assert_eq!(answer, expected.trim(), "{line}");
        }
    }

    fn answer(&mut self, action: &str) -> String {
        let (verb, rest) = action.split_once(' ').unwrap();
        match verb {
            "at" => {
                self.wall = WallClock::from_micros(rest.parse().unwrap());
                String::new()
            }
            "expire" => self.expire(rest.parse().unwrap()),
            "balance" => {
                let (name, symbol) = rest.split_once(' ').unwrap_or((rest, "USDT"));
                let account = AccountKey {
                    owner: owner(name),
                    asset: asset(symbol),
                };
                let Balance {
                    available,
                    held,
                    incoming,
                } = self.ledger.balance(account);
                let (available, held, incoming) = (available.minor(), held.minor(), incoming.minor());
                format!("{available} available, {held} held, {incoming} incoming")
            }
            "limits" => self.limit(rest),
            "state" => self.state(rest),
            _ => self.ask(action),
        }
    }

    fn ask(&mut self, action: &str) -> String {
        let (key, action) = match action.strip_prefix("key=") {
            Some(keyed) => {
                let (key, action) = keyed.split_once(' ').unwrap();
                (key.parse().unwrap(), action)
            }
            None => {
                self.keys += 1;
                (self.keys, action)
            }
        };
        let (rules, action) = match action.strip_prefix("user ") {
            Some(action) => (Rules::Registered(&self.registry), action),
            None => (Rules::Internal, action),
        };
        let request = Request {
            key: key_number(key),
            command: command(action),
        };
        let said = |outcome| match outcome {
            Outcome::Accepted(transaction) => transaction.to_string(),
            Outcome::Refused(refusal) => refusal.code().to_string(),
        };
        match self.ledger.decide(rules, self.wall, request) {
            Verdict::Fresh(record) => {
                self.ledger.apply(&record);
                said(Ledger::outcome_of(&record).unwrap())
            }
            Verdict::Frozen(outcome) => format!("again {}", said(outcome)),
            Verdict::Conflict { field } => format!("conflict {}", field.as_str()),
        }
    }

    fn expire(&mut self, max: usize) -> String {
        let due = self.ledger.due(self.wall, max);
        let mut expired = Vec::new();
        for record in &due {
            assert_eq!(Ledger::outcome_of(record), None);
            self.ledger.apply(record);
            let super::LedgerRecord::HoldExpired { hold } = record else {
                panic!("{record:?} is due")
            };
            expired.push(hold.to_string());
        }
        expired.join(" ")
    }

    fn limit(&mut self, rest: &str) -> String {
        let (name, bounds) = rest.split_once(' ').unwrap();
        let (minimum, maximum) = bounds.split_once("..").unwrap();
        let account = AccountKey {
            owner: owner(name),
            asset: asset("USDT"),
        };
        let limits = Limits {
            minimum: amount(minimum),
            maximum: amount(maximum),
        };
        match self.ledger.decide_limits(Rules::Internal, account, limits) {
            Ok(record) => {
                self.ledger.apply(&record);
                assert_eq!(self.ledger.limits(account), limits);
                "set".to_string()
            }
            Err(refusal) => refusal.code().to_string(),
        }
    }

    fn state(&self, id: &str) -> String {
        let view = self.ledger.transaction(transaction(id)).unwrap();
        let mut state = format!("{:?}", view.state);
        if let Some(original) = view.reverses {
            state += &format!(", reverses {original}");
        }
        if let Some(reversal) = view.reversed_by {
            state += &format!(", reversed by {reversal}");
        }
        state
    }
}

/// USDT from 2 to 50, GOLD without bounds, OLD disabled.
pub(super) fn registry() -> Registry {
    let entry = |symbol: &str, min, max, enabled| Asset {
        id: asset(symbol),
        name: symbol.to_string(),
        scale: 6,
        min: Amount::from_minor(min),
        max: Amount::from_minor(max),
        enabled,
        tokens: vec![],
    };
    Registry::new(vec![
        entry("USDT", 2, 50, true),
        entry("GOLD", 1, i128::MAX, true),
        entry("OLD", 1, 50, false),
    ])
    .unwrap()
}

/// Reads one request.
pub(super) fn command(text: &str) -> Command {
    let (verb, rest) = text.split_once(' ').unwrap();
    let (rest, expires_at) = match rest.split_once(" until ") {
        Some((rest, at)) => (rest, Some(WallClock::from_micros(at.parse().unwrap()))),
        None => (rest, None),
    };
    match verb {
        "post" => Command::Post {
            transfers: transfers(rest),
        },
        "hold" => Command::Hold {
            transfers: transfers(rest),
            expires_at,
        },
        "post-hold" => match rest.split_once(' ') {
            Some((hold, amounts)) => Command::PostHold {
                hold: transaction(hold),
                amounts: Some(amounts.split(',').map(amount).collect()),
            },
            None => Command::PostHold {
                hold: transaction(rest),
                amounts: None,
            },
        },
        "void" => Command::VoidHold {
            hold: transaction(rest),
        },
        "reverse" => Command::Reverse {
            transaction: transaction(rest),
        },
        _ => panic!("{verb} is not a command"),
    }
}

/// Reads `from>to amount [asset], …`; `nothing` is no transfer.
pub(super) fn transfers(text: &str) -> Vec<Transfer> {
    let one = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (debit, credit) = words[0].split_once('>').unwrap();
        Transfer {
            debit: owner(debit),
            credit: owner(credit),
            asset: asset(words.get(2).unwrap_or(&"USDT")),
            amount: amount(words[1]),
        }
    };
    match text {
        "nothing" => Vec::new(),
        _ => text.split(", ").map(one).collect(),
    }
}

pub(super) fn asset(symbol: &str) -> AssetId {
    symbol.parse().unwrap()
}

pub(super) fn key_number(number: u64) -> IdempotencyKey {
    IdempotencyKey::from_bytes(u128::from(number).to_le_bytes())
}

pub(super) fn owner(name: &str) -> Owner {
    match name {
        "alice" => Owner::User(UserId::new(1)),
        "bob" => Owner::User(UserId::new(2)),
        "custody" => Owner::Custody(ChainId::new(56)),
        "suspense" => Owner::Suspense,
        "treasury" => Owner::Treasury,
        "issuance" => Owner::Issuance,
        "fees" => Owner::Fees,
        "refunds" => Owner::Refunds,
        _ => panic!("nobody is called {name}"),
    }
}

fn amount(text: &str) -> Amount {
    match text.trim() {
        "max" => Amount::MAX,
        units => Amount::from_minor(units.parse().unwrap()),
    }
}

fn transaction(id: &str) -> TransactionId {
    TransactionId::new(id.parse().unwrap())
}
