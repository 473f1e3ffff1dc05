//! A plan's movements as calls of real contracts, one for each shape.

use plimsoll_core::id::Address;
use plimsoll_sim::model::assets::COLLECT;
use plimsoll_sim::world::plan::{Movement, Shape, Token};
use serde_json::{Value, json};

use super::abi::Arg;
use super::node::Node;
use super::wallet::{Deployed, Wallet};
use super::{contracts, hex};

/// An address that nobody of ours has.
pub const STRANGER: Address = Address::Evm([0x5e; 20]);
/// Where EIP-7708 logs come from.
pub const NATIVE: Address = {
    let mut bytes = [0xff; 20];
    bytes[19] = 0xfe;
    Address::Evm(bytes)
};
/// What everybody owns at first, in minor units of 18 decimals.
pub const WEALTH: u128 = 1_000_000_000_000_000_000_000_000_000;

/// Contracts that log what movements say.
#[derive(Debug)]
pub struct Contracts {
    /// A token of 18 decimals.
    pub usdt: Deployed,
    /// A token of 6 decimals.
    pub usdc: Deployed,
    /// Logs what no token logs; takes the place of BUSD.
    pub odd: Deployed,
    /// A token that only looks like USDT.
    pub counterfeit: Deployed,
    native: Deployed,
    multisend: Deployed,
    reverter: Deployed,
}

/// What a transaction is to the node.
#[derive(Debug)]
pub struct Call<'c> {
    signer: Address,
    to: &'c Deployed,
    method: &'static str,
    args: Vec<Arg>,
    coins: u128,
}

impl Contracts {
    /// Deploys them from the node's first account.
    #[must_use]
    pub fn deploy(node: &Node) -> Self {
        let owner = Wallet::number(node, 0);
        let named = |decimals: u128| ["Tether USD".into(), "USDT".into(), decimals.into()];
        let native = contracts::native_like();
        node.set_code(NATIVE, native.runtime());
        Self {
            usdt: owner.deploy(contracts::true_token(), &named(18)),
            usdc: owner.deploy(contracts::true_token(), &named(6)),
            odd: owner.deploy(contracts::odd_layout(), &[]),
            counterfeit: owner.deploy(contracts::fake_token(), &named(18)),
            native: Deployed {
                address: NATIVE,
                contract: native,
            },
            multisend: owner.deploy(contracts::multisend(), &[]),
            reverter: owner.deploy(contracts::reverter(), &[]),
        }
    }

    /// Gives every account but the first tokens, and lets the first `payers` of these spend theirs through contracts.
    pub fn endow(&self, node: &Node, payers: usize) {
        let owner = Wallet::number(node, 0);
        for (number, account) in node.accounts().iter().enumerate().skip(1) {
            for token in [&self.usdt, &self.usdc] {
                owner.send(token, "mint", &[(*account).into(), WEALTH.into()]);
                if number <= payers {
                    for spender in [&self.multisend, &self.reverter] {
                        let args = [spender.address.into(), WEALTH.into()];
                        Wallet::number(node, number).send(token, "approve", &args);
                    }
                }
            }
        }
        node.mine(1);
    }

    /// The contract that stands for `token`, if one does.
    #[must_use]
    pub const fn token(&self, token: Token) -> Option<&Deployed> {
        match token {
            Token::Usdt => Some(&self.usdt),
            Token::Usdc => Some(&self.usdc),
            Token::Busd => Some(&self.odd),
            Token::Gold => None,
        }
    }

    /// The call by which `payer` makes `movements`, in order. Where there are several, all are transfers of one token;
    /// where there is none, a transfer is undone within the transaction. `user` gives the address of a user, which signs
    /// where the user's own money moves.
    ///
    /// # Panics
    /// When a movement is of a token that is on no chain.
    #[must_use]
    pub fn call(&self, movements: &[Movement], payer: Address, user: &dyn Fn(u32) -> Address) -> Call<'_> {
        let (to, method, args) = match movements {
            [] => {
                let args = vec![self.usdt.address.into(), STRANGER.into(), 5.into()];
                (&self.reverter, "payUndone", args)
            }
            [one] => return self.single(one, payer, user(one.user)),
            [first, ..] => {
                let token = self.token(first.token).expect("the token is on the chain");
                let payee = |one: &Movement| Arg::Address(payee(one, user(one.user)));
                let payees = Arg::List(movements.iter().map(payee).collect());
                let values = Arg::List(movements.iter().map(|one| units(one).into()).collect());
                (
                    &self.multisend,
                    "multisend",
                    vec![token.address.into(), payees, values],
                )
            }
        };
        Call {
            signer: payer,
            to,
            method,
            args,
            coins: 0,
        }
    }

    fn single(&self, one: &Movement, payer: Address, user: Address) -> Call<'_> {
        let value = units(one);
        let token = if one.token == Token::Usdc {
            &self.usdc
        } else {
            &self.usdt
        };
        let odd = &self.odd;
        let plain = vec![payer.into(), user.into(), value.into()];
        let transfer = || vec![payee(one, user).into(), value.into()];
        let (signer, to, method, args) = match one.shape {
            Shape::Payment | Shape::ToCollect | Shape::ToStranger => (payer, token, "transfer", transfer()),
            Shape::ZeroValue => (payer, token, "transfer", vec![user.into(), 0.into()]),
            Shape::SelfTransfer | Shape::OwnSweep => (user, token, "transfer", transfer()),
            Shape::Minted => (payer, token, "mint", transfer()),
            Shape::Approval => (payer, token, "approve", transfer()),
            Shape::FakeToken => (payer, &self.counterfeit, "pretend", plain),
            Shape::Native => (payer, &self.native, "forward", vec![user.into()]),
            Shape::Erc721 => (payer, odd, "fourTopics", plain),
            Shape::LongData => (payer, odd, "longData", plain),
            Shape::DirtyTopic => (
                payer,
                odd,
                "asTold",
                vec![topic(payer, 0), topic(user, 0x80), value.into()],
            ),
            Shape::Huge => {
                let most = Arg::Word([0xff; 32]);
                (payer, odd, "asTold", vec![topic(payer, 0), topic(user, 0), most])
            }
        };
        Call {
            signer,
            to,
            method,
            args,
            coins: if one.shape == Shape::Native { value } else { 0 },
        }
    }
}

impl Call<'_> {
    /// The transaction: one that works, or one that runs out of gas and is mined all the same.
    #[must_use]
    pub fn request(&self, works: bool) -> Value {
        let data = self.to.contract.call(self.method, &self.args);
        let gas = if works { GAS } else { least_gas(&data) };
        json!({
            "from": self.signer.to_string(),
            "to": self.to.address.to_string(),
            "gas": format!("{gas:#x}"),
            "value": format!("{:#x}", self.coins),
            "data": hex(&data),
        })
    }
}

/// Far more gas than any of these calls takes.
const GAS: u64 = 1_000_000;

/// The least gas with which a node takes a call of `data` (EIP-7623): too little for any of the test contracts.
fn least_gas(data: &[u8]) -> u64 {
    let tokens: u64 = data.iter().map(|byte| if *byte == 0 { 1 } else { 4 }).sum();
    21_000 + 10 * tokens
}

/// Whom a movement pays, `user` being the address of the user named in it.
fn payee(movement: &Movement, user: Address) -> Address {
    match movement.shape {
        Shape::ToCollect | Shape::OwnSweep => COLLECT,
        Shape::ToStranger => STRANGER,
        Shape::Payment
        | Shape::FakeToken
        | Shape::Erc721
        | Shape::DirtyTopic
        | Shape::LongData
        | Shape::Native
        | Shape::ZeroValue
        | Shape::SelfTransfer
        | Shape::Minted
        | Shape::Huge
        | Shape::Approval => user,
    }
}

/// An amount in minor units of the token's contract.
fn units(movement: &Movement) -> u128 {
    let decimals = if movement.token == Token::Usdc { 6 } else { 18 };
    u128::from(movement.amount_milli) * 10u128.pow(decimals - 3)
}

/// An address as a topic that begins with `high`.
fn topic(address: Address, high: u8) -> Arg {
    let mut word = [0; 32];
    word[0] = high;
    word[12..].copy_from_slice(address.bytes());
    Arg::Word(word)
}
