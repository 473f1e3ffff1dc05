//! The suite: criterion measures, and at the end the figures are printed in units that people speak.
//!
//! Criterion's own report says how a figure moved since the last run; the lines at the end are what the README
//! quotes. `cargo test -p plimsoll-benches --benches` runs every routine once, with little to do, and
//! reports nothing.

use std::io::Write as _;
use std::time::Duration;

use criterion::{Criterion, Throughput};

use crate::took::Took;

/// A routine that ran less often was tried, or left out by the command line, and not measured.
const FIGURE_SAMPLES_MIN: usize = 3;

/// How a figure is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    /// How many a second, such as "M transfers/s"; the goal is the least.
    PerSecond {
        /// What there are many of, in the plural.
        what: &'static str,
        /// The least that is good enough.
        goal: Option<f64>,
    },
    /// The time of one; the goal is the longest.
    TimeEach {
        /// The longest, in seconds, that is good enough.
        goal: Option<f64>,
    },
    /// How much faster than time itself passes; the goal is the least.
    TimesReal {
        /// How many seconds pass in the measured world in one iteration.
        seconds: f64,
        /// The least that is good enough.
        goal: Option<f64>,
    },
}

/// The median times of one iteration, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Median {
    wall: f64,
    processor: f64,
}

/// One measured figure: what an iteration took, and how many things it does.
#[derive(Debug, Clone, PartialEq)]
struct Figure {
    name: String,
    unit: Unit,
    iteration: Median,
    count: u64,
}

/// A number of iterations, timed by the routine itself so that preparations do not count.
pub trait Routine: FnMut(u64) -> Took {}
impl<F: FnMut(u64) -> Took> Routine for F {}

/// `measured`, or `tried` where every routine runs once and only shows that it works.
#[must_use]
pub fn sized(measured: u64, tried: u64) -> u64 {
    let is_given = |option| std::env::args().any(|argument| argument == option);
    if is_given("--test") || !is_given("--bench") {
        tried
    } else {
        measured
    }
}

/// The benches of one subject.
pub struct Suite {
    criterion: Criterion,
    subject: &'static str,
    figures: Vec<Figure>,
    remarks: Vec<String>,
}

impl Suite {
    /// A suite that obeys the command line.
    #[must_use]
    pub fn new(subject: &'static str) -> Self {
        Self {
            criterion: Criterion::default().configure_from_args(),
            subject,
            figures: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Measures `routine`, each of whose iterations does `count` things; `samples` (10 or more) are taken.
    pub fn measure(&mut self, name: &str, samples: usize, count: u64, unit: Unit, mut routine: impl Routine) {
        let mut taken: Vec<(u64, Took)> = Vec::new();
        let mut group = self.criterion.benchmark_group(self.subject);
        group.sample_size(samples).throughput(Throughput::Elements(count));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let took = routine(iterations);
                taken.push((iterations, took));
                took.wall
            });
        });
        group.finish();
        if taken.len() >= FIGURE_SAMPLES_MIN {
            let iteration = Median {
                wall: median(&taken, |took| took.wall),
                processor: median(&taken, |took| took.processor),
            };
            self.figures.push(Figure {
                name: name.to_owned(),
                unit,
                iteration,
                count,
            });
        }
    }

    /// Reports another reading of what was measured as `of`: `count` other things in each iteration.
    pub fn also(&mut self, name: &str, of: &str, count: u64, unit: Unit) {
        if let Some(iteration) = self.figure(of).map(|figure| figure.iteration) {
            self.figures.push(Figure {
                name: name.to_owned(),
                unit,
                iteration,
                count,
            });
        }
    }

    /// Reports how the time of one thing in `name` compares with that of `rival`.
    pub fn compare(&mut self, name: &str, rival: &str) {
        let each = |name: &str| self.figure(name).map(|figure| figure.each().wall);
        if let (Some(ours), Some(theirs)) = (each(name), each(rival)) {
            let (faster, slower) = (theirs / ours, ours / theirs);
            let verdict = if faster >= 1.0 {
                format!("{faster:.1} x as fast as")
            } else {
                format!("{slower:.1} x as slow as")
            };
            let subject = self.subject;
            self.remarks
                .push(format!("{subject}/{name} is {verdict} {subject}/{rival}"));
        }
    }

    /// Ends the suite: criterion's summary, then the figures.
    pub fn finish(self) {
        self.criterion.final_summary();
        if let Err(error) = self.print() {
            assert_eq!(
                error.kind(),
                std::io::ErrorKind::BrokenPipe,
                "stdout failed: {error}"
            );
        }
    }

    fn print(&self) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out)?;
        for figure in &self.figures {
            let name = format!("{}/{}", self.subject, figure.name);
            writeln!(out, "{name:<28} {}", figure.reading())?;
        }
        self.remarks
            .iter()
            .try_for_each(|remark| writeln!(out, "{remark}"))
    }

    fn figure(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name)
    }
}

impl Figure {
    /// What one thing took, in seconds.
    fn each(&self) -> Median {
        let count = self.count as f64;
        Median {
            wall: self.iteration.wall / count,
            processor: self.iteration.processor / count,
        }
    }

    fn reading(&self) -> String {
        let each = self.each();
        let processor = duration(each.processor);
        match self.unit {
            Unit::PerSecond { what, goal } => {
                let rate = each.wall.recip();
                let against = against(goal, |goal| rate >= goal, |goal| format!("{}/s", scaled(goal)));
                let took = format!("{} each, {processor} of processor time", duration(each.wall));
                format!("{} {what}/s, {took}{against}", scaled(rate))
            }
            Unit::TimeEach { goal } => {
                let against = against(goal, |goal| each.wall <= goal, duration);
                format!("{}, {processor} of processor time{against}", duration(each.wall))
            }
            Unit::TimesReal { seconds, goal } => {
                let (times, busy) = (seconds / self.iteration.wall, seconds / self.iteration.processor);
                let against = against(goal, |goal| times >= goal, |goal| format!("{} x", scaled(goal)));
                let took = format!("{} x of processor time", scaled(busy));
                format!("{} x real time, {took}{against}", scaled(times))
            }
        }
    }
}

fn against(goal: Option<f64>, good: impl FnOnce(f64) -> bool, show: impl FnOnce(f64) -> String) -> String {
    goal.map_or_else(String::new, |goal| {
        let verdict = if good(goal) { "reached" } else { "MISSED" };
        format!(" (goal {}: {verdict})", show(goal))
    })
}

/// The median time of one iteration, in seconds.
fn median(samples: &[(u64, Took)], part: impl Fn(&Took) -> Duration) -> f64 {
    let each = |(iterations, took): &(u64, Took)| part(took).as_secs_f64() / *iterations as f64;
    let mut each: Vec<f64> = samples.iter().map(each).collect();
    each.sort_unstable_by(f64::total_cmp);
    each[each.len() / 2]
}

/// A number in thousands or millions.
fn scaled(number: f64) -> String {
    match number {
        n if n >= 1e6 => format!("{:.2} M", n / 1e6),
        n if n >= 1e3 => format!("{:.1} k", n / 1e3),
        n => format!("{n:.1}"),
    }
}

/// A duration in seconds, in the unit that suits it.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s if s >= 1e-6 => format!("{:.2} us", s * 1e6),
        s => format!("{:.1} ns", s * 1e9),
    }
}
