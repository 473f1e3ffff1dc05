use core::time::Duration;

use plimsoll_core::escrow::{Answer, Fault as Silence, Question};
use plimsoll_core::id::{Address, TxHash, UserId};
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;

use super::{Endpoint, Reaction};
use crate::fault::{EndpointFault, Lie};
use crate::model::chain::{Chain, Payee};
use crate::world::plan::{ChainPlan, EndpointPlan, Fate, Movement, Shape, Token, Topology};

const VICTIM: Address = Address::Evm([9; 20]);
const NOW: Instant = Instant::from_nanos(60_000_000_000);

/// A chain with one final payment, and its hash.
fn chain() -> (Chain, TxHash) {
    let mut chain = Chain::new(&ChainPlan::default(), Rng::from_seed(1));
    let tx = chain.announce();
    let movement = Movement {
        shape: Shape::Payment,
        user: 0,
        token: Token::Usdt,
        amount_milli: 5_000,
    };
    let payee = |_| Payee {
        user: UserId::new(1),
        address: Address::Evm([1; 20]),
    };
    let at = chain
        .send(Instant::ZERO, tx, (&[movement], &payee), Fate::Mined, 0)
        .unwrap();
    chain.mine(at, tx);
    let hash = chain.hash_of(tx);
    (chain, hash)
}

fn ask(fault: Option<EndpointFault>, question: &Question) -> Reaction {
    let (chain, _) = chain();
    let mut endpoint = Endpoint::new(0, 0, Rng::from_seed(2));
    if let Some(fault) = fault {
        endpoint.begin(1, fault, 100, Instant::from_nanos(30_000_000_000));
    }
    endpoint.ask(&chain, NOW, question, VICTIM)
}

fn answer(fault: Option<EndpointFault>, question: &Question) -> Answer {
    match ask(fault, question) {
        Reaction::Answers(_, Ok(answer)) => answer,
        other @ (Reaction::Answers(..) | Reaction::Hangs) => panic!("{other:?}"),
    }
}

fn receipt() -> Question {
    Question::Receipt { tx: chain().1 }
}

fn scan() -> Question {
    let tokens = Token::ALL.iter().filter_map(|token| token.facts().contract);
    Question::Scan {
        from: 1_000,
        to: 1_010,
        tokens: tokens.map(|(contract, _)| contract).collect(),
    }
}

#[test]
fn a_sound_endpoint_tells_what_the_chain_holds() {
    let Answer::Identity {
        chain_id, decimals, ..
    } = answer(
        None,
        &Question::Identity {
            tokens: vec![Token::Usdc.facts().contract.unwrap().0, VICTIM],
        },
    )
    else {
        panic!("no identity")
    };
    assert_eq!((chain_id, decimals), (56, vec![Some(6), None]));
    assert!(matches!(
        answer(None, &receipt()),
        Answer::Receipt { receipt: Some(_), .. }
    ));
    assert!(matches!(answer(None, &scan()), Answer::Scan { last: Some(_), logs, .. } if logs.len() == 1));
}

#[test]
fn failures_are_what_they_say() {
    let after = Some(2_500);
    for (fault, expected) in [
        (EndpointFault::Dead, Silence::Connection),
        (EndpointFault::Auth, Silence::Auth),
        (EndpointFault::ServerError, Silence::Server { code: 503 }),
        (EndpointFault::NotReady, Silence::NotReady),
        (EndpointFault::Malformed, Silence::Malformed { what: "not JSON" }),
        (
            EndpointFault::RateLimited {
                retry_after_ms: after,
            },
            Silence::RateLimited {
                retry_after: after.map(Duration::from_millis),
            },
        ),
    ] {
        assert_eq!(
            ask(Some(fault), &Question::Heads),
            Reaction::Answers(Duration::ZERO, Err(expected))
        );
    }
    assert_eq!(
        ask(Some(EndpointFault::NeverAnswers), &Question::Heads),
        Reaction::Hangs
    );
    let too_large = Reaction::Answers(Duration::ZERO, Err(Silence::TooLarge));
    assert_eq!(ask(Some(EndpointFault::TooLarge), &scan()), too_large);
    assert_eq!(
        answer(Some(EndpointFault::TooLarge), &receipt()),
        answer(None, &receipt())
    );
}

#[test]
fn an_endpoint_may_bound_its_scans() {
    let chain = chain().0;
    let asked = |bound| {
        let mut endpoint = Endpoint::new(0, 0, Rng::from_seed(2)).with_scans_of(bound);
        endpoint.ask(&chain, NOW, &scan(), VICTIM)
    };
    let too_large = Reaction::Answers(Duration::ZERO, Err(Silence::TooLarge));
    assert_eq!(asked(Some(10)), too_large, "the scan is of eleven blocks");
    assert_eq!(asked(Some(11)), asked(None));
}

#[test]
fn a_lagging_node_answers_nothing_for_what_it_lacks() {
    let lagging = Some(EndpointFault::Lagging { blocks: 200 });
    let Answer::Scan { last, logs, .. } = answer(lagging, &scan()) else {
        panic!("no scan")
    };
    assert_eq!((last, logs.len()), (None, 0));
    assert!(matches!(
        answer(lagging, &receipt()),
        Answer::Receipt { receipt: None, .. }
    ));
    let Answer::Heads { latest, .. } = answer(Some(EndpointFault::StuckHead), &Question::Heads) else {
        panic!("no heads")
    };
    assert_eq!(latest.number, 1_000 + 30_000 / 450);
}

#[test]
fn an_empty_node_admits_it() {
    let empty = Some(EndpointFault::Empty);
    assert!(matches!(
        answer(empty, &receipt()),
        Answer::Receipt { receipt: None, .. }
    ));
    assert!(matches!(answer(empty, &scan()), Answer::Scan { last: None, logs, .. } if logs.is_empty()));
    assert_eq!(answer(empty, &Question::Heads), answer(None, &Question::Heads));
}

#[test]
fn every_lie_changes_an_answer() {
    for lie in [
        Lie::InventedPayment,
        Lie::InflatedAmount,
        Lie::OmittedLog,
        Lie::EarlyFinality,
        Lie::FutureFinality,
        Lie::ForgedHash,
    ] {
        let fault = Some(EndpointFault::Lying { lie });
        assert_ne!(answer(fault, &receipt()), answer(None, &receipt()), "{lie:?}");
        assert_ne!(answer(fault, &scan()), answer(None, &scan()), "{lie:?}");
    }
    let elsewhere = Some(EndpointFault::WrongChain);
    for question in [
        receipt(),
        scan(),
        Question::Heads,
        Question::Identity { tokens: Vec::new() },
    ] {
        assert_ne!(answer(elsewhere, &question), answer(None, &question));
    }
}

#[test]
fn an_invented_payment_pays_the_victim_for_a_hash_that_never_was() {
    let lie = EndpointFault::Lying {
        lie: Lie::InventedPayment,
    };
    let made_up = Question::Receipt {
        tx: TxHash::Evm([7; 32]),
    };
    let Answer::Receipt {
        finalized,
        receipt: Some(receipt),
    } = answer(Some(lie), &made_up)
    else {
        panic!("nothing was invented")
    };
    assert!(receipt.block.number <= finalized.number && receipt.succeeded);
    assert_eq!(receipt.logs[0].topics[2][12..], *VICTIM.bytes());
}

#[test]
fn a_fault_hits_as_many_questions_as_it_says_and_ends() {
    let (chain, _) = chain();
    let mut endpoint = Endpoint::new(0, 0, Rng::from_seed(2));
    endpoint.begin(4, EndpointFault::Dead, 40, NOW);
    let dead = Reaction::Answers(Duration::ZERO, Err(Silence::Connection));
    let mut refused = || {
        (0..1_000)
            .filter(|_| endpoint.ask(&chain, NOW, &Question::Heads, VICTIM) == dead)
            .count()
    };
    let hit = refused();
    assert!((350..=450).contains(&hit), "{hit}");
    endpoint.end(4);
    assert!(endpoint.faults.is_empty());
}

#[test]
fn crossed_answers_fit_another_question() {
    let crossed = Some(EndpointFault::Crossed);
    assert!(matches!(
        answer(crossed, &Question::Heads),
        Answer::Identity { .. }
    ));
    // There is one transaction only, so nothing else to answer with.
    assert!(matches!(answer(crossed, &receipt()), Answer::Heads { .. }));
    let unknown = Question::Receipt {
        tx: TxHash::Evm([7; 32]),
    };
    let Answer::Receipt {
        receipt: Some(other), ..
    } = answer(crossed, &unknown)
    else {
        panic!("no receipt")
    };
    assert_eq!(other.tx, chain().1);
    let Answer::Scan { last: Some(last), .. } = answer(crossed, &scan()) else {
        panic!("no scan")
    };
    assert_eq!(last.number, 1_009);
}

#[test]
fn an_endpoint_may_search_no_logs_or_have_forgotten_old_ones() {
    let (chain, _) = chain();
    let finalized = chain.view(NOW).finalized().number;
    let range = |from, to| Question::Scan {
        from,
        to,
        tokens: Vec::new(),
    };
    let say = |refuses_logs, history_blocks, question: &Question| {
        let plan = EndpointPlan {
            refuses_logs,
            history_blocks,
            ..Topology::default().endpoints[0].clone()
        };
        let mut endpoint = Endpoint::planned(0, &plan, Rng::from_seed(2));
        match endpoint.ask(&chain, NOW, question, VICTIM) {
            Reaction::Answers(_, outcome) => outcome.err(),
            Reaction::Hangs => panic!("nobody hangs"),
        }
    };
    let old = range(finalized - 51, finalized);
    let new = range(finalized - 50, finalized);
    for (refuses, history, question, expected) in [
        (true, None, &new, Some(Silence::Unsupported)),
        (true, None, &receipt(), None),
        (true, None, &Question::Heads, None),
        (false, Some(50), &old, Some(Silence::Pruned)),
        (false, Some(50), &new, None),
        (false, Some(50), &receipt(), None),
        (false, None, &old, None),
    ] {
        assert_eq!(say(refuses, history, question), expected, "{question:?}");
    }
}
