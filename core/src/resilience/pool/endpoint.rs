//! One endpoint as its pool sees it: what stands in the way of asking it, and what its results change.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::answer::{Cordon, CordonReason, Unavailable};
use super::health::Health;
use super::leases::Leases;
use super::outlier::Outlier;
use super::policy::PoolPolicy;
use crate::machine::Deadline;
use crate::resilience::breaker::{Breaker, BreakerState};
use crate::resilience::limiter::{Limiter, Window};
use crate::time::Instant;

/// The block heights that an endpoint has reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Heights {
    /// The newest block it knows.
    pub latest: u64,
    /// The newest block it holds to be final; never above `latest`.
    pub finalized: u64,
}

/// Why an endpoint cannot be asked now, and when that ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Obstacle {
    pub(super) why: Unavailable,
    pub(super) until: Option<Instant>,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Endpoint {
    pub(super) provider: u8,
    pub(super) breaker: Breaker,
    pub(super) health: Health,
    pub(super) leases: Leases,
    pub(super) limiter: Limiter,
    pub(super) outlier: Outlier,
    /// When its limiter has room for what somebody was refused.
    room_at: Option<Instant>,
    /// Whether it is not to be asked, by a person's order.
    pub(super) paused: bool,
    /// Whether it has proved to be what it should be, since the start, its last cordon or its last pause.
    pub(super) verified: bool,
    pub(super) cordon: Option<Cordon>,
    /// Until when it has asked to be left alone.
    pub(super) banned_until: Option<Instant>,
    bans_in_a_row: u32,
    /// Not before this is it probed again.
    pub(super) probe_at: Option<Instant>,
    pub(super) heights: Option<Heights>,
    due: Due,
}

/// When time alone changes something, as of the last change: every choice looks at every endpoint, and mostly nothing is
/// due at any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Due {
    /// Not before this is there anything to settle.
    settle: Option<Instant>,
    /// When the owner is asked to tick.
    tick: Option<Instant>,
}

impl Endpoint {
    pub(super) fn new(policy: &PoolPolicy, provider: u8) -> Self {
        Self {
            provider,
            breaker: Breaker::new(policy.breaker),
            health: Health::default(),
            leases: Leases::new(policy.in_flight_max),
            limiter: Limiter::default(),
            outlier: Outlier::default(),
            room_at: None,
            paused: false,
            verified: false,
            cordon: None,
            banned_until: None,
            bans_in_a_row: 0,
            probe_at: None,
            heights: None,
            due: Due::default(),
        }
    }

    /// Changes the endpoint, and what is due at it with it.
    pub(super) fn change<T>(&mut self, change: impl FnOnce(&mut Self) -> T) -> T {
        let result = change(self);
        self.due = self.find_due();
        result
    }

    /// Whether there is anything to settle.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due.settle.is_some_and(|at| at <= now)
    }

    /// Makes every change that is due; true when the breaker's state is another one after it.
    pub(super) fn settle(&mut self, now: Instant) -> bool {
        self.is_due(now) && self.change(|endpoint| endpoint.make_due_changes(now))
    }

    fn make_due_changes(&mut self, now: Instant) -> bool {
        self.leases.expire(now);
        self.banned_until = self.banned_until.filter(|until| *until > now);
        self.cordon = self.cordon.filter(|cordon| cordon.until > now);
        self.probe_at = self.probe_at.filter(|at| *at > now);
        self.room_at = self.room_at.filter(|at| *at > now);
        self.breaker.on_tick(now).is_some()
    }

    /// Sets the quotas of the endpoint.
    pub(super) fn limit(&mut self, windows: &[Window]) {
        self.limiter = Limiter::new(windows);
    }

    /// What keeps a settled endpoint from being asked who it is in `weight` calls, but for its breaker.
    pub(super) fn obstacle_to_probe(&mut self, now: Instant, weight: u32) -> Option<Obstacle> {
        let obstacle = self.shut_out().or_else(|| self.occupied());
        obstacle.or_else(|| self.limited(now, weight))
    }

    /// What keeps a settled endpoint from being asked anything else in `weight` calls, but for its breaker.
    pub(super) fn obstacle(&mut self, now: Instant, weight: u32) -> Option<Obstacle> {
        self.unfit().or_else(|| self.limited(now, weight))
    }

    /// What keeps a settled endpoint from being asked, however little that is, but for its breaker.
    pub(super) fn unfit(&self) -> Option<Obstacle> {
        let unverified = || Obstacle {
            why: Unavailable::Unverified,
            until: self.probe_at,
        };
        let doubt = || (!self.verified).then(unverified);
        self.shut_out().or_else(doubt).or_else(|| self.occupied())
    }

    /// Whether a settled endpoint can be asked in `weight` calls, but for its breaker. Nobody waits until it can.
    pub(super) fn can_take(&mut self, now: Instant, weight: u32) -> bool {
        self.unfit().is_none() && self.limiter.ready_at(now, weight) <= now
    }

    /// Notes when there is room: somebody waits for it.
    fn limited(&mut self, now: Instant, weight: u32) -> Option<Obstacle> {
        let ready = self.limiter.ready_at(now, weight);
        if ready <= now {
            return None;
        }
        if self.room_at.is_none_or(|at| ready < at) {
            self.change(|endpoint| endpoint.room_at = Some(ready));
        }
        Some(Obstacle {
            why: Unavailable::Limited,
            until: Some(ready),
        })
    }

    /// Whether somebody waits for room in its limiter that there is.
    pub(super) fn has_room(&self, now: Instant) -> bool {
        self.room_at.is_some_and(|at| at <= now)
    }

    fn shut_out(&self) -> Option<Obstacle> {
        let paused = self.paused.then_some(Obstacle {
            why: Unavailable::Paused,
            until: None,
        });
        let cordoned = || {
            self.cordon.map(|cordon| Obstacle {
                why: Unavailable::Cordoned,
                until: Some(cordon.until),
            })
        };
        paused.or_else(cordoned)
    }

    fn occupied(&self) -> Option<Obstacle> {
        let banned = self.banned_until.map(|until| Obstacle {
            why: Unavailable::Banned,
            until: Some(until),
        });
        let full = || Obstacle {
            why: Unavailable::Busy,
            until: self.leases.first_expiry(),
        };
        banned.or_else(|| self.leases.is_full().then(full))
    }

    /// When a settled endpoint whose breaker refuses is worth asking for again: when it may be probed if it is open, and
    /// within one probe interval if probes are under way.
    pub(super) fn retry_at(&self, now: Instant, probe_interval: Duration) -> Option<Instant> {
        match self.breaker.state() {
            BreakerState::Open => Some(self.probe_at.unwrap_or(now)),
            BreakerState::HalfOpen => Some(now.after(probe_interval)),
            BreakerState::Closed | BreakerState::ForcedOpen | BreakerState::Disabled => None,
        }
    }

    /// Whether a settled endpoint may be probed although its breaker is open.
    pub(super) fn may_be_probed(&self) -> bool {
        self.breaker.state() == BreakerState::Open && self.probe_at.is_none()
    }

    /// Takes in an answer.
    pub(super) fn on_answer(&mut self, now: Instant, took: Duration) {
        self.health.on_answer(now, took);
        if self.banned_until.is_none_or(|until| until <= now) {
            self.bans_in_a_row = 0;
        }
    }

    /// Leaves the endpoint alone for as long as it asked, or longer each time that it named no pause. Never shortens a ban,
    /// and counts a burst of refusals as one.
    pub(super) fn ban(&mut self, now: Instant, retry_after: Option<Duration>, policy: &PoolPolicy) {
        let asked = retry_after.filter(|pause| !pause.is_zero());
        let is_over = self.banned_until.is_none_or(|until| until <= now);
        if asked.is_none() && (is_over || self.bans_in_a_row == 0) {
            self.bans_in_a_row = self.bans_in_a_row.saturating_add(1);
        }
        let doublings = self.bans_in_a_row.saturating_sub(1).min(u32::BITS - 1);
        let pause = asked.unwrap_or_else(|| policy.ban.saturating_mul(1 << doublings));
        let until = now.after(pause.min(policy.ban_max));
        self.banned_until = self.banned_until.max(Some(until));
    }

    /// Shuts the endpoint out. Its identity is in doubt from then on, and so is every height that it reported.
    pub(super) fn shut(&mut self, reason: CordonReason, until: Instant) {
        self.cordon = Some(Cordon { reason, until });
        self.verified = false;
        self.heights = None;
    }

    /// Stops asking the endpoint. Like one that is shut out, it proves its identity anew before it is asked again.
    pub(super) fn pause(&mut self) {
        self.paused = true;
        self.verified = false;
        self.heights = None;
    }

    /// Lets the endpoint be asked again, first for its identity, at the pace of probes: whoever pauses and resumes it again
    /// and again does not hammer it.
    pub(super) const fn resume(&mut self) {
        self.paused = false;
    }

    /// Lets the endpoint take part, unless it is shut out.
    pub(super) fn verify(&mut self) {
        self.verified |= self.cordon.is_none() && !self.paused;
    }

    /// Keeps the higher of each height, if the endpoint is to be believed; true when either was higher.
    pub(super) fn on_height(&mut self, latest: u64, finalized: u64) -> bool {
        if !self.verified {
            return false;
        }
        let known = self.heights.unwrap_or_default();
        let latest = known.latest.max(latest);
        let finalized = known.finalized.max(finalized.min(latest));
        let heights = Some(Heights { latest, finalized });
        core::mem::replace(&mut self.heights, heights) != heights
    }

    /// When the owner should tick because something changes by itself.
    pub(super) const fn tick_at(&self) -> Option<Instant> {
        self.due.tick
    }

    /// The same, with what changes.
    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        let probe_at = self.probe_at.filter(|_| !self.verified);
        Deadline::earlier(
            self.deadline_but_for_probe(),
            due(probe_at, "endpoint may be probed"),
        )
    }

    fn find_due(&self) -> Due {
        let rest = self.deadline_but_for_probe().map(|due| due.at);
        let with_probe = rest.into_iter().chain(self.probe_at).min();
        Due {
            settle: with_probe,
            tick: if self.verified { rest } else { with_probe },
        }
    }

    fn deadline_but_for_probe(&self) -> Option<Deadline> {
        [
            due(self.leases.first_expiry(), "lease is lost"),
            due(self.banned_until, "endpoint ban ends"),
            due(self.room_at, "endpoint has room in its quota"),
            due(self.cordon.map(|cordon| cordon.until), "endpoint cordon ends"),
        ]
        .into_iter()
        .fold(self.breaker.next_deadline(), Deadline::earlier)
    }
}

fn due(at: Option<Instant>, why: &'static str) -> Option<Deadline> {
    at.map(|at| Deadline { at, why })
}
