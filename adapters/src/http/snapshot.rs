//! The bank's status, at most a second old: probes and scrapes come as often as they like and cost nothing.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::bank::{Query, Reply, Status};
use plimsoll_core::time::Instant;
use tokio::sync::Mutex;

use super::Api;

/// How long a status is good for.
const AGE_MAX: Duration = Duration::from_secs(1);
/// How long the bank is given to answer: less than the second that probes usually are given.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);

/// The last status, and when it was asked for.
#[derive(Default)]
pub(super) struct Snapshot(Mutex<Option<(Instant, Option<Arc<Status>>)>>);

impl Api {
    /// How everything stands, or stood a moment ago; `None` when the bank did not say in time.
    pub(super) async fn status(&self) -> Option<Arc<Status>> {
        // One asks, the others wait for the answer.
        let mut last = self.snapshot.0.lock().await;
        let now = self.clock.now();
        if let Some((asked_at, status)) = &*last
            && now.since(*asked_at) < AGE_MAX
        {
            return status.clone();
        }
        let status = match tokio::time::timeout(ANSWER_TIMEOUT, self.bank.query(Query::Status)).await {
            Ok(Ok(Reply::Status(status))) => Some(Arc::from(status)),
            Ok(Ok(_)) | Ok(Err(_)) | Err(_) => None,
        };
        *last = Some((now, status.clone()));
        status
    }
}
