//! [`Watch`]: runs the monitor on a reading each second, and tells the log and webhooks what it tells.
//!
//! The monitor decides what is wrong; this asks the bank how it stands, and shows what is raised to health and metrics.

use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plimsoll_core::bank::Notice;
use plimsoll_core::machine::{Effects, Machine as _};
use plimsoll_core::monitor::{Alert, Input, Level, Monitor, MonitorPolicy, News};

use super::Api;
use crate::clock::Clock;
use crate::webhook::Desk;

/// How often everything is looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// A monitor that everybody can look at.
#[derive(Debug)]
pub struct Watch {
    monitor: Mutex<Monitor>,
    clock: Clock,
    desk: Desk,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// What.
    pub alert: Alert,
    /// For how long.
    pub lasts: Duration,
}

impl Watch {
    /// A watch that has seen nothing yet.
    #[must_use]
    pub fn new(policy: MonitorPolicy, clock: Clock) -> Self {
        Self {
            monitor: Mutex::new(Monitor::new(policy)),
            clock,
            desk: Desk::none(),
        }
    }

    /// The same, telling what is raised to the receivers of `desk` as well.
    #[must_use]
    pub fn telling(self, desk: Desk) -> Self {
        Self { desk, ..self }
    }

    /// Looks on for ever.
    pub async fn look_on(&self, api: Api) -> Infallible {
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            self.look(&api).await;
        }
    }

    /// Looks once.
    pub(super) async fn look(&self, api: &Api) {
        let is_journal_failing = api.bank.pulse().is_journal_failing;
        let status = api.status().await;
        self.hear(Input::looked(
            status.as_deref(),
            is_journal_failing,
            self.clock.wall(),
        ));
    }

    /// Takes in what the bank tells.
    pub fn observe(&self, notice: &Notice) {
        if let Notice::DeadLettered { .. } = notice {
            self.hear(Input::DeadLettered);
        }
    }

    /// What is wrong, the worst first.
    pub(super) fn raised(&self) -> Vec<Raised> {
        let now = self.clock.now();
        let raised = |(alert, since): (&Alert, _)| Raised {
            alert: alert.clone(),
            lasts: now.since(since),
        };
        self.lock().raised().map(raised).collect()
    }

    /// Every alert whose condition was ever measured.
    pub(super) fn known(&self) -> Vec<Alert> {
        self.lock().known().cloned().collect()
    }

    /// How the whole is.
    pub(super) fn level(&self) -> Level {
        self.lock().level()
    }

    fn hear(&self, input: Input) {
        let mut fx = Effects::new();
        {
            let mut monitor = self.lock();
            // Within the lock, so that no other thread's time is later and comes first.
            monitor.handle(self.clock.now(), input, &mut fx);
        }
        fx.drain().for_each(|news| {
            log(&news);
            self.desk.tell(&news);
        });
    }

    fn lock(&self) -> MutexGuard<'_, Monitor> {
        self.monitor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn log(news: &News) {
    match news {
        News::Raised {
            alert, value, limit, ..
        }
        | News::Repeated {
            alert, value, limit, ..
        } => {
            let (level, advice) = (alert.level().code(), alert.advice());
            match alert.level() {
                Level::Critical => tracing::error!(%alert, level, value, limit, advice, "alert"),
                Level::Healthy | Level::Warning | Level::Degraded => {
                    tracing::warn!(%alert, level, value, limit, advice, "alert");
                }
            }
        }
        News::Resolved { alert, lasted } => tracing::info!(%alert, ?lasted, "alert is over"),
        News::Level { from, to } => {
            tracing::info!(from = from.code(), to = to.code(), "the house is another way");
        }
    }
}
