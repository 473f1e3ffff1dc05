//! What a real node says that holders have, at the block that was asked about and at no other.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_adapters::chain::{EndpointUrl, Internet, RpcClient};
use plimsoll_adapters::clock::Clock;
use plimsoll_core::escrow::{Answer, Question};
use plimsoll_core::id::{Address, ChainId, EndpointId};
use plimsoll_tests::evm::contracts;
use plimsoll_tests::evm::node::{Node, Tag};
use plimsoll_tests::evm::wallet::Wallet;

const ENDPOINT: EndpointId = EndpointId {
    chain: ChainId::new(56),
    index: 0,
};

fn word(units: u8) -> [u8; 32] {
    let mut word = [0; 32];
    word[31] = units;
    word
}

#[test]
fn balances_are_those_at_the_block_that_was_asked_about() {
    let node = Node::start(56);
    let wallet = Wallet::number(&node, 0);
    let token = wallet.deploy(
        contracts::true_token(),
        &["Tether USD".into(), "USDT".into(), 18.into()],
    );
    let holders: Vec<Address> = node.accounts()[..3].to_vec();
    wallet.transact(&token, "mint", &[holders[0].into(), 100.into()]);
    let first = node.block(Tag::Latest);
    wallet.transact(&token, "transfer", &[holders[1].into(), 30.into()]);
    let second = node.block(Tag::Latest);
    wallet.transact(&token, "transfer", &[holders[2].into(), 5.into()]);
    node.mine(4);
    let url: EndpointUrl = node.url().parse().expect("a node has an address");
    let network = Internet::reaching([&url].into_iter()).expect("no TLS is needed");
    let client = RpcClient::new(BTreeMap::from([(ENDPOINT, url)]), network, Clock::start());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    let ask = |block: u64| {
        let question = Question::Balances {
            block,
            token: token.address,
            holders: holders.clone(),
        };
        runtime
            .block_on(client.ask(ENDPOINT, &question, Duration::from_secs(10)))
            .expect("the node answers")
    };
    for (block, expected) in [(first, [100, 0, 0]), (second, [70, 30, 0])] {
        let Answer::Balances {
            finalized,
            at: Some(at),
            balances,
        } = ask(block.number)
        else {
            panic!("no balances at {block:?}")
        };
        assert_eq!((at.number, at.hash), (block.number, block.hash));
        assert!(finalized.number >= block.number);
        assert_eq!(balances, expected.map(word));
    }
    let above = ask(node.block(Tag::Latest).number + 10);
    let Answer::Balances {
        at: None, balances, ..
    } = above
    else {
        panic!("{above:?}")
    };
    assert!(
        balances.is_empty(),
        "nobody has anything in a block that is not there"
    );
}
