//! Compares the product with the chain and with what it has acknowledged, by asking it.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::id::TxHash;
use plimsoll_core::money::Amount;
use plimsoll_tests::http::{Answer, Client};
use plimsoll_tests::product::ADMIN_TOKEN;
use serde_json::{Value, json};

use super::book::{Book, Claim, Transfer, User};
use super::clients::{claim_body, decision, text};
use super::truth::{Deposit, Truth, Verdict, Whose};
use super::world::{CREDIT, USDC, USDT};

/// The most differences that a failure lists.
const SHOWN_MAX: usize = 20;
/// The longest page of dead letters.
const PAGE: usize = 1_000;

/// One comparison.
pub(super) struct Audit<'a> {
    pub(super) client: &'a Client,
    pub(super) book: &'a Book,
    pub(super) truth: &'a Truth,
}

impl Audit<'_> {
    /// What differs between the chain and the ledger, and between the chain and the fate of the claims.
    pub(super) fn money(&self) -> Vec<String> {
        let mut differences = Vec::new();
        self.compare_balances(&mut differences);
        self.compare_claims(&mut differences);
        self.compare_dead_letters(&mut differences);
        differences
    }

    /// What differs between the product and what it has acknowledged: users, claims, transactions, and the outcome
    /// of every idempotency key.
    pub(super) fn acknowledged(&self) -> Vec<String> {
        let mut differences = Vec::new();
        for user in &self.book.users {
            self.compare_user(user, &mut differences);
        }
        for claim in &self.book.claims {
            let body = claim_body(claim.user, claim.tx);
            let expected = (202, json!(claim.id), Value::Null);
            self.compare_repeated(
                "/api/v1/escrow/claims",
                &claim.key,
                &body,
                &expected,
                &mut differences,
            );
        }
        for transfer in &self.book.transfers {
            self.compare_transfer(transfer, &mut differences);
        }
        self.compare_uniqueness(&mut differences);
        differences
    }

    fn compare_balances(&self, differences: &mut Vec<String>) {
        let mut found = BTreeMap::new();
        for user in &self.book.users {
            let answer = self.get(&format!("/api/v1/users/{}/balances", user.id));
            for balance in answer.body["balances"].as_array().expect("balances are a list") {
                let (available, locked) = (&balance["available"], &balance["locked"]);
                let asset = text(&balance["asset"]);
                if let Some(asset) = [USDT, USDC, CREDIT].into_iter().find(|one| one.symbol == asset) {
                    let minor = |amount| minor(text(amount), asset.scale);
                    found.insert((user.id, asset.symbol), minor(available));
                    if minor(locked) != 0 {
                        differences.push(format!("{}: {locked} {} is locked", user.id, asset.symbol));
                    }
                } else if minor(text(available), 18) != 0 {
                    differences.push(format!("{}: {available} of the worthless {asset}", user.id));
                }
            }
        }
        let expected = self.truth.balances(self.book);
        for key in expected.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
            let (user, asset) = key;
            let (found, expected) = (found.get(key), expected.get(key));
            if found != expected {
                differences.push(format!("{user} has {found:?} {asset}, should have {expected:?}"));
            }
        }
    }

    fn compare_claims(&self, differences: &mut Vec<String>) {
        for claim in &self.book.claims {
            let answer = self.get(&format!("/api/v1/escrow/claims/{}", claim.id));
            let body = &answer.body;
            let names = (&body["user"], &body["tx"]);
            if names != (&json!(claim.user.to_string()), &json!(claim.tx.to_string())) {
                differences.push(format!("{claim:?} is not what was filed: {body}"));
            }
            let expected = self.truth.verdict(claim.user, claim.tx, self.book);
            if !stands(body, &expected) {
                differences.push(format!("{claim:?} should be {expected:?} and is {body}"));
            }
        }
    }

    /// The dead letters are the claimed transactions that no block holds, and no others.
    fn compare_dead_letters(&self, differences: &mut Vec<String>) {
        let lost =
            |claim: &&Claim| self.truth.verdict(claim.user, claim.tx, self.book) == Verdict::DeadLetter;
        let expected: BTreeSet<TxHash> = self
            .book
            .claims
            .iter()
            .filter(lost)
            .map(|claim| claim.tx)
            .collect();
        let path = format!("/api/v1/escrow/dead-letter-queue?limit={PAGE}");
        let authorization = format!("Bearer {ADMIN_TOKEN}");
        let answer = self.client.get_with(&path, &[("authorization", &authorization)]);
        let answer = answer.expect("the server answers");
        let letters = answer.body["dead_letters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let found: BTreeSet<TxHash> = letters
            .iter()
            .map(|letter| text(&letter["tx"]).parse().expect("a hash"))
            .collect();
        for tx in found.symmetric_difference(&expected) {
            let is = if found.contains(tx) { "is" } else { "is not" };
            differences.push(format!(
                "{tx} {is} a dead letter: {:?}",
                self.book.payments.get(tx)
            ));
        }
    }

    fn compare_user(&self, user: &User, differences: &mut Vec<String>) {
        let expected = (201, json!(user.id.to_string()), Value::Null);
        let body = json!({ "name": user.name });
        self.compare_repeated("/api/v1/users", &user.key, &body, &expected, differences);
        let found = self.get(&format!("/api/v1/users/{}", user.id)).body;
        let address = &found["deposit_addresses"][0]["address"];
        if (&found["name"], address) != (&json!(user.name), &json!(user.address.to_string())) {
            differences.push(format!("{user:?} was registered and is {found}"));
        }
    }

    fn compare_transfer(&self, transfer: &Transfer, differences: &mut Vec<String>) {
        let expected = match &transfer.outcome {
            Ok(id) => (201, json!(id), Value::Null),
            Err(code) => (422, Value::Null, json!(code)),
        };
        let (path, key) = ("/api/v1/transactions", &transfer.key);
        self.compare_repeated(path, key, &transfer.body, &expected, differences);
        if let Ok(id) = &transfer.outcome {
            let found = self.get(&format!("{path}/{id}")).body;
            let moved = |leg: &Value| ["debit", "credit", "asset"].map(|field| leg[field].clone());
            let list =
                |legs: &Value| -> Vec<_> { legs.as_array().into_iter().flatten().map(moved).collect() };
            let sent = list(&transfer.body["post"]["transfers"]);
            if found["state"] != "posted" || list(&found["transfers"]) != sent {
                differences.push(format!("{transfer:?} was acknowledged and is {found}"));
            }
        }
    }

    /// Sends a write once more: it must be answered as it was.
    fn compare_repeated(
        &self,
        path: &str,
        key: &str,
        body: &Value,
        expected: &(u16, Value, Value),
        differences: &mut Vec<String>,
    ) {
        let answer = self.client.post(path, &[("idempotency-key", key)], body);
        let answer = answer.expect("the server answers");
        if decision(&answer) != *expected {
            differences.push(format!(
                "{key}: {body} was answered {expected:?} and is now {answer:?}"
            ));
        }
    }

    /// No two acknowledgements share a name, but for claims of one user on one transaction.
    fn compare_uniqueness(&self, differences: &mut Vec<String>) {
        let users: BTreeSet<_> = self.book.users.iter().map(|user| user.id).collect();
        let transfers = || {
            self.book
                .transfers
                .iter()
                .filter_map(|one| one.outcome.as_ref().ok())
        };
        let names: BTreeSet<_> = transfers().collect();
        let claims: BTreeSet<_> = self.book.claims.iter().map(|claim| &claim.id).collect();
        let claimed: BTreeSet<_> = self.book.claims.iter().map(|one| (one.user, one.tx)).collect();
        let counts = [
            ("users", users.len(), self.book.users.len()),
            ("transactions", names.len(), transfers().count()),
            ("claims", claims.len(), claimed.len()),
        ];
        for (what, distinct, all) in counts {
            if distinct != all {
                differences.push(format!("{all} {what} share {distinct} names"));
            }
        }
    }

    fn get(&self, path: &str) -> Answer {
        let answer = self.client.get(path).expect("the server answers");
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer
    }
}

/// What differs between the chain and the house's own accounts, which `plimsoll check` has printed.
pub(super) fn house(truth: &Truth, printed: &str) -> Vec<String> {
    let account = |line: &str| {
        let (account, amount) = line.split_once(' ')?;
        let (_, symbol) = account.split_once('/')?;
        let asset = [USDT, USDC, CREDIT]
            .into_iter()
            .find(|asset| asset.symbol == symbol)?;
        Some((account.to_owned(), minor(amount, asset.scale)))
    };
    let found = printed
        .lines()
        .filter_map(account)
        .filter(|(_, amount)| *amount != 0);
    let found: BTreeMap<_, _> = found.collect();
    let expected = truth.house();
    let accounts: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    let difference = |account: &&String| {
        let (found, expected) = (found.get(*account), expected.get(*account));
        (found != expected).then(|| format!("{account} holds {found:?}, should hold {expected:?}"))
    };
    accounts.iter().filter_map(difference).collect()
}

/// Fails with the differences, if there are any.
#[track_caller]
pub(super) fn assert_equal(what: &str, differences: &[String]) {
    let shown = differences
        .iter()
        .take(SHOWN_MAX)
        .fold(String::new(), |text, one| text + "\n- " + one);
    assert!(
        differences.is_empty(),
        "{what}: {} differences:{shown}",
        differences.len()
    );
}

/// Whether the claim that is shown as `body` stands as it should.
fn stands(body: &Value, expected: &Verdict) -> bool {
    let (status, reason) = (&body["status"], &body["reason"]);
    match expected {
        Verdict::Credited(deposits) => status == "credited" && shows(&body["deposits"], deposits),
        Verdict::Suspense(deposits) => {
            let why = deposits.first().map(|deposit| deposit.whose);
            status == "suspense"
                && why.is_some_and(|why| matches!(why, Whose::Nobody(expected) if reason == expected))
                && shows(&body["deposits"], deposits)
        }
        Verdict::Rejected(expected) => status == "rejected" && reason == expected,
        Verdict::DeadLetter => status == "dead_letter" && (reason == "unseen" || reason == "reorged_out"),
    }
}

fn shows(found: &Value, expected: &[Deposit]) -> bool {
    let found = found.as_array().into_iter().flatten().map(|deposit| {
        let scale = if deposit["asset"] == USDC.symbol {
            USDC.scale
        } else {
            USDT.scale
        };
        let amount = minor(text(&deposit["amount"]), scale);
        (deposit["ordinal"].clone(), deposit["asset"].clone(), amount)
    });
    let expected = expected
        .iter()
        .map(|deposit| (json!(deposit.ordinal), json!(deposit.asset), deposit.amount));
    found.eq(expected)
}

/// The minor units of an amount of an asset with `scale` decimals.
fn minor(text: &str, scale: u8) -> i128 {
    let amount = Amount::parse(text, scale);
    amount
        .unwrap_or_else(|error| panic!("{text:?} is no amount: {error}"))
        .minor()
}
