//! The immediate lane: Redis.
//!
//! Three keys, which a hash tag keeps on one node: a sorted set of jobs for each priority, whose score is when the job is
//! available (microseconds of the server's own clock, so that clocks of clients do not matter), and a hash of the attempts
//! and the token of each job that was ever handed out. A job is there if it is in a set: should the server drop one of the
//! keys, which it may when it is told to make room, no job is stuck in the others. Each request is one script, which Redis
//! runs alone.

mod fault;
mod url;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, RedisResult, Script, ScriptInvocation};
use plimsoll_core::escrow::TxKey;
use plimsoll_core::queue::{LaneFault, Leased, Priority, QueueReply, QueueRequest, Token};

use super::{JobQueue, job};
use fault::lane_fault;
pub use url::{RedisUrl, RedisUrlError};

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(400);

/// A queue in Redis. Clones lead to the same one, by the same connection.
#[derive(Clone)]
pub struct RedisQueue {
    shared: Arc<Shared>,
    /// How far its clock is ahead of the server's.
    ahead: Duration,
}

struct Shared {
    client: Client,
    /// Absent until it is needed, and after it failed: so each call finds out for itself whether the server is there.
    connection: Mutex<Option<ConnectionManager>>,
    keys: [String; 3],
    enqueue: Script,
    lease: Script,
    keep: Script,
}

impl std::fmt::Debug for RedisQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisQueue")
            .field("keys", &self.shared.keys)
            .finish_non_exhaustive()
    }
}

impl RedisQueue {
    /// The queue called `name` at `url`, which nobody is asked for yet.
    ///
    /// # Errors
    /// [`RedisUrlError`]: the address is none of Redis'.
    pub fn new(url: &RedisUrl, name: &str) -> Result<Self, RedisUrlError> {
        let key = |what: &str| format!("{{{name}}}:{what}");
        Ok(Self {
            shared: Arc::new(Shared {
                client: url.client()?,
                connection: Mutex::new(None),
                keys: [key("high"), key("normal"), key("jobs")],
                enqueue: script(include_str!("enqueue.lua")),
                lease: script(include_str!("lease.lua")),
                keep: script(include_str!("keep.lua")),
            }),
            ahead: Duration::ZERO,
        })
    }

    /// The same queue at a time that is to come: for tests, which have better things to do than to wait.
    #[must_use]
    pub fn ahead(&self, by: Duration) -> Self {
        let shared = Arc::clone(&self.shared);
        Self { shared, ahead: by }
    }

    async fn ask(&self, request: &QueueRequest) -> RedisResult<Result<QueueReply, LaneFault>> {
        match request {
            QueueRequest::Enqueue { jobs, priority } => self.enqueue(jobs, *priority).await.map(Ok),
            QueueRequest::Lease {
                most,
                visibility,
                token,
            } => self.lease(*most, *visibility, *token).await,
            QueueRequest::Extend { leases, visibility } => self.keep("extend", *visibility, leases).await,
            QueueRequest::Complete { leases } => self.keep("complete", Duration::ZERO, leases).await,
            QueueRequest::Release { job, token, after } => {
                self.keep("release", *after, &[(*job, *token)]).await
            }
        }
    }

    async fn enqueue(&self, jobs: &[TxKey], priority: Priority) -> RedisResult<QueueReply> {
        let mut invocation = self.invocation(&self.shared.enqueue);
        invocation.arg(match priority {
            Priority::High => "high",
            Priority::Normal => "normal",
        });
        for one in jobs {
            invocation.arg(job::name(one));
        }
        let mut connection = self.connection()?;
        let () = invocation.invoke_async(&mut connection).await?;
        Ok(QueueReply::Enqueued)
    }

    async fn lease(
        &self,
        most: usize,
        visibility: Duration,
        token: Token,
    ) -> RedisResult<Result<QueueReply, LaneFault>> {
        let mut invocation = self.invocation(&self.shared.lease);
        invocation
            .arg(most)
            .arg(micros(visibility))
            .arg(token.to_string());
        let mut connection = self.connection()?;
        let (available, names, attempts): (i64, Vec<String>, Vec<i64>) =
            invocation.invoke_async(&mut connection).await?;
        Ok(leased(most, available, &names, &attempts).ok_or(LaneFault::Malformed))
    }

    async fn keep(
        &self,
        what: &str,
        time: Duration,
        leases: &[(TxKey, Token)],
    ) -> RedisResult<Result<QueueReply, LaneFault>> {
        let mut invocation = self.invocation(&self.shared.keep);
        invocation.arg(what).arg(micros(time));
        for (key, token) in leases {
            invocation.arg(job::name(key)).arg(token.to_string());
        }
        let mut connection = self.connection()?;
        let places: Vec<usize> = invocation.invoke_async(&mut connection).await?;
        let lost = places.iter().map(|place| leases.get(*place).map(|(job, _)| *job));
        let lost: Option<Vec<TxKey>> = lost.collect();
        Ok(lost
            .map(|lost| QueueReply::Kept { lost })
            .ok_or(LaneFault::Malformed))
    }

    fn invocation<'a>(&self, script: &'a Script) -> ScriptInvocation<'a> {
        let mut invocation = script.prepare_invoke();
        for key in &self.shared.keys {
            invocation.key(key);
        }
        invocation.arg(micros(self.ahead));
        invocation
    }

    fn connection(&self) -> RedisResult<ConnectionManager> {
        let mut connection = self
            .shared
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = connection.as_ref() {
            return Ok(connection.clone());
        }
        // The caller counts the time of a call, and its breaker says when to try again.
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(None)
            .set_number_of_retries(0);
        let made = ConnectionManager::new_lazy_with_config(self.shared.client.clone(), config)?;
        Ok(connection.insert(made).clone())
    }

    fn let_go(&self) {
        let connection = self.shared.connection.lock();
        connection.unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl JobQueue for RedisQueue {
    async fn call(&self, request: QueueRequest) -> Result<QueueReply, LaneFault> {
        // A call that is let go leaves no connection behind either: one on which nothing comes back may be dead.
        let mut unanswered = Unanswered(Some(self));
        let outcome = self.ask(&request).await;
        unanswered.0 = None;
        let fault = match outcome {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(fault)) => fault,
            Err(error) => {
                tracing::debug!(%error, "redis did not do what it was asked");
                lane_fault(&error)
            }
        };
        if matches!(fault, LaneFault::Timeout | LaneFault::Connection) {
            self.let_go();
        }
        Err(fault)
    }
}

/// A call under way.
struct Unanswered<'a>(Option<&'a RedisQueue>);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(queue) = self.0 {
            queue.let_go();
        }
    }
}

/// What a lease brought; `None` for what no script of ours returns.
fn leased(most: usize, available: i64, names: &[String], attempts: &[i64]) -> Option<QueueReply> {
    let available = u64::try_from(available).ok()?;
    let attempts: Vec<u32> = attempts
        .iter()
        .map(|one| u32::try_from(*one).ok())
        .collect::<Option<_>>()?;
    if names.len() != attempts.len() || names.len() > most {
        return None;
    }
    let jobs = names.iter().zip(attempts).filter_map(|(name, attempts)| {
        let job = job::readable(name)?;
        Some(Leased { job, attempts })
    });
    let jobs = jobs.collect();
    Some(QueueReply::Leased { jobs, available })
}

fn script(body: &str) -> Script {
    Script::new(&format!("{}{body}", include_str!("prelude.lua")))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
