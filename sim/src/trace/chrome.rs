//! Exports a trace as Chrome trace-event JSON, which Perfetto and `chrome://tracing` open.
//!
//! A node is a process and a part of it a thread. What happened is a slice; a message is a flow arrow between two of
//! them; faults are instants for everybody and bands on whom they hit, as are open breakers and the times when the
//! process is down or stopped; figures are counters. The format is that of the document "Trace Event Format".

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::{Body, Event, JobMoved, JobStep, Sample, Transcript, words};

/// How long a slice is at most, in nanoseconds: what happens takes no time, and could not be seen.
const SLICE: u64 = 1_000_000;

impl Transcript {
    /// Writes the trace as Chrome trace-event JSON.
    ///
    /// # Errors
    /// The first failure to write.
    pub fn write_chrome(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut export = Export::new(self, out);
        export.begin()?;
        export.names()?;
        for place in 0..self.events.len() {
            export.event(place)?;
        }
        export.close_bands()?;
        export.end()
    }
}

struct Export<'a> {
    told: &'a Transcript,
    out: &'a mut dyn io::Write,
    is_first: bool,
    /// The number of each node.
    nodes: BTreeMap<&'a str, usize>,
    /// The number of each part within its node, in the order of their first events.
    parts: BTreeMap<(&'a str, &'a str), usize>,
    /// For each event, when the next one of its thread comes.
    next: Vec<Option<u64>>,
    /// When each message arrived.
    arrivals: BTreeSet<(u64, u64)>,
    /// The bands that are open, by node and name.
    bands: BTreeMap<(String, String), u64>,
    next_band: u64,
}

impl<'a> Export<'a> {
    fn new(told: &'a Transcript, out: &'a mut dyn io::Write) -> Self {
        let mut nodes = BTreeMap::new();
        let declared = told.header.nodes.iter().map(|node| node.name.as_str());
        for name in declared.chain(told.events.iter().map(|event| event.node.as_str())) {
            let number = nodes.len() + 1;
            nodes.entry(name).or_insert(number);
        }
        let mut parts = BTreeMap::new();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for event in &told.events {
            parts
                .entry((event.node.as_str(), event.part.as_str()))
                .or_insert_with(|| {
                    let count = counts.entry(&event.node).or_default();
                    *count += 1;
                    *count
                });
        }
        let arrival = |event: &Event| {
            let is_arrival = matches!(event.body, Body::Arrived(_));
            event
                .ids
                .message
                .filter(|_| is_arrival)
                .map(|message| (message, event.at.as_nanos()))
        };
        Self {
            told,
            out,
            is_first: true,
            nodes,
            parts,
            next: next_on_thread(&told.events),
            arrivals: told.events.iter().filter_map(arrival).collect(),
            bands: BTreeMap::new(),
            next_band: 0,
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        let header = &self.told.header;
        let about = [
            ("scenario", header.scenario.clone()),
            ("seed", header.seed.to_string()),
            ("plan", header.plan.clone()),
            ("build", header.build.clone()),
            ("outcome", self.told.end.end.clone()),
            ("digest", self.told.end.digest.clone()),
        ];
        let about: Vec<String> = about
            .iter()
            .map(|(name, value)| format!("\"{name}\":{}", text(value)))
            .collect();
        write!(
            self.out,
            "{{\"displayTimeUnit\":\"ms\",\"otherData\":{{{}}},\"traceEvents\":[",
            about.join(",")
        )
    }

    fn end(&mut self) -> io::Result<()> {
        writeln!(self.out, "\n]}}")?;
        self.out.flush()
    }

    fn put(&mut self, object: &str) -> io::Result<()> {
        let comma = if self.is_first { "" } else { "," };
        self.is_first = false;
        write!(self.out, "{comma}\n{{{object}}}")
    }

    /// The names and the order of processes and threads.
    fn names(&mut self) -> io::Result<()> {
        let nodes: Vec<(&str, usize)> = self.nodes.iter().map(|(name, pid)| (*name, *pid)).collect();
        for (name, pid) in nodes {
            let of = |what: &str, arg: String| {
                format!(
                    "\"ph\":\"M\",\"ts\":0,\"pid\":{pid},\"tid\":0,\"name\":\"{what}\",\"args\":{{{arg}}}"
                )
            };
            self.put(&of("process_name", format!("\"name\":{}", text(name))))?;
            self.put(&of("process_sort_index", format!("\"sort_index\":{pid}")))?;
        }
        let parts: Vec<(&str, &str, usize)> = self
            .parts
            .iter()
            .map(|((node, part), tid)| (*node, *part, *tid))
            .collect();
        for (node, part, tid) in parts {
            let pid = self.nodes[node];
            let of = |what: &str, arg: String| {
                format!(
                    "\"ph\":\"M\",\"ts\":0,\"pid\":{pid},\"tid\":{tid},\"name\":\"{what}\",\"args\":{{{arg}}}"
                )
            };
            self.put(&of("thread_name", format!("\"name\":{}", text(part))))?;
            self.put(&of("thread_sort_index", format!("\"sort_index\":{tid}")))?;
        }
        Ok(())
    }

    fn event(&mut self, place: usize) -> io::Result<()> {
        let event = &self.told.events[place];
        if let Body::Sample(sample) = &event.body {
            return self.counter(event, sample);
        }
        if matches!(
            event.body,
            Body::FaultBegan(_) | Body::FaultEnded(_) | Body::Violated(_)
        ) {
            self.instant(event)?;
        } else {
            self.slice(place)?;
        }
        if let Body::Sent(sent) = &event.body {
            self.flows(event, &sent.arrives, 's')?;
        }
        if let Body::Arrived(_) = &event.body {
            self.flows(event, &[event.at.as_nanos()], 'f')?;
        }
        self.bands_of(event)
    }

    /// Opens and closes the bands that an event begins and ends.
    fn bands_of(&mut self, event: &Event) -> io::Result<()> {
        if let Body::FaultBegan(began) = &event.body {
            let band = fault_band(event, &began.what);
            began
                .on
                .iter()
                .try_for_each(|node| self.open(event, node, &band))?;
        }
        if let Body::FaultEnded(ended) = &event.body {
            let band = fault_band(event, &ended.what);
            ended
                .on
                .iter()
                .try_for_each(|node| self.close(event, node, &band))?;
        }
        if let Body::Breaker(moved) = &event.body {
            let band = |state: &str| format!("breaker of {} {state}", moved.endpoint);
            self.close(event, &event.node, &band(&moved.from))?;
            if moved.to != "closed" {
                self.open(event, &event.node, &band(&moved.to))?;
            }
        }
        if matches!(event.body, Body::Crashed(_) | Body::Died(_) | Body::Resumed(_)) {
            self.close(event, &event.node, "stopped")?;
        }
        if matches!(event.body, Body::Crashed(_) | Body::Died(_)) {
            self.open(event, &event.node, "down")?;
        }
        if matches!(event.body, Body::Restarted(_) | Body::Started(_)) {
            self.close(event, &event.node, "down")?;
        }
        if let Body::Job(moved) = &event.body {
            self.lease(event, moved)?;
        }
        if matches!(event.body, Body::Paused(_)) {
            self.open(event, &event.node, "stopped")?;
        }
        Ok(())
    }

    /// Opens and closes the band of a lease, on the worker whose it is.
    fn lease(&mut self, event: &Event, moved: &JobMoved) -> io::Result<()> {
        let (Some(worker), Some(tx)) = (&moved.worker, &event.ids.tx) else {
            return Ok(());
        };
        let band = format!("lease of {tx} in {}", moved.queue);
        match moved.step {
            JobStep::Leased => self.open(event, worker, &band),
            JobStep::Pushed | JobStep::Extended => Ok(()),
            JobStep::RanOut
            | JobStep::Repeated
            | JobStep::Orphaned
            | JobStep::Returned
            | JobStep::Completed
            | JobStep::Lost => self.close(event, worker, &band),
        }
    }

    /// What every object has.
    fn head(&self, phase: char, event: &Event, name: &str) -> String {
        let pid = self.nodes[event.node.as_str()];
        let tid = self.parts[&(event.node.as_str(), event.part.as_str())];
        let ts = micros(event.at.as_nanos());
        format!(
            "\"ph\":\"{phase}\",\"pid\":{pid},\"tid\":{tid},\"ts\":{ts},\"name\":{}",
            text(name)
        )
    }

    fn slice(&mut self, place: usize) -> io::Result<()> {
        let event = &self.told.events[place];
        let at = event.at.as_nanos();
        let wanted = if let Body::StoreAsked(asked) = &event.body {
            asked.until.saturating_sub(at).max(1)
        } else {
            SLICE
        };
        // Slices of one thread must not overlap, and those of one moment must be as long as each other.
        let length = self.next[place].map_or(wanted, |next| wanted.min(next - at));
        let args = args(event);
        self.put(&format!(
            "{},\"cat\":\"{}\",\"dur\":{},\"args\":{args}",
            self.head('X', event, &words::of(event)),
            event.body.kind(),
            micros(length)
        ))
    }

    fn counter(&mut self, event: &Event, sample: &Sample) -> io::Result<()> {
        let values = sample.values.iter();
        let values: Vec<String> = values
            .map(|(name, value)| format!("{}:{value}", text(name)))
            .collect();
        self.put(&format!(
            "{},\"args\":{{{}}}",
            self.head('C', event, &sample.of),
            values.join(",")
        ))
    }

    fn instant(&mut self, event: &Event) -> io::Result<()> {
        let args = args(event);
        self.put(&format!(
            "{},\"cat\":\"{}\",\"s\":\"g\",\"args\":{args}",
            self.head('i', event, &words::of(event)),
            event.body.kind()
        ))
    }

    /// One arrow for each arrival that was seen: a message may arrive twice, or after the end.
    fn flows(&mut self, event: &Event, arrives: &[u64], phase: char) -> io::Result<()> {
        let Some(message) = event.ids.message else {
            return Ok(());
        };
        let end = if phase == 'f' { ",\"bp\":\"e\"" } else { "" };
        for at in arrives {
            if self.arrivals.contains(&(message, *at)) {
                let head = self.head(phase, event, "message");
                self.put(&format!(
                    "{head},\"cat\":\"message\",\"id\":\"{message}@{at}\"{end}"
                ))?;
            }
        }
        Ok(())
    }

    fn open(&mut self, event: &Event, node: &str, name: &str) -> io::Result<()> {
        let key = (node.to_owned(), name.to_owned());
        if self.bands.contains_key(&key) || !self.nodes.contains_key(node) {
            return Ok(());
        }
        self.next_band += 1;
        self.bands.insert(key, self.next_band);
        self.band('b', event.at.as_nanos(), (node, name), self.next_band)
    }

    fn close(&mut self, event: &Event, node: &str, name: &str) -> io::Result<()> {
        let Some(id) = self.bands.remove(&(node.to_owned(), name.to_owned())) else {
            return Ok(());
        };
        self.band('e', event.at.as_nanos(), (node, name), id)
    }

    /// What is not over when the run ends lasts until then.
    fn close_bands(&mut self) -> io::Result<()> {
        let last = self.told.events.last().map_or(0, |event| event.at.as_nanos());
        let until = self.told.end.t.max(last);
        for ((node, name), id) in core::mem::take(&mut self.bands) {
            self.band('e', until, (&node, &name), id)?;
        }
        Ok(())
    }

    fn band(&mut self, phase: char, at: u64, (node, name): (&str, &str), id: u64) -> io::Result<()> {
        let pid = self.nodes[node];
        let (ts, name) = (micros(at), text(name));
        self.put(&format!(
            "\"ph\":\"{phase}\",\"cat\":\"band\",\"id\":\"band {id}\",\"pid\":{pid},\"tid\":0,\"ts\":{ts},\"name\":{name}"
        ))
    }
}

fn fault_band(event: &Event, what: &str) -> String {
    let number = event
        .ids
        .fault
        .map_or_else(String::new, |number| format!(" {number}"));
    format!("fault{number}: {what}")
}

/// For each event, when the first later one of its thread comes that is a slice too.
fn next_on_thread(events: &[Event]) -> Vec<Option<u64>> {
    let mut upcoming: BTreeMap<(&str, &str), Vec<u64>> = BTreeMap::new();
    let mut next = vec![None; events.len()];
    for (place, event) in events.iter().enumerate().rev() {
        let at = event.at.as_nanos();
        let later = upcoming.entry((&event.node, &event.part)).or_default();
        next[place] = later.iter().rev().find(|time| **time > at).copied();
        if later.last() != Some(&at) {
            later.push(at);
            // Only the last two moments can be the next one of an event that is still to come.
            if later.len() > 2 {
                later.remove(0);
            }
        }
    }
    next
}

/// Everything that an event says, for its details.
fn args(event: &Event) -> String {
    let ids = serde_json::to_string(&event.ids).unwrap_or_default();
    let data = serde_json::to_string(&event.body).unwrap_or_default();
    format!("{{\"seq\":{},\"ids\":{ids},\"data\":{data}}}", event.seq)
}

/// Nanoseconds as microseconds, exactly.
fn micros(nanos: u64) -> String {
    format!("{}.{:03}", nanos / 1_000, nanos % 1_000)
}

fn text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|error| unreachable!("a text is JSON: {error}"))
}

#[cfg(test)]
mod tests;
