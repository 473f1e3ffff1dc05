//! The node: blocks on demand, finality by tag, and everything that can happen to a transaction that was mined.

use std::time::Duration;

use plimsoll_tests::evm::node::{Node, Tag};
use plimsoll_tests::evm::wallet::{Deployed, Wallet};
use plimsoll_tests::evm::{contracts, hex};
use serde_json::json;

/// A node on which the first account has deployed the token and owns a thousand of it.
fn with_token(node: &Node) -> (Wallet<'_>, Deployed) {
    let wallet = Wallet::number(node, 0);
    let token = wallet.deploy(
        contracts::true_token(),
        &["Tether USD".into(), "USDT".into(), 18.into()],
    );
    assert!(
        wallet
            .transact(&token, "mint", &[wallet.address().into(), 1000.into()])
            .success
    );
    (wallet, token)
}

#[test]
fn blocks_come_only_when_asked_for_and_age_into_finality() {
    let node = Node::start(56);
    assert_eq!(node.chain_id(), 56);
    assert_eq!(node.block(Tag::Latest).number, 0);
    let head = node.mine(5);
    assert_eq!(head.number, 5);
    assert_eq!(node.block(Tag::Safe), node.block(Tag::Height(4)));
    assert_eq!(node.block(Tag::Finalized), node.block(Tag::Height(3)));
}

#[test]
fn two_nodes_are_two_chains() {
    let (main, test) = (Node::start(56), Node::start(97));
    assert_eq!((main.chain_id(), test.chain_id()), (56, 97));
    let address = |node: &Node| with_token(node).1.address;
    assert_eq!(
        address(&main),
        address(&test),
        "E22: the same contract at the same address"
    );
    let transfer = |node: &Node| {
        let (wallet, token) = with_token(node);
        wallet
            .transact(&token, "transfer", &[node.accounts()[1].into(), 5.into()])
            .hash
    };
    let raw = hex(&test.raw(transfer(&test)));
    let replayed = main.try_rpc("eth_sendRawTransaction", &json!([raw]));
    assert!(
        replayed.unwrap_err().message.contains("chain"),
        "a signature holds on one chain only"
    );
}

#[test]
fn a_waiting_transaction_is_known_and_has_no_receipt() {
    let node = Node::start(56);
    let (wallet, token) = with_token(&node);
    let hash = wallet.send(&token, "transfer", &[node.accounts()[1].into(), 5.into()]);
    assert!(node.knows(hash));
    assert_eq!(node.receipt(hash), None, "E15: null is not a verdict");
    let head = node.mine(1);
    let receipt = node.receipt(hash).unwrap();
    assert_eq!(
        (receipt.block_number, receipt.block_hash),
        (head.number, head.hash)
    );
}

#[test]
fn a_replaced_transaction_is_never_mined() {
    let node = Node::start(56);
    let (wallet, token) = with_token(&node);
    let to = node.accounts()[1];
    let nonce = 2; // after the deployment and the minting
    let gwei = 1_000_000_000;
    let first = wallet
        .send_as(nonce, 2 * gwei, &token, "transfer", &[to.into(), 5.into()])
        .unwrap();
    let cheap = wallet.send_as(nonce, 2 * gwei, &token, "transfer", &[to.into(), 6.into()]);
    assert!(
        cheap.unwrap_err().message.contains("underpriced"),
        "the same price replaces nothing"
    );
    let second = wallet
        .send_as(nonce, 4 * gwei, &token, "transfer", &[to.into(), 7.into()])
        .unwrap();
    node.mine(1);
    assert!(node.receipt(second).unwrap().success);
    assert_eq!(node.receipt(first), None, "E20: the first is gone for ever");
    assert!(!node.knows(first));
}

#[test]
fn a_reorganised_transaction_loses_its_receipt_and_its_effect() {
    let node = Node::start(56);
    let (wallet, token) = with_token(&node);
    let to = node.accounts()[1];
    let paid = wallet.transact(&token, "transfer", &[to.into(), 5.into()]);
    assert_eq!(wallet.view(&token, "balanceOf", &[to.into()]).last(), Some(&5));
    node.mine(1);
    let head = node.reorg(2);
    assert_eq!(head.number, paid.block_number + 1, "the other branch is as long");
    assert_ne!(node.block(Tag::Height(paid.block_number)).hash, paid.block_hash);
    assert_eq!(node.receipt(paid.hash), None, "E11: the receipt is null again");
    assert_eq!(wallet.view(&token, "balanceOf", &[to.into()]).last(), Some(&0));
}

#[test]
fn a_transaction_can_come_back_in_another_block_with_another_log_index() {
    let node = Node::start(56);
    let (wallet, token) = with_token(&node);
    let paid = wallet.transact(&token, "transfer", &[node.accounts()[1].into(), 5.into()]);
    assert_eq!(paid.logs[0].index_in_block, 0);
    let raw = node.raw(paid.hash);
    node.rollback(1);
    assert_eq!(node.receipt(paid.hash), None);
    let other = Wallet::number(&node, 2).send(&token, "mint", &[node.accounts()[2].into(), 1.into()]);
    assert_eq!(node.send_raw(&raw), paid.hash);
    node.mine(1);
    let again = node.receipt(paid.hash).unwrap();
    assert_eq!(
        node.receipt(other).unwrap().block_hash,
        again.block_hash,
        "both are in one block"
    );
    assert_ne!(again.block_hash, paid.block_hash);
    assert_eq!(
        again.logs[0].index_in_block, 1,
        "E11: the index in the block moved"
    );
    assert_eq!(
        again.logs[0].transfer(),
        paid.logs[0].transfer(),
        "the ordinal in the receipt did not"
    );
}

#[test]
fn a_snapshot_brings_the_whole_chain_back() {
    let node = Node::start(56);
    let (wallet, token) = with_token(&node);
    let before = node.block(Tag::Latest);
    let snapshot = node.snapshot();
    let paid = wallet.transact(&token, "transfer", &[node.accounts()[1].into(), 5.into()]);
    node.revert(snapshot);
    assert_eq!(node.block(Tag::Latest), before);
    assert_eq!(node.receipt(paid.hash), None);
}

#[test]
fn hundreds_of_transactions_fit_one_block() {
    let node = Node::start(56);
    let (wallet, token) = with_token(&node);
    let to = node.accounts()[1];
    let sent: Vec<_> = (0..500)
        .map(|_| wallet.send(&token, "transfer", &[to.into(), 1.into()]))
        .collect();
    let head = node.mine(1);
    for (ordinal, hash) in (0..).zip(sent) {
        let receipt = node.receipt(hash).unwrap();
        assert_eq!(
            (receipt.block_hash, receipt.logs[0].index_in_block),
            (head.hash, ordinal)
        );
    }
}

#[test]
fn an_error_of_the_node_is_handed_over() {
    let node = Node::start(56);
    assert_eq!(
        node.try_rpc("eth_noSuchMethod", &json!([])).unwrap_err().code,
        -32601
    );
}

#[test]
fn a_node_ends_cleanly_when_asked() {
    let mut node = Node::start(56);
    assert!(node.process().terminate(Duration::from_secs(10)).success());
}
