//! Makes what token accounts held before and after a Solana transaction, together with the truth about it: both from what the
//! plan meant.
//!
//! Each movement has a place of its own, but what is paid to one account is one gain: its truth is at the place of the first
//! payment, and nothing is due at the others (trap S2). All that outsiders lose comes from one wallet.

use plimsoll_core::escrow::{TOKEN_PROGRAM, TokenBalance, token_account};
use plimsoll_core::id::Address;
use plimsoll_core::rng::Rng;

use super::log::{Payee, due};
use super::truth::{Due, Truth};
use crate::model::assets::{collect, counterfeit, minor_units};
use crate::world::plan::{ChainKind, Movement, Shape};

/// The other token program, some of whose mints look like the real ones (trap S4).
const OTHER_PROGRAM: Address = Address::Solana([0x22; 32]);
/// The places of accounts that lose something come after those of the movements.
const LOSSES_FROM: u8 = 200;

/// What a transaction does and what is due for it.
pub(super) type Made = (Vec<TokenBalance>, Vec<Truth>);

/// Each movement in turn, with the truth about it.
pub(super) fn make(movements: &[Movement], payees: &dyn Fn(u32) -> Payee, rng: &mut Rng) -> Made {
    let payer = stranger(rng);
    let mut made = Made::default();
    for (movement, place) in merged(movements).iter().zip(0u8..) {
        let payee = payees(movement.user);
        let (balance, from) = balance(movement, payee, payer, place, rng);
        let to = balance.map_or(payee.address, |balance| balance.wallet);
        let facts = movement.token.facts();
        made.1.push(Truth {
            asset: facts.id,
            amount: minor_units(movement.amount_milli, facts.scale),
            from,
            to,
            due: match movement.amount_milli {
                0 => Due::Nothing(Shape::Payment),
                _ => due(movement, payee, &facts),
            },
        });
        let Some(gain) = balance else { continue };
        if movement.amount_milli > 0 {
            made.0.push(gain);
        }
        if gain.after > gain.before && movement.shape != Shape::Minted {
            let account = if from == payer {
                account_of_outsider(payer)
            } else {
                token_account(&from, &gain.mint)
            };
            let loser = TokenBalance {
                account,
                wallet: from,
                ..gain
            };
            lose(&mut made.0, loser, gain.after - gain.before, rng);
        }
    }
    made.0.sort_unstable_by_key(|one| (one.place, one.mint));
    made
}

/// The same after it failed: what it named is named, and nothing moved (trap S1).
pub(super) fn undone((mut balances, _): Made) -> Made {
    for balance in &mut balances {
        balance.after = balance.before;
    }
    (balances, Vec::new())
}

/// The movements, with everything that is paid to one account in the first of those that pay it.
fn merged(movements: &[Movement]) -> Vec<Movement> {
    let mut merged: Vec<Movement> = Vec::new();
    for movement in movements {
        let mut movement = *movement;
        let is_same = |one: &&mut Movement| {
            one.shape == Shape::Payment
                && movement.shape == Shape::Payment
                && (one.user, one.token) == (movement.user, movement.token)
                && one.amount_milli > 0
        };
        if let Some(first) = merged.iter_mut().find(is_same) {
            first.amount_milli += movement.amount_milli;
            movement.amount_milli = 0;
        }
        merged.push(movement);
    }
    merged
}

/// What the account that a movement is about held before and after, if there is one, and whose the tokens were.
fn balance(
    movement: &Movement,
    payee: Payee,
    payer: Address,
    place: u8,
    rng: &mut Rng,
) -> (Option<TokenBalance>, Address) {
    let Some((mint, decimals)) = movement.token.contract(ChainKind::Solana) else {
        unreachable!("a movement of a token that is on no chain")
    };
    let units = u64::try_from(minor_units(movement.amount_milli, decimals).minor()).unwrap_or(u64::MAX);
    let before = if rng.chance(1, 2) {
        0
    } else {
        rng.below(1_000_000_000)
    };
    let in_account = |account: Address, wallet: Address, mint: Address| TokenBalance {
        place,
        account,
        mint,
        wallet,
        program: TOKEN_PROGRAM,
        before,
        after: before + units,
    };
    let held = |wallet: Address, mint: Address| in_account(token_account(&wallet, &mint), wallet, mint);
    let balance = match movement.shape {
        Shape::Payment | Shape::Minted => held(payee.address, mint),
        Shape::ToCollect | Shape::OwnSweep => held(collect(ChainKind::Solana), mint),
        Shape::ToStranger => {
            let wallet = stranger(rng);
            in_account(account_of_outsider(wallet), wallet, mint)
        }
        Shape::FakeToken => held(payee.address, counterfeit(ChainKind::Solana)),
        Shape::Erc721 => TokenBalance {
            program: OTHER_PROGRAM,
            ..held(payee.address, mint)
        },
        Shape::DirtyTopic => in_account(stranger(rng), payee.address, mint),
        Shape::LongData => TokenBalance {
            wallet: stranger(rng),
            ..held(payee.address, mint)
        },
        Shape::Native => return (None, payer),
        Shape::ZeroValue | Shape::SelfTransfer | Shape::Approval => TokenBalance {
            after: before,
            ..held(payee.address, mint)
        },
        Shape::Huge => TokenBalance {
            before: 0,
            after: u64::MAX,
            ..held(payee.address, mint)
        },
    };
    let from = if movement.shape == Shape::OwnSweep {
        payee.address
    } else {
        payer
    };
    (Some(balance), from)
}

/// Lets the account of `loser` lose so many units more.
fn lose(balances: &mut Vec<TokenBalance>, loser: TokenBalance, units: u64, rng: &mut Rng) {
    let is_same = |one: &&mut TokenBalance| {
        one.place >= LOSSES_FROM && (one.wallet, one.mint) == (loser.wallet, loser.mint)
    };
    if let Some(known) = balances.iter_mut().find(is_same) {
        known.before = known.before.saturating_add(units);
        return;
    }
    let losses = balances.iter().filter(|one| one.place >= LOSSES_FROM).count();
    let after = rng.below(1_000_000).min(u64::MAX - units);
    balances.push(TokenBalance {
        place: LOSSES_FROM.saturating_add(u8::try_from(losses).unwrap_or(u8::MAX)),
        program: TOKEN_PROGRAM,
        before: after + units,
        after,
        ..loser
    });
}

/// The account of a wallet that is not ours. Nobody looks at which it is, and deriving one is dear.
fn account_of_outsider(wallet: Address) -> Address {
    let Address::Solana(mut bytes) = wallet else {
        unreachable!("{wallet} is no wallet of Solana")
    };
    bytes[31] ^= 0xff;
    Address::Solana(bytes)
}

/// A wallet or an account that is not ours.
fn stranger(rng: &mut Rng) -> Address {
    let mut bytes = [0x5e; 32];
    bytes[..8].copy_from_slice(&rng.next_u64().to_be_bytes());
    Address::Solana(bytes)
}
