//! A receiver of webhooks: verifies what it is sent, keeps it, and answers as it is told to.

use std::io::{self, BufRead, BufReader, Read as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plimsoll_adapters::clock::Clock;
use plimsoll_adapters::webhook::signature::{SIGNATURE, verify};
use serde_json::Value;

use crate::process::pause;
use crate::proxy::Door;
use crate::proxy::wire::{refuse, respond};

/// The longest that [`Mood::Hangs`] keeps a connection: longer than the product waits.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// How a receiver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It takes what comes.
    Well,
    /// It refuses.
    Broken,
    /// It takes what comes, and never says so.
    Hangs,
}

/// A receiver on the loopback interface. Dropping it closes it.
#[derive(Debug)]
pub struct Receiver {
    door: Door,
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    secret: &'static str,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    taken: Vec<Value>,
    /// What it was sent and does not believe.
    rejected: Vec<String>,
}

impl Receiver {
    /// One that is well, and shares `secret` with the product.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn start(secret: &'static str) -> Self {
        let state = State {
            mood: Mood::Well,
            taken: Vec::new(),
            rejected: Vec::new(),
        };
        let inside = Arc::new(Inside {
            secret,
            state: Mutex::new(state),
        });
        let serving = Arc::clone(&inside);
        Self {
            door: Door::open(move |stream| serving.serve(stream)),
            inside,
        }
    }

    /// Where it is called.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/hook", self.door.url())
    }

    /// Makes it answer otherwise from the next call on.
    pub fn turn(&self, mood: Mood) {
        self.inside.lock().mood = mood;
    }

    /// What it took, oldest first, repetitions included.
    ///
    /// # Panics
    /// When it was sent something that it does not believe.
    #[must_use]
    pub fn taken(&self) -> Vec<Value> {
        let state = self.inside.lock();
        assert_eq!(state.rejected, Vec::<String>::new(), "not signed as it should be");
        state.taken.clone()
    }
}

impl Inside {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut answers = stream.try_clone()?;
        let mut reader = BufReader::new(stream);
        while let Some((signature, body)) = read(&mut reader)? {
            match self.take(&signature, &body) {
                Mood::Well => respond(&mut answers, &Value::Null)?,
                Mood::Broken => refuse(&mut answers, "500 Internal Server Error", "")?,
                Mood::Hangs => pause(SILENCE_MAX),
            }
        }
        Ok(())
    }

    fn take(&self, signature: &str, body: &[u8]) -> Mood {
        let verified = verify(signature, body, self.secret, Clock::start().wall());
        let mut state = self.lock();
        match (verified, serde_json::from_slice(body)) {
            (Ok(()), Ok(_)) if state.mood == Mood::Broken => {}
            (Ok(()), Ok(value)) => state.taken.push(value),
            (verified, parsed) => state.rejected.push(format!("{verified:?} {parsed:?}")),
        }
        state.mood
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The signature and the body of the next request; `None` when the client has closed the connection.
fn read(reader: &mut impl BufRead) -> io::Result<Option<(String, Vec<u8>)>> {
    let (mut line, mut length, mut signature) = (String::new(), 0, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            Some((name, value)) if name.eq_ignore_ascii_case(SIGNATURE) => {
                value.trim().clone_into(&mut signature)
            }
            Some(_) | None => {}
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(Some((signature, body)))
}
