//! What a storm over deliveries is made of, drawn from a seed.

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_core::id::UserId;
use plimsoll_core::resilience::BackoffPolicy;
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;
use plimsoll_core::webhook::{Kind, Subscription, Topic, WebhookPolicy};

use crate::fault::CrashLoss;

/// When every receiver is well for good, and no crash comes any more.
pub(super) const HEALED: Duration = Duration::from_secs(1_200);
/// When everything must be delivered: twelve of the longest pauses later.
pub(super) const END: Duration = Duration::from_secs(1_200 + 12 * 900);

/// How a receiver is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It takes what comes.
    Well,
    /// It refuses.
    Broken,
    /// It refuses, and asks to be left alone.
    Patience(Duration),
    /// It takes what comes, and never answers.
    Hangs,
    /// It takes what comes, and answers after so long: often when that is too late.
    Late(Duration),
    /// It takes what comes, and the connection breaks before it says so.
    BreaksOff,
}

/// A receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// From when on it is how.
    pub moods: Vec<(Instant, Mood)>,
    /// What it hears of.
    pub subscription: Subscription,
    /// How hard it is tried.
    pub policy: WebhookPolicy,
}

impl Peer {
    /// How it is at `now`.
    pub(super) fn mood(&self, now: Instant) -> Mood {
        if now >= Instant::ZERO.after(HEALED) {
            return Mood::Well;
        }
        let begun = self.moods.iter().rev().find(|(from, _)| *from <= now);
        begun.map_or(Mood::Well, |(_, mood)| *mood)
    }
}

/// One storm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storm {
    /// Where it was drawn from: what is drawn while it runs comes from there, too.
    pub seed: u64,
    /// The receivers. The first is well all the time.
    pub peers: Vec<Peer>,
    /// When each event of the journal is committed, and what it is about.
    pub commits: Vec<(Instant, Topic)>,
    /// When the process dies, for how long, and what becomes of the cursors that were not synced.
    pub crashes: Vec<(Instant, Duration, CrashLoss)>,
    /// When the monitor raises something.
    pub alerts: Vec<Instant>,
    /// When an operator has an event delivered again: to whom, and which.
    pub orders: Vec<(Instant, usize, usize)>,
    /// One reading of events in so many fails.
    pub unreadable_one_in: u64,
}

impl Storm {
    /// The storm of `seed`.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let rng = Rng::from_seed(seed).fork("deliveries");
        let mut dice = rng.fork("shape");
        let peers = usize::try_from(dice.between(2, 5)).unwrap_or(2);
        let peer = |index: usize| {
            let stream = rng.fork_indexed("peer", u64::try_from(index).unwrap_or(0));
            if index == 0 { well() } else { any_peer(stream) }
        };
        let mut now = Instant::ZERO;
        let mut burst = 0;
        let commits = (0..dice.between(20, 500)).map(|_| {
            // In bursts, so that queues fill.
            if burst == 0 {
                now = now.after(dice.duration(Duration::from_millis(1), Duration::from_secs(40)));
                burst = dice.between(1, 60);
            }
            burst -= 1;
            (now.min(Instant::ZERO.after(HEALED)), any_topic(&mut dice))
        });
        let commits: Vec<(Instant, Topic)> = commits.collect();
        let mut moment = rng.fork("moments");
        let mut any_time = || Instant::ZERO.after(moment.duration(Duration::ZERO, HEALED));
        let mut alerts: Vec<Instant> = (0..6).map(|_| any_time()).collect();
        alerts.sort();
        let mut deaths: Vec<Instant> = (0..dice.between(0, 8)).map(|_| any_time()).collect();
        deaths.sort();
        let crashes = deaths.into_iter().map(|at| {
            let loss = if dice.chance(2, 3) {
                CrashLoss::Lost
            } else {
                CrashLoss::Kept
            };
            (at, dice.duration(Duration::ZERO, Duration::from_secs(20)), loss)
        });
        let crashes = crashes.collect();
        let orders = (0..10).map(|_| (any_time(), dice.index(peers), dice.index(commits.len())));
        let orders = orders.collect();
        Self {
            seed,
            peers: (0..peers).map(peer).collect(),
            commits,
            crashes,
            alerts,
            orders,
            unreadable_one_in: dice.between(2, 30),
        }
    }

    /// The same storm in which everybody is well.
    #[must_use]
    pub fn calmed(&self) -> Self {
        let mut calm = self.clone();
        calm.peers.iter_mut().for_each(|peer| peer.moods.clear());
        calm
    }
}

fn well() -> Peer {
    Peer {
        moods: Vec::new(),
        subscription: Subscription {
            kinds: Kind::ALL.into_iter().collect(),
            users: None,
        },
        policy: WebhookPolicy::default(),
    }
}

fn any_peer(mut dice: Rng) -> Peer {
    let kinds: BTreeSet<Kind> = Kind::ALL.into_iter().filter(|_| dice.chance(2, 3)).collect();
    let users = dice
        .chance(1, 3)
        .then(|| (0..3).filter(|_| dice.chance(1, 2)).map(UserId::new).collect());
    let mut policy = WebhookPolicy {
        calls_max: usize::try_from(dice.between(1, 4)).unwrap_or(1),
        ..WebhookPolicy::default()
    };
    // So few that some are parked, or so many that none can be.
    let attempts = if dice.chance(1, 4) { 3 } else { 1_000 };
    policy.backoff = BackoffPolicy {
        attempts_max: Some(attempts),
        ..policy.backoff
    };
    let mut now = Instant::ZERO;
    let moods = (0..dice.between(1, 12)).map(|_| {
        let from = now;
        now = now.after(dice.duration(Duration::from_secs(1), Duration::from_secs(300)));
        (from, any_mood(&mut dice))
    });
    let moods = moods.collect();
    Peer {
        moods,
        subscription: Subscription { kinds, users },
        policy,
    }
}

fn any_mood(dice: &mut Rng) -> Mood {
    match dice.below(6) {
        0 => Mood::Broken,
        1 => Mood::Patience(dice.duration(Duration::from_secs(1), Duration::from_secs(120))),
        2 => Mood::Hangs,
        3 => Mood::Late(dice.duration(Duration::from_secs(1), Duration::from_secs(30))),
        4 => Mood::BreaksOff,
        _ => Mood::Well,
    }
}

fn any_topic(dice: &mut Rng) -> Topic {
    let deposits: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !kind.is_alert()).collect();
    let kind = dice.pick(&deposits).copied().unwrap_or(Kind::DepositSeen);
    let user = dice.chance(4, 5).then(|| UserId::new(dice.below(3)));
    Topic { kind, user }
}
