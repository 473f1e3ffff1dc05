//! How the recording does, for metrics and health.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::recorder::{RecordingPulse, RecordingStatus};

/// The figures of a recording that is made.
#[derive(Debug)]
pub(super) struct RecordingFigures {
    status: RecordingStatus,
    written: Gauge,
    lost: Gauge,
    failed: Gauge,
}

impl RecordingFigures {
    /// The figures of `status`, shown in `registry`.
    pub(super) fn new(status: RecordingStatus, registry: &mut Registry) -> Self {
        let figures = Self {
            status,
            written: Gauge::default(),
            lost: Gauge::default(),
            failed: Gauge::default(),
        };
        let (written, lost, failed) = (&figures.written, &figures.lost, &figures.failed);
        registry.register("recorder_inputs", "Inputs in the recording", written.clone());
        let help = "Inputs that are missing in the recording, because the disk did not keep up or failed";
        registry.register("recorder_lost_inputs", help, lost.clone());
        let help = "Whether the recording failed and ended, while the server goes on";
        registry.register("recorder_failed", help, failed.clone());
        figures
    }

    /// How the recording does now.
    pub(super) fn pulse(&self) -> RecordingPulse {
        self.status.pulse()
    }

    /// Takes over how it does now.
    pub(super) fn refresh(&self) {
        let RecordingPulse {
            written,
            lost,
            has_failed,
        } = self.pulse();
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.written.set(count(written));
        self.lost.set(count(lost));
        self.failed.set(i64::from(has_failed));
    }
}
