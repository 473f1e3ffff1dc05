use super::Attested;
use crate::escrow::testing::block;
use crate::escrow::{BlockRef, FinalityRule};
use crate::id::BlockHash;

#[test]
fn what_an_endpoint_says_is_attested_never_goes_back_until_it_is_forgotten() {
    let mut attested = Attested::new(2);
    for (said, height) in [(9, 9), (12, 12), (11, 12)] {
        attested.on_said(0, block(said));
        assert_eq!((attested.height(0), attested.height(1)), (Some(height), None));
    }
    attested.on_said(1, block(5));
    attested.forget(0);
    assert_eq!((attested.height(0), attested.height(1)), (None, Some(5)));
    attested.on_said(0, block(7));
    attested.forget_all();
    assert_eq!((attested.height(0), attested.height(1)), (None, None));
}

#[test]
fn an_endpoint_that_names_another_block_of_the_same_height_is_held_to_the_first() {
    let other = BlockRef {
        number: 9,
        hash: BlockHash::Evm([0xf0; 32]),
    };
    let mut attested = Attested::new(1);
    attested.on_said(0, block(9));
    attested.on_said(0, other);
    assert_eq!(attested.vote(0, block(8)).finalized, block(9));
}

#[test]
fn a_vote_is_the_higher_of_both_by_the_voters_own_word_and_names_its_rule() {
    let mut attested = Attested::new(2);
    attested.on_said(0, block(9));
    for (endpoint, finalized, voted, rule) in [
        (0, 8, 9, FinalityRule::Attested),
        (0, 9, 9, FinalityRule::Finalized),
        (0, 10, 10, FinalityRule::Finalized),
        (1, 8, 8, FinalityRule::Finalized),
    ] {
        let vote = attested.vote(endpoint, block(finalized));
        let said = (vote.endpoint, vote.finalized, vote.rule);
        assert_eq!(said, (endpoint, block(voted), rule), "{endpoint} at {finalized}");
    }
}
