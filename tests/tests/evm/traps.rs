//! Every trap transaction has the shape on a real chain that its number in the list of traps names.
//!
//! If one of these fails, the tests of the product that fall into the trap prove nothing any more.

use plimsoll_core::id::Address;
use plimsoll_tests::evm::abi::Arg;
use plimsoll_tests::evm::contracts;
use plimsoll_tests::evm::node::Node;
use plimsoll_tests::evm::receipt::Receipt;
use plimsoll_tests::evm::wallet::{Deployed, Wallet};

const ZERO: Address = Address::Evm([0; 20]);
/// Where EIP-7708 logs come from.
const SYSTEM: Address = {
    let mut bytes = [0xff; 20];
    bytes[19] = 0xfe;
    Address::Evm(bytes)
};
const UINT_MAX: Arg = Arg::Word([0xff; 32]);

/// A payer with 1,000 of the registered token, on a chain with the address that it pays to.
struct World<'n> {
    payer: Wallet<'n>,
    token: Deployed,
    us: Address,
}

impl<'n> World<'n> {
    fn new(node: &'n Node) -> Self {
        let payer = Wallet::number(node, 0);
        let token = payer.deploy(contracts::true_token(), &named());
        let minted = payer.transact(&token, "mint", &[payer.address().into(), 1000.into()]);
        assert_eq!(
            minted.logs[0].transfer(),
            Some((ZERO, payer.address(), 1000)),
            "E9: a mint is from zero"
        );
        Self {
            payer,
            token,
            us: node.accounts()[9],
        }
    }

    /// Deploys a contract that needs nothing, and lets it spend the payer's tokens.
    fn spender(&self, contract: contracts::Contract) -> Deployed {
        let spender = self.payer.deploy(contract, &[]);
        assert!(
            self.payer
                .transact(&self.token, "approve", &[spender.address.into(), UINT_MAX])
                .success
        );
        spender
    }

    #[track_caller]
    fn check_balance(&self, of: Address, expected: u128) {
        let word = self.payer.view(&self.token, "balanceOf", &[of.into()]);
        assert_eq!(word[16..], expected.to_be_bytes(), "the balance of {of}");
    }
}

fn named() -> [Arg; 3] {
    ["Tether USD".into(), "USDT".into(), 18.into()]
}

/// What a careless reader would see: who logged something like a transfer, and of what layout.
fn shapes(receipt: &Receipt) -> Vec<(Address, usize, usize)> {
    let logs = receipt.logs.iter().filter(|log| log.looks_like_transfer());
    logs.map(|log| (log.address, log.topics.len(), log.data.len()))
        .collect()
}

#[test]
fn the_honest_deposit() {
    let node = Node::start(56);
    let world = World::new(&node);
    let receipt = world
        .payer
        .transact(&world.token, "transfer", &[world.us.into(), 5.into()]);
    assert!(receipt.success);
    assert_eq!(
        (receipt.from, receipt.to),
        (world.payer.address(), Some(world.token.address))
    );
    assert_eq!(shapes(&receipt), [(world.token.address, 3, 32)]);
    assert_eq!(
        receipt.logs[0].transfer(),
        Some((world.payer.address(), world.us, 5))
    );
    world.check_balance(world.us, 5);
}

#[test]
fn e1_a_reverted_transfer_has_status_0_and_no_log() {
    let node = Node::start(56);
    let world = World::new(&node);
    let too_much = world
        .payer
        .transact(&world.token, "transfer", &[world.us.into(), 1001.into()]);
    assert!(!too_much.success);
    assert_eq!(
        too_much.to,
        Some(world.token.address),
        "the calldata says that we were paid"
    );
    assert_eq!(too_much.logs, []);
    world.check_balance(world.us, 0);
}

#[test]
fn e1_a_transfer_undone_by_its_caller_leaves_no_log() {
    let node = Node::start(56);
    let world = World::new(&node);
    let reverter = world.spender(contracts::reverter());
    let (token, payer, us) = (world.token.address, world.payer.address(), world.us);
    let all = [token.into(), payer.into(), us.into(), 5.into()];
    let undone = world.payer.transact(&reverter, "payThenRevert", &all);
    assert_eq!((undone.success, undone.logs.len()), (false, 0));
    let inner = world
        .payer
        .transact(&reverter, "payUndone", &[token.into(), us.into(), 5.into()]);
    assert_eq!(
        (inner.success, inner.logs.len()),
        (true, 0),
        "only the inner call was undone"
    );
    world.check_balance(us, 0);
}

#[test]
fn e2_a_false_answer_has_status_1_and_no_log() {
    let node = Node::start(56);
    let world = World::new(&node);
    let token = world.payer.deploy(contracts::returns_false(), &[]);
    let receipt = world
        .payer
        .transact(&token, "transfer", &[world.us.into(), 5.into()]);
    assert_eq!((receipt.success, receipt.logs.len()), (true, 0));
    assert_eq!(
        world.payer.view(&token, "transfer", &[world.us.into(), 5.into()]),
        [0; 32],
        "it answers false"
    );
}

#[test]
fn e3_a_fake_token_differs_by_its_address_alone() {
    let node = Node::start(56);
    let world = World::new(&node);
    let fake = world.payer.deploy(contracts::fake_token(), &named());
    for field in ["name", "symbol", "decimals"] {
        let of = |token| world.payer.view(token, field, &[]);
        assert_eq!(of(&fake), of(&world.token), "{field}");
    }
    let args = [world.payer.address().into(), world.us.into(), 5.into()];
    let receipt = world.payer.transact(&fake, "pretend", &args);
    assert_eq!(shapes(&receipt), [(fake.address, 3, 32)]);
    assert_eq!(
        receipt.logs[0].transfer(),
        Some((world.payer.address(), world.us, 5))
    );
    assert_ne!(fake.address, world.token.address);
}

#[test]
fn e4_an_nft_transfer_has_a_fourth_topic() {
    let node = Node::start(56);
    let world = World::new(&node);
    let nft = world.payer.deploy(contracts::nft_like(), &[]);
    let payer = world.payer.address();
    let minted = world.payer.transact(&nft, "mint", &[payer.into(), 5.into()]);
    let given = world
        .payer
        .transact(&nft, "transferFrom", &[payer.into(), world.us.into(), 5.into()]);
    for receipt in [minted, given] {
        assert!(receipt.success);
        assert_eq!(shapes(&receipt), [(nft.address, 4, 0)]);
    }
}

#[test]
fn e4_odd_layouts_are_like_no_erc_20() {
    let node = Node::start(56);
    let world = World::new(&node);
    let odd = world.payer.deploy(contracts::odd_layout(), &[]);
    let plain = [Arg::from(world.payer.address()), world.us.into(), 5.into()];
    let dirty = [plain.as_slice(), &[UINT_MAX]].concat();
    let check = |method, args: &[Arg], topics, data| {
        let receipt = world.payer.transact(&odd, method, args);
        assert!(receipt.success, "{method}");
        assert_eq!(shapes(&receipt), [(odd.address, topics, data)], "{method}");
        assert_eq!(receipt.logs[0].transfer(), None, "{method}");
        receipt
    };
    check("unindexed", &plain, 1, 96);
    check("longData", &plain, 3, 64);
    check("noData", &plain[..2], 3, 0);
    let receipt = check("dirtyTopics", &dirty, 3, 32);
    let us = world.us.to_string();
    assert_eq!(
        receipt.logs[0].topics[2],
        format!("0xffffffffffffffffffffffff{}", &us[2..])
    );
}

#[test]
fn e5_the_chains_own_coin_logs_a_transfer_from_the_system_address() {
    let node = Node::start(56);
    let world = World::new(&node);
    let contract = contracts::native_like();
    node.set_code(SYSTEM, contract.runtime());
    let native = Deployed {
        address: SYSTEM,
        contract,
    };
    let hash = world
        .payer
        .send_with_coins(&native, "forward", &[world.us.into()], 5);
    node.mine(1);
    let receipt = node.receipt(hash).unwrap();
    assert!(receipt.success);
    assert_eq!(shapes(&receipt), [(SYSTEM, 3, 32)]);
    assert_eq!(
        receipt.logs[0].transfer(),
        Some((world.payer.address(), world.us, 5))
    );
}

#[test]
fn e7_anyone_can_move_nothing_from_anybody() {
    let node = Node::start(56);
    let world = World::new(&node);
    let poisoner = Wallet::number(&node, 3);
    let args = [world.payer.address().into(), world.us.into(), 0.into()];
    let receipt = poisoner.transact(&world.token, "transferFrom", &args);
    assert!(receipt.success);
    assert_eq!(
        receipt.logs[0].transfer(),
        Some((world.payer.address(), world.us, 0))
    );
}

#[test]
fn e8_one_transaction_pays_several_and_one_of_them_twice() {
    let node = Node::start(56);
    let world = World::new(&node);
    let multisend = world.spender(contracts::multisend());
    let other = node.accounts()[8];
    let recipients = Arg::List(vec![world.us.into(), other.into(), world.us.into()]);
    let values = Arg::List(vec![5.into(), 6.into(), 5.into()]);
    let args = [world.token.address.into(), recipients, values];
    let receipt = world.payer.transact(&multisend, "multisend", &args);
    let transfers: Vec<_> = receipt.logs.iter().filter_map(|log| log.transfer()).collect();
    let payer = world.payer.address();
    assert_eq!(
        transfers,
        [(payer, world.us, 5), (payer, other, 6), (payer, world.us, 5)]
    );
    world.check_balance(world.us, 10);
}

#[test]
fn e9_a_self_transfer_is_logged_and_moves_nothing() {
    let node = Node::start(56);
    let world = World::new(&node);
    let ours = Wallet::number(&node, 9);
    assert!(
        world
            .payer
            .transact(&world.token, "transfer", &[world.us.into(), 5.into()])
            .success
    );
    let receipt = ours.transact(&world.token, "transfer", &[world.us.into(), 5.into()]);
    assert_eq!(receipt.logs[0].transfer(), Some((world.us, world.us, 5)));
    world.check_balance(world.us, 5);
}

#[test]
fn e18_a_smart_wallet_is_neither_sender_nor_recipient_of_the_transaction() {
    let node = Node::start(56);
    let world = World::new(&node);
    let wallet = world.payer.deploy(contracts::smart_wallet(), &[]);
    assert!(
        world
            .payer
            .transact(&world.token, "mint", &[wallet.address.into(), 50.into()])
            .success
    );
    let relayer = Wallet::number(&node, 4);
    let args = [world.token.address.into(), world.us.into(), 5.into()];
    let receipt = relayer.transact(&wallet, "pay", &args);
    assert_eq!(
        (receipt.from, receipt.to),
        (relayer.address(), Some(wallet.address))
    );
    assert_eq!(shapes(&receipt), [(world.token.address, 3, 32)]);
    assert_eq!(receipt.logs[0].transfer(), Some((wallet.address, world.us, 5)));
}
