use std::vec::Vec;

use super::{ASK_AGAIN, Abilities, Ability, Probe, REFUSED_FOR, Service, TRY_AGAIN};
use crate::time::Instant;

fn at(seconds: u64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}

/// A node that answers as it is: it refuses some services, and holds logs of so many blocks below its head alone.
#[derive(Clone, Copy)]
struct Node {
    receipts: bool,
    logs: bool,
    keeps: u64,
}

const WHOLE: Node = Node {
    receipts: true,
    logs: true,
    keeps: u64::MAX,
};

/// Asks the node whatever is due at `now`: the blocks whose logs were asked for, and how many questions that took.
fn ask_all(ability: &mut Ability, node: Node, now: Instant, (start, finalized): (u64, u64)) -> Vec<u64> {
    let (mut blocks, mut asked) = (Vec::new(), 0);
    while let Some(probe) = ability.due(now, start, finalized) {
        asked += 1;
        assert!(asked < 100, "it is asked without end");
        ability.on_asked();
        assert_eq!(ability.due(now, start, finalized), None, "one question at a time");
        match probe {
            Probe::Receipts if node.receipts => ability.on_receipts(),
            Probe::Receipts => ability.on_receipts_refused(now),
            Probe::Logs { at } => {
                blocks.push(at);
                if !node.logs {
                    ability.on_logs_refused(now);
                } else if finalized - at > node.keeps {
                    ability.on_pruned(now, at);
                } else {
                    ability.on_logs(at);
                }
            }
        }
        ability.on_probed(now, finalized);
    }
    blocks
}

#[test]
fn what_an_endpoint_can_do_is_asked_once_and_again_later() {
    use Service::{Refused, Served, Unknown};
    for (node, receipts, logs) in [
        (WHOLE, Served, Served),
        (Node { logs: false, ..WHOLE }, Served, Refused),
        (
            Node {
                receipts: false,
                ..WHOLE
            },
            Refused,
            Unknown,
        ),
    ] {
        let mut ability = Ability::default();
        ask_all(&mut ability, node, at(0), (100, 900));
        let expected = Abilities {
            receipts,
            logs,
            history_from: None,
        };
        assert_eq!(ability.abilities(), expected);
        assert_eq!(ability.tells_receipts(), receipts != Refused);
        assert_eq!(ability.holds_logs(100), logs != Refused);
        let is_refused = receipts == Refused || logs == Refused;
        let again = at(0).after(if is_refused { REFUSED_FOR } else { ASK_AGAIN });
        assert_eq!(ability.next_deadline().map(|due| due.at), Some(again));
        // It has learned to, or never forgot.
        ask_all(&mut ability, WHOLE, again, (100, 900));
        assert_eq!(
            (ability.abilities().receipts, ability.abilities().logs),
            (Served, Served)
        );
    }
}

#[test]
fn how_far_back_a_history_goes_is_found_by_halving() {
    for (keeps, start, finalized) in [
        (1_000, 100, 1_000_000),
        (576_000, 1, 100_000_000),
        (50, 1, 10_000),
        (0, 1, 10_000),
        (9_998, 1, 10_000),
    ] {
        let node = Node { keeps, ..WHOLE };
        let mut ability = Ability::default();
        let blocks = ask_all(&mut ability, node, at(0), (start, finalized));
        let border = finalized - keeps;
        let from = ability.abilities().history_from.unwrap();
        assert!(from >= border, "{from} is not held: {keeps}");
        assert!(from - border <= 1 + keeps / 64, "{from} is far above {border}");
        assert!(blocks.len() <= 30, "{blocks:?}");
        assert!(ability.holds_logs(from) && !ability.holds_logs(start));
    }
}

#[test]
fn a_history_that_grew_shorter_or_came_back_is_measured_again() {
    let mut ability = Ability::default();
    let of = |ability: &mut Ability, keeps, seconds, finalized| {
        ask_all(ability, Node { keeps, ..WHOLE }, at(seconds), (1, finalized));
        ability.abilities().history_from
    };
    let first = of(&mut ability, 1_000, 0, 10_000).unwrap();
    assert!((9_000..9_100).contains(&first), "{first}");
    assert_eq!(
        of(&mut ability, 1_000, 599, 11_000),
        Some(first),
        "asked again too soon"
    );
    let later = of(&mut ability, 1_000, 600, 11_000).unwrap();
    assert!((10_000..10_100).contains(&later), "{later}");
    assert_eq!(
        of(&mut ability, u64::MAX, 1_200, 12_000),
        None,
        "an archive stands there"
    );
}

#[test]
fn what_is_refused_in_use_is_remembered_at_once() {
    let mut ability = Ability::default();
    ask_all(&mut ability, WHOLE, at(0), (1, 1_000));
    ability.on_pruned(at(10), 400);
    assert!(!ability.holds_logs(400) && ability.holds_logs(401));
    assert_eq!(ability.due(at(10), 1, 1_000), Some(Probe::Logs { at: 1 }));
    ability.on_logs_refused(at(20));
    assert!(!ability.holds_logs(1_000));
}

#[test]
fn a_question_without_an_answer_is_asked_again_soon() {
    let mut ability = Ability::default();
    ability.on_asked();
    ability.on_no_answer(at(1));
    assert_eq!(ability.due(at(1), 1, 9), None);
    assert_eq!(ability.due(at(1).after(TRY_AGAIN), 1, 9), Some(Probe::Receipts));
}

#[test]
fn a_question_that_is_lost_shortens_no_refusal() {
    let mut ability = Ability::default();
    ability.on_receipts();
    ability.on_asked();
    ability.on_logs_refused(at(1));
    ability.on_no_answer(at(2));
    assert_eq!(ability.due(at(60), 1, 9), None);
    assert_eq!(ability.due(at(61), 1, 9), Some(Probe::Logs { at: 1 }));
}

#[test]
fn every_service_has_its_published_name() {
    for (service, code) in [
        (Service::Unknown, "unknown"),
        (Service::Served, "served"),
        (Service::Refused, "refused"),
    ] {
        assert_eq!(service.code(), code);
    }
}

/// One that lacks the logs of block 10 and holds those of 20.
fn bordered() -> Ability {
    Ability {
        receipts: Service::Served,
        logs: Service::Served,
        lacks: Some(10),
        holds: Some(20),
        is_begun: true,
        ..Ability::default()
    }
}

#[test]
fn a_border_is_searched_until_it_is_known_well_enough() {
    for (finalized, at_block) in [(500, 15), (1_000, 20)] {
        assert_eq!(
            bordered().due(at(0), 1, finalized),
            Some(Probe::Logs { at: at_block }),
            "{finalized}"
        );
    }
}

#[test]
fn what_it_says_that_it_has_not_got_it_does_not_hold() {
    for (pruned, history_from) in [(10, 11), (15, 20), (20, 21), (30, 31)] {
        let mut ability = bordered();
        ability.on_pruned(at(0), pruned);
        assert_eq!(ability.abilities().history_from, Some(history_from), "{pruned}");
    }
}

#[test]
fn one_that_refuses_anything_is_left_alone_for_a_while_after_each_question() {
    let mut ability = Ability::default();
    ability.on_logs_refused(at(0));
    ability.on_receipts_refused(at(0));
    let now = at(0).after(REFUSED_FOR);
    assert_eq!(ability.due(now, 1, 9), Some(Probe::Receipts));
    ability.on_asked();
    ability.on_receipts();
    ability.on_probed(now, 9);
    assert_eq!(
        ability.next_deadline().map(|due| due.at),
        Some(now.after(REFUSED_FOR))
    );
}
