//! Redaction: texts about persons (names, and who decided what and why) become keyed hashes of themselves.
//!
//! A decision may depend on whether a text is empty, too long, or the same as another one, and on nothing else of it, so
//! a redacted text keeps exactly that. A bank that is told redacted inputs, and whose journal was redacted with the same
//! key, therefore decides what the live one decided; and what it wishes for is what the live one wished for, redacted.
//! The digest of a recording is that of the redacted form, on both sides.
//!
//! Every variant is named here, so that a new one cannot bring a text along unseen.

use std::borrow::Cow;
use std::hash::Hash as _;

use plimsoll_core::bank::{Act, Command, Effect, Event, Record, Reply};
use plimsoll_core::digest::Digest;
use plimsoll_core::escrow::{EscrowRecord, LetterView, Proposal, RefundRecord};
use plimsoll_core::id::Text;
use plimsoll_core::limits::TEXT_BYTES_MAX;
use plimsoll_core::machine::Intent;
use serde::{Deserialize, Serialize};

/// What a redacted text begins with.
const MARK: &str = "~";
/// How many bytes of a hash are kept: two texts never meet by accident.
const HASH_BYTES: usize = 16;

/// Which key was used, without telling it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyId([u8; 8]);

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Redacts with one key. Never prints it.
#[derive(Clone)]
pub struct Redactor([u8; 32]);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({})", self.key_id())
    }
}

impl Redactor {
    /// A redactor whose key is made of `secret`.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(blake3::derive_key(
            "plimsoll recorder 2026-11 redaction",
            secret.as_bytes(),
        ))
    }

    /// Which key it uses.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&blake3::derive_key("plimsoll recorder 2026-11 key id", &self.0)[..8]);
        KeyId(id)
    }

    /// What stands for `text`.
    #[must_use]
    pub fn text(&self, text: &str) -> Text {
        if text.is_empty() {
            return Text::new();
        }
        let hash = blake3::keyed_hash(&self.0, text.as_bytes());
        let digits = hash.as_bytes()[..HASH_BYTES]
            .iter()
            .map(|byte| format!("{byte:02x}"));
        let mut redacted: Text = std::iter::once(MARK.to_owned()).chain(digits).collect();
        if text.len() > TEXT_BYTES_MAX {
            redacted.extend(std::iter::repeat_n('.', TEXT_BYTES_MAX));
        }
        redacted
    }

    /// What stands for `event`.
    #[must_use]
    pub fn event<'a>(&self, event: &'a Event) -> Cow<'a, Event> {
        match event {
            Event::Command { request, command } => match self.command(command) {
                Some(command) => Cow::Owned(Event::Command {
                    request: *request,
                    command,
                }),
                None => Cow::Borrowed(event),
            },
            Event::Tick | Event::Query { .. } | Event::Answered { .. } | Event::Queued { .. } => {
                Cow::Borrowed(event)
            }
        }
    }

    /// What stands for `command`, if that is not itself.
    fn command(&self, command: &Command) -> Option<Command> {
        let mut redacted = match command {
            Command::RegisterUser { .. }
            | Command::ResolveDeadLetter { .. }
            | Command::ReplayDeadLetters { .. }
            | Command::CancelReplay { .. }
            | Command::AttributeSuspense { .. }
            | Command::Administer { .. } => command.clone(),
            Command::Claim { .. } | Command::Transact(_) | Command::Report(_) => return None,
        };
        match &mut redacted {
            Command::RegisterUser { name, .. } => self.replace([name]),
            Command::ResolveDeadLetter { actor, reason, .. }
            | Command::ReplayDeadLetters { actor, reason, .. }
            | Command::CancelReplay { actor, reason, .. }
            | Command::AttributeSuspense { actor, reason, .. }
            | Command::Administer { actor, reason, .. } => self.replace([actor, reason]),
            Command::Claim { .. } | Command::Transact(_) | Command::Report(_) => {}
        }
        Some(redacted)
    }

    /// What stands for `record`.
    #[must_use]
    pub fn record(&self, mut record: Record) -> Record {
        match &mut record {
            Record::UserRegistered { name, .. } => self.replace([name]),
            Record::Escrow(
                EscrowRecord::DeadLetterResolved { actor, reason, .. }
                | EscrowRecord::DismissalProposed { actor, reason, .. }
                | EscrowRecord::ReplayBegan { actor, reason, .. }
                | EscrowRecord::ReplayCancelled { actor, reason, .. }
                | EscrowRecord::SuspenseAttributed { actor, reason, .. },
            )
            | Record::Administered { actor, reason, .. } => self.replace([actor, reason]),
            Record::Escrow(EscrowRecord::Refund(RefundRecord::Proposed { actor, .. })) => {
                self.replace([actor]);
            }
            Record::Escrow(
                EscrowRecord::ClaimFiled { .. }
                | EscrowRecord::Scanned { .. }
                | EscrowRecord::Seen { .. }
                | EscrowRecord::Reorged { .. }
                | EscrowRecord::Final { .. }
                | EscrowRecord::Rejected { .. }
                | EscrowRecord::DeadLettered { .. }
                | EscrowRecord::DeadLetterDetailed { .. }
                | EscrowRecord::DeadLetterReopened { .. }
                | EscrowRecord::DeadLetterReplayed { .. }
                | EscrowRecord::ReplayEnded { .. }
                | EscrowRecord::DustCredited { .. }
                | EscrowRecord::Refund(
                    RefundRecord::Requested { .. }
                    | RefundRecord::Settled { .. }
                    | RefundRecord::Withdrawn { .. },
                ),
            )
            | Record::AssetRegistered { .. }
            | Record::AddressAssigned { .. }
            | Record::Ledger(_)
            | Record::Reconciled { .. } => {}
        }
        record
    }

    /// Adds what stands for `effects` to `digest`.
    pub(super) fn digest(&self, effects: &[Effect], digest: &mut Digest) {
        for effect in effects {
            match effect {
                Intent::Record(record) if tells_of_persons(record) => {
                    Intent::<_, Act>::Record(self.record(record.clone())).hash(digest);
                }
                Intent::Act(Act::Reply {
                    request,
                    reply:
                        reply @ (Reply::User { .. }
                        | Reply::DeadLetters(_)
                        | Reply::DeadLetter(_)
                        | Reply::Refunds { .. }),
                }) => {
                    let (request, reply) = (*request, self.reply(reply.clone()));
                    Intent::<Record, _>::Act(Act::Reply { request, reply }).hash(digest);
                }
                Intent::Record(_) | Intent::Act(_) => effect.hash(digest),
            }
        }
    }

    fn reply(&self, mut reply: Reply) -> Reply {
        match &mut reply {
            Reply::User { name, .. } => self.replace([name]),
            Reply::DeadLetters(page) => page.letters.iter_mut().for_each(|view| self.letter(view)),
            Reply::DeadLetter(view) => self.letter(view),
            Reply::Refunds { proposed, .. } => {
                let actors = proposed.iter_mut().map(|(_, proposal)| &mut proposal.actor);
                actors.for_each(|actor| self.replace([actor]));
            }
            Reply::Claim { .. }
            | Reply::Outcome { .. }
            | Reply::Transaction(_)
            | Reply::Balances(_)
            | Reply::DeadLetterGroups(_)
            | Reply::DryRun(_)
            | Reply::Replay(_)
            | Reply::Proposed
            | Reply::Suspense(_)
            | Reply::Done
            | Reply::Reported { .. }
            | Reply::Administered { .. }
            | Reply::Status(_)
            | Reply::Reconciliations { .. }
            | Reply::Conflict { .. }
            | Reply::Refused(_) => {}
        }
        reply
    }

    fn letter(&self, view: &mut LetterView) {
        if let Some(Proposal { actor, reason, .. }) = &mut view.letter.proposal {
            self.replace([actor, reason]);
        }
    }

    fn replace<const N: usize>(&self, texts: [&mut Text; N]) {
        for text in texts {
            *text = self.text(text);
        }
    }
}

/// Whether `record` has a text that [`Redactor::record`] redacts.
const fn tells_of_persons(record: &Record) -> bool {
    match record {
        Record::UserRegistered { .. }
        | Record::Administered { .. }
        | Record::Escrow(
            EscrowRecord::DeadLetterResolved { .. }
            | EscrowRecord::DismissalProposed { .. }
            | EscrowRecord::ReplayBegan { .. }
            | EscrowRecord::ReplayCancelled { .. }
            | EscrowRecord::SuspenseAttributed { .. }
            | EscrowRecord::Refund(RefundRecord::Proposed { .. }),
        ) => true,
        Record::AssetRegistered { .. }
        | Record::AddressAssigned { .. }
        | Record::Ledger(_)
        | Record::Escrow(_)
        | Record::Reconciled { .. } => false,
    }
}

/// Adds `effects`, which are redacted already, to `digest`.
pub fn digest_redacted(effects: &[Effect], digest: &mut Digest) {
    effects.iter().for_each(|effect| effect.hash(digest));
}

#[cfg(test)]
mod tests;
