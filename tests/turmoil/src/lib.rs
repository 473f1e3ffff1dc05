//! The turmoil world: a scenario's plan, run by the shell's own code on a simulated network.
//!
//! The bank is the real driver behind the real HTTP server, and asks through the real JSON-RPC client; each endpoint is
//! a host that answers in JSON what the simulator's model of it answers, and people are HTTP clients who repeat
//! themselves under one key. `run` is the way in: `expressible` refuses by name what this world cannot do, `director`
//! does what the plan says when it is due. What came of a run is told in the simulator's words.
//!
//! The journal is in memory (`journal`): SQLite's thread keeps real time, so no run with it could be repeated.
//!
//! What a run leaves to chance is drawn from its seed. The rest that could tell two runs apart is the machine's: the date,
//! the clock that timers are rounded to, and the order of hash maps. The binary `turmoil-world` takes these over for its
//! process, so that the whole `course` of a run is the same in every process. Elsewhere what comes of a run is.

mod bank;
mod client;
mod control;
mod course;
mod director;
mod expressible;
mod faults;
mod journal;
mod jury;
mod links;
mod net;
mod people;
mod quiet;
mod rpc;
mod run;
mod server;
mod settle;
mod stage;

pub use course::{Course, Packets};
pub use expressible::POWERS;
pub use run::{Failure, Report, run};
