//! The whole surface, with a real bank behind it.

mod acts;
mod document;
mod form;
mod health;
pub(super) mod house;
mod letters;
mod live;
mod load;
mod money;
mod operators;
mod people;
mod refunds;
mod reports;
mod webhooks;

use serde_json::json;

use house::{Answered, Server};

const USERS: &str = "/api/v1/users";
const CLAIMS: &str = "/api/v1/escrow/claims";
const TRANSACTIONS: &str = "/api/v1/transactions";
const DEAD_LETTERS: &str = "/api/v1/escrow/dead-letter-queue";
const RESOLVE: &str = "/api/v1/escrow/dead-letter-queue/resolve";

#[track_caller]
fn check_problem(reply: &Answered, status: u16, code: &str, field: Option<&str>) {
    let problem = reply.json();
    assert_eq!(
        (reply.status, problem["code"].as_str()),
        (status, Some(code)),
        "{}",
        reply.text
    );
    assert_eq!(problem["field"].as_str(), field, "{}", reply.text);
    assert_eq!(problem["status"].as_u64(), Some(u64::from(status)));
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    assert!(!problem["detail"].as_str().unwrap_or("").is_empty());
}

fn transfer(debit: &str, credit: &str, asset: &str, amount: &str) -> String {
    let transfer = json!({ "debit": debit, "credit": credit, "asset": asset, "amount": amount });
    json!({ "post": { "transfers": [transfer] } }).to_string()
}

fn claim(user: &str, chain: &str, tx: &str) -> String {
    json!({ "user": user, "chain": chain, "tx": tx }).to_string()
}

async fn available(server: &Server, user: &str) -> String {
    let balances = server.get(&format!("{USERS}/{user}/balances")).await.json();
    balances["balances"][0]["available"]
        .as_str()
        .expect("a balance")
        .to_owned()
}
