//! How deliveries to receivers stand.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::Ordering;

use crate::webhook::Desk;

/// Which receiver.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReceiverLabel {
    receiver: String,
}

/// The figures of a desk.
#[derive(Debug, Default)]
pub(super) struct WebhookFigures {
    delivered: Family<ReceiverLabel, Counter>,
    failed: Family<ReceiverLabel, Counter>,
    parked: Family<ReceiverLabel, Counter>,
    lag: Family<ReceiverLabel, Gauge>,
    in_hand: Family<ReceiverLabel, Gauge>,
}

impl WebhookFigures {
    /// Figures that `registry` shows.
    pub(super) fn new(registry: &mut Registry) -> Self {
        let figures = Self::default();
        let help = "Events and alerts that a receiver took";
        registry.register("webhook_delivered", help, figures.delivered.clone());
        let help = "Calls of a receiver that failed";
        registry.register("webhook_failed", help, figures.failed.clone());
        let help = "Events and alerts that were given up after as many attempts as there may be";
        registry.register("webhook_parked", help, figures.parked.clone());
        let help = "Records of the journal that are behind a receiver's cursor";
        registry.register("webhook_lag_records", help, figures.lag.clone());
        let help = "Events and alerts in hand for a receiver";
        registry.register("webhook_in_hand", help, figures.in_hand.clone());
        figures
    }

    /// Takes over how deliveries at `desk` stand. They are counted there, since the start of the process.
    pub(super) fn refresh(&self, desk: &Desk) {
        for receiver in desk.receivers() {
            let label = ReceiverLabel {
                receiver: receiver.name,
            };
            let count = |family: &Family<ReceiverLabel, Counter>, value| {
                family
                    .get_or_create(&label)
                    .inner()
                    .store(value, Ordering::Relaxed);
            };
            let gauge = |family: &Family<ReceiverLabel, Gauge>, value: u64| {
                let value = i64::try_from(value).unwrap_or(i64::MAX);
                family.get_or_create(&label).set(value);
            };
            count(&self.delivered, receiver.status.delivered);
            count(&self.failed, receiver.status.failed);
            count(&self.parked, receiver.status.parked);
            gauge(&self.lag, receiver.status.lag);
            gauge(
                &self.in_hand,
                u64::try_from(receiver.status.in_hand).unwrap_or(u64::MAX),
            );
        }
    }
}
