//! What operators pause: the bank says it with each answer to a report, and the worker asks nobody whom it must not.
//!
//! Of a chain that is held up it verifies no job. A job that it is handed all the same is its question to the bank: it
//! reports that it knows nothing, and the answer says whether the chain is still held up.

use super::{Act, Worker};
use crate::escrow::{Pauses, Sighting, TxKey};
use crate::id::{ChainId, EndpointId};
use crate::machine::Effects;
use crate::time::Instant;

impl Worker {
    /// Whether nobody is to be asked about `chain`, as far as this worker heard.
    pub(super) fn is_held_up(&self, chain: ChainId) -> bool {
        self.pauses.get(&chain).is_some_and(|pauses| pauses.chain)
    }

    /// Asks the bank whether the chain of `job` is still held up.
    pub(super) fn ask_the_bank(&mut self, now: Instant, job: TxKey, fx: &mut Effects<Act>) {
        self.report(now, job.chain, Sighting::Undecided { tx: job.tx }, fx);
    }

    /// Obeys what the bank said of `chain`.
    pub(super) fn obey(&mut self, now: Instant, chain: ChainId, pauses: Pauses, fx: &mut Effects<Act>) {
        let before = self.pauses.insert(chain, pauses).unwrap_or_default();
        if before == pauses {
            return;
        }
        let endpoint = |index| EndpointId { chain, index };
        for index in pauses
            .endpoints
            .iter()
            .filter(|index| !before.endpoints.contains(*index))
        {
            self.verifier.pause_endpoint(now, endpoint(index), &mut self.out);
        }
        for index in before
            .endpoints
            .iter()
            .filter(|index| !pauses.endpoints.contains(*index))
        {
            self.verifier.resume_endpoint(endpoint(index));
        }
        if pauses.chain && !before.chain {
            self.verifier.pause(now, chain, &mut self.out);
            for job in self.jobs.verified_on(chain) {
                self.ask_the_bank(now, job, fx);
            }
        }
        if before.chain && !pauses.chain {
            self.verifier.resume(now, chain);
        }
    }
}
