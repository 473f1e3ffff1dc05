//! The endpoints of one chain: whom to ask next, how long to wait, whom to believe.
//!
//! Every endpoint has a breaker, a moving average of its latency and of its failures, and a standing: it is unverified
//! until it has proved its identity, and shut out (cordoned) for a while when it said something false. A choice is made
//! among the verified endpoints that are neither cordoned, nor banned by their own Retry-After, nor full, nor asked as
//! much as their quotas allow, nor asked before, nor of a provider that was asked before, and whose breaker admits: the one whose next attempt is expected to
//! cost the caller least. A small share of choices goes to chance, half-open endpoints first, so that an endpoint which
//! has recovered is found out about.
//!
//! **Panic mode.** When breakers alone stand in the way of a choice, one probe a `probe_interval` is let through to each of
//! those endpoints regardless: a caller must not wait out an open breaker for a pool in which an endpoint has healed. Envoy
//! ignores health altogether when too few hosts are left; here the pace keeps a pool that is really dead from being
//! hammered. The first probe that succeeds makes its breaker half-open at once. A ban, a quota, a cordon and a breaker that a
//! person forced open are respected even then.
//!
//! **Outliers.** An endpoint that fails far more often than the others, though never so often in a row that its breaker opens,
//! is rested for a while, longer each time; never more than a share of all. When too few others are left, or none for a
//! choice, those that rest are used all the same. Who comes back starts slowly.
//!
//! A lease is handed in by exactly one of [`Pool::on_answer`], [`Pool::on_failure`] and [`Pool::cancel`]. One that is lost
//! frees itself [`LEASE_GRACE`] after the longest time-out that there is.

mod answer;
mod choose;
mod endpoint;
mod health;
mod leases;
mod outlier;
mod policy;
mod set;

use alloc::vec::Vec;
use core::time::Duration;

pub use answer::{Choice, Cordon, CordonReason, EndpointStatus, Lease, Unavailable};
pub use endpoint::Heights;
pub use policy::PoolPolicy;
pub use set::{EndpointSet, ProviderSet};

use serde::{Deserialize, Serialize};

use crate::chaos::Chaos;
use crate::limits::ENDPOINTS_MAX;
use crate::machine::Deadline;
use crate::resilience::breaker::{BreakerState, CallOutcome, Transition};
use crate::resilience::error_class::ErrorClass;
use crate::resilience::hedge::HedgePolicy;
use crate::resilience::limiter::Window;
use crate::rng::Rng;
use crate::time::Instant;
use endpoint::Endpoint;

/// How long after `attempt_timeout_max` an attempt that nobody reported on gives its place back.
pub const LEASE_GRACE: Duration = Duration::from_secs(1);

/// The endpoints of one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    policy: PoolPolicy,
    endpoints: Vec<Endpoint>,
    /// The finalized height of every provider of which it is known, highest first.
    finalized: Vec<u64>,
    rng: Rng,
    /// A recording is one of production, which has none.
    #[serde(skip)]
    chaos: Chaos,
}

impl Pool {
    /// A pool of one unverified endpoint for each of `providers`, which gives the number of the endpoint's provider: two
    /// endpoints of one provider are not independent witnesses.
    ///
    /// # Panics
    /// When the policy fails its [`PoolPolicy::check`], when there are no endpoints or more than [`ENDPOINTS_MAX`], or when
    /// a provider's number is not below it.
    #[must_use]
    pub fn new(policy: PoolPolicy, providers: &[u8], rng: Rng) -> Self {
        assert_eq!(policy.check(), Ok(()), "a pool policy was not checked");
        assert!(!providers.is_empty(), "a pool needs an endpoint");
        assert!(providers.len() <= ENDPOINTS_MAX, "a pool has too many endpoints");
        let numbered = |provider: &u8| usize::from(*provider) < ENDPOINTS_MAX;
        assert!(providers.iter().all(numbered), "a provider's number is too high");
        let endpoints = providers
            .iter()
            .map(|provider| Endpoint::new(&policy, *provider))
            .collect();
        Self {
            policy,
            endpoints,
            finalized: Vec::new(),
            rng,
            chaos: Chaos::off(),
        }
    }

    /// The same, with the quotas of each endpoint in turn: none for those that are left over.
    ///
    /// # Panics
    /// When an endpoint has windows that no [`crate::resilience::Limiter`] takes.
    #[must_use]
    pub fn with_quotas<'a>(mut self, quotas: impl IntoIterator<Item = &'a [Window]>) -> Self {
        for (endpoint, windows) in self.endpoints.iter_mut().zip(quotas) {
            endpoint.change(|endpoint| endpoint.limit(windows));
        }
        self
    }

    /// Puts the pool under `chaos`.
    pub fn set_chaos(&mut self, chaos: Chaos) {
        self.chaos = chaos;
    }

    /// The misfortune that it had.
    #[must_use]
    pub const fn chaos(&self) -> &Chaos {
        &self.chaos
    }

    /// Takes in an answer that came after `took`.
    ///
    /// # Panics
    /// When the lease is another pool's, as far as that can be seen.
    pub fn on_answer(&mut self, now: Instant, lease: Lease, took: Duration) -> Option<Transition> {
        let mut judged = None;
        let change = self.change(lease.endpoint, |endpoint| {
            endpoint.leases.give_back(now, &lease.hold);
            endpoint.on_answer(now, took);
            judged = endpoint.outlier.on_result(false);
            let change = endpoint
                .breaker
                .record(now, lease.permit, CallOutcome::Success, took);
            if change.is_some_and(|change| change.to == BreakerState::Closed) {
                endpoint.outlier.come_back(now);
            }
            change
        });
        self.judge(now, lease.endpoint, judged);
        change
    }

    /// Takes in a failure after `took`. One that took the lease's whole time-out is a time-out. The endpoint is left alone
    /// for `retry_after` if it said so, and in any case if it is rate limiting us.
    ///
    /// # Panics
    /// When the lease is another pool's, as far as that can be seen.
    pub fn on_failure(
        &mut self,
        now: Instant,
        lease: Lease,
        class: ErrorClass,
        retry_after: Option<Duration>,
        took: Duration,
    ) -> Option<Transition> {
        let policy = self.policy;
        let (index, outcome) = (lease.endpoint, blame(class));
        let mut judged = None;
        let change = self.change(index, |endpoint| {
            endpoint.leases.give_back(now, &lease.hold);
            if outcome == CallOutcome::Failure {
                endpoint.health.on_failure(now, took, lease.timeout);
                judged = endpoint.outlier.on_result(true);
            }
            if class == ErrorClass::RateLimited || retry_after.is_some() {
                endpoint.ban(now, retry_after, &policy);
            }
            endpoint.breaker.record(now, lease.permit, outcome, took)
        });
        self.judge(now, index, judged);
        change
    }

    /// Hands in a lease whose attempt was not made, or was broken off for reasons of our own.
    ///
    /// # Panics
    /// When the lease is another pool's, as far as that can be seen.
    pub fn cancel(&mut self, now: Instant, lease: Lease) {
        self.change(lease.endpoint, |endpoint| {
            endpoint.leases.give_back(now, &lease.hold);
            endpoint.breaker.cancel(now, lease.permit);
        });
    }

    /// Shuts an endpoint out until `until`, or for as long as the policy has it for this reason. What it reported is
    /// forgotten, and after that time it must prove its identity again.
    ///
    /// # Panics
    /// When there is no such endpoint.
    pub fn cordon(&mut self, now: Instant, endpoint: u8, reason: CordonReason, until: Option<Instant>) {
        let pause = match reason {
            CordonReason::WrongChain | CordonReason::WrongGenesis | CordonReason::WrongDecimals => {
                self.policy.identity_cordon
            }
            CordonReason::Disagreed => self.policy.disagreement_cordon,
        };
        let until = until.unwrap_or_else(|| now.after(pause));
        self.change(endpoint, |endpoint| endpoint.shut(reason, until));
        self.note_finalized();
    }

    /// Ends the cordon of an endpoint before its time. It must prove its identity all the same.
    ///
    /// # Panics
    /// When there is no such endpoint.
    pub fn uncordon(&mut self, endpoint: u8) {
        self.change(endpoint, |endpoint| endpoint.cordon = None);
    }

    /// Stops asking an endpoint, by a person's order, until [`Pool::resume`]. What it reported is forgotten; leases on it may
    /// still be handed in.
    ///
    /// # Panics
    /// When there is no such endpoint.
    pub fn pause(&mut self, endpoint: u8) {
        self.change(endpoint, Endpoint::pause);
        self.note_finalized();
    }

    /// Lets an endpoint be asked again, once it has proved its identity anew.
    ///
    /// # Panics
    /// When there is no such endpoint.
    pub fn resume(&mut self, endpoint: u8) {
        self.change(endpoint, Endpoint::resume);
    }

    /// The state of an endpoint's breaker.
    ///
    /// # Panics
    /// When there is no such endpoint.
    #[must_use]
    pub fn breaker(&self, endpoint: u8) -> BreakerState {
        self.endpoint(endpoint).breaker.state()
    }

    /// Lets an endpoint take part: it has proved to be what it should be. While it is cordoned this changes nothing, since
    /// the proof may be older than the cordon.
    ///
    /// # Panics
    /// When there is no such endpoint.
    pub fn mark_verified(&mut self, endpoint: u8) {
        self.change(endpoint, Endpoint::verify);
        self.note_finalized();
    }

    /// Notes the heights that a verified endpoint reports; those of any other may be of another chain, and are ignored.
    /// Neither height ever goes back, until the endpoint is cordoned; a finalized height above the latest is cut to it.
    /// Says whether the endpoint has come further.
    ///
    /// # Panics
    /// When there is no such endpoint.
    pub fn on_height(&mut self, endpoint: u8, latest: u64, finalized: u64) -> bool {
        let has_moved = self.endpoints[usize::from(endpoint)].on_height(latest, finalized);
        if has_moved {
            self.note_finalized();
        }
        has_moved
    }

    /// The highest block that at least `quorum` independent providers hold to be final, as far as their endpoints are
    /// verified. `None` when there are not so many.
    ///
    /// # Panics
    /// When `quorum` is zero.
    #[must_use]
    pub fn agreed_finalized(&self, quorum: usize) -> Option<u64> {
        assert!(quorum > 0, "a quorum of nobody was asked for");
        self.finalized.get(quorum - 1).copied()
    }

    /// The newest block that at least `quorum` independent providers know, as far as their endpoints are verified. `None` when
    /// there are not so many.
    ///
    /// # Panics
    /// When `quorum` is zero.
    #[must_use]
    pub fn agreed_latest(&self, quorum: usize) -> Option<u64> {
        assert!(quorum > 0, "a quorum of nobody was asked for");
        let mut latest: Vec<u64> = self.by_provider(|heights| heights.latest).collect();
        latest.sort_unstable_by(|a, b| b.cmp(a));
        latest.get(quorum - 1).copied()
    }

    /// Refuses an endpoint every call, by a person's order, until [`Pool::reset`].
    ///
    /// # Panics
    /// When there is no such endpoint.
    pub fn force_open(&mut self, endpoint: u8) -> Option<Transition> {
        self.change(endpoint, |endpoint| endpoint.breaker.force_open())
    }

    /// Switches an endpoint's breaker off, by a person's order, until [`Pool::reset`].
    ///
    /// # Panics
    /// When there is no such endpoint.
    pub fn disable(&mut self, endpoint: u8) -> Option<Transition> {
        self.change(endpoint, |endpoint| endpoint.breaker.disable())
    }

    /// Closes an endpoint's breaker with a clean record, by a person's order.
    ///
    /// # Panics
    /// When there is no such endpoint.
    pub fn reset(&mut self, endpoint: u8) -> Option<Transition> {
        self.change(endpoint, |endpoint| endpoint.breaker.reset())
    }

    /// Lets the breakers make the changes that are due, and says what became of each that changed. An owner that reports
    /// transitions calls this before anything else, because everything else makes the changes that are due without a
    /// word.
    pub fn breakers_due(&mut self, now: Instant) -> Vec<(u8, Transition)> {
        let due = |(index, endpoint): (u8, &mut Endpoint)| Some((index, endpoint.breaker.on_tick(now)?));
        (0..).zip(&mut self.endpoints).filter_map(due).collect()
    }

    /// Makes the changes that are due, and says which endpoints' breakers changed their state.
    pub fn on_tick(&mut self, now: Instant) -> EndpointSet {
        if !self.endpoints.iter().any(|endpoint| endpoint.is_due(now)) {
            return EndpointSet::EMPTY;
        }
        let settle = |(index, endpoint): (u8, &mut Endpoint)| endpoint.settle(now).then_some(index);
        (0..).zip(&mut self.endpoints).filter_map(settle).collect()
    }

    /// Whether an endpoint has room for what somebody was refused for want of it. Asked before [`Pool::on_tick`], which
    /// takes it as told.
    #[must_use]
    pub fn has_room(&self, now: Instant) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.has_room(now))
    }

    /// When something next changes by itself. An owner calls [`Pool::choose_unverified`] after each tick.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Deadline> {
        let ticks = self
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.tick_at().is_some());
        ticks.min_by_key(|endpoint| endpoint.tick_at())?.next_deadline()
    }

    /// When, and how often, somebody else is asked, too.
    #[must_use]
    pub const fn hedging(&self) -> HedgePolicy {
        self.policy.hedge
    }

    /// The number of an endpoint's provider.
    ///
    /// # Panics
    /// When there is no such endpoint.
    #[must_use]
    pub fn provider(&self, endpoint: u8) -> u8 {
        self.endpoints[usize::from(endpoint)].provider
    }

    /// The heights that an endpoint reported since it was last shut out or paused.
    ///
    /// # Panics
    /// When there is no such endpoint.
    #[must_use]
    pub fn heights(&self, endpoint: u8) -> Option<Heights> {
        self.endpoint(endpoint).heights
    }

    /// How many endpoints there are.
    #[must_use]
    pub const fn endpoint_count(&self) -> usize {
        self.endpoints.len()
    }

    /// Every endpoint as of `now`, in index order.
    pub fn status(&self, now: Instant) -> impl Iterator<Item = EndpointStatus> {
        (0..)
            .zip(&self.endpoints)
            .map(move |(index, endpoint)| EndpointStatus {
                endpoint: index,
                provider: endpoint.provider,
                paused: endpoint.paused,
                verified: endpoint.verified,
                breaker: endpoint.breaker.state(),
                counters: endpoint.breaker.counters(),
                latency: endpoint.health.latency(),
                failures_permille: endpoint.health.failures_permille(now),
                in_flight: endpoint.leases.in_flight(),
                leases_lost: endpoint.leases.lost(),
                banned_until: endpoint.banned_until.filter(|until| *until > now),
                cordon: endpoint.cordon.filter(|cordon| cordon.until > now),
                ejected_until: endpoint.outlier.ejected_until(now),
                heights: endpoint.heights,
            })
    }

    fn note_finalized(&mut self) {
        let finalized = self.by_provider(|heights| heights.finalized);
        self.finalized.clear();
        self.finalized.extend(finalized);
        self.finalized.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// The highest such height of each provider of which one is known, as far as its endpoints are verified.
    fn by_provider(&self, height: fn(Heights) -> u64) -> impl Iterator<Item = u64> + use<> {
        let mut by_provider = [None; ENDPOINTS_MAX];
        for endpoint in self.endpoints.iter().filter(|endpoint| endpoint.verified) {
            let known = &mut by_provider[usize::from(endpoint.provider)];
            *known = endpoint.heights.map(height).max(*known);
        }
        by_provider.into_iter().flatten()
    }

    /// Rests an endpoint of whose results so many `failed`, if that is an outlier.
    fn judge(&mut self, now: Instant, index: u8, failed: Option<u64>) {
        if failed.is_some_and(|failed| self.is_outlier(now, index, failed)) {
            let policy = self.policy;
            self.change(index, |endpoint| endpoint.outlier.eject(now, &policy));
        }
    }

    /// Whether an endpoint of whose results so many thousandths `failed` should be rested, beside the others, and may be.
    fn is_outlier(&self, now: Instant, index: u8, failed: u64) -> bool {
        let PoolPolicy {
            eject_percent,
            eject_share_max,
            ..
        } = self.policy;
        if failed < u64::from(eject_percent) * 10 || self.endpoint(index).outlier.is_ejected(now) {
            return false;
        }
        let share = |endpoint: &Endpoint| endpoint.health.failures_permille(now);
        let rested = self
            .endpoints
            .iter()
            .filter(|other| other.outlier.is_ejected(now))
            .count();
        let most = self.endpoints.len() * usize::from(eject_share_max) / 100;
        let others = || {
            (0..)
                .zip(&self.endpoints)
                .filter(|(place, other)| *place != index && other.verified)
        };
        let sum: u64 = others().map(|(_, other)| share(other)).sum();
        let count = others().count() as u64;
        rested < most && count > 0 && sum * 2 <= failed * count
    }

    fn endpoint(&self, index: u8) -> &Endpoint {
        &self.endpoints[usize::from(index)]
    }

    fn change<T>(&mut self, index: u8, change: impl FnOnce(&mut Endpoint) -> T) -> T {
        self.endpoints[usize::from(index)].change(change)
    }
}

/// What a failure says about the endpoint. A refusal for asking too much is our doing, and a conflict is between us and
/// somebody else; an endpoint that refuses our key or does not know our question is of no more use than a dead one.
const fn blame(class: ErrorClass) -> CallOutcome {
    match class {
        ErrorClass::Transient | ErrorClass::Server | ErrorClass::Auth | ErrorClass::Configuration => {
            CallOutcome::Failure
        }
        ErrorClass::RateLimited | ErrorClass::Conflict => CallOutcome::Ignored,
    }
}

#[cfg(test)]
mod tests;
