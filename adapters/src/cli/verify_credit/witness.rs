//! The endpoints, asked once more for the receipt of a credit.

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_core::bank::State;
use plimsoll_core::digest::Digest;
use plimsoll_core::escrow::{Answer, Evidence, Fault, FinalityRule, Question, TxKey};
use plimsoll_core::id::EndpointId;

use super::proof::{Check, VOTES_MIN, final_of};
use crate::chain::{Internet, RpcClient};
use crate::clock::Clock;
use crate::config::ServerConfig;

/// How long each endpoint is given.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What each endpoint of the chain says, and whether so many of different providers bear the evidence out as a credit needs.
pub(super) async fn checks(state: &State, tx: TxKey, config: ServerConfig) -> Vec<Check> {
    let Some((evidence, _)) = final_of(state, tx) else {
        return Vec::new();
    };
    let chain = config.bank.escrow.chains.iter().find(|one| one.id == tx.chain);
    let Some(chain) = chain else {
        let what = format!("endpoints of {} were asked", tx.chain);
        return vec![Check::unknown(
            what,
            "the configuration has no such chain".to_owned(),
        )];
    };
    let internet = match Internet::reaching(config.endpoints.values()) {
        Ok(internet) => internet,
        Err(error) => {
            return vec![Check::unknown(
                "endpoints were asked".to_owned(),
                error.to_string(),
            )];
        }
    };
    let client = RpcClient::new(config.endpoints.clone(), internet, Clock::start());
    let (mut checks, mut providers) = (Vec::new(), BTreeSet::new());
    for (endpoint, index) in chain.endpoints.iter().zip(0..) {
        let id = EndpointId {
            chain: tx.chain,
            index,
        };
        let answer = client.ask(id, &Question::Receipt { tx: tx.tx }, TIMEOUT).await;
        let check = compare(&endpoint.name, answer, evidence);
        if check.holds() {
            providers.insert(&endpoint.provider);
        }
        checks.push(check);
    }
    let what = format!(
        "{} providers show it now, and {VOTES_MIN} are needed",
        providers.len()
    );
    checks.push(if providers.len() >= VOTES_MIN {
        Check::new(true, what)
    } else {
        Check::unknown(
            what,
            "ask again later, or ask endpoints that keep old receipts".to_owned(),
        )
    });
    checks
}

/// One endpoint's answer beside the evidence. That it has no receipt proves nothing: old ones are pruned (trap E17).
fn compare(name: &str, answer: Result<Answer, Fault>, evidence: &Evidence) -> Check {
    let what = format!("{name} shows the same receipt in a final block");
    match answer {
        Ok(Answer::Receipt {
            finalized,
            receipt: Some(receipt),
        }) => {
            let is_same = Digest::of(&receipt) == evidence.digest;
            let is_final = finalized.number >= receipt.block.number;
            let block = receipt.block;
            if is_same && !is_final && evidence.rule() == FinalityRule::Attested {
                let why = "it shows the receipt, and has not finalized the block itself yet: ask again later";
                return Check::unknown(what, why.to_owned());
            }
            let why = format!("it shows block {} {}", block.number, block.hash);
            Check::new(is_same && is_final, what).because((!is_same).then_some(why))
        }
        Ok(Answer::Receipt { receipt: None, .. }) => {
            Check::unknown(what, "it has no such receipt, or none any more".to_owned())
        }
        Ok(
            Answer::Identity { .. }
            | Answer::Heads { .. }
            | Answer::Attested { .. }
            | Answer::Scan { .. }
            | Answer::Balances { .. },
        ) => Check::unknown(what, "it answered another question".to_owned()),
        Err(fault) => Check::unknown(what, format!("{fault:?}")),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::escrow::{BlockRef, Receipt, Vote};
    use plimsoll_core::id::{BlockHash, TxHash};

    use super::*;

    const fn block(number: u64) -> BlockRef {
        BlockRef {
            number,
            hash: BlockHash::Evm([7; 32]),
        }
    }

    fn receipt(number: u64) -> Receipt {
        Receipt {
            tx: TxHash::Evm([1; 32]),
            block: block(number),
            succeeded: true,
            logs: vec![],
            balances: Vec::new(),
        }
    }

    fn evidence(votes: Vec<Vote>) -> Evidence {
        Evidence {
            block: block(5),
            digest: Digest::of(&receipt(5)),
            votes,
        }
    }

    fn answer(finalized: u64, receipt: Option<Receipt>) -> Result<Answer, Fault> {
        Ok(Answer::Receipt {
            finalized: block(finalized),
            receipt,
        })
    }

    #[test]
    fn an_endpoint_bears_the_evidence_out_contradicts_it_or_says_nothing() {
        for (answer, expected) in [
            (
                answer(5, Some(receipt(5))),
                "ok      n shows the same receipt in a final block",
            ),
            (
                answer(4, Some(receipt(5))),
                "FAILED  n shows the same receipt in a final block",
            ),
            (
                answer(9, Some(receipt(6))),
                "FAILED  n shows the same receipt in a final block: it shows block 6 \
                 0x0707070707070707070707070707070707070707070707070707070707070707",
            ),
            (
                answer(9, None),
                "unknown n shows the same receipt in a final block: it has no such receipt, or none any more",
            ),
            (
                Err(Fault::Timeout),
                "unknown n shows the same receipt in a final block: Timeout",
            ),
        ] {
            assert_eq!(compare("n", answer, &evidence(Vec::new())).to_string(), expected);
        }
    }

    #[test]
    fn an_endpoint_may_have_to_finalize_yet_what_was_attested() {
        let attested = evidence(vec![Vote {
            endpoint: 0,
            finalized: block(5),
            rule: FinalityRule::Attested,
        }]);
        for (finalized, shown, expected) in [
            (5, 5, "ok      n shows the same receipt in a final block"),
            (
                4,
                5,
                "unknown n shows the same receipt in a final block: it shows the receipt, and has not finalized the \
                 block itself yet: ask again later",
            ),
            (
                4,
                6,
                "FAILED  n shows the same receipt in a final block: it shows block 6 \
                 0x0707070707070707070707070707070707070707070707070707070707070707",
            ),
        ] {
            let check = compare("n", answer(finalized, Some(receipt(shown))), &attested);
            assert_eq!(check.to_string(), expected, "{finalized} {shown}");
        }
    }
}
