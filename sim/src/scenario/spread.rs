//! When things break: from one `[[faults]]` table to scheduled faults, each a fact of its own with times of its own.
//!
//! Occurrences, faults that come and go, and those that unfold over time (isolation, swizzling) are drawn here and are
//! plain entries of the plan from then on, so that leaving one out moves no other.

use plimsoll_core::rng::Rng;
use toml::Spanned;

use super::faults::{BANK, endpoint_name, worker_name};
use super::kinds::{CueKind, FaultKind};
use super::schema::{AfterTable, FaultTable};
use super::values::{Millis, Span};
use crate::fault::{Cue, Direction, Fault, LinkFault, LinkName, StoreFault, Trigger};
use crate::world::plan::ScheduledFault;

/// The most times that one fault comes and goes.
pub(super) const FLAPS_MAX: usize = 1_000;

/// From when until when.
#[derive(Debug, Clone, Copy)]
struct Window {
    from_ms: u64,
    until_ms: Option<u64>,
}

impl FaultTable {
    /// The scheduled faults that the table stands for, in a world of `endpoints`, none lasting beyond `end_ms`.
    pub(super) fn expand(&self, endpoints: usize, end_ms: u64, rng: &Rng) -> Vec<ScheduledFault> {
        let count = self.count.as_ref().map_or(1, |count| count.get_ref().0);
        let after = self.after.as_ref().map(|after| trigger(after.get_ref()));
        let mut scheduled = Vec::new();
        for occurrence in 0..count {
            let mut rng = rng.fork_indexed("occurrence", occurrence);
            let at_ms = self
                .at_ms
                .as_ref()
                .map_or(Span::of(Millis(0)), |at| *at.get_ref());
            let from_ms = at_ms.draw(&mut rng).0.min(end_ms);
            let until_ms = self.end(from_ms, &mut rng).map(|end| end.min(end_ms));
            let window = Window { from_ms, until_ms };
            for (window, fault) in self.unfold(endpoints, window, &rng.fork("unfold")) {
                scheduled.push(ScheduledFault {
                    after,
                    from_ms: window.from_ms,
                    until_ms: window.until_ms,
                    fault,
                });
            }
        }
        scheduled
    }

    /// When it ends; `None` when it never does.
    fn end(&self, from_ms: u64, rng: &mut Rng) -> Option<u64> {
        if self.kind.get_ref().is_momentary() {
            return Some(from_ms);
        }
        let lasting = self
            .for_ms
            .as_ref()
            .map(|span| from_ms + span.get_ref().draw(rng).0);
        let until = self.until_ms.as_ref().map(|until| until.get_ref().0);
        lasting.or(until)
    }

    fn unfold(&self, endpoints: usize, window: Window, rng: &Rng) -> Vec<(Window, Fault)> {
        let mut rng = rng.clone();
        let windows = match &self.dwell_ms {
            None => vec![window],
            Some(dwell) => flap(window, *dwell.get_ref(), &mut rng.fork("dwell")),
        };
        let kind = *self.kind.get_ref();
        if kind == FaultKind::Swizzle {
            let links = self.links_swizzled(endpoints);
            let swizzled = windows
                .into_iter()
                .flat_map(|window| swizzle(&links, window, &mut rng));
            return swizzled.collect();
        }
        let faults = if kind == FaultKind::Isolate {
            self.isolate(endpoints, &mut rng)
        } else {
            self.faults(endpoints)
        };
        let of_window = |window: Window| faults.iter().map(move |fault| (window, fault.clone()));
        windows.into_iter().flat_map(of_window).collect()
    }

    /// Cuts one off from everybody else: an endpoint, or the bank, store and all.
    fn isolate(&self, endpoints: usize, rng: &mut Rng) -> Vec<Fault> {
        let named = self.targets().first().map(String::as_str);
        let place = match named {
            Some(BANK) => endpoints,
            Some(name) => (0..endpoints)
                .find(|place| endpoint_name(*place) == name)
                .unwrap_or(0),
            None => rng.index(endpoints + 1),
        };
        isolation(place, endpoints)
    }

    /// Every link named, or every one there is.
    fn links_swizzled(&self, endpoints: usize) -> Vec<LinkName> {
        let links = if self.targets().is_empty() {
            vec![LinkName::AllEndpoints, LinkName::Users]
        } else {
            self.links_hit(endpoints)
        };
        let single = |link: LinkName| match link {
            LinkName::AllEndpoints => every_endpoint(endpoints),
            LinkName::Endpoint { .. } | LinkName::Users => vec![link],
        };
        links.into_iter().flat_map(single).collect()
    }
}

/// The faults that cut off the endpoint at `place`, or the bank if that is past the last of `endpoints`.
pub(super) fn isolation(place: usize, endpoints: usize) -> Vec<Fault> {
    let cut = |link| Fault::Network {
        link,
        direction: Direction::Both,
        fault: LinkFault::Partition,
    };
    if place < endpoints {
        let endpoint = u8::try_from(place).unwrap_or(u8::MAX);
        return vec![cut(LinkName::Endpoint { endpoint })];
    }
    let store = Fault::Store {
        fault: StoreFault::Unavailable,
        percent: 100,
    };
    vec![cut(LinkName::AllEndpoints), cut(LinkName::Users), store]
}

/// Every link of the world, stopped and let go one by one between two times.
pub(super) fn swizzle_all(
    endpoints: usize,
    (from_ms, until_ms): (u64, u64),
    rng: &mut Rng,
) -> Vec<ScheduledFault> {
    let mut links = every_endpoint(endpoints);
    links.push(LinkName::Users);
    let until_ms = Some(until_ms);
    let scheduled = |(window, fault): (Window, Fault)| ScheduledFault {
        after: None,
        from_ms: window.from_ms,
        until_ms: window.until_ms,
        fault,
    };
    let swizzled = swizzle(&links, Window { from_ms, until_ms }, rng);
    swizzled.into_iter().map(scheduled).collect()
}

/// The same fault, coming and going until its end.
pub(super) fn come_and_go(one: &ScheduledFault, dwell: Span<Millis>, rng: &mut Rng) -> Vec<ScheduledFault> {
    let window = Window {
        from_ms: one.from_ms,
        until_ms: one.until_ms,
    };
    let during = |window: Window| ScheduledFault {
        from_ms: window.from_ms,
        until_ms: window.until_ms,
        ..one.clone()
    };
    flap(window, dwell, rng).into_iter().map(during).collect()
}

/// Stops links one by one in one random order during the first half of a window, and lets them go one by one in another
/// during the second half.
fn swizzle(links: &[LinkName], window: Window, rng: &mut Rng) -> Vec<(Window, Fault)> {
    let until_ms = window.until_ms.unwrap_or(window.from_ms);
    let half = until_ms.saturating_sub(window.from_ms) / 2;
    let count = links.len().max(1) as u64;
    let (stops, starts) = (shuffled(links.len(), rng), shuffled(links.len(), rng));
    let step = |order: &[usize], place: usize| {
        let turn = order.iter().position(|one| *one == place).unwrap_or(0) as u64;
        half * (turn + 1) / count
    };
    let hold = |(place, link): (usize, &LinkName)| {
        let fault = Fault::Network {
            link: *link,
            direction: Direction::Both,
            fault: LinkFault::Hold,
        };
        let held = Window {
            from_ms: window.from_ms + step(&stops, place) - half / count,
            until_ms: Some(window.from_ms + half + step(&starts, place)),
        };
        (held, fault)
    };
    links.iter().enumerate().map(hold).collect()
}

/// The parts of a window in which a fault that comes and goes is there: on for a while, off for a while, from the
/// beginning on. A fault without an end would come and go for ever, so it just stays.
fn flap(window: Window, dwell: Span<Millis>, rng: &mut Rng) -> Vec<Window> {
    let Some(end_ms) = window.until_ms else {
        return vec![window];
    };
    let mut flaps = Vec::new();
    let mut at_ms = window.from_ms;
    while at_ms < end_ms && flaps.len() < FLAPS_MAX {
        let off_ms = (at_ms + dwell.draw(rng).0.max(1)).min(end_ms);
        flaps.push(Window {
            from_ms: at_ms,
            until_ms: Some(off_ms),
        });
        at_ms = off_ms + dwell.draw(rng).0.max(1);
    }
    flaps
}

fn shuffled(count: usize, rng: &mut Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for place in (1..count).rev() {
        order.swap(place, rng.index(place + 1));
    }
    order
}

fn every_endpoint(endpoints: usize) -> Vec<LinkName> {
    let numbers = (0..endpoints).filter_map(|place| u8::try_from(place).ok());
    numbers.map(|endpoint| LinkName::Endpoint { endpoint }).collect()
}

fn trigger(after: &AfterTable) -> Trigger {
    let named = after.of.as_ref().map(Spanned::get_ref);
    let endpoint = (0..=u8::MAX).find(|place| Some(&endpoint_name(usize::from(*place))) == named);
    let endpoint = endpoint.unwrap_or(0);
    let cue = match after.event {
        CueKind::Commit => Cue::Commit,
        CueKind::Question => Cue::Question { endpoint },
        CueKind::Request => Cue::Request,
        CueKind::Seen => Cue::Seen,
        CueKind::Credited => Cue::Credited,
        CueKind::Reorged => Cue::Reorged,
        CueKind::DeadLetter => Cue::DeadLetter,
        CueKind::Opened => Cue::Opened { endpoint },
        CueKind::Start => Cue::Start,
        CueKind::Leased => {
            let worker = (0..u8::MAX).find(|number| Some(&worker_name(*number)) == named);
            let worker = worker.unwrap_or(0);
            Cue::Leased { worker }
        }
    };
    Trigger {
        cue,
        count: after.count.get_ref().0,
    }
}

#[cfg(test)]
mod tests;
