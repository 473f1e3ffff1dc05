//! What is judged when a run is over, from what it left behind.
//!
//! `plimsoll check` audits the journal. `plimsoll replay` drives every recorded life again, which must do what it did, to the
//! bit, while the simulator's oracles watch that need nothing but inputs, effects and records: conservation, exactly_once,
//! idempotency, told, dates, durability, replay, testimony, breakers and lifecycle. Those that ask the engine's own chain,
//! store or people (asking, decisions, integrity, zero_loss, expectation) have no such thing to ask here. What zero_loss
//! and exactly_once say of deposits is judged by [`judge`] instead, from what the plan meant and what the chain holds.

use std::collections::BTreeMap;

use plimsoll_core::bank::State;
use plimsoll_core::id::UserId;
use plimsoll_core::money::Amount;
use plimsoll_sim::model::chain::{Due, Payee, Truth};
use plimsoll_sim::world::plan::{PricePlan, Token};
use plimsoll_sim::world::{Booked, Fates, Sent};

use crate::http::Client;
use crate::product::{Ended, Installation};

/// A deposit that is on the chain, valid and final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deposit {
    /// The place of its deed in the workload, and of its movement in the deed.
    pub name: (u32, u32),
    /// What is due for it.
    pub truth: Truth,
}

/// What keeps `state` from being settled: deposits that are in no book, and transactions that are under way though a block
/// holds them.
#[must_use]
pub(super) fn unsettled(state: &State, sent: &[Sent], stranded: &[Sent]) -> Vec<String> {
    let fates = Fates::of(state, sent);
    let missing = fates
        .deposits
        .iter()
        .filter(|(_, booked)| **booked == Booked::Missing);
    let missing = missing.map(|((deed, movement), _)| format!("deposit {deed}.{movement} is in no book"));
    let open = state.escrow().open().map(|(_, key)| key);
    let open = open.filter(|key| stranded.iter().all(|one| one.key != *key));
    let open = open.map(|key| format!("{} is under way", key.tx));
    missing.chain(open).collect()
}

/// What is not so in `state`: each of `deposits`, and nothing else, is in the books, once, with its amount, where it is
/// due, and bought what `price` gives for it.
#[must_use]
pub fn judge(state: &State, sent: &[Sent], deposits: &[Deposit], price: Option<PricePlan>) -> Vec<String> {
    let fates = Fates::of(state, sent);
    let mut complaints = Vec::new();
    let mut due: BTreeMap<(UserId, String), i128> = BTreeMap::new();
    for Deposit { name, truth } in deposits {
        let expected = match truth.due {
            Due::User(user) => {
                let (kept, bought) = purchase(truth, price);
                for (asset, amount) in [(truth.asset, kept), (Token::Gold.facts().id, bought)] {
                    *due.entry((user, asset.to_string())).or_default() += amount;
                }
                Booked::Posted
            }
            Due::Suspense(_) => Booked::Suspended,
            Due::Person | Due::Nothing(_) => continue,
        };
        let found = fates.deposits.get(name).copied();
        if found != Some(expected) {
            complaints.push(format!(
                "deposit {}.{} should be {expected} and is {found:?}",
                name.0, name.1
            ));
        }
    }
    let due = due.into_iter().filter(|(_, owed)| *owed != 0);
    let due = due.map(|(whose, owed)| (whose, (owed, 0)));
    let (held, due): (Balances, Balances) = (balances(state), due.collect());
    if held != due {
        complaints.push(format!("users hold {held:?} and are due {due:?}"));
    }
    complaints
}

/// What is left of a deposit, and what it bought: units rounded down, their cost rounded up.
fn purchase(truth: &Truth, price: Option<PricePlan>) -> (i128, i128) {
    let paid = truth.amount.minor();
    let Some(price) = price.filter(|_| truth.asset == Token::Usdt.facts().id) else {
        return (paid, 0);
    };
    let (gives, takes) = (i128::from(price.numerator), i128::from(price.denominator));
    let units = paid * gives / takes;
    let cost = (units * takes + gives - 1) / gives;
    (paid - cost, units)
}

/// By user and asset, in minor units: what is available, and what is locked. Empty ones are left out.
pub(super) type Balances = BTreeMap<(UserId, String), (i128, i128)>;

/// Everybody's balances in `state`.
pub(super) fn balances(state: &State) -> Balances {
    let of_user = |id: UserId| {
        let each = state.ledger().balances_of(id);
        each.map(move |(asset, balance)| {
            let amounts = (balance.available.minor(), balance.locked().minor());
            ((id, asset.to_string()), amounts)
        })
    };
    let all = state.users().flat_map(|(id, _)| of_user(id));
    all.filter(|(_, amounts)| *amounts != (0, 0)).collect()
}

/// Everybody's balances as the server tells them.
///
/// # Panics
/// When it tells none.
pub(super) fn told(client: &Client, accounts: &BTreeMap<u32, Payee>) -> Balances {
    let mut told = Balances::new();
    for account in accounts.values() {
        let answer = client.get(&format!("/api/v1/users/{}/balances", account.user));
        let answer = answer.expect("a server that is up answers");
        let list = answer.body["balances"].as_array().expect("balances are a list");
        for one in list {
            let asset = one["asset"].as_str().unwrap_or_default().to_owned();
            let is_it = |token: &Token| token.facts().id.to_string() == asset;
            let token = Token::ALL
                .into_iter()
                .find(is_it)
                .expect("an asset of the plan's");
            let minor = |field: &str| {
                let amount = Amount::parse(one[field].as_str().unwrap_or_default(), token.facts().scale);
                amount.expect("a balance is an amount").minor()
            };
            let amounts = (minor("available"), minor("locked"));
            if amounts != (0, 0) {
                told.insert((account.user, asset), amounts);
            }
        }
    }
    told
}

/// What the product's own audit and the oracles over the recording complain of.
pub(super) fn examine(installation: &Installation) -> Vec<String> {
    let mut complaints = Vec::new();
    let check = installation.run(&["check"], &installation.journal());
    if check.code != Some(0) || !check.stdout.contains(": sound, ") {
        complaints.push(ended("check", &check));
    }
    let replay = installation.replay();
    let last = replay.stdout.lines().find(|line| line.starts_with("replayed "));
    if replay.code != Some(0) || !last.is_some_and(|last| last.ends_with(": as recorded")) {
        complaints.push(ended("replay", &replay));
    }
    complaints
}

fn ended(what: &str, ended: &Ended) -> String {
    let Ended { code, stdout, stderr } = ended;
    format!("plimsoll {what} exited with {code:?}:\n{stdout}{stderr}")
}
