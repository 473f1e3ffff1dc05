//! Makes the log of a movement, together with the truth about it: both from what the plan meant.

use plimsoll_core::escrow::{Log, SuspenseReason, TRANSFER_TOPIC};
use plimsoll_core::id::{Address, UserId};
use plimsoll_core::rng::Rng;

use super::truth::{Due, Truth};
use crate::model::assets::{COLLECT, COUNTERFEIT, Facts, MIN_MILLI, minor_units};
use crate::world::plan::{Movement, Shape};

/// keccak256("Approval(address,address,uint256)").
const APPROVAL_TOPIC: [u8; 32] = [
    0x8c, 0x5b, 0xe1, 0xe5, 0xeb, 0xec, 0x7d, 0x5b, 0xd1, 0x4f, 0x71, 0x42, 0x7d, 0x1e, 0x84, 0xf3, 0xdd,
    0x03, 0x14, 0xc0, 0xf7, 0xb2, 0x29, 0x1e, 0x5b, 0x20, 0x0a, 0xc8, 0xc7, 0xc3, 0xb9, 0x25,
];
/// Where EIP-7708 logs native transfers.
const NATIVE_EMITTER: Address = {
    let mut bytes = [0xff; 20];
    bytes[19] = 0xfe;
    Address::Evm(bytes)
};

/// A user as the chain knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payee {
    /// Who it is to the bank.
    pub user: UserId,
    /// The deposit address that the bank told them.
    pub address: Address,
}

/// The log of `movement`, the `index`th of its transaction, and what is due for it.
pub(super) fn make(movement: &Movement, payee: Payee, index: u64, rng: &mut Rng) -> (Log, Truth) {
    let facts = movement.token.facts();
    let Some((contract, decimals)) = facts.contract else {
        unreachable!("a movement of a token that is on no chain")
    };
    let outsider = stranger(rng);
    let (from, to) = match movement.shape {
        Shape::Payment
        | Shape::FakeToken
        | Shape::Erc721
        | Shape::DirtyTopic
        | Shape::LongData
        | Shape::Native
        | Shape::ZeroValue
        | Shape::Huge
        | Shape::Approval => (outsider, payee.address),
        Shape::ToCollect => (outsider, COLLECT),
        Shape::ToStranger => (outsider, stranger(rng)),
        Shape::SelfTransfer => (payee.address, payee.address),
        Shape::OwnSweep => (payee.address, COLLECT),
        Shape::Minted => (Address::default(), payee.address),
    };
    let units = minor_units(movement.amount_milli, decimals).minor();
    let mut log = plain_transfer(contract, (from, to), units, index);
    disguise(movement, &mut log);
    let truth = Truth {
        asset: facts.id,
        amount: minor_units(movement.amount_milli, facts.scale),
        from,
        to,
        due: due(movement, payee, &facts),
    };
    (log, truth)
}

/// A plain transfer log: `units` of `contract`, between the two addresses, at `index` of its transaction.
#[must_use]
pub fn plain_transfer(contract: Address, (from, to): (Address, Address), units: i128, index: u64) -> Log {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&units.to_be_bytes());
    Log {
        address: contract,
        topics: [TRANSFER_TOPIC, topic(from), topic(to), [0; 32]],
        topic_count: 3,
        word,
        data_len: 32,
        index,
    }
}

/// Makes a plain transfer log look as the movement's shape says.
fn disguise(movement: &Movement, log: &mut Log) {
    match movement.shape {
        Shape::Payment
        | Shape::ToCollect
        | Shape::ToStranger
        | Shape::SelfTransfer
        | Shape::OwnSweep
        | Shape::Minted => {}
        Shape::FakeToken => log.address = COUNTERFEIT,
        Shape::Erc721 => {
            log.topics[3] = log.word;
            log.topic_count = 4;
            log.word = [0; 32];
            log.data_len = 0;
        }
        Shape::DirtyTopic => log.topics[2][0] = 0x80,
        Shape::LongData => log.data_len = 64,
        Shape::Native => log.address = NATIVE_EMITTER,
        Shape::ZeroValue => log.word = [0; 32],
        Shape::Huge => log.word = huge(movement.amount_milli, log.word),
        Shape::Approval => log.topics[0] = APPROVAL_TOPIC,
    }
}

/// One of the amounts that no ledger can count: as many as there are, a plain amount and 2^248 more, or the most that
/// 127 bits hold.
fn huge(amount_milli: u64, plain: [u8; 32]) -> [u8; 32] {
    let mut word = plain;
    match amount_milli % 3 {
        0 => word = [0xff; 32],
        1 => word[0] = 1,
        _ => word[16..].copy_from_slice(&i128::MAX.to_be_bytes()),
    }
    word
}

/// What is due for a movement that is of all that it pays: the policy that the chain facts ask for, told from the intent.
pub(super) fn due(movement: &Movement, payee: Payee, facts: &Facts) -> Due {
    match movement.shape {
        Shape::Payment if !facts.is_enabled => Due::Suspense(SuspenseReason::AssetDisabled),
        Shape::Payment if movement.amount_milli < MIN_MILLI => Due::Suspense(SuspenseReason::BelowMinimum),
        Shape::Payment => Due::User(payee.user),
        Shape::ToCollect => Due::Suspense(SuspenseReason::Unattributed),
        Shape::Huge => Due::Person,
        Shape::ToStranger
        | Shape::FakeToken
        | Shape::Erc721
        | Shape::DirtyTopic
        | Shape::LongData
        | Shape::Native
        | Shape::ZeroValue
        | Shape::SelfTransfer
        | Shape::OwnSweep
        | Shape::Minted
        | Shape::Approval => Due::Nothing(movement.shape),
    }
}

fn topic(address: Address) -> [u8; 32] {
    let mut topic = [0; 32];
    topic[12..].copy_from_slice(address.bytes());
    topic
}

/// An address that is not ours.
fn stranger(rng: &mut Rng) -> Address {
    let mut bytes = [0x5e; 20];
    bytes[..8].copy_from_slice(&rng.next_u64().to_be_bytes());
    Address::Evm(bytes)
}
