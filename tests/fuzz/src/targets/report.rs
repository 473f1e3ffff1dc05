//! Reports of workers.

use plimsoll_adapters::worker::wire::{decode, encode};
use plimsoll_core::digest::Digest;
use plimsoll_core::escrow::{
    AttemptClass, BlockRef, Evidence, FinalityRule, Log, Receipt, Report, Sighting, TRANSFER_TOPIC, Tried,
    Vote,
};
use plimsoll_core::id::{Address, BlockHash, ChainId, TxHash};

const CHAINS: u128 = 0x5eed;

/// A report is read or refused, and what was read is written as it was.
pub(super) fn run(data: &[u8]) -> bool {
    let _ = decode(CHAINS, data);
    // Else a header would have to be guessed first.
    let mut with_header = vec![3];
    with_header.extend(CHAINS.to_le_bytes());
    with_header.extend_from_slice(data);
    let Ok(report) = decode(CHAINS, &with_header) else {
        return false;
    };
    assert_eq!(decode(CHAINS, &encode(CHAINS, &report)), Ok(report));
    true
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let block = |number| BlockRef {
        number,
        hash: BlockHash::Evm([8; 32]),
    };
    let tx = TxHash::Evm([3; 32]);
    let votes = || {
        [0, 1]
            .map(|endpoint| Vote {
                endpoint,
                finalized: block(9),
                rule: FinalityRule::Finalized,
            })
            .to_vec()
    };
    let log = Log {
        address: Address::Evm([3; 20]),
        topics: [TRANSFER_TOPIC; 4],
        topic_count: 3,
        word: [5; 32],
        data_len: 32,
        index: 6,
    };
    let receipt = Receipt {
        tx,
        block: block(7),
        succeeded: true,
        logs: vec![log],
        balances: vec![],
    };
    let digest = Digest::of(&receipt);
    let evidence = Evidence {
        block: receipt.block,
        digest,
        votes: votes(),
    };
    let sightings = [
        Sighting::Mined { receipt, evidence },
        Sighting::Absent { tx, votes: votes() },
        Sighting::Undecided { tx },
    ];
    let report = |sighting| Report {
        chain: ChainId::new(56),
        sighting,
        tried: vec![Tried {
            ago_micros: 70_000,
            endpoint: Some(1),
            class: AttemptClass::Timeout,
            height: None,
        }],
    };
    // Without its header, which `run` adds.
    sightings
        .map(|sighting| postcard::to_allocvec(&report(sighting)).expect("encodable"))
        .to_vec()
}
