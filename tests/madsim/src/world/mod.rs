//! The madsim world: a scenario's plan, run by the real driver in orders of tasks that a seed draws.
//!
//! Driver, mailbox, outbox and shutdown are the shell's own files; chain, endpoints, links, store and people's habits are
//! the simulator's models. An endpoint is asked over its links, so that whatever keeps a message away is silence to the
//! driver; people are tasks that repeat themselves under one key; the process is a node that is killed and started again.
//!
//! `run` is the way in: `powers` refuses by name what this world cannot do, `director` does what the plan says when it is
//! due, `life` is the process, `asker`, `journal` and `seat` are what its driver is given, `people` are its clients, and
//! `stage` is what they all share.

mod asker;
mod director;
mod journal;
mod life;
mod people;
mod powers;
mod run;
mod seat;
mod stage;

pub use powers::POWERS;
pub use run::{Failure, Report, run};
pub use stage::Tally;
