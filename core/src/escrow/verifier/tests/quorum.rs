//! Who may agree with whom.

use super::{Endpoint, MILLI, Office, SECOND};
use crate::escrow::testing::{COLLECT, tx};
use crate::escrow::verifier::Finding;
use crate::escrow::{Answer, Question};
use crate::time::Instant;

/// Shows every receipt with another amount.
fn lie(office: &Office, question: &Question) -> Option<Result<Answer, crate::escrow::Fault>> {
    match office.honest(0, question) {
        Answer::Receipt {
            finalized,
            receipt: Some(mut receipt),
        } => {
            receipt.logs[0].word[0] ^= 1;
            let receipt = Some(receipt);
            Some(Ok(Answer::Receipt { finalized, receipt }))
        }
        Answer::Identity { .. }
        | Answer::Heads { .. }
        | Answer::Attested { .. }
        | Answer::Receipt { .. }
        | Answer::Scan { .. }
        | Answer::Balances { .. } => None,
    }
}

#[test]
fn two_endpoints_of_one_provider_never_make_a_quorum() {
    let mut office = Office::with(["a", "a", "b"].map(Endpoint::of).to_vec(), Some(3));
    office.endpoints[2].is_dead = true;
    office.on_the_way.clear();
    let finalized = office.verifier.finalized(crate::escrow::testing::CHAIN);
    office.run(SECOND * 10);
    let scanned = office.scanned();
    office.pay(1, COLLECT);
    office.watch(tx(1));
    office.run(SECOND * 120);
    assert_eq!(office.mined_after(Instant::ZERO, tx(1)), (None, None));
    assert_eq!(office.scanned(), scanned, "nothing is scanned on one voice");
    assert_eq!(
        office.verifier.finalized(crate::escrow::testing::CHAIN),
        finalized
    );
    let absent = |(_, finding): &(_, Finding)| matches!(finding, Finding::Absent { .. });
    office.watch(tx(2));
    office.run(SECOND * 30);
    assert!(
        !office.findings.iter().any(absent),
        "one provider's absence is no absence"
    );
}

#[test]
fn a_liar_is_outvoted_by_another_endpoint_of_its_own_provider() {
    let mut office = Office::with(["a", "a", "b"].map(Endpoint::of).to_vec(), None);
    office.endpoints[0].latency = MILLI;
    office.run(SECOND * 20);
    office.endpoints[0].bend = Some(lie);
    office.pay(1, COLLECT);
    let since = office.now;
    office.watch(tx(1));
    office.run(SECOND * 2);
    let (seen, _) = office.mined_after(since, tx(1));
    assert!(seen.unwrap() <= MILLI * 200, "{seen:?}");
}

#[test]
fn two_liars_who_do_not_agree_credit_nothing_and_two_honest_ones_do() {
    let mut office = Office::new();
    for endpoint in [0, 1] {
        office.endpoints[endpoint].latency = MILLI;
    }
    office.run(SECOND * 20);
    office.endpoints[0].bend = Some(lie);
    office.endpoints[1].bend = Some(|office, question| {
        let Some(Ok(Answer::Receipt {
            finalized,
            receipt: Some(mut receipt),
        })) = lie(office, question)
        else {
            return None;
        };
        receipt.logs[0].word[1] ^= 1;
        let receipt = Some(receipt);
        Some(Ok(Answer::Receipt { finalized, receipt }))
    });
    office.pay(1, COLLECT);
    let since = office.now;
    office.watch(tx(1));
    office.run(SECOND * 10);
    let truth = office.mined[&tx(1)].clone();
    for (_, finding) in &office.findings {
        if let Finding::Mined { receipt, .. } = finding {
            assert_eq!(*receipt, truth);
        }
    }
    assert!(office.mined_after(since, tx(1)).0.unwrap() <= MILLI * 200);
}
