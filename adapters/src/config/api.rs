//! The `[api]` table: where the server listens, and how much of whom it bears.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use figment::value::Value;

use super::fault::Faults;
use super::section::{Section, Unfit, duration, parsed, within};
use super::tokens::{self, AccessToken};

/// The longest pause that is of use to anybody.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// How the server is talked to.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Who may use the routes that are not public; nobody where there is none.
    pub tokens: Vec<AccessToken>,
    /// The largest body of a request, in bytes.
    pub body_bytes_max: usize,
    /// How long a request may take before it is answered that its outcome is unknown.
    pub request_timeout: Duration,
    /// The most requests under way at once.
    pub in_flight_max: usize,
    /// The most who may follow claims at once.
    pub listeners_max: usize,
    /// How much one client may ask.
    pub rate: RateLimit,
    /// How it ends.
    pub shutdown: Shutdown,
}

/// The pauses of an orderly end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shutdown {
    /// How long readiness fails before no connection is accepted any more: so long whoever sends the traffic needs to
    /// notice.
    pub delay: Duration,
    /// How long requests under way then get to finish.
    pub timeout: Duration,
}

/// The requests that one client, by IP address, may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many a second for ever.
    pub per_second: u32,
    /// How many at once after a pause.
    pub burst: u32,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            tokens: Vec::new(),
            body_bytes_max: 64 * 1024,
            request_timeout: Duration::from_secs(10),
            in_flight_max: 1024,
            listeners_max: 4096,
            rate: RateLimit {
                per_second: 100,
                burst: 200,
            },
            shutdown: Shutdown {
                delay: Duration::from_secs(1),
                timeout: Duration::from_secs(20),
            },
        }
    }
}

/// Reads the table; `None` when a fault leaves it without a value that it must have.
pub(super) fn read(mut section: Section, faults: &mut Faults) -> Option<ApiConfig> {
    let ApiConfig {
        body_bytes_max,
        request_timeout,
        in_flight_max,
        listeners_max,
        rate,
        shutdown,
        ..
    } = ApiConfig::default();
    let address = parsed(str::parse::<SocketAddr>, "\"127.0.0.1:8080\"");
    let listen = section.required("listen", address, "\"127.0.0.1:8080\"", faults);
    let tokens = tokens::read_all(section.tables("tokens", faults), faults);
    let body_bytes_max = section.optional("body_bytes_max", size(1024, 1 << 20), body_bytes_max, faults);
    let request_timeout = section.optional("request_timeout", waiting, request_timeout, faults);
    let in_flight_max = section.optional("in_flight_max", size(1, 100_000), in_flight_max, faults);
    let listeners_max = section.optional("listeners_max", size(1, 1_000_000), listeners_max, faults);
    let shutdown = Shutdown {
        delay: section.optional("shutdown_delay", pause, shutdown.delay, faults),
        timeout: section.optional("shutdown_timeout", waiting, shutdown.timeout, faults),
    };
    let per_second = section.optional("rate_per_second", count(1, 1_000_000), rate.per_second, faults);
    let burst = section.optional("rate_burst", count(1, 1_000_000), rate.burst, faults);
    section.finish(faults);
    Some(ApiConfig {
        listen: listen?,
        tokens,
        body_bytes_max,
        request_timeout,
        in_flight_max,
        listeners_max,
        rate: RateLimit { per_second, burst },
        shutdown,
    })
}

fn waiting(value: Value) -> Result<Duration, Unfit> {
    let time = pause(value)?;
    if time >= Duration::from_millis(100) {
        Ok(time)
    } else {
        Err(Unfit::new(
            format!("is {time:?}"),
            "write a duration from \"100ms\" to \"5m\"",
        ))
    }
}

fn pause(value: Value) -> Result<Duration, Unfit> {
    let time = duration(value)?;
    if time <= PAUSE_MAX {
        Ok(time)
    } else {
        Err(Unfit::new(
            format!("is {time:?}"),
            "write a duration of at most \"5m\"",
        ))
    }
}

fn size(low: u64, high: u64) -> impl Fn(Value) -> Result<usize, Unfit> {
    move |value| within(low, high)(value).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

fn count(low: u64, high: u64) -> impl Fn(Value) -> Result<u32, Unfit> {
    move |value| within(low, high)(value).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}
