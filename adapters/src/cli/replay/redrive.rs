//! [`Redrive`]: the bank and the outbox of a recorded life, driven again by what was recorded.

use std::panic::{AssertUnwindSafe, catch_unwind};

use plimsoll_core::bank::{Act, Bank, Effect, Input, Record, State};
use plimsoll_core::digest::Digest;
use plimsoll_core::journal::Head;
use plimsoll_core::machine::{Effects, Machine as _};
use plimsoll_core::outbox::{Outbox, Standing, StoreRequest};
use plimsoll_core::time::{Instant, WallClock};
use plimsoll_sim::world::observe::Observation;

use crate::recorder::{Answered, Asked, Frame, HeadSeen, Opening, digest_redacted};

/// How a life that is driven again differs from the recorded one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Divergence {
    /// The recorded configuration and state do not make a bank.
    #[error("the bank cannot be opened as it was: {0}")]
    Unopened(String),
    /// The recorded outbox cannot have been.
    #[error("the outbox cannot be gone on with as it was: {0}")]
    Outbox(#[from] plimsoll_core::outbox::ImpossibleMoment),
    /// The effects so far are not those that were recorded.
    #[error("the effects have digest {found:016x}, and {recorded:016x} was recorded")]
    Effects {
        /// The digest of this run.
        found: u64,
        /// The recorded one.
        recorded: u64,
    },
    /// Something about the life as a whole is not what was recorded.
    #[error("{what} is not what was recorded: {found}, and not {recorded}")]
    Differs {
        /// What.
        what: &'static str,
        /// In this run.
        found: String,
        /// In the recording.
        recorded: String,
    },
    /// The code under test panicked.
    #[error("the code panicked: {0}")]
    Panicked(String),
}

/// One life, driven again.
pub(super) struct Redrive {
    bank: Bank,
    outbox: Outbox<Record, Act>,
    fx: Effects<Effect>,
    digest: Digest,
    inputs: u64,
}

impl Redrive {
    /// The life as it was at `opening`, on top of the `durable` state.
    pub(super) fn new(opening: &Opening, durable: &State) -> Result<Self, Divergence> {
        let mut state = durable.clone();
        let records = opening.outbox.groups.iter().flatten();
        guarded(|| records.for_each(|record| state.apply(record)))?;
        let config = opening.config.clone();
        let bank = guarded(|| match &opening.bank {
            None => Bank::open(config, state),
            Some(volatile) => Bank::resume(config, state, volatile.clone()),
        })?;
        let list = |errors: Vec<_>| {
            errors
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; ")
        };
        Ok(Self {
            bank: bank.map_err(|errors| Divergence::Unopened(list(errors)))?,
            outbox: Outbox::resume(opening.outbox.clone())?,
            fx: Effects::new(),
            digest: Digest::resume(opening.digest),
            inputs: opening.inputs,
        })
    }

    /// The bank as it is.
    pub(super) const fn bank(&self) -> &Bank {
        &self.bank
    }

    /// The digest of everything that it wished for.
    pub(super) const fn digest(&self) -> u128 {
        self.digest.value()
    }

    /// How many inputs it has had in its life.
    pub(super) const fn inputs(&self) -> u64 {
        self.inputs
    }

    /// How far the journal is as this run knows it.
    pub(super) fn head(&self) -> &Head {
        self.outbox.head()
    }

    /// What was decided and is not committed.
    pub(super) fn uncommitted(&self) -> Vec<Record> {
        self.outbox.uncommitted().cloned().collect()
    }

    /// Checks that the life is where the next segment begins.
    pub(super) fn check(&self, opening: &Opening) -> Result<(), Divergence> {
        same("the number of inputs", &self.inputs, &(opening.inputs))?;
        if self.digest.value() != opening.digest {
            let (found, recorded) = (self.digest.value(), opening.digest);
            return Err(Divergence::Differs {
                what: "the digest of the effects",
                found: format!("{found:032x}"),
                recorded: format!("{recorded:032x}"),
            });
        }
        let mut moment = self.outbox.moment();
        moment.head.hash = opening.outbox.head.hash; // of redacted records it is another one
        same("what waits for the journal", &moment, &opening.outbox)?;
        same("the configuration", self.bank.config(), &opening.config)?;
        match &opening.bank {
            Some(volatile) => same("what the bank holds in memory", &self.bank.volatile(), volatile),
            None => Err(Divergence::Differs {
                what: "the bank",
                found: "in the middle of its life".to_owned(),
                recorded: "at its beginning".to_owned(),
            }),
        }
    }

    /// Does what `frame` says was done, and shows everything that comes of it to `see`.
    pub(super) fn step(
        &mut self,
        frame: Frame<'static>,
        see: &mut dyn FnMut(Instant, &Observation<'_>),
    ) -> Result<(), Divergence> {
        match frame {
            Frame::Opening(_) => unreachable!("a segment has one opening"),
            Frame::Input {
                now,
                wall,
                digest,
                event,
            } => {
                self.check_digest(digest)?;
                let event = event.into_owned();
                self.on_input(now, Input { wall, event }, see)
            }
            Frame::Asked { now, wall, request } => self.on_asked(now, wall, request),
            Frame::Answered { now, answer } => self.on_answered(now, answer, see),
            Frame::Closing { inputs, digest } => {
                same("the number of inputs", &self.inputs, &inputs)?;
                let shown = |digest: u128| format!("{digest:032x}");
                same("the digest of the effects", &shown(self.digest()), &shown(digest))
            }
        }
    }

    fn check_digest(&self, recorded: u64) -> Result<(), Divergence> {
        let found = std::hash::Hasher::finish(&self.digest);
        if found == recorded {
            Ok(())
        } else {
            Err(Divergence::Effects { found, recorded })
        }
    }

    fn on_input(
        &mut self,
        now: Instant,
        input: Input,
        see: &mut dyn FnMut(Instant, &Observation<'_>),
    ) -> Result<(), Divergence> {
        self.inputs += 1;
        let seen = input.clone();
        guarded(|| self.bank.handle(now, input, &mut self.fx))?;
        std::hash::Hasher::write_u64(&mut self.digest, now.as_nanos());
        digest_redacted(self.fx.as_slice(), &mut self.digest);
        let handled = Observation::Handled {
            input: &seen,
            effects: self.fx.as_slice(),
            bank: &self.bank,
        };
        see(now, &handled);
        guarded(|| self.outbox.accept(&mut self.fx))?;
        self.release(now, see);
        Ok(())
    }

    fn on_asked(&mut self, now: Instant, wall: WallClock, recorded: Asked) -> Result<(), Divergence> {
        let request = guarded(|| self.outbox.store_request(now, wall))?;
        let found = request.as_ref().map(|request| match request {
            StoreRequest::Append(batch) => Asked::Append { last: batch.last },
            StoreRequest::ReadHead => Asked::ReadHead,
        });
        same("what the journal is asked", &found, &Some(recorded))
    }

    fn on_answered(
        &mut self,
        now: Instant,
        answer: Answered,
        see: &mut dyn FnMut(Instant, &Observation<'_>),
    ) -> Result<(), Divergence> {
        let before = *self.outbox.head();
        let waiting = self.uncommitted();
        let standing = match answer {
            Answered::Appended(appended) => guarded(|| self.outbox.on_appended(now, appended))?,
            Answered::Head(seen) => {
                let head = self.head_of(seen);
                guarded(|| self.outbox.on_head(now, head))?
            }
        };
        let head = *self.outbox.head();
        if head.position > before.position {
            let count =
                usize::try_from(head.position.count() - before.position.count()).unwrap_or(usize::MAX);
            let records = &waiting[..count.min(waiting.len())];
            see(now, &Observation::Committed { records, head: &head });
        }
        match (standing, answer) {
            (Standing::Writer, Answered::Head(HeadSeen::Committed)) if head == before => {
                let (found, recorded) = ("not committed".to_owned(), "committed".to_owned());
                let what = "what became of the batch in doubt";
                return Err(Divergence::Differs {
                    what,
                    found,
                    recorded,
                });
            }
            (Standing::Writer | Standing::Fenced, _) => {}
        }
        self.release(now, see);
        Ok(())
    }

    /// The head as this run's journal would have it: the hash of redacted records is another one.
    fn head_of(&self, seen: HeadSeen) -> Option<Head> {
        let head = *self.outbox.head();
        match seen {
            HeadSeen::Unreadable => None,
            HeadSeen::NotCommitted => Some(head),
            HeadSeen::Another => Some(Head {
                epoch: head.epoch + 1,
                ..head
            }),
            HeadSeen::Committed => self.outbox.in_flight().map(|batch| Head {
                epoch: head.epoch,
                position: batch.last,
                hash: batch.hash,
            }),
        }
    }

    fn release(&mut self, now: Instant, see: &mut dyn FnMut(Instant, &Observation<'_>)) {
        while let Some(act) = self.outbox.pop() {
            see(now, &Observation::Released { act: &act });
        }
    }
}

/// What `work` comes to; the driver would have died of its panic.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Divergence> {
    // A life that panicked is not driven on.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Divergence::Panicked(text.unwrap_or("without a message").to_owned())
    })
}

fn same<T: PartialEq + std::fmt::Debug>(
    what: &'static str,
    found: &T,
    recorded: &T,
) -> Result<(), Divergence> {
    if found == recorded {
        return Ok(());
    }
    let (found, recorded) = (shown(found), shown(recorded));
    Err(Divergence::Differs {
        what,
        found,
        recorded,
    })
}

/// The debug form, cut where two long ones would not be read anyway.
fn shown<T: std::fmt::Debug>(value: &T) -> String {
    const CHARS_MAX: usize = 400;
    let whole = format!("{value:?}");
    match whole.char_indices().nth(CHARS_MAX) {
        Some((cut, _)) => format!("{} …", &whole[..cut]),
        None => whole,
    }
}
