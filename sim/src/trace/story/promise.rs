//! What must hold, in one sentence for each judge.

/// What must hold where a run that ended as `end` found `oracle` unhappy.
#[must_use]
pub(super) fn promise(end: &str, oracle: &str) -> &'static str {
    match (end, oracle) {
        ("crash", _) => "the code under test breaks none of its own assertions, whatever it is told.",
        ("liveness", _) => {
            "once every fault that ends has ended, each client is answered and each deposit settled within the bound, \
             unless it waits for something that is gone for ever."
        }
        (_, "alerts") => {
            "what should be told of the house is told once and in time, and nothing without its cause."
        }
        (_, "asking") => "nobody is asked, and nobody shut out, but as the rules of asking allow.",
        (_, "breakers") => "each change of a breaker has its cause, and each cause has its change.",
        (_, "canary") => "nothing: this failure is made on purpose, to show that failures are still found.",
        (_, "conservation") => {
            "per asset, debits equal credits, and every account stands as its postings say."
        }
        (_, "dates") => "what one life of the process records never goes back in time.",
        (_, "dead_letters") => "a dead letter tells what was tried, and operators are shown what is so.",
        (_, "decisions") => "what the ledger says to a request is so, by a second set of books.",
        (_, "determinism") => "two runs of one plan and seed are the same in every bit.",
        (_, "durability") => "nothing is said before it is committed, and what was said is never lost.",
        (_, "exactly_once") => "no deposit is posted twice, and nothing else leaves custody.",
        (_, "expectation") => "what the scenario asks for under `[expect]`.",
        (_, "idempotency") => "the first answer under a key is the answer for ever.",
        (_, "integrity") => "what the disk damaged is found out before anybody relies on it.",
        (_, "lifecycle") => {
            "a transaction moves from stage to stage as the design allows, on evidence that is true."
        }
        (_, "orders") => {
            "what operators order holds until they take it back, and each act is on record once."
        }
        (_, "reconciliation") => {
            "what a reconciliation says is so: a thief is found, and nobody is alarmed for nothing."
        }
        (_, "refunds") => {
            "a refund takes one deposit, whole and once, from whoever has it, and ends once: out of custody, or back."
        }
        (_, "replay") => "replaying the journal gives the very state that the bank had.",
        (_, "suspense") => {
            "what leaves suspense leaves it once and for a reason, and what is below the minimum once it has reached it together."
        }
        (_, "testimony") => "what the bank believes of the chain was said to it by those whom it names.",
        (_, "told") => "what people are told is what the records say.",
        (_, "zero_loss") => "in the end the books hold what the chain says, no less and no more.",
        (_, _) => "the invariant that is named above.",
    }
}
