//! What the monitor has raised, as gauges: 1 while an alert is raised, and 1 for the level that the whole is at.

use plimsoll_core::monitor::Level;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::http::watch::Watch;

/// Which alert. About no chain in particular, `chain` is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AlertLabel {
    alert: &'static str,
    chain: String,
    severity: &'static str,
}

/// Which level.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LevelLabel {
    level: &'static str,
}

/// The figures of a watch.
#[derive(Debug)]
pub(super) struct AlertFigures {
    raised: Family<AlertLabel, Gauge>,
    level: Family<LevelLabel, Gauge>,
}

impl AlertFigures {
    /// Figures that `registry` shows.
    pub(super) fn new(registry: &mut Registry) -> Self {
        let figures = Self {
            raised: Family::default(),
            level: Family::default(),
        };
        registry.register("alert", "1 while the alert is raised", figures.raised.clone());
        registry.register("level", "1 for how the whole is", figures.level.clone());
        figures
    }

    /// Takes over what `watch` has raised. Every alert that there can be is shown, so that its absence can be told from 0.
    pub(super) fn refresh(&self, watch: &Watch) {
        let raised = watch.raised();
        let label = |alert: &plimsoll_core::monitor::Alert| AlertLabel {
            alert: alert.code(),
            chain: alert.chain().map(|chain| chain.to_string()).unwrap_or_default(),
            severity: alert.level().code(),
        };
        let known: Vec<_> = watch.known().iter().map(label).collect();
        for label in known {
            self.raised.get_or_create(&label).set(0);
        }
        for one in &raised {
            self.raised.get_or_create(&label(&one.alert)).set(1);
        }
        for level in Level::ALL {
            let is_it = i64::from(level == watch.level());
            self.level
                .get_or_create(&LevelLabel { level: level.code() })
                .set(is_it);
        }
    }
}
