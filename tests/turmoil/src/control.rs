//! [`Control`]: how the director reaches into the bank's process, as an operator and the machine's kernel do.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use tokio::sync::oneshot;

/// The controls of one process, in all its lives. Clones are the same ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Control(Rc<Levers>);

#[derive(Debug, Default)]
struct Levers {
    /// Tells the current life to stop.
    stop: RefCell<Option<oneshot::Sender<()>>>,
    /// How many faults hold it up.
    pauses: Cell<u32>,
    /// Who goes on once nothing does.
    held_up: RefCell<Option<Waker>>,
}

impl Control {
    /// A life begins: ready once it is told to stop.
    pub(crate) fn begin(&self) -> oneshot::Receiver<()> {
        let (stop, stopped) = oneshot::channel();
        self.0.stop.replace(Some(stop));
        stopped
    }

    /// Tells the current life to stop.
    pub(crate) fn stop(&self) {
        // Nobody hears of it when the life is over, and then it has stopped.
        drop(self.0.stop.take());
    }

    /// Holds the process up.
    pub(crate) fn pause(&self) {
        self.0.pauses.set(self.0.pauses.get() + 1);
    }

    /// Undoes one [`Control::pause`].
    pub(crate) fn resume(&self) {
        self.0.pauses.set(self.0.pauses.get() - 1);
        if self.0.pauses.get() == 0
            && let Some(waker) = self.0.held_up.take()
        {
            waker.wake();
        }
    }

    /// Runs `process` while nothing holds it up.
    pub(crate) async fn gated<T>(&self, process: impl Future<Output = T>) -> T {
        let mut process = pin!(process);
        poll_fn(|context| {
            if self.0.pauses.get() == 0 {
                return process.as_mut().poll(context);
            }
            self.0.held_up.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await
    }
}
