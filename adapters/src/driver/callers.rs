//! Who waits for a reply.

use std::collections::BTreeMap;

use plimsoll_core::bank::Reply;
use plimsoll_core::id::RequestId;
use tokio::sync::oneshot;

use super::handle::Unavailable;

/// Where a reply goes.
pub(super) type Caller = oneshot::Sender<Result<Reply, Unavailable>>;

/// The most callers that may wait at once; those beyond are turned away. It bounds what a journal that fails for
/// hours can pile up.
pub(super) const CALLERS_MAX: usize = 65_536;

/// Everybody who waits.
#[derive(Debug, Default)]
pub(super) struct Callers {
    waiting: BTreeMap<RequestId, Caller>,
    last: u64,
}

impl Callers {
    /// Whether no more may wait.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= CALLERS_MAX
    }

    /// Lets `caller` wait for the reply to the request that is returned.
    pub(super) fn admit(&mut self, caller: Caller) -> RequestId {
        self.last += 1;
        let request = RequestId::new(self.last);
        self.waiting.insert(request, caller);
        request
    }

    /// Gives `reply` to whoever waits for it. One who went away misses nothing: what was done is done.
    pub(super) fn answer(&mut self, request: RequestId, reply: Reply) {
        let Some(caller) = self.waiting.remove(&request) else {
            unreachable!("{request} was answered twice, or never made")
        };
        drop(caller.send(Ok(reply)));
    }
}
