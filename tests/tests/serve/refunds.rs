//! A deposit goes back, with the release binary at both ends and a real node between: what the house pays on the chain is gone
//! from its books, through kill -9, and both say the same.

use std::time::Duration;

use plimsoll_core::id::{Address, TxHash};
use plimsoll_tests::evm::contracts;
use plimsoll_tests::evm::node::{Node, Tag};
use plimsoll_tests::evm::wallet::Wallet;
use plimsoll_tests::process::wait_until;
use plimsoll_tests::product::{
    ADMIN_TOKEN, Asset, Ended, Endpoint, Installation, Settings, plimsoll, run_to_end,
};
use serde_json::{Value, json};

use super::{assert_no_panic, offline, stop};

const PATIENCE: Duration = Duration::from_secs(30);
const CHAIN: &str = "eip155:56";

fn admin(installation: &Installation, args: &[&str]) -> Ended {
    let mut command = plimsoll();
    let url = format!("http://127.0.0.1:{}", installation.port());
    command
        .arg("admin")
        .args(args)
        .args(["--url", &url, "--format", "json"]);
    command.env("PLIMSOLL_TOKEN", ADMIN_TOKEN);
    let ended = run_to_end(command);
    assert_no_panic(&ended.stderr);
    ended
}

#[track_caller]
fn done(installation: &Installation, args: &[&str]) -> Value {
    let ended = admin(installation, args);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

/// A house whose collecting address is an account of the node, so that somebody can pay from it.
fn settings(node: &Node, token: Address, collect: Address) -> Settings {
    let endpoint = |name: &str| Endpoint {
        name: name.to_owned(),
        provider: name.to_owned(),
        url: node.url().to_owned(),
    };
    let offline = offline();
    Settings {
        genesis: node.block(Tag::Height(0)).hash,
        assets: vec![
            Asset {
                token: Some((token, 18)),
                ..offline.assets[0]
            },
            offline.assets[1],
        ],
        collect: vec![collect],
        endpoints: vec![endpoint("one"), endpoint("two")],
        ..offline
    }
}

/// What the last reconciliation says of USDT: how chain and books agree, what is on the chain, in the books, and may leave.
#[track_caller]
fn reconciled(installation: &Installation, node: &Node, key: &str) -> (String, String, String, String) {
    let ordered = ["reconcile", CHAIN, "--reason", "the test says so", "--key", key];
    let before = done(installation, &["reconciliation"])["reconciliations"].clone();
    done(installation, &ordered);
    let mut last = Value::Null;
    wait_until("custody is reconciled", PATIENCE, || {
        node.mine(1);
        last = done(installation, &["reconciliation"])["reconciliations"].clone();
        last != before
    });
    let row = &last[0]["assets"][0];
    let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let whole = |field| text(field).split('.').next().unwrap_or_default().to_owned();
    (
        text("agreement"),
        whole("on_chain"),
        whole("in_custody"),
        whole("leaving"),
    )
}

#[test]
fn what_is_paid_back_on_the_chain_is_gone_from_the_books() {
    let node = Node::start(56);
    let [deployer, payer, collect] = [0, 1, 9].map(|number| Wallet::number(&node, number));
    let named = ["Tether USD".into(), "USDT".into(), 18.into()];
    let token = deployer.deploy(contracts::true_token(), &named);
    let whole = |units: u128| units * 10u128.pow(18);
    deployer.transact(&token, "mint", &[payer.address().into(), whole(100).into()]);
    let installation = Installation::new(&settings(&node, token.address, collect.address()));
    let mut server = installation.serve_until_ready();
    let paid = payer.transact(&token, "transfer", &[collect.address().into(), whole(25).into()]);
    let (tx, payee) = (paid.hash.to_string(), payer.address().to_string());
    wait_until("the payment is in suspense", PATIENCE, || {
        node.mine(1);
        done(&installation, &["suspense", "list"])["suspense"] != json!([])
    });
    let even = |on_chain: &str, in_custody: &str, leaving: &str| {
        let text = str::to_owned;
        (text("even"), text(on_chain), text(in_custody), text(leaving))
    };
    assert_eq!(reconciled(&installation, &node, "r1"), even("25", "25", "0"));

    let because = ["--reason", "the test says so"];
    let ordinal = done(&installation, &["suspense", "list"])["suspense"][0]["ordinal"].to_string();
    let request = [
        &[
            "refunds", "request", CHAIN, &tx, &ordinal, &payee, "--key", "once",
        ],
        &because[..],
    ]
    .concat();
    let first = done(&installation, &request);
    assert_eq!(first["refund"], "refund-1");
    server.kill();
    let mut server = installation.serve_until_ready();
    assert_eq!(done(&installation, &request), first, "the first answer");
    assert_eq!(done(&installation, &["suspense", "list"])["suspense"], json!([]));
    let pending = done(&installation, &["refunds", "list", "--pending"]);
    assert_eq!(pending["refunds"][0]["of"], "suspense");
    assert_eq!(reconciled(&installation, &node, "r2"), even("25", "25", "25"));

    let back = collect.transact(&token, "transfer", &[payer.address().into(), whole(25).into()]);
    assert_eq!(
        reconciled(&installation, &node, "r3").0,
        "even",
        "it may be paid by now"
    );
    let settle = |paid_by: TxHash, key: &str| {
        let paid_by = paid_by.to_string();
        let args = ["refunds", "settle", "refund-1", CHAIN, &paid_by, "--key", key];
        admin(&installation, &[&args, &because[..]].concat())
    };
    let wrong = settle(paid.hash, "wrong");
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("not_its_payment"), "{}", wrong.stderr);
    assert_eq!(settle(back.hash, "paid").code, Some(0));
    server.kill();
    let mut server = installation.serve_until_ready();
    let shown = done(&installation, &["refunds", "list"]);
    assert_eq!(
        (&shown["refunds"][0]["state"], &shown["refunds"][0]["paid_by"]),
        (&json!("settled"), &json!(back.hash.to_string()))
    );
    assert_eq!(reconciled(&installation, &node, "r4"), even("0", "0", "25"));
    stop(&mut server);
    let audit = installation.run(&["check"], &installation.journal());
    assert_eq!(audit.code, Some(0), "{audit:?}");
}
