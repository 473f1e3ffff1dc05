//! What a deed becomes when it is made simpler: usual instead of odd, rounder, and less of it.
//!
//! Each answer is simpler than the deed that it is given, so simplifying ends.

use super::edit::times_in;
use super::numbers::{cheaper, lower};
use crate::world::plan::{ClaimPlan, Deed, Fate, HoldEnd, HoldPlan, Movement, Shape, Token};

/// Everything simpler that `deed` may become.
pub(super) fn simpler(deed: &Deed) -> Vec<Deed> {
    match deed {
        Deed::Deposit {
            movements,
            fate,
            delay_blocks,
            claims,
            ..
        } => {
            let mut found = Found::of(deed);
            if *fate != Fate::Mined {
                found.push(|one| {
                    if let Deed::Deposit { fate, .. } = one {
                        *fate = Fate::Mined;
                    }
                });
            }
            for blocks in lower(*delay_blocks, 0) {
                found.push(|one| {
                    if let Deed::Deposit { delay_blocks, .. } = one {
                        *delay_blocks = blocks;
                    }
                });
            }
            for (place, movement) in movements.iter().enumerate() {
                for simpler in simpler_movements(*movement) {
                    found.push(|one| {
                        if let Deed::Deposit { movements, .. } = one {
                            movements[place] = simpler;
                        }
                    });
                }
            }
            for (place, _) in claims.iter().enumerate().filter(|(_, claim)| claim.key.is_some()) {
                found.push(|one| {
                    if let Deed::Deposit { claims, .. } = one {
                        claims[place] = ClaimPlan {
                            key: None,
                            ..claims[place]
                        };
                    }
                });
            }
            found.deeds
        }
        Deed::Transfer { .. } => simpler_transfers(deed),
        Deed::Balances { .. }
        | Deed::RetryDeadLetters { .. }
        | Deed::Attribute { .. }
        | Deed::Order { .. } => Vec::new(),
    }
}

/// The same deed sooner: all of it, or one of its times. A claim comes no sooner than its transaction unless it did, and
/// nothing ends before it begins.
pub(super) fn sooner(deed: &Deed) -> Vec<Deed> {
    let at_ms = deed.at_ms();
    let mut found = Found::of(deed);
    for new_ms in lower(at_ms, 0) {
        found.push(|one| {
            for time in times_in(one) {
                *time = time.saturating_sub(at_ms - new_ms);
            }
        });
    }
    for place in 1..times_in(&mut deed.clone()).len() {
        let now_ms = *times_in(&mut deed.clone())[place];
        let low = if now_ms >= at_ms { at_ms } else { 0 };
        for new_ms in lower(now_ms, low) {
            found.push(|one| *times_in(one)[place] = new_ms);
        }
    }
    found.deeds
}

/// Changed copies of a deed.
struct Found<'a> {
    of: &'a Deed,
    deeds: Vec<Deed>,
}

impl<'a> Found<'a> {
    const fn of(of: &'a Deed) -> Self {
        Self {
            of,
            deeds: Vec::new(),
        }
    }

    fn push(&mut self, change: impl FnOnce(&mut Deed)) {
        let mut changed = self.of.clone();
        change(&mut changed);
        self.deeds.push(changed);
    }
}

fn simpler_movements(movement: Movement) -> Vec<Movement> {
    let mut found = Vec::new();
    if movement.shape != Shape::Payment {
        found.push(Movement {
            shape: Shape::Payment,
            ..movement
        });
    }
    found.extend(simpler_tokens(movement.token).map(|token| Movement { token, ..movement }));
    let amounts = cheaper(movement.amount_milli).into_iter();
    found.extend(amounts.map(|amount_milli| Movement {
        amount_milli,
        ..movement
    }));
    found
}

/// The tokens that are simpler to think about, the simplest first.
fn simpler_tokens(token: Token) -> impl Iterator<Item = Token> {
    let rank = |token: Token| match token {
        Token::Usdt => 0,
        Token::Usdc => 1,
        Token::Busd => 2,
        Token::Gold => 3,
    };
    let known = [Token::Usdt, Token::Usdc];
    known.into_iter().filter(move |one| rank(*one) < rank(token))
}

fn simpler_transfers(deed: &Deed) -> Vec<Deed> {
    let mut found = Found::of(deed);
    let Deed::Transfer {
        token,
        amount_milli,
        key,
        hold,
        reverse_at_ms,
        ..
    } = deed
    else {
        return Vec::new();
    };
    if key.is_some() {
        found.push(|one| {
            if let Deed::Transfer { key, .. } = one {
                *key = None;
            }
        });
    }
    if reverse_at_ms.is_some() {
        found.push(|one| {
            if let Deed::Transfer { reverse_at_ms, .. } = one {
                *reverse_at_ms = None;
            }
        });
    }
    let holds = hold.map(|hold| core::iter::once(None).chain(simpler_holds(hold).into_iter().map(Some)));
    for simpler in holds.into_iter().flatten() {
        found.push(|one| {
            if let Deed::Transfer { hold, .. } = one {
                *hold = simpler;
            }
        });
    }
    for simpler in simpler_tokens(*token) {
        found.push(|one| {
            if let Deed::Transfer { token, .. } = one {
                *token = simpler;
            }
        });
    }
    for amount in cheaper(*amount_milli) {
        found.push(|one| {
            if let Deed::Transfer { amount_milli, .. } = one {
                *amount_milli = amount;
            }
        });
    }
    found.deeds
}

fn simpler_holds(hold: HoldPlan) -> Vec<HoldPlan> {
    let mut found = Vec::new();
    if hold.also.is_some() {
        found.push(HoldPlan { also: None, ..hold });
    }
    if let Some(ms) = hold.expires_after_ms {
        let never = HoldPlan {
            expires_after_ms: None,
            ..hold
        };
        found.push(never);
        found.extend(lower(ms, 1).into_iter().map(|ms| HoldPlan {
            expires_after_ms: Some(ms),
            ..hold
        }));
    }
    if hold.end != HoldEnd::Post {
        found.push(HoldPlan {
            end: HoldEnd::Post,
            ..hold
        });
    }
    found
}

#[cfg(test)]
mod tests;
