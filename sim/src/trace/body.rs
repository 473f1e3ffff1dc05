//! The kinds of events.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::data::*;

/// Why the data of an event cannot be read.
pub(super) enum BodyError {
    /// No such kind.
    Kind,
    /// A field is not what it should be.
    Data(serde_path_to_error::Error<serde_json::Error>),
}

macro_rules! bodies {
    ($($(#[$doc:meta])* $name:literal = $variant:ident($data:ty)),+ $(,)?) => {
        /// What happened.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Body { $($(#[$doc])* $variant($data)),+ }

        impl Body {
            /// Every kind, by its stable name.
            pub const KINDS: &'static [&'static str] = &[$($name),+];

            /// The stable name of its kind.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),+ }
            }

            pub(super) fn parse(kind: &str, data: &RawValue) -> Result<Self, BodyError> {
                match kind {
                    $($name => parse(data).map(Self::$variant),)+
                    _ => Err(BodyError::Kind),
                }
            }
        }
    };
}

fn parse<'a, T: Deserialize<'a>>(data: &'a RawValue) -> Result<T, BodyError> {
    let mut json = serde_json::Deserializer::from_str(data.get());
    serde_path_to_error::deserialize(&mut json).map_err(BodyError::Data)
}

bodies! {
    /// A fault of the plan began.
    "fault_began" = FaultBegan(FaultBegan),
    /// A fault of the plan ended.
    "fault_ended" = FaultEnded(FaultEnded),
    /// An oracle found an invariant broken.
    "violated" = Violated(Violated),
    /// A client wants something of the bank.
    "wanted" = Wanted(Wanted),
    /// A message left.
    "sent" = Sent(Sent),
    /// A message arrived.
    "arrived" = Arrived(Arrived),
    /// A client made something of a reply.
    "heard" = Heard(Heard),
    /// A client gave an attempt up, and tries again later.
    "gave_up" = GaveUp(GaveUp),
    /// A user learned who they are to the bank.
    "opened" = Opened(Opened),
    /// A transaction was sent to the chain.
    "submitted" = Submitted(Submitted),
    /// A transaction came into a block.
    "mined" = Mined(InBlock),
    /// A transaction is in no block any more.
    "unmined" = Unmined(Note),
    /// A transaction's block became final.
    "finalized" = Finalized(InBlock),
    /// The last blocks were replaced.
    "reorged" = Reorged(Reorged),
    /// The bank took an input.
    "input" = Input(Handled),
    /// The bank decided a record, which is not durable yet.
    "record" = Record(Recorded),
    /// A breaker changed its state.
    "breaker" = Breaker(BreakerMoved),
    /// The bank told people and metrics something.
    "notice" = Notice(Note),
    /// The process ended.
    "crashed" = Crashed(Crashed),
    /// The process is up again.
    "restarted" = Restarted(Restarted),
    /// The process was stopped.
    "paused" = Paused(Note),
    /// The process goes on.
    "resumed" = Resumed(Note),
    /// The store was asked to append, or for its head.
    "asked" = StoreAsked(Asked),
    /// The store answered.
    "answered" = StoreAnswered(Stored),
    /// Records became durable.
    "committed" = Committed(Committed),
    /// Something became of a job of a queue.
    "job" = Job(JobMoved),
    /// A worker took an input.
    "worked" = Worked(Worked),
    /// A worker's process ended.
    "died" = Died(Died),
    /// A worker's process is up.
    "started" = Started(Note),
    /// The digests of everything so far.
    "checkpoint" = Checkpoint(Checkpoint),
    /// Figures that changed: balances, lengths of queues.
    "sample" = Sample(Sample),
    /// Anything else.
    "note" = Note(Note),
}
