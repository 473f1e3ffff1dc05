//! Reads a trace, and refuses whatever is not a whole one: with the file, the line and the field.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_core::time::Instant;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::{Body, BodyError};
use super::{End, Event, Header, Ids, Transcript, VERSION};
use crate::engine::trace::Seal;

/// A file that is no whole trace.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {fault}", .path.display(), place(*.line, .field.as_deref()))]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1, unless the file as a whole is meant.
    pub line: Option<usize>,
    /// The field of that line, as a path of names, if one can be told.
    pub field: Option<String>,
    /// What is wrong.
    pub fault: ReadFault,
}

/// What is wrong with a trace.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// The file cannot be read.
    #[error("failed to read it: {0}")]
    Io(std::io::Error),
    /// There is nothing in it.
    #[error("it is empty: write a trace with `plimsoll sim replay SCENARIO --seed N --trace FILE`")]
    Empty,
    /// It is something else.
    #[error(
        "this is no trace, whose first line begins with {{\"trace\":{VERSION}: write one with `plimsoll sim replay SCENARIO --seed N --trace FILE`"
    )]
    Foreign,
    /// It was written in another form.
    #[error(
        "the trace has version {found} and this program reads version {VERSION}: replay the run with this program, or read the trace with the one that wrote it"
    )]
    Version {
        /// The version of the file.
        found: u64,
    },
    /// A line is not what it should be.
    #[error("{detail}")]
    Line {
        /// Why.
        detail: String,
    },
    /// Somebody changed the file, or its disk did.
    #[error("the line does not match its sum: the file was damaged here or changed{}", .detail.as_ref().map_or_else(String::new, |detail| format!(" ({detail})")))]
    Damaged {
        /// What is wrong with it besides, if anything.
        detail: Option<String>,
    },
    /// Its end is missing.
    #[error(
        "the file stops here, after {events} events and without an end: it was cut short, or the run that wrote it was"
    )]
    Truncated {
        /// How many events there are.
        events: usize,
    },
    /// Something follows the end.
    #[error("something follows the end of the trace")]
    Trailing,
    /// Nothing happened.
    #[error("the trace has no events: there is nothing to show")]
    NoEvents,
}

fn place(line: Option<usize>, field: Option<&str>) -> String {
    let line = line.map_or_else(String::new, |line| format!(": line {line}"));
    let field = field.map_or_else(String::new, |field| format!(": field `{field}`"));
    line + &field
}

/// What is wrong, and with which field.
type Wrong = (Option<String>, ReadFault);

impl Transcript {
    /// Reads the trace in the file `path`.
    ///
    /// # Errors
    /// [`ReadError`] with the first thing that is wrong.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let bytes = fs::read(path).map_err(|error| ReadError {
            path: path.to_path_buf(),
            line: None,
            field: None,
            fault: ReadFault::Io(error),
        })?;
        Self::parse(path, &bytes)
    }

    /// Reads a trace whose file, `path`, held `bytes`.
    ///
    /// # Errors
    /// [`ReadError`] with the first thing that is wrong.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ReadError> {
        Reader::default()
            .read(bytes)
            .map_err(|(line, (field, fault))| ReadError {
                path: path.to_path_buf(),
                line,
                field,
                fault,
            })
    }
}

#[derive(Default)]
struct Reader {
    seal: Seal,
    header: Option<Header>,
    events: Vec<Event>,
    end: Option<End>,
}

/// An event as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame<'a> {
    t: u64,
    seq: u64,
    node: String,
    part: String,
    kind: String,
    ids: Ids,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// What tells the lines apart.
#[derive(Deserialize)]
struct Probe {
    trace: Option<u64>,
    end: Option<serde::de::IgnoredAny>,
}

impl Reader {
    fn read(mut self, bytes: &[u8]) -> Result<Transcript, (Option<usize>, Wrong)> {
        if bytes.is_empty() {
            return Err((None, (None, ReadFault::Empty)));
        }
        let mut rest = bytes;
        let mut number = 0;
        while !rest.is_empty() {
            number += 1;
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                return Err((Some(number), self.unfinished(rest)));
            };
            self.line(&rest[..end]).map_err(|wrong| (Some(number), wrong))?;
            rest = &rest[end + 1..];
        }
        let Some(end) = self.end else {
            let events = self.events.len();
            return Err((Some(number), (None, ReadFault::Truncated { events })));
        };
        if self.events.is_empty() {
            return Err((Some(number), (Some("events".to_owned()), ReadFault::NoEvents)));
        }
        let header = self.header.ok_or((Some(1), (None, ReadFault::Foreign)))?;
        Ok(Transcript {
            header,
            events: self.events,
            end,
        })
    }

    /// The last line has no end of its own.
    fn unfinished(&self, line: &[u8]) -> Wrong {
        if self.header.is_none() && !line.starts_with(b"{\"trace\"") {
            return (None, ReadFault::Foreign);
        }
        let events = self.events.len();
        (None, ReadFault::Truncated { events })
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Wrong> {
        let split = Seal::split(line);
        let is_whole = split.is_some_and(|(body, sum)| self.seal.over(body) == sum);
        let body = split.map_or(line, |(body, _)| body);
        let taken = text(body).and_then(|text| self.take(&text));
        match taken {
            Ok(()) if is_whole => Ok(()),
            Ok(()) => Err((Some("sum".to_owned()), ReadFault::Damaged { detail: None })),
            // These tell more than a broken sum would.
            Err(wrong @ (_, ReadFault::Foreign | ReadFault::Trailing)) => Err(wrong),
            Err(wrong) if is_whole => Err(wrong),
            Err((field, fault)) => {
                let detail = Some(fault.to_string());
                Err((field, ReadFault::Damaged { detail }))
            }
        }
    }

    /// Takes in a line, which is an object without its last brace.
    fn take(&mut self, body: &str) -> Result<(), Wrong> {
        let text = format!("{body}}}");
        if self.end.is_some() {
            return Err((None, ReadFault::Trailing));
        }
        if self.header.is_none() {
            self.header = Some(header(&text)?);
            return Ok(());
        }
        if serde_json::from_str::<Probe>(&text).is_ok_and(|probe| probe.end.is_some()) {
            let end: End = strict(&text)?;
            if end.events != self.events.len() as u64 {
                let detail = format!("it says {}, and there are {}", end.events, self.events.len());
                return Err((Some("events".to_owned()), ReadFault::Line { detail }));
            }
            self.end = Some(end);
            return Ok(());
        }
        let event = event(&text)?;
        if let Some(last) = self.events.last()
            && (event.at, event.seq) < (last.at, last.seq)
        {
            let field = if event.at < last.at { "t" } else { "seq" };
            let detail = "it is earlier than in the line before".to_owned();
            return Err((Some(field.to_owned()), ReadFault::Line { detail }));
        }
        self.events.push(event);
        Ok(())
    }
}

fn text(body: &[u8]) -> Result<String, Wrong> {
    let text = core::str::from_utf8(body).map(ToOwned::to_owned);
    text.map_err(|error| {
        let detail = format!("byte {} is not UTF-8", error.valid_up_to() + 1);
        (None, ReadFault::Line { detail })
    })
}

fn header(text: &str) -> Result<Header, Wrong> {
    let Ok(Probe {
        trace: Some(found), ..
    }) = serde_json::from_str(text)
    else {
        return Err((Some("trace".to_owned()), ReadFault::Foreign));
    };
    if found != u64::from(VERSION) {
        return Err((Some("trace".to_owned()), ReadFault::Version { found }));
    }
    strict(text)
}

fn event(text: &str) -> Result<Event, Wrong> {
    let frame: Frame<'_> = strict(text)?;
    let body = Body::parse(&frame.kind, frame.data).map_err(|error| match error {
        BodyError::Kind => {
            let kind = &frame.kind;
            let detail = format!("there is no kind of event `{kind}`");
            (Some("kind".to_owned()), ReadFault::Line { detail })
        }
        BodyError::Data(error) => {
            let (field, fault) = wrong(&error);
            (
                Some(field.map_or_else(|| "data".to_owned(), |field| format!("data.{field}"))),
                fault,
            )
        }
    })?;
    Ok(Event {
        at: Instant::from_nanos(frame.t),
        seq: frame.seq,
        node: frame.node,
        part: frame.part,
        ids: frame.ids,
        body,
    })
}

fn strict<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Wrong> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| wrong(&error))?;
    json.end().map_err(|error| {
        (
            None,
            ReadFault::Line {
                detail: error.to_string(),
            },
        )
    })?;
    Ok(value)
}

fn wrong(error: &serde_path_to_error::Error<serde_json::Error>) -> Wrong {
    let inner = error.inner();
    let path = error.path().to_string();
    let field = (path != ".")
        .then_some(path)
        .or_else(|| named(&inner.to_string()));
    // The line of the file is told already; serde_json counts within the one line that it was given.
    let detail = inner.to_string();
    let detail = detail.replace(
        &format!(" at line {} column {}", inner.line(), inner.column()),
        "",
    );
    let detail = format!("{detail} (column {})", inner.column());
    (field, ReadFault::Line { detail })
}

/// The field that serde names in its own words only: one that is missing or unknown.
fn named(detail: &str) -> Option<String> {
    let (_, rest) = detail.split_once(" field `")?;
    let (name, _) = rest.split_once('`')?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests;
