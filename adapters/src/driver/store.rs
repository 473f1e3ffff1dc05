//! The journal as the driver sees it: one request at a time, the answer comes later.

use std::future::pending;
use std::panic::resume_unwind;

use plimsoll_core::journal::Head;
use plimsoll_core::outbox::{Appended, Standing, StoreRequest};
use tokio::task::{JoinError, JoinHandle};

use super::spawn::spawn;
use crate::recorder::{Answered, HeadSeen};
use crate::store::Journal;

/// A journal that is idle, or at work in a task of its own.
#[derive(Debug)]
pub(super) struct Store<J> {
    idle: Option<J>,
    work: Option<JoinHandle<(J, StoreAnswer)>>,
}

/// What the journal said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StoreAnswer {
    Appended(Appended),
    Head(Option<Head>),
}

impl StoreAnswer {
    /// The answer as a recording has it, given what the outbox made of it.
    pub(super) const fn recorded(self, standing: Standing, has_moved: bool) -> Answered {
        match (self, standing) {
            (Self::Appended(appended), _) => Answered::Appended(appended),
            (Self::Head(None), _) => Answered::Head(HeadSeen::Unreadable),
            (Self::Head(Some(_)), Standing::Fenced) => Answered::Head(HeadSeen::Another),
            (Self::Head(Some(_)), Standing::Writer) if has_moved => Answered::Head(HeadSeen::Committed),
            (Self::Head(Some(_)), Standing::Writer) => Answered::Head(HeadSeen::NotCommitted),
        }
    }
}

impl<J: Journal> Store<J> {
    /// A journal that is idle.
    pub(super) const fn new(journal: J) -> Self {
        Self {
            idle: Some(journal),
            work: None,
        }
    }

    /// Hands a request to the journal, which must be idle.
    pub(super) fn ask(&mut self, request: StoreRequest) {
        let Some(journal) = self.idle.take() else {
            unreachable!("the journal was asked while it was at work")
        };
        self.work = Some(spawn(serve(journal, request)));
    }

    /// The answer to the request under way; waits for ever while there is none. Dropping the future loses nothing.
    pub(super) async fn answered(&mut self) -> StoreAnswer {
        let Some(task) = &mut self.work else {
            return pending().await;
        };
        let outcome = task.await;
        self.work = None;
        match outcome.map_err(JoinError::try_into_panic) {
            Ok((journal, answer)) => {
                self.idle = Some(journal);
                answer
            }
            Err(Ok(panic)) => resume_unwind(panic),
            Err(Err(_)) => unreachable!("the journal's task was cancelled, which nobody does"),
        }
    }

    /// Lets the journal go, once it is idle.
    pub(super) async fn close(mut self) {
        if self.work.is_some() {
            self.answered().await;
        }
        if let Some(journal) = self.idle {
            journal.close().await;
        }
    }
}

async fn serve<J: Journal>(mut journal: J, request: StoreRequest) -> (J, StoreAnswer) {
    let answer = match request {
        StoreRequest::Append(batch) => StoreAnswer::Appended(journal.append(&batch).await),
        StoreRequest::ReadHead => StoreAnswer::Head(journal.head().await),
    };
    (journal, answer)
}
