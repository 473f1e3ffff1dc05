//! [`Follower`]: one listener's view of one claim.

use std::sync::Arc;

use plimsoll_core::bank::{ClaimStatus, ClaimView, Query, Reply};
use plimsoll_core::id::ClaimId;
use serde::Serialize;
use tokio::time::{Interval, MissedTickBehavior};
use utoipa::ToSchema;

use super::hub::{Listener, Wake};
use crate::http::Api;
use crate::http::claim_body::ClaimBody;
use crate::http::problem::{Code, Problem};
use crate::http::refusal::problem_in;

/// How a claim stands, when that is news.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Update {
    /// Names this state of the claim: who shows it when connecting again is not told the same again.
    #[schema(example = "c1a0f3b2d4e59687")]
    pub(super) id: String,
    /// Whether it is decided. Then this is the last one.
    pub(super) settled: bool,
    /// The claim.
    claim: ClaimBody,
}

/// What a listener is to be sent next.
pub(super) enum Step {
    /// The claim stands otherwise than it was told last.
    Update(Box<Update>),
    /// Nothing is new: whoever listens must see that we live.
    Beat,
    /// Nothing more will come, and everything was told.
    Over,
    /// The server stops.
    Stopping,
}

/// Follows one claim for one listener.
pub(super) struct Follower {
    api: Api,
    claim: ClaimId,
    listener: Listener,
    /// The state that was told last.
    told: Option<String>,
    /// Whether the bank must be asked.
    is_stale: bool,
    /// Whether a beat is due.
    owes_beat: bool,
    /// Whether the claim was decided when it was last looked at.
    is_settled: bool,
    beat: Interval,
}

impl Follower {
    /// Begins to follow `claim` for one who was told the state `told` before.
    ///
    /// # Errors
    /// The problem to answer with: there is no such claim, or too many listen.
    pub(super) async fn begin(api: Api, claim: ClaimId, told: Option<String>) -> Result<Self, Problem> {
        let view = view(&api, claim).await?;
        // Whoever listens first and asks then misses nothing.
        let listener = Arc::clone(&api.live).listen(view.tx).ok_or_else(|| {
            let detail = "too many listen, or the server is stopping: ask for the claim, or come back later";
            Problem::new(Code::TooManyListeners, detail)
        })?;
        let mut beat = tokio::time::interval(api.live.heartbeat());
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat.reset();
        Ok(Self {
            api,
            claim,
            listener,
            told,
            is_stale: true,
            owes_beat: false,
            is_settled: false,
            beat,
        })
    }

    /// Whether there will be no other update: the claim is settled, and that was told.
    pub(super) const fn is_over(&self) -> bool {
        self.is_settled
    }

    /// How the claim stands, if that is not what was told last.
    pub(super) async fn look(&mut self) -> Result<Option<Update>, Problem> {
        let view = view(&self.api, self.claim).await?;
        self.is_stale = false;
        self.is_settled = matches!(view.status, ClaimStatus::Settled(_));
        let claim = self.api.claim(&view);
        let id = claim.state();
        if self.told.as_ref() == Some(&id) {
            return Ok(None);
        }
        self.told = Some(id.clone());
        self.owes_beat = false;
        let settled = self.is_settled;
        Ok(Some(Update { id, settled, claim }))
    }

    /// What comes next. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Step {
        loop {
            if self.is_stale {
                match self.look().await {
                    Ok(Some(update)) => return Step::Update(Box::new(update)),
                    Ok(None) if self.is_over() => return Step::Over,
                    Ok(None) => {}
                    Err(problem) => {
                        // The bank has too much to do: the next beat asks again.
                        tracing::debug!(claim = %self.claim, code = problem.code().as_str(), "not asked");
                        self.is_stale = false;
                    }
                }
            }
            if std::mem::take(&mut self.owes_beat) {
                return Step::Beat;
            }
            tokio::select! {
                biased;
                wake = self.listener.wake() => match wake {
                    Wake::Told => self.is_stale = true,
                    Wake::Stopping => return Step::Stopping,
                },
                _ = self.beat.tick() => {
                    // What changes without a commit, such as that the search began, is seen with the beat.
                    self.is_stale = true;
                    self.owes_beat = true;
                }
            }
        }
    }
}

async fn view(api: &Api, claim: ClaimId) -> Result<Box<ClaimView>, Problem> {
    match api.bank.query(Query::Claim(claim)).await {
        Ok(Reply::Claim { claim, .. }) => Ok(claim),
        Ok(other) => Err(problem_in(other)),
        Err(unavailable) => Err(unavailable.into()),
    }
}
