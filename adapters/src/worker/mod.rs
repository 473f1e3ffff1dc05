//! Workers: they drive core's machine of that name, inside a server or in processes of their own.
//!
//! `run` is the loop around one machine, `staff` some of them, `wire` how a report travels, and `remote` tells a server by
//! HTTP what the tasks inside a server tell the driver directly. Nothing is decided here.

mod remote;
mod run;
mod staff;
pub mod wire;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use plimsoll_core::bank::{Command, Reply};
use plimsoll_core::escrow::{Report, Taken};
use plimsoll_core::worker::Answerless;

pub(crate) use remote::ROUTE;
pub use remote::{Refused, RemoteBank};
pub use run::{Ended, Runner};
pub use staff::Staff;

use crate::driver::Handle;

/// What the bank says to a report, once what follows from it is durable.
pub type Reporting = Pin<Box<dyn Future<Output = Result<Taken, Answerless>> + Send>>;

/// Takes reports to the bank.
pub trait Reporter: Send + Sync {
    /// Tells the bank once, and gives up after `timeout`.
    fn report(&self, report: Report, timeout: Duration) -> Reporting;
}

impl Reporter for Handle {
    fn report(&self, report: Report, timeout: Duration) -> Reporting {
        let handle = self.clone();
        Box::pin(async move {
            let told = handle.command(Command::Report(Box::new(report)));
            match tokio::time::timeout(timeout, told).await {
                Ok(Ok(Reply::Reported(taken))) => Ok(taken),
                Ok(Ok(reply)) => {
                    tracing::warn!(?reply, "the bank does not believe a report");
                    Err(Answerless)
                }
                Ok(Err(_)) | Err(_) => Err(Answerless),
            }
        })
    }
}

#[cfg(test)]
mod tests;
