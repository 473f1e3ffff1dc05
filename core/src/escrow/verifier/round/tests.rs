use super::{Round, Standing};
use crate::escrow::deposit::{FinalityRule, Vote};
use crate::escrow::testing::block;

/// Plays a script: each word is an endpoint (its number is its provider too) and what it does.
/// `1?` asked, `1a@9` shows content `a` of height 5 (`A`: of height 8) with finalized 9, `1-@9` has nothing, `1!` fails.
fn played(script: &str) -> Round<char> {
    let mut round = Round::new(1);
    for word in script.split(' ') {
        let mut letters = word.chars();
        let endpoint = u8::try_from(letters.next().unwrap().to_digit(10).unwrap()).unwrap();
        let (what, rest) = (letters.next().unwrap(), letters.as_str());
        let finalized = rest.strip_prefix('@').map_or(9, |height| height.parse().unwrap());
        let vote = Vote {
            endpoint,
            finalized: block(finalized),
            rule: FinalityRule::Finalized,
        };
        match what {
            '?' => round.on_asked(endpoint, endpoint),
            '!' => round.on_failed(endpoint),
            '-' => round.on_absent(vote, endpoint),
            'A'..='Z' => round.on_shown(vote, endpoint, 8, what),
            content => round.on_shown(vote, endpoint, 5, content),
        }
    }
    round
}

#[track_caller]
fn check(script: &str, expected: &str) {
    let told = match played(script).standing() {
        Standing::Open { want } => std::format!("want {want}"),
        Standing::Agreed {
            content,
            votes,
            dissenters,
            ..
        } => {
            std::format!(
                "{content} by {:?} against {dissenters:?}",
                votes.iter().map(|v| v.endpoint).collect::<std::vec::Vec<_>>()
            )
        }
        Standing::Absent { votes } => {
            std::format!(
                "absent by {:?}",
                votes.iter().map(|v| v.endpoint).collect::<std::vec::Vec<_>>()
            )
        }
    };
    assert_eq!(told, expected, "{script}");
}

#[test]
fn two_equal_voices_agree_and_one_never_does() {
    assert_eq!(Round::<char>::new(1).standing(), Standing::Open { want: 2 });
    check("1? 2?", "want 0");
    check("1? 2? 1a", "want 0");
    check("1? 2? 1a 2a", "a by [1, 2] against []");
    check("1? 2? 1a 2!", "want 1");
    check("1? 1a", "want 1");
}

#[test]
fn a_failed_endpoint_is_replaced() {
    check("1? 2? 1!", "want 1");
    check("1? 2? 1! 2!", "want 2");
    let round = played("1? 2? 1!");
    assert!(round.asked.contains(1), "it is not asked again");
    assert!(
        !round.providers.contains(1),
        "another endpoint of its provider may be"
    );
    assert!(round.providers.contains(2));
}

#[test]
fn different_contents_want_a_third_voice_and_the_odd_one_is_named() {
    check("1? 2? 1a 2b", "want 1");
    check("1? 2? 1a 2b 3? 3a", "a by [1, 3] against [2]");
    check("1? 2? 1a 2b@4 3? 3a", "a by [1, 3] against []");
    check("1? 2? 1a@6 2B 3? 3a@6", "a by [1, 3] against [2]");
    check("1? 2? 1A@6 2b 3? 3A@6", "A by [1, 3] against []");
    // Who is ahead is not wrong: those who outvote it may be on a fork that is gone.
    check("1? 2? 1a@4 2b 3? 3a@4", "a by [1, 3] against []");
    check("1? 2? 1a@4 2b 3? 3a", "a by [1, 3] against []");
}

#[test]
fn absence_ends_a_round_and_outvotes_only_what_should_be_there() {
    check("1? 2? 1- 2-", "absent by [1, 2]");
    check("1? 2? 1- 2!", "want 1");
    check("1? 2? 1a 2-", "want 1");
    check("1? 2? 1a 2- 3? 3a", "a by [1, 3] against []");
    check("1? 2? 1a 2-@4 3? 3-@4", "want 1");
    check("1? 2? 1a 2-@5 3? 3-@5", "absent by [2, 3]");
    check("1? 2? 1a 2-@5 3? 3-@4", "want 1");
}

/// Endpoints 1 and 2 have provider 1, endpoint 3 has provider 3.
fn voted(ballots: &[(u8, Option<char>)]) -> Round<char> {
    let mut round = Round::new(1);
    for (endpoint, content) in ballots.iter().copied() {
        let provider = if endpoint == 2 { 1 } else { endpoint };
        let vote = Vote {
            endpoint,
            finalized: block(9),
            rule: FinalityRule::Finalized,
        };
        round.on_asked(endpoint, provider);
        match content {
            Some(content) => round.on_shown(vote, provider, 5, content),
            None => round.on_absent(vote, provider),
        }
    }
    round
}

#[test]
fn two_endpoints_of_one_provider_are_one_voice() {
    let twice = voted(&[(1, Some('a')), (2, Some('a'))]);
    assert_eq!(twice.standing(), Standing::Open { want: 1 });
    assert!(!twice.is_split());
    assert_eq!(twice.reach(), None);
    let absent = voted(&[(1, None), (2, None)]);
    assert_eq!(absent.standing(), Standing::Open { want: 1 });
}

#[test]
fn another_endpoint_of_a_provider_may_say_something_else() {
    let split = voted(&[(1, Some('x')), (3, Some('a'))]);
    assert!(split.is_split());
    let Standing::Agreed { content, votes, .. } =
        voted(&[(1, Some('x')), (3, Some('a')), (2, Some('a'))]).standing()
    else {
        panic!("it was not agreed")
    };
    assert_eq!((content, votes.len()), ('a', 2));
    assert_eq!(split.reach(), Some(9));
}
