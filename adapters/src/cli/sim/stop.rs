//! [`Stop`]: SIGINT and SIGTERM as something that long work looks at, so that what it has found so far is kept.

use core::pin::pin;
use core::task::Poll;
use std::io;

use tokio::runtime::Runtime;

use crate::cli::signals::Signals;

/// Whether somebody sent SIGINT or SIGTERM since this was made.
pub(super) struct Stop {
    /// Its thread takes signals in; the work's looks now and then.
    runtime: Runtime,
    signals: Signals,
    was_wanted: bool,
}

impl Stop {
    /// Listens from here on. The signals end the process no more: whoever made this must look.
    pub(super) fn listen() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_io()
            .build()?;
        let signals = runtime.block_on(async { Signals::listen() })?;
        Ok(Self {
            runtime,
            signals,
            was_wanted: false,
        })
    }

    /// Whether one came.
    pub(super) fn is_wanted(&mut self) -> bool {
        let signals = &mut self.signals;
        let came = self.runtime.block_on(async {
            let mut next = pin!(signals.next());
            core::future::poll_fn(|context| Poll::Ready(next.as_mut().poll(context).is_ready())).await
        });
        self.was_wanted |= came;
        self.was_wanted
    }
}
