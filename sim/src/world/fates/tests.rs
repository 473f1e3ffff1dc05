use super::Fates;
use crate::run;
use crate::world::plan::{ClaimPlan, Deed, Fate, Movement, Plan, Shape, Token};

fn movement(shape: Shape, user: u32, amount_milli: u64) -> Movement {
    Movement {
        shape,
        user,
        token: Token::Usdt,
        amount_milli,
    }
}

fn deposit(at_ms: u64, movements: Vec<Movement>, fate: Fate) -> Deed {
    let claim = ClaimPlan {
        at_ms: at_ms + 50,
        user: 0,
        key: None,
    };
    Deed::Deposit {
        at_ms,
        movements,
        fate,
        delay_blocks: 0,
        claims: vec![claim],
    }
}

/// A payment that is claimed, two that are not payments, one below the minimum, one that no block ever holds.
fn plan() -> Plan {
    let mut plan = Plan::calm("fates", 20_000);
    plan.workload = vec![
        Deed::Balances { at_ms: 700, user: 0 },
        deposit(
            1_000,
            vec![
                movement(Shape::Approval, 1, 5_000),
                movement(Shape::Payment, 1, 5_000),
                movement(Shape::Payment, 2, 500),
            ],
            Fate::Mined,
        ),
        deposit(2_000, vec![movement(Shape::Payment, 3, 7_000)], Fate::Reverted),
        deposit(3_000, vec![movement(Shape::Payment, 3, 7_000)], Fate::NeverMined),
    ];
    plan.check().expect("sound");
    plan
}

#[test]
fn fates_name_deeds_movements_and_users() {
    let fates = run::fates(&plan(), 1).expect("sound").expect("it is up");
    insta::assert_snapshot!(fates, @r#"
    deposit 1.1 posted
    deposit 1.2 suspended
    transaction 1 final
    transaction 2 rejected
    transaction 3 observed
    balance "user 1" USDT available 5000000000000000000 locked 0
    "#);
}

#[test]
fn another_seed_has_other_hashes_and_the_same_fates() {
    let [one, other] = [1, 2].map(|seed| run::fates(&plan(), seed).expect("sound").expect("it is up"));
    assert_eq!(one, other);
    assert_ne!(one, Fates::default());
}
