//! How much of whom the server bears: requests of one client, requests at once, time for one request.
//!
//! The rate is a GCRA, one per client address: each request moves the client's theoretical arrival time forward by
//! one emission interval, and is refused while that is further ahead than the burst allows. A client is the peer
//! address of the connection; behind a proxy, limit there.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt as _;
use plimsoll_core::time::Instant;

use super::Api;
use super::operator::Operator;
use super::problem::{Code, Problem};
use super::server::Peer;
use crate::config::RateLimit;
use crate::config::Role;
use crate::worker::ROUTE as REPORTS;

/// The most clients remembered at once; those whose pause is over are forgotten first.
const CLIENTS_MAX: usize = 65_536;
/// How often clients are forgotten at most, so that a crowd of them costs little.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// The rate of every client.
#[derive(Debug)]
pub(super) struct RateLimiter {
    interval: Duration,
    tolerance: Duration,
    clients: Mutex<Clients>,
}

#[derive(Debug, Default)]
struct Clients {
    /// When each client's next request would arrive if it kept to its rate.
    arrivals: BTreeMap<IpAddr, Instant>,
    /// When those whose pause is over may be forgotten again.
    next_sweep: Instant,
}

impl RateLimiter {
    /// One that lets each client do what `limit` says.
    pub(super) fn new(limit: RateLimit) -> Self {
        let interval = Duration::from_secs(1) / limit.per_second;
        Self {
            interval,
            tolerance: interval * (limit.burst - 1),
            clients: Mutex::default(),
        }
    }

    /// Lets a request of `client` through, or says how long it must wait.
    fn admit(&self, now: Instant, client: IpAddr) -> Result<(), Duration> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.arrivals.len() >= CLIENTS_MAX && clients.next_sweep <= now {
            clients.arrivals.retain(|_, arrival| *arrival > now);
            clients.next_sweep = now.after(SWEEP_INTERVAL);
        }
        let known = clients.arrivals.get(&client).copied();
        if known.is_none() && clients.arrivals.len() >= CLIENTS_MAX {
            return Err(SWEEP_INTERVAL);
        }
        let arrival = known.unwrap_or(now).max(now);
        let ahead = arrival.since(now);
        if ahead > self.tolerance {
            return Err(ahead - self.tolerance);
        }
        clients.arrivals.insert(client, arrival.after(self.interval));
        Ok(())
    }
}

/// Refuses requests of clients that ask too much.
pub(super) async fn rate(State(api): State<Api>, request: Request, next: Next) -> Result<Response, Problem> {
    let peer = request.extensions().get::<ConnectInfo<Peer>>();
    let client = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(Peer(peer))| {
        client_of(peer.ip())
    });
    // Workers report as fast as they work, and many of them are on one machine.
    if request.uri().path() == REPORTS && is_worker(&api, &request) {
        return Ok(next.run(request).await);
    }
    match api.limiter.admit(api.clock.now(), client) {
        Ok(()) => Ok(next.run(request).await),
        Err(wait) => {
            let seconds = wait.as_secs() + 1;
            let problem = Problem::new(Code::RateLimited, format!("ask less often: wait {seconds} s"));
            Err(problem.retry_after(seconds))
        }
    }
}

fn is_worker(api: &Api, request: &Request) -> bool {
    let bearer = Operator::identify(&api.tokens, request.headers());
    bearer.is_ok_and(|bearer| bearer.role == Role::Worker)
}

/// Refuses requests while as many are under way as the server bears, those that take too long, and those that panic.
pub(super) async fn load(State(api): State<Api>, request: Request, next: Next) -> Result<Response, Problem> {
    let Ok(_place) = api.in_flight.try_acquire() else {
        return Err(Problem::new(
            Code::Overloaded,
            "too many requests are under way: repeat it a little later",
        ));
    };
    // What handlers share is read-only, or behind locks whose contents are whole between any two statements.
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let answered = tokio::time::timeout(api.request_timeout, answer).await;
    match answered {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(_)) => Err(Problem::new(
            Code::Internal,
            "this request met a fault of ours, which is in the log; others are not affected",
        )),
        Err(_) => Err(Problem::new(
            Code::Timeout,
            "the outcome is unknown: repeat the request with the same Idempotency-Key to learn it",
        )),
    }
}

/// An IPv6 client is a whole /64 network: it has as many addresses as it likes.
fn client_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(
            || IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
            IpAddr::V4,
        ),
    }
}

#[cfg(test)]
mod tests;
