//! [`Driver`]: the loop around the bank, and its orderly end.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::bank::{Act, Bank, Event, Input, Record};
use plimsoll_core::escrow::{Answer, Fault};
use plimsoll_core::id::{CallId, ErrandId};
use plimsoll_core::machine::{Deadline, Effects, Intent, Machine as _};
use plimsoll_core::outbox::{Appended, Outbox, Standing};
use plimsoll_core::queue::{LaneFault, QueueReply};
use plimsoll_core::time::Instant;
use tokio::sync::{mpsc, watch};

use super::asker::Asker;
use super::callers::Callers;
use super::handle::{Handle, MAILBOX_MAX, Mail, Pulse, Request, Unavailable};
use super::queues::{NoQueues, Queues};
use super::recover::Recovered;
use super::spawn::Tasks;
use super::store::{Store, StoreAnswer};
use super::witness::Witness;
use crate::clock::Clock;
use crate::store::Journal;

/// The most requests that are handled before the journal and the endpoints get a look-in.
const REQUESTS_PER_TURN_MAX: usize = 256;
/// The longest that the driver sleeps, so that its pulse tells a quiet one from a stuck one.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long a stop may wait for a journal that does not take the last records.
const STOP_GRACE: Duration = Duration::from_secs(30);

/// Why a driver ended otherwise than it was told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DriverError {
    /// Another writer took the journal over. Nobody was told anything that is not durable.
    #[error("go on: another process took the journal over")]
    Fenced,
    /// The journal did not take the last records in time. Whoever waited for them was told nothing.
    #[error("write the last {records} records to the journal before stopping")]
    Unflushed {
        /// How many records were not committed for certain.
        records: usize,
    },
}

/// Runs one bank on one journal.
pub struct Driver<J, A, W> {
    bank: Bank,
    outbox: Outbox<Record, Act>,
    fx: Effects<Intent<Record, Act>>,
    store: Store<J>,
    /// When the journal was last asked.
    asked_at: Instant,
    commit_latency: Duration,
    mailbox: mpsc::Receiver<Mail>,
    pulse: watch::Sender<Pulse>,
    clock: Clock,
    pub(super) callers: Callers,
    pub(super) calls: Tasks<(CallId, Result<Answer, Fault>)>,
    pub(super) asker: A,
    pub(super) errands: Tasks<(ErrandId, Result<QueueReply, LaneFault>)>,
    pub(super) queues: Arc<dyn Queues>,
    witness: W,
    pub(super) is_stopping: bool,
}

impl<J: Journal, A: Asker, W: Witness> Driver<J, A, W> {
    /// A driver of a bank that was recovered from `journal`, and the door to it.
    pub fn new(journal: J, recovered: Recovered, asker: A, clock: Clock, witness: W) -> (Self, Handle) {
        let (sender, mailbox) = mpsc::channel(MAILBOX_MAX);
        let outbox = Outbox::new(recovered.head);
        let now = clock.now();
        let (pulse, receiver) = watch::channel(Pulse {
            at: now,
            is_journal_failing: false,
            committed: outbox.head().position.count(),
            uncommitted: 0,
            commit_latency: Duration::ZERO,
        });
        let driver = Self {
            bank: recovered.bank,
            outbox,
            fx: Effects::new(),
            store: Store::new(journal),
            asked_at: now,
            commit_latency: Duration::ZERO,
            mailbox,
            pulse,
            clock,
            callers: Callers::default(),
            calls: Tasks::new(),
            asker,
            errands: Tasks::new(),
            queues: Arc::new(NoQueues),
            witness,
            is_stopping: false,
        };
        (driver, Handle::new(sender, receiver, clock))
    }

    /// The same driver, which hands jobs over to workers by `queues`. Without, none of them is in reach.
    #[must_use]
    pub fn with_queues(mut self, queues: Arc<dyn Queues>) -> Self {
        self.queues = queues;
        self
    }

    /// Runs until `stop` is ready or every handle is gone, then finishes what was begun: no new requests, every
    /// record committed, every caller answered, the journal closed.
    ///
    /// # Errors
    /// [`DriverError`]: the process must end. Callers that still wait learn that the driver ended, and no more.
    ///
    /// # Panics
    /// With the bank's broken invariant, if there is one. Nothing that was not durable by then has left.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), DriverError> {
        let mut stop = pin!(stop);
        let mut mail = Vec::with_capacity(REQUESTS_PER_TURN_MAX);
        self.witness
            .turned(self.clock.now(), self.clock.wall(), &self.bank, &self.outbox);
        self.handle(Event::Tick); // what was not done when the last process ended begins again
        loop {
            self.turn();
            let due = self.due();
            tokio::select! {
                biased;
                () = &mut stop => break,
                answer = self.store.answered() => self.on_store(answer)?,
                (call, outcome) = self.calls.next() => self.handle(Event::Answered { call, outcome }),
                (errand, outcome) = self.errands.next() => self.handle(Event::Queued { errand, outcome }),
                taken = self.mailbox.recv_many(&mut mail, REQUESTS_PER_TURN_MAX) => {
                    if taken == 0 {
                        break; // every handle is gone
                    }
                    mail.drain(..).for_each(|mail| self.take(mail));
                }
                () = self.clock.sleep_until(due) => self.handle(Event::Tick),
            }
        }
        self.finish().await
    }

    /// Takes no new requests, answers those that it has, and flushes.
    async fn finish(mut self) -> Result<(), DriverError> {
        self.is_stopping = true;
        self.mailbox.close();
        while let Some(mail) = self.mailbox.recv().await {
            self.take(mail);
        }
        let give_up = self.clock.now().after(STOP_GRACE);
        loop {
            self.turn();
            if self.outbox.is_empty() {
                break;
            }
            let retry = self
                .outbox
                .next_deadline()
                .map_or(give_up, |deadline| deadline.at);
            tokio::select! {
                biased;
                answer = self.store.answered() => self.on_store(answer)?,
                () = self.clock.sleep_until(retry.min(give_up)) => {}
            }
            if self.clock.now() >= give_up && !self.outbox.is_empty() {
                return Err(DriverError::Unflushed {
                    records: self.outbox.uncommitted().count(),
                });
            }
        }
        self.witness.ended();
        self.store.close().await;
        Ok(())
    }

    /// Hands one event to the bank and what comes of it to the outbox.
    fn handle(&mut self, event: Event) {
        let input = Input {
            wall: self.clock.wall(),
            event,
        };
        let now = self.clock.now();
        self.witness.handling(now, &input);
        self.bank.handle(now, input, &mut self.fx);
        self.witness.handled(now, self.fx.as_slice(), &self.bank);
        self.outbox.accept(&mut self.fx);
    }

    /// Takes one request, unless too much waits already.
    fn take(&mut self, mail: Mail) {
        let is_command = matches!(mail.request, Request::Command(_));
        if self.callers.is_full() || (is_command && self.outbox.is_saturated()) {
            drop(mail.caller.send(Err(Unavailable::Overloaded)));
            return;
        }
        let request = self.callers.admit(mail.caller);
        self.handle(match mail.request {
            Request::Command(command) => Event::Command {
                request,
                command: *command,
            },
            Request::Query(query) => Event::Query { request, query },
        });
    }

    /// Asks the journal what must be asked and does what may be done.
    fn turn(&mut self) {
        let (now, wall) = (self.clock.now(), self.clock.wall());
        if let Some(request) = self.outbox.store_request(now, wall) {
            self.asked_at = now;
            self.witness.asked(now, wall, &request);
            self.store.ask(request);
        }
        while let Some(act) = self.outbox.pop() {
            self.witness.released(now, &act);
            self.execute(act);
        }
        self.witness.turned(now, wall, &self.bank, &self.outbox);
        let (committed, accepted) = (
            self.outbox.head().position.count(),
            self.outbox.accepted().count(),
        );
        self.pulse.send_replace(Pulse {
            at: now,
            is_journal_failing: self.outbox.is_store_failing(),
            committed,
            uncommitted: accepted - committed,
            commit_latency: self.commit_latency,
        });
    }

    fn on_store(&mut self, answer: StoreAnswer) -> Result<(), DriverError> {
        let (now, was) = (self.clock.now(), *self.outbox.head());
        let standing = match answer {
            StoreAnswer::Appended(appended) => {
                if appended == Appended::Committed {
                    self.commit_latency = now.since(self.asked_at);
                }
                self.outbox.on_appended(now, appended)
            }
            StoreAnswer::Head(head) => self.outbox.on_head(now, head),
        };
        let has_moved = *self.outbox.head() != was;
        self.witness.answered(now, answer.recorded(standing, has_moved));
        match standing {
            Standing::Writer => Ok(()),
            Standing::Fenced => Err(DriverError::Fenced),
        }
    }

    /// When to go round again if nothing happens before.
    fn due(&self) -> Instant {
        let heartbeat = self.clock.now().after(HEARTBEAT);
        let deadline = Deadline::earlier(self.bank.next_deadline(), self.outbox.next_deadline());
        deadline.map_or(heartbeat, |deadline| deadline.at.min(heartbeat))
    }
}
