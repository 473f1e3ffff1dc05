//! The real world: what it cannot do it refuses, and a storm of whatever it can comes to the simulator's end.

use std::collections::BTreeMap;

use plimsoll_core::money::Amount;
use plimsoll_sim::engine::Latency;
use plimsoll_sim::fault::{
    ChainFault, CrashLoss, Direction, EndpointFault, Fault, Lie, LinkFault, LinkName, ProcessFault,
    StoreFault,
};
use plimsoll_sim::run::{Ending, fates, replay};
use plimsoll_sim::world::plan::{
    ClaimPlan, Deed, Fate, Movement, Plan, QuotaPlan, ScheduledFault, Shape, Token,
};
use plimsoll_sim::world::{Booked, Fates};
use plimsoll_tests::world::{Deposit, Failure, check, judge, run};

/// The seed of the storm.
const SEED: u64 = 11;
/// How many users there are.
const USERS: u32 = 4;

fn fault(from_ms: u64, until_ms: u64, fault: Fault) -> ScheduledFault {
    ScheduledFault {
        after: None,
        from_ms,
        until_ms: Some(until_ms),
        fault,
    }
}

fn endpoint(endpoint: u8, fault: EndpointFault) -> Fault {
    let percent = 100;
    Fault::Endpoint {
        endpoint,
        fault,
        percent,
    }
}

fn link(link: LinkName, direction: Direction, fault: LinkFault) -> Fault {
    Fault::Network {
        link,
        direction,
        fault,
    }
}

fn process(fault: ProcessFault) -> Fault {
    Fault::Process { fault }
}

fn kill() -> Fault {
    let loss = CrashLoss::Kept;
    process(ProcessFault::Crash { loss })
}

/// A transaction, claimed twice by the user whom its movements name.
fn deposit(at_ms: u64, movements: Vec<Movement>, fate: Fate) -> Deed {
    let user = movements[0].user;
    let claim = |at_ms| ClaimPlan {
        at_ms,
        user,
        key: None,
    };
    Deed::Deposit {
        at_ms,
        movements,
        fate,
        delay_blocks: 0,
        claims: vec![claim(at_ms + 100), claim(at_ms + 900)],
    }
}

fn movement(shape: Shape, user: u32, token: Token, amount_milli: u64) -> Movement {
    Movement {
        shape,
        user,
        token,
        amount_milli,
    }
}

/// Payments and whatever only looks like one, while everything that this world knows goes wrong.
fn storm() -> Plan {
    let mut plan = Plan::calm("storm", 24_000);
    plan.topology.users = USERS;
    plan.topology.bank.pool.open_ms = 3_000;
    plan.topology.bank.pool.cordon_ms = 5_000;
    let pay = |user, token, amount_milli| movement(Shape::Payment, user, token, amount_milli);
    for number in 0..16 {
        let user = number % USERS;
        let token = if number % 3 == 0 { Token::Usdc } else { Token::Usdt };
        let amount = 5_000 + u64::from(number);
        let at_ms = 1_500 + 1_200 * u64::from(number);
        plan.workload
            .push(deposit(at_ms, vec![pay(user, token, amount)], Fate::Mined));
    }
    let several = vec![
        pay(0, Token::Usdt, 7_000),
        movement(Shape::ToCollect, 1, Token::Usdt, 8_000),
        pay(1, Token::Usdt, 9_000),
        pay(2, Token::Usdt, 999),
    ];
    plan.workload.push(deposit(4_100, several, Fate::Mined));
    for (shape, number) in [
        Shape::FakeToken,
        Shape::Erc721,
        Shape::DirtyTopic,
        Shape::LongData,
        Shape::Native,
        Shape::ZeroValue,
        Shape::Minted,
        Shape::ToStranger,
        Shape::Approval,
    ]
    .into_iter()
    .zip(0u32..)
    {
        let trap = movement(shape, number % USERS, Token::Usdt, 6_000);
        plan.workload
            .push(deposit(2_000 + 700 * u64::from(number), vec![trap], Fate::Mined));
    }
    plan.workload
        .push(deposit(5_000, vec![pay(3, Token::Usdt, 5_000)], Fate::Reverted));
    plan.faults = faults();
    plan.check().expect("sound");
    plan
}

fn faults() -> Vec<ScheduledFault> {
    let one = |endpoint| LinkName::Endpoint { endpoint };
    let (both, to_bank) = (Direction::Both, Direction::ToBank);
    let slow = Latency::Fixed { us: 80_000 };
    vec![
        fault(2_000, 9_000, endpoint(0, EndpointFault::Dead)),
        fault(2_500, 8_000, endpoint(1, EndpointFault::NeverAnswers)),
        fault(3_000, 12_000, endpoint(2, EndpointFault::StuckHead)),
        fault(9_500, 15_000, endpoint(0, EndpointFault::WrongChain)),
        fault(9_000, 14_000, endpoint(3, EndpointFault::Malformed)),
        fault(10_000, 16_000, endpoint(4, EndpointFault::TooLarge)),
        fault(12_500, 18_000, endpoint(2, EndpointFault::PrivateFork)),
        fault(5_000, 9_000, link(one(5), both, LinkFault::Partition)),
        fault(6_000, 8_000, link(one(6), both, LinkFault::Hold)),
        fault(
            9_000,
            15_000,
            link(one(5), to_bank, LinkFault::Loss { percent: 30 }),
        ),
        fault(
            9_000,
            15_000,
            link(one(6), both, LinkFault::HalfOpen { notice_ms: 2_000 }),
        ),
        fault(
            4_000,
            16_000,
            link(LinkName::Users, both, LinkFault::Delay { extra: slow }),
        ),
        fault(
            10_500,
            12_500,
            link(LinkName::Users, to_bank, LinkFault::Partition),
        ),
        fault(4_300, 4_900, kill()),
        fault(7_100, 7_200, kill()),
        fault(13_000, 14_500, kill()),
        fault(15_000, 16_500, process(ProcessFault::Pause)),
        fault(18_000, 18_800, process(ProcessFault::Restart)),
        fault(
            17_000,
            19_000,
            Fault::Chain {
                fault: ChainFault::FinalityStall,
            },
        ),
    ]
}

/// What comes of `plan` in the simulator, which must pass.
fn in_simulator(plan: &Plan) -> Fates {
    let single = replay(plan, SEED, None).expect("sound");
    assert_eq!(single.ending, Ending::Passed);
    fates(plan, SEED).expect("sound").expect("it is up")
}

#[test]
fn a_storm_in_real_processes_ends_as_in_the_simulator() {
    let plan = storm();
    let report = run(&plan, SEED).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(report.fates.to_string(), in_simulator(&plan).to_string());
    assert_eq!(report.kills, 3);
    assert_eq!(report.unmet, Vec::<String>::new(), "no question met it");
    assert!(report.lost > 0, "no link lost anything");
    assert!(report.repetitions > 0, "no client asked twice");
    let mut booked = BTreeMap::new();
    for one in report.fates.deposits.values() {
        *booked.entry(one.to_string()).or_insert(0) += 1;
    }
    let expected = [
        (Booked::Posted.to_string(), 18),
        (Booked::Suspended.to_string(), 2),
    ];
    assert_eq!(booked, BTreeMap::from(expected));

    // The jury can complain: of a credit that nobody is due, of one that is missing, and of a wrong amount.
    let complaints = |deposits: &[Deposit]| judge(&report.state, &report.sent, deposits, None);
    assert_eq!(complaints(&report.deposits), Vec::<String>::new());
    let [first, rest @ ..] = report.deposits.as_slice() else {
        panic!("there are deposits")
    };
    assert!(!complaints(rest).is_empty(), "a credit without a deposit passed");
    let mut more = report.deposits.clone();
    more.push(Deposit {
        name: (999, 0),
        ..*first
    });
    assert!(!complaints(&more).is_empty(), "a deposit without a credit passed");
    let mut other = report.deposits.clone();
    other[0].truth.amount = Amount::from_minor(first.truth.amount.minor() + 1);
    assert!(!complaints(&other).is_empty(), "a wrong amount passed");
}

/// A quorum that tells one lie is more than any verifier can see through, so no sound plan has it. Here it shows that the
/// jury sees what the bank cannot.
#[test]
fn a_credit_on_the_word_of_liars_makes_the_jury_complain() {
    let mut plan = Plan::calm("a quorum of liars", 8_000);
    plan.topology.users = 1;
    let payment = movement(Shape::Payment, 0, Token::Usdt, 5_000);
    plan.workload = vec![deposit(2_000, vec![payment], Fate::Mined)];
    let lie = Lie::InflatedAmount;
    let lying = |number| fault(1_000, 8_000, endpoint(number, EndpointFault::Lying { lie }));
    plan.faults = (0..7).map(lying).collect();
    let Err(Failure::Violation(complaints)) = run(&plan, SEED) else {
        panic!("nobody complained")
    };
    let [complaint] = complaints.as_slice() else {
        panic!("more is wrong: {complaints:?}")
    };
    assert!(complaint.starts_with("users hold "), "{complaint}");
    let (held, due) = (5 * 256, 5);
    for amount in [held, due] {
        assert!(
            complaint.contains(&format!("({amount}{:018}, 0)", 0)),
            "{complaint}"
        );
    }
}

#[test]
fn what_this_world_cannot_do_is_refused_by_name() {
    let mut plan = storm();
    let store = Fault::Store {
        fault: StoreFault::Unavailable,
        percent: 100,
    };
    let reorg = ChainFault::Reorg {
        depth: 1,
        vanish_percent: 0,
    };
    let torn = CrashLoss::Torn;
    plan.faults = vec![
        fault(2_000, 3_000, store),
        fault(2_000, 3_000, process(ProcessFault::Crash { loss: torn })),
        fault(2_000, 3_000, endpoint(0, EndpointFault::Crossed)),
        fault(2_000, 3_000, Fault::Chain { fault: reorg }),
        fault(2_000, 3_000, kill()),
    ];
    plan.workload = vec![
        Deed::Balances { at_ms: 5, user: 0 },
        deposit(
            1_000,
            vec![movement(Shape::OwnSweep, 0, Token::Usdt, 5_000)],
            Fate::Mined,
        ),
        deposit(
            1_000,
            vec![movement(Shape::Payment, 0, Token::Busd, 5_000)],
            Fate::Mined,
        ),
    ];
    plan.topology.endpoints[1].quotas = vec![QuotaPlan {
        calls: 100,
        per_ms: 1_000,
    }];
    let refused = check(&plan).expect_err("most of it is refused");
    let fields: Vec<&str> = refused.iter().map(|one| one.field.as_str()).collect();
    let faults = ["faults[0]", "faults[1]", "faults[2]", "faults[3]"];
    let deeds = ["workload[0]", "workload[1]", "workload[2]"];
    assert_eq!(
        fields,
        [&deeds[..], &faults[..], &["topology.endpoints[1].quotas"]].concat()
    );
}
