//! Whom to ask: one walk over the endpoints, then the cheapest of those that nothing stands in the way of.

use super::answer::{Choice, Lease, Unavailable};
use super::endpoint::{Endpoint, Obstacle};
use super::policy::PoolPolicy;
use super::set::{EndpointSet, ProviderSet};
use super::{LEASE_GRACE, Pool};
use crate::buggify;
use crate::resilience::breaker::{Admission, BreakerState, Permit};
use crate::resilience::limiter::Allowance;
use crate::time::Instant;

impl Pool {
    /// Chooses a verified endpoint that is not in `asked` and whose provider is not in `providers_used`, to be asked in
    /// `weight` calls.
    ///
    /// # Panics
    /// When `weight` is more than the least burst of any endpoint.
    pub fn choose(
        &mut self,
        now: Instant,
        asked: EndpointSet,
        providers_used: ProviderSet,
        weight: u32,
    ) -> Choice {
        let _changed = self.on_tick(now);
        let mut survey = Survey::default();
        for (index, endpoint) in (0..).zip(&mut self.endpoints) {
            if asked.contains(index) || providers_used.contains(endpoint.provider) {
                continue;
            }
            let admits = endpoint.breaker.admits(now);
            let obstacle = endpoint.obstacle(now, weight);
            match obstacle {
                // Who is busy with probes alone would refuse if it were not: nobody waits for that.
                Some(obstacle) if !obstacle.why.is_restraint() || admits => survey.note(obstacle),
                None if admits && endpoint.outlier.is_ejected(now) => survey.resting.insert(index),
                None if admits => survey.admitted.insert(index),
                Some(_) | None => {
                    let until = match obstacle {
                        Some(obstacle) => obstacle.until,
                        None => endpoint.retry_at(now, self.policy.probe_interval),
                    };
                    survey.note(Obstacle {
                        why: Unavailable::Refused,
                        until,
                    });
                    if obstacle.is_none() && endpoint.may_be_probed() {
                        survey.probeable.insert(index);
                    }
                }
            }
        }
        if survey.admitted.is_empty() || (!survey.resting.is_empty() && self.is_panicking(now)) {
            survey.admitted = survey.admitted.union(survey.resting);
        }
        if let Some(index) = self.pick(now, survey.admitted) {
            return self.ask(now, index, weight);
        }
        match self.cheapest(now, survey.probeable) {
            Some(index) => self.probe(now, index, weight),
            None => survey.nobody(),
        }
    }

    /// Chooses an endpoint like [`Pool::choose`], for a question that somebody else is being asked already: one whose
    /// breaker is closed or switched off and that does not rest, and nobody in panic mode. Nothing is tried out with such a
    /// question, and whoever is refused waits for nothing.
    ///
    /// # Panics
    /// When `weight` is more than the least burst of any endpoint.
    pub fn choose_spare(
        &mut self,
        now: Instant,
        asked: EndpointSet,
        providers_used: ProviderSet,
        weight: u32,
    ) -> Option<Lease> {
        let _changed = self.on_tick(now);
        if self.is_panicking(now) {
            return None;
        }
        let is_well = |(index, endpoint): (u8, &mut Endpoint)| {
            let is_spare = !asked.contains(index)
                && !providers_used.contains(endpoint.provider)
                && matches!(
                    endpoint.breaker.state(),
                    BreakerState::Closed | BreakerState::Disabled
                )
                && !endpoint.outlier.is_ejected(now)
                && endpoint.can_take(now, weight);
            is_spare.then_some(index)
        };
        let well = (0..).zip(&mut self.endpoints).filter_map(is_well).collect();
        match self.ask(now, self.cheapest(now, well)?, weight) {
            Choice::Ask(lease) => Some(lease),
            Choice::None { .. } => unreachable!("an endpoint that can take a question was chosen"),
        }
    }

    /// Chooses an unverified endpoint, so that the owner can ask it who it is in `weight` calls: each at most once a
    /// `probe_interval`. When no verified endpoint is of use, an open breaker does not stand in the way.
    ///
    /// An owner asks until nobody is left, at the start and after every result and tick.
    ///
    /// # Panics
    /// When `weight` is more than the least burst of any endpoint.
    pub fn choose_unverified(&mut self, now: Instant, weight: u32) -> Choice {
        let _changed = self.on_tick(now);
        let mut survey = Survey::default();
        if self.endpoints.iter().all(|endpoint| endpoint.verified) {
            return survey.nobody();
        }
        let panic = !self.is_usable(now);
        for (index, endpoint) in (0..).zip(&mut self.endpoints) {
            if endpoint.verified {
                continue;
            }
            if let Some(obstacle) = endpoint.obstacle_to_probe(now, weight) {
                survey.note(obstacle);
            } else if let Some(at) = endpoint.probe_at {
                survey.note(Obstacle {
                    why: Unavailable::Unverified,
                    until: Some(at),
                });
            } else if endpoint.breaker.admits(now) {
                survey.admitted.insert(index);
            } else if panic && endpoint.may_be_probed() {
                survey.probeable.insert(index);
            } else {
                let until = endpoint.breaker.next_deadline().map(|deadline| deadline.at);
                survey.note(Obstacle {
                    why: Unavailable::Refused,
                    until,
                });
            }
        }
        let choice = match (survey.admitted.iter().next(), survey.probeable.iter().next()) {
            (Some(index), _) => self.ask(now, index, weight),
            (None, Some(index)) => self.probe(now, index, weight),
            (None, None) => return survey.nobody(),
        };
        self.identify(now, choice)
    }

    /// The best of `candidates`, or now and then another one.
    fn pick(&mut self, now: Instant, candidates: EndpointSet) -> Option<u8> {
        let is_curious = |pool: &mut Self| {
            buggify!(pool.chaos, "pool/explore") || pool.rng.chance(1, pool.policy.explore_one_in.into())
        };
        if candidates.len() >= 2 && is_curious(self) {
            let recovering = |index: &u8| self.endpoint(*index).breaker.state() == BreakerState::HalfOpen;
            let half_open: EndpointSet = candidates.iter().filter(recovering).collect();
            let among = if half_open.is_empty() {
                candidates
            } else {
                half_open
            };
            let nth = self.rng.index(among.len());
            return among.iter().nth(nth);
        }
        self.cheapest(now, candidates)
    }

    fn cheapest(&self, now: Instant, candidates: EndpointSet) -> Option<u8> {
        let PoolPolicy {
            attempt_timeout_min,
            attempt_timeout_max,
            slow_start,
            ..
        } = self.policy;
        candidates.iter().min_by_key(|index| {
            let endpoint = self.endpoint(*index);
            let in_flight = endpoint.leases.in_flight();
            let cost = endpoint
                .health
                .cost(now, in_flight, attempt_timeout_min, attempt_timeout_max);
            endpoint.outlier.costing(now, cost, slow_start)
        })
    }

    /// Whether a settled pool has a verified endpoint that could be asked, at once or once it is less busy.
    fn is_usable(&mut self, now: Instant) -> bool {
        self.endpoints.iter_mut().any(|endpoint| {
            let obstacle = endpoint.unfit();
            obstacle.is_none_or(|obstacle| obstacle.why.is_restraint()) && endpoint.breaker.admits(now)
        })
    }

    /// Whether so few of the verified endpoints are neither rested nor refused by their breakers that none may rest.
    fn is_panicking(&mut self, now: Instant) -> bool {
        let (mut verified, mut healthy) = (0, 0);
        for endpoint in self.endpoints.iter_mut().filter(|endpoint| endpoint.verified) {
            verified += 1;
            healthy += usize::from(!endpoint.outlier.is_ejected(now) && endpoint.breaker.admits(now));
        }
        healthy * 100 < verified * usize::from(self.policy.panic_percent)
    }

    /// A lease on an endpoint whose breaker admits.
    fn ask(&mut self, now: Instant, index: u8, weight: u32) -> Choice {
        match self.change(index, |endpoint| endpoint.breaker.try_acquire(now)) {
            Admission::Granted(permit) => self.lease(now, index, permit, weight),
            Admission::Refused { .. } => unreachable!("a breaker refused what it admitted"),
        }
    }

    /// A lease on an endpoint whose breaker is open.
    fn probe(&mut self, now: Instant, index: u8, weight: u32) -> Choice {
        let probe_interval = self.policy.probe_interval;
        let permit = self.change(index, |endpoint| {
            endpoint.probe_at = Some(now.after(probe_interval));
            endpoint.breaker.probe(now)
        });
        match permit {
            Some(permit) => self.lease(now, index, permit, weight),
            None => unreachable!("an open breaker grants every probe"),
        }
    }

    fn lease(&mut self, now: Instant, index: u8, permit: Permit, weight: u32) -> Choice {
        let PoolPolicy {
            attempt_timeout_min,
            attempt_timeout_max,
            ..
        } = self.policy;
        let is_closed = self.endpoint(index).breaker.state() == BreakerState::Closed;
        let gives_up_early = is_closed && buggify!(self.chaos, "pool/give_up_early");
        let timeout = if gives_up_early {
            attempt_timeout_min
        } else {
            let health = &self.endpoint(index).health;
            health.timeout(attempt_timeout_min, attempt_timeout_max)
        };
        let expires = now.after(attempt_timeout_max).after(LEASE_GRACE);
        let (allowance, hold) = self.change(index, |endpoint| {
            let allowance = endpoint.limiter.take(now, weight);
            (allowance, endpoint.leases.take(expires))
        });
        assert_eq!(
            allowance,
            Allowance::Granted,
            "an endpoint without room was chosen"
        );
        match hold {
            Some(hold) => Choice::Ask(Lease {
                endpoint: index,
                timeout,
                permit,
                hold,
            }),
            None => unreachable!("an endpoint that is full was chosen"),
        }
    }

    /// Makes an identity probe of a choice: it gets all the time there is, because nobody waits for it and nothing is known
    /// about the endpoint.
    fn identify(&mut self, now: Instant, choice: Choice) -> Choice {
        let PoolPolicy {
            attempt_timeout_max,
            probe_interval,
            ..
        } = self.policy;
        match choice {
            Choice::Ask(lease) => {
                self.change(lease.endpoint, |endpoint| {
                    endpoint.probe_at = Some(now.after(probe_interval));
                });
                Choice::Ask(Lease {
                    timeout: attempt_timeout_max,
                    ..lease
                })
            }
            Choice::None { .. } => choice,
        }
    }
}

/// What a walk over the endpoints found.
#[derive(Debug, Default)]
struct Survey {
    admitted: EndpointSet,
    /// Rested as outliers, and else as good as admitted.
    resting: EndpointSet,
    /// Open, but a probe is due.
    probeable: EndpointSet,
    nearest: Option<Unavailable>,
    retry_at: Option<Instant>,
}

impl Survey {
    fn note(&mut self, obstacle: Obstacle) {
        self.nearest = self.nearest.max(Some(obstacle.why));
        self.retry_at = match (self.retry_at, obstacle.until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, None) | (None, one) => one,
        };
    }

    fn nobody(self) -> Choice {
        let why = self.nearest.unwrap_or(Unavailable::Exhausted);
        Choice::None {
            retry_at: self.retry_at,
            why,
        }
    }
}
