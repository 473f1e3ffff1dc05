use proptest::prelude::*;

use super::{simpler, sooner};
use crate::scenario::{Scenario, library};
use crate::world::plan::{ClaimPlan, Deed, Fate, HoldEnd, HoldPlan, Movement, Shape, Token};

fn deposit() -> Deed {
    Deed::Deposit {
        at_ms: 2_000,
        movements: vec![Movement {
            shape: Shape::Erc721,
            user: 1,
            token: Token::Usdc,
            amount_milli: 3_000,
        }],
        fate: Fate::Reverted,
        delay_blocks: 1,
        claims: vec![ClaimPlan {
            at_ms: 2_030,
            user: 1,
            key: Some(4),
        }],
    }
}

fn transfer() -> Deed {
    Deed::Transfer {
        at_ms: 0,
        from: 0,
        to: 1,
        token: Token::Gold,
        amount_milli: 1_000,
        key: Some(1),
        hold: Some(HoldPlan {
            expires_after_ms: Some(1),
            end_at_ms: 0,
            end: HoldEnd::Void,
            also: Some(HoldEnd::Post),
        }),
        reverse_at_ms: Some(1),
    }
}

/// What changes from `deed` to each of `others`, in the form that it is written in.
fn changes(deed: &Deed, others: &[Deed]) -> Vec<String> {
    let fields = |deed: &Deed| {
        let text = toml::to_string(deed).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let before = fields(deed);
    let change = |other: &Deed| {
        let after = fields(other);
        let gone = before
            .iter()
            .filter(|line| !after.contains(line) && line.contains('='));
        let new = after.iter().filter(|line| !before.contains(line));
        let told = gone
            .map(|line| format!("-{line}"))
            .chain(new.map(|line| format!("+{line}")));
        told.collect::<Vec<_>>().join(" ")
    };
    others.iter().map(change).collect()
}

#[test]
fn a_deposit_becomes_usual_in_every_part() {
    let expected = [
        "-fate = \"reverted\" +fate = \"mined\"",
        "-delay_blocks = 1 +delay_blocks = 0",
        "-shape = \"erc721\" +shape = \"payment\"",
        "-token = \"usdc\" +token = \"usdt\"",
        "-amount_milli = 3000 +amount_milli = 1000",
        "-amount_milli = 3000 +amount_milli = 2000",
        "-key = 4",
    ];
    assert_eq!(changes(&deposit(), &simpler(&deposit())), expected);
}

#[test]
fn a_payment_loses_what_is_special_of_it() {
    let expected = [
        "-key = 1",
        "-reverse_at_ms = 1",
        "-expires_after_ms = 1 -end_at_ms = 0 -end = \"void\" -also = \"post\"",
        "-also = \"post\"",
        "-expires_after_ms = 1",
        "-end = \"void\" +end = \"post\"",
        "-token = \"gold\" +token = \"usdt\"",
        "-token = \"gold\" +token = \"usdc\"",
    ];
    assert_eq!(changes(&transfer(), &simpler(&transfer())), expected);
}

#[test]
fn all_of_a_deed_comes_sooner_or_what_follows_from_it() {
    let expected = [
        "-at_ms = 2000 -at_ms = 2030 +at_ms = 0 +at_ms = 30",
        "-at_ms = 2000 -at_ms = 2030 +at_ms = 1000 +at_ms = 1030",
        "-at_ms = 2030",
        "-at_ms = 2030 +at_ms = 2020",
    ];
    assert_eq!(changes(&deposit(), &sooner(&deposit())), expected);
}

proptest! {
    /// However a deed is simplified again and again, there is an end, and it never comes back to what it was.
    #[test]
    fn simplifying_ends(seed in 0_u64..1_000, which: prop::sample::Index, choices: [prop::sample::Index; 32]) {
        let (name, text) = library::EMBEDDED.iter().find(|(one, _)| *one == "escrow/swarm").unwrap();
        let plan = Scenario::parse(name, name, text).unwrap().expand(seed);
        let mut one = which.get(&plan.workload).clone();
        let mut seen = vec![one.clone()];
        for choice in choices.iter().cycle() {
            let found: Vec<Deed> = simpler(&one).into_iter().chain(sooner(&one)).collect();
            if found.is_empty() {
                break;
            }
            one = choice.get(&found).clone();
            prop_assert!(!seen.contains(&one), "{one:?} again");
            seen.push(one.clone());
        }
    }
}
