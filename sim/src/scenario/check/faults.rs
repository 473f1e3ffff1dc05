//! What the fields of a `[[faults]]` table mean together.

use core::ops::Range;

use plimsoll_core::limits::ENDPOINTS_MAX;
use toml::Spanned;

use super::Findings;
use crate::scenario::error::{ScenarioError, closest};
use crate::scenario::faults::{ALL_ENDPOINTS, BANK, LANES, USERS, endpoint_name, worker_name};
use crate::scenario::kinds::{CueKind, DriftKind, Family, FaultKind};
use crate::scenario::schema::{AfterTable, FaultTable, ScenarioTable};
use crate::scenario::values::{Names, Span};

/// The most faults of one table.
const OCCURRENCES_MAX: u64 = 1_000;
/// The shortest time that a fault which comes and goes stays on or off, in milliseconds.
const DWELL_MIN: u64 = 10;

impl Findings<'_> {
    pub(super) fn fault(&mut self, fault: &Spanned<FaultTable>, table: &ScenarioTable) {
        let place = fault.span();
        let fault = fault.get_ref();
        self.fault_begin(fault, &place, table);
        self.fault_fields(fault, &place);
        self.fault_end(fault, &place);
        self.fault_target(fault, table);
        self.fault_drift(fault, &place);
        if let Some(count) = &fault.count {
            let message = "expected 1 to 1000 occurrences";
            self.require(
                (1..=OCCURRENCES_MAX).contains(&count.get_ref().0),
                count.span(),
                message,
            );
        }
        if let Some(percent) = &fault.percent {
            self.require(
                percent.get_ref().0 > 0,
                percent.span(),
                "a fault that hits nothing is none",
            );
        }
        if let Some(blocks) = &fault.blocks {
            self.require(
                (1..=10_000).contains(&blocks.get_ref().0),
                blocks.span(),
                "expected 1 to 10000 blocks",
            );
        }
    }

    fn fault_begin(&mut self, fault: &FaultTable, place: &Range<usize>, table: &ScenarioTable) {
        if let Some(at) = &fault.at_ms {
            self.within(at);
        } else if fault.after.is_none() {
            self.add(place.clone(), "missing field `at_ms`, or `after`".to_owned());
        }
        if let Some(after) = &fault.after {
            self.after(after.get_ref(), &after.span(), table);
        }
        if let Some(dwell) = &fault.dwell_ms {
            let message = "what happens at a moment cannot come and go";
            self.require(!fault.kind.get_ref().is_momentary(), dwell.span(), message);
            let message = "a fault that comes and goes stays on and off for at least 10 ms";
            self.require(dwell.get_ref().low.0 >= DWELL_MIN, dwell.span(), message);
        }
    }

    fn after(&mut self, after: &AfterTable, place: &Range<usize>, table: &ScenarioTable) {
        self.require(
            after.count.get_ref().0 > 0,
            after.count.span(),
            "nothing has happened before it happened once",
        );
        let known = match after.event {
            CueKind::Question | CueKind::Opened => Some(endpoints_of(table)),
            CueKind::Leased => Some(workers_of(table)),
            CueKind::Commit
            | CueKind::Request
            | CueKind::Seen
            | CueKind::Credited
            | CueKind::Reorged
            | CueKind::DeadLetter
            | CueKind::Start => None,
        };
        match &after.of {
            None if known.is_some() => {
                self.add(
                    place.clone(),
                    format!("`{}` needs the field `of`", after.event.word()),
                );
            }
            Some(of) => match known {
                Some(names) => self.known(of.get_ref(), &of.span(), &names),
                None => self.add(
                    of.span(),
                    format!("`of` means nothing to `{}`", after.event.word()),
                ),
            },
            None => {}
        }
    }

    fn fault_fields(&mut self, fault: &FaultTable, place: &Range<usize>) {
        let kind = *fault.kind.get_ref();
        let fields = kind.fields();
        for (name, span) in fault.particulars() {
            match span {
                None if fields.required.contains(&name) => {
                    self.add(
                        place.clone(),
                        format!("`{}` needs the field `{name}`", kind.word()),
                    );
                }
                Some(span) if !fields.required.contains(&name) && !fields.optional.contains(&name) => {
                    self.add(span, format!("`{name}` means nothing to `{}`", kind.word()));
                }
                None | Some(_) => {}
            }
        }
    }

    fn fault_end(&mut self, fault: &FaultTable, place: &Range<usize>) {
        let kind = *fault.kind.get_ref();
        let given = fault
            .until_ms
            .as_ref()
            .map(Spanned::span)
            .or_else(|| fault.for_ms.as_ref().map(Spanned::span));
        if kind.is_momentary() {
            if let Some(span) = given {
                self.add(
                    span,
                    format!("`{}` happens at a moment and has no end", kind.word()),
                );
            }
            return;
        }
        match (&fault.until_ms, &fault.for_ms) {
            (Some(until), Some(_)) => {
                self.add(until.span(), "give `until_ms` or `for_ms`, not both".to_owned())
            }
            (Some(until), None) if fault.after.is_some() => {
                let message = "nobody knows when it begins: give `for_ms`".to_owned();
                self.add(until.span(), message);
            }
            (Some(until), None) => {
                let begins = fault.at_ms.as_ref().map_or(0, |at| at.get_ref().high.0);
                self.require(
                    until.get_ref().0 > begins,
                    until.span(),
                    "a fault must end after it began",
                );
                self.within(&Spanned::new(until.span(), Span::of(*until.get_ref())));
            }
            (None, Some(lasting)) => {
                self.require(
                    lasting.get_ref().high.0 > 0,
                    lasting.span(),
                    "a fault must last at least 1 ms",
                );
            }
            (None, None) => {
                let message = "give `until_ms` or `for_ms`: this must end";
                self.require(
                    !must_end(kind) && fault.dwell_ms.is_none(),
                    place.clone(),
                    message,
                );
            }
        }
    }

    fn fault_target(&mut self, fault: &FaultTable, table: &ScenarioTable) {
        let Some(target) = &fault.target else { return };
        let kind = *fault.kind.get_ref();
        if matches!(kind.family(), Family::Queue | Family::Worker) {
            return self.fault_target_of_workers(kind, target, table);
        }
        let mut known = endpoints_of(table);
        let endpoints = known.len();
        if kind == FaultKind::Isolate {
            known.push(BANK.to_owned());
            let message = "one is cut off from everybody else at a time";
            self.require(target.get_ref().0.len() == 1, target.span(), message);
        } else {
            known.push(ALL_ENDPOINTS.to_owned());
        }
        if kind.family() == Family::Network && kind != FaultKind::Isolate {
            known.push(USERS.to_owned());
        }
        for name in &target.get_ref().0 {
            self.known(name, &target.span(), &known);
        }
        let lies = matches!(kind, FaultKind::Lying | FaultKind::WrongChain);
        let message = "two endpoints that lie at once make a quorum that nobody could see through";
        self.require(
            !lies || fault.endpoints_hit(endpoints).len() <= 1,
            target.span(),
            message,
        );
    }

    fn fault_target_of_workers(&mut self, kind: FaultKind, target: &Spanned<Names>, table: &ScenarioTable) {
        let workers = u8::try_from(table.world.workers.get_ref().0).unwrap_or(u8::MAX);
        let message = "the bank has no workers: give `world.workers`";
        self.require(workers > 0, target.span(), message);
        let known: Vec<String> = if kind.family() == Family::Queue {
            LANES.map(|(_, name)| name.to_owned()).to_vec()
        } else {
            (0..workers).map(worker_name).collect()
        };
        for name in &target.get_ref().0 {
            self.known(name, &target.span(), &known);
        }
    }

    fn fault_drift(&mut self, fault: &FaultTable, place: &Range<usize>) {
        let Some(drift) = &fault.drift else { return };
        let kind = *drift.get_ref();
        let given = [
            ("ppm", fault.ppm.is_some()),
            ("by_ms", fault.by_ms.is_some()),
            ("every_ms", fault.every_ms.is_some()),
        ];
        for (name, is_given) in given {
            let is_taken = (name == "ppm") == (kind == DriftKind::Linear);
            if is_taken && !is_given {
                let message = format!("`{}` drift needs the field `{name}`", kind.word());
                self.add(place.clone(), message);
            } else if !is_taken && is_given {
                let message = format!("`{name}` means nothing to `{}` drift", kind.word());
                self.add(drift.span(), message);
            }
        }
    }

    /// That `name` is one of those that can be hit.
    pub(super) fn known(&mut self, name: &str, place: &Range<usize>, known: &[String]) {
        if known.iter().any(|one| one == name) {
            return;
        }
        let endpoints = known.iter().filter(|name| name.starts_with("rpc-")).count();
        let message = format!("there is no `{name}` to hit: the world has {endpoints} endpoints");
        let error = ScenarioError::at(self.file, self.text, place.clone(), message);
        let meant = closest(name, known.iter().map(String::as_str));
        self.found.push(match meant {
            Some(meant) => error.with_help(format!("did you mean `{meant}`?")),
            None => error,
        });
    }
}

pub(super) fn endpoints_of(table: &ScenarioTable) -> Vec<String> {
    let count = table.world.endpoints.get_ref().len().min(ENDPOINTS_MAX);
    (0..count).map(endpoint_name).collect()
}

fn workers_of(table: &ScenarioTable) -> Vec<String> {
    let count = u8::try_from(table.world.workers.get_ref().0).unwrap_or(u8::MAX);
    (0..count).map(worker_name).collect()
}

/// Whether nothing could settle if it never ended.
const fn must_end(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Crash
            | FaultKind::Restart
            | FaultKind::Pause
            | FaultKind::ProcessSlow
            | FaultKind::Hold
            | FaultKind::Swizzle
            | FaultKind::WorkerCrash
            | FaultKind::WorkerPause
    )
}
