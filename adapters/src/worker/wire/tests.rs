use plimsoll_core::escrow::{AttemptClass, BlockRef, FinalityRule, Report, Sighting, Tried, Vote};
use plimsoll_core::id::{BlockHash, ChainId, TxHash};
use proptest::prelude::*;

use super::{WireError, decode, digest_of, encode};
use crate::testing::bank_config;

fn report() -> Report {
    let finalized = BlockRef {
        number: 7,
        hash: BlockHash::Evm([8; 32]),
    };
    let vote = |endpoint| Vote {
        endpoint,
        finalized,
        rule: FinalityRule::Finalized,
    };
    Report {
        chain: ChainId::new(56),
        sighting: Sighting::Absent {
            tx: TxHash::Evm([3; 32]),
            votes: [0, 1].map(vote).to_vec(),
        },
        tried: vec![Tried {
            ago_micros: 1_500,
            endpoint: Some(1),
            class: AttemptClass::Timeout,
            height: None,
        }],
    }
}

#[test]
fn a_report_is_read_back_by_a_server_with_the_same_chains() {
    let chains = bank_config().escrow.chains;
    let digest = digest_of(&chains);
    assert_eq!(decode(digest, &encode(digest, &report())), Ok(report()));

    let mut others = [chains.clone(), chains.clone(), chains.clone()];
    others[0][0].endpoints.swap(0, 1);
    others[1][0].endpoints[0].provider.push('x');
    others[2][0].genesis = BlockHash::Evm([9; 32]);
    for other in others {
        assert_eq!(
            decode(digest_of(&other), &encode(digest, &report())),
            Err(WireError::Chains)
        );
    }
    let mut same = chains;
    same[0].endpoints[0].quotas.clear();
    same[0].start_block += 1;
    assert_eq!(
        digest_of(&same),
        digest,
        "what a report does not rest on may differ"
    );
}

#[test]
fn what_is_no_report_is_refused() {
    let bytes = encode(5, &report());
    for end in 0..bytes.len() {
        let refused = decode(5, &bytes[..end]);
        assert!(
            matches!(refused, Err(WireError::Malformed | WireError::Chains)),
            "{end}: {refused:?}"
        );
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(decode(5, &longer), Err(WireError::Malformed));
    let mut newer = bytes;
    newer[0] = 4;
    assert_eq!(decode(5, &newer), Err(WireError::Format(4)));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(tail in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = encode(5, &report())[..super::HEADER_BYTES].to_vec();
        bytes.extend(&tail);
        drop(decode(5, &bytes));
        drop(decode(5, &tail));
    }
}
