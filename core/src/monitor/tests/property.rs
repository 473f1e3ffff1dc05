//! Whatever happens: what is told is true, in order, and no oftener for being looked at oftener.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::{at, up, well};
use crate::machine::{Effects, Machine};
use crate::monitor::{Alert, Input, Level, Monitor, MonitorPolicy, News, Reading};
use crate::time::Instant;

fn any_input() -> impl Strategy<Value = Input> {
    let reading = (
        0u64..30,
        0u64..200,
        0u64..14,
        0u64..8,
        0u64..5,
        any::<(bool, bool)>(),
    );
    let reading = reading.prop_map(
        |(pending, age, dead, up_count, providers, (journal, queue))| Reading {
            pending,
            oldest_pending: Duration::from_secs(age),
            dead_letters: dead,
            oldest_dead_letter: Duration::from_secs(dead * 8_000),
            is_journal_failing: journal,
            is_queue_down: queue,
            ..up(up_count, providers)
        },
    );
    prop_oneof![
        6 => reading.prop_map(Input::Reading),
        3 => Just(Input::Reading(well())),
        1 => any::<bool>().prop_map(|is_journal_failing| Input::NoReading { is_journal_failing }),
        1 => Just(Input::DeadLettered),
    ]
}

/// Hands every input to a monitor when it is due, with a tick at each of its deadlines, and at `extra` seconds more.
fn news(inputs: &[(u64, Input)], extra: u64) -> Vec<(Instant, News)> {
    let mut monitor = Monitor::new(MonitorPolicy::default());
    let (mut told, mut now) = (Vec::new(), 0);
    let mut hear = |monitor: &mut Monitor, at: Instant, input| {
        let mut fx = Effects::new();
        monitor.handle(at, input, &mut fx);
        told.extend(fx.drain().map(|news| (at, news)));
    };
    for (gap, input) in inputs {
        let end = at(now + gap);
        while let Some(due) = monitor.next_deadline().filter(|due| due.at < end) {
            hear(&mut monitor, due.at, Input::Tick);
            let again = monitor.next_deadline();
            assert!(
                again.is_none_or(|again| again.at > due.at),
                "due for ever: {}",
                due.why
            );
        }
        now += gap;
        hear(&mut monitor, end, input.clone());
        if extra > 0 && now % extra == 0 {
            hear(&mut monitor, end, Input::Tick);
        }
    }
    told
}

proptest! {
    #[test]
    fn what_is_told_is_in_order_and_ticks_add_nothing(
        inputs in proptest::collection::vec((0u64..40, any_input()), 1..120),
        extra in 1u64..5,
    ) {
        let told = news(&inputs, 0);
        prop_assert_eq!(&told, &news(&inputs, extra), "a needless tick was heard");
        let mut raised: BTreeMap<Alert, Instant> = BTreeMap::new();
        let mut level = Level::Healthy;
        for (when, news) in told {
            match news {
                News::Raised { alert, value, limit, since } => {
                    prop_assert!(value > limit || since < when, "{alert} at {value} of {limit}");
                    prop_assert!(raised.insert(alert.clone(), since).is_none(), "{alert} was raised twice");
                }
                News::Repeated { alert, since, .. } => prop_assert_eq!(raised.get(&alert), Some(&since)),
                News::Resolved { alert, lasted } => {
                    let since = raised.remove(&alert);
                    prop_assert_eq!(since.map(|since| since.after(lasted)), Some(when), "{}", alert);
                }
                News::Level { from, to } => {
                    prop_assert_eq!(from, level);
                    let worst = raised.keys().map(Alert::level).max().unwrap_or(Level::Healthy);
                    prop_assert_eq!(to, worst, "of {:?}", raised);
                    level = to;
                }
            }
        }
    }

    /// When all is well, everything is resolved within a minute.
    #[test]
    fn everything_ends(inputs in proptest::collection::vec((0u64..40, any_input()), 1..60)) {
        let mut inputs = inputs;
        inputs.extend((0..80).map(|_| (1, Input::Reading(well()))));
        let mut open = 0_i64;
        for (_, news) in news(&inputs, 0) {
            match news {
                News::Raised { .. } => open += 1,
                News::Resolved { .. } => open -= 1,
                News::Repeated { .. } | News::Level { .. } => {}
            }
        }
        prop_assert_eq!(open, 0);
    }
}
