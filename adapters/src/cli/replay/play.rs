//! [`Player`]: plays the segments of a recording, one after the other, and says where it stopped.

use plimsoll_core::time::{Instant, WallClock};
use plimsoll_sim::world::observe::{Observation, Violation};

use super::base::{Base, BaseError};
use super::incident::Incident;
use super::judge::Judge;
use super::redrive::{Divergence, Redrive};
use super::reel::{ReelError, load};
use super::until::Until;
use crate::recorder::{Frame, Frames, Next, Opening, Segment};

/// Why a recording cannot be replayed to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlayError {
    /// A segment cannot be read.
    #[error(transparent)]
    Reel(#[from] ReelError),
    /// The state from which a segment begins cannot be had.
    #[error("begin at {file}: {source}")]
    Base {
        /// The segment.
        file: String,
        /// Why.
        #[source]
        source: BaseError,
    },
    /// What was played cannot be kept as a scenario.
    #[error("write {file}: {problem}")]
    Scenario {
        /// The file.
        file: String,
        /// Why.
        problem: String,
    },
    /// A segment does not go on where the one before ends.
    #[error("go on at {file}: {problem}")]
    Seam {
        /// The segment.
        file: String,
        /// What does not fit.
        problem: String,
    },
}

/// Where in a recording something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The segment.
    pub(super) file: String,
    /// Its number.
    pub(super) segment: u64,
    /// The number of the input within the segment, from 1; 0 is the opening.
    pub(super) input: u64,
    /// The byte at which its frame begins.
    pub(super) offset: usize,
    /// When.
    pub(super) wall: WallClock,
}

/// What a replay found.
#[derive(Debug)]
pub(super) enum Found {
    /// The code does not do what was recorded; the place is the input of which that is seen.
    Diverged {
        place: Place,
        divergence: Divergence,
        /// The version that recorded.
        version: String,
    },
    /// An oracle complains.
    Broken { place: Place, violation: Violation },
}

/// Why a replay ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// Everything was played.
    End,
    /// It was to stop here.
    Stopped(Place),
    /// Something was found.
    Found(Box<Found>),
}

/// What became of one segment.
#[derive(Debug, Clone)]
pub(super) struct Played {
    pub(super) file: String,
    pub(super) life: u64,
    /// How many inputs of its life came before it.
    pub(super) before: u64,
    pub(super) is_from_beginning: bool,
    /// How many inputs were lost before it.
    pub(super) lost: u64,
    /// How many inputs it has, and how many of its life there are after them.
    pub(super) inputs: u64,
    /// The digest after the last of them.
    pub(super) digest: u128,
    pub(super) tail: Tail,
}

/// How a segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// With the closing of the recording.
    Closed,
    /// Behind a whole frame, without the closing.
    Open,
    /// At this byte, in the middle of a frame.
    CutOff(usize),
    /// At this byte, in the middle of its opening: there is nothing in it.
    Empty(usize),
}

struct Life {
    number: u64,
    redrive: Redrive,
    tail: Tail,
}

/// How a base is had, again if need be.
pub(super) type MakeBase<'a> = dyn Fn() -> Result<Base, BaseError> + 'a;

/// Plays segments.
pub(super) struct Player<'a> {
    make_base: &'a MakeBase<'a>,
    until: Option<Until>,
    base: Base,
    life: Option<Life>,
    judge: Option<Judge>,
    /// Gathers what is seen as a scenario, if anybody wants one.
    pub(super) incident: Option<Incident>,
    pub(super) played: Vec<Played>,
    /// How many inputs were played.
    pub(super) inputs: u64,
    /// Where the last input was, and when.
    last: Option<(Place, Instant)>,
}

impl<'a> Player<'a> {
    /// A player that begins from what `make_base` gives, and stops at `until`.
    pub(super) fn new(make_base: &'a MakeBase<'a>, until: Option<Until>) -> Result<Self, BaseError> {
        Ok(Self {
            make_base,
            until,
            base: make_base()?,
            life: None,
            judge: None,
            incident: None,
            played: Vec::new(),
            inputs: 0,
            last: None,
        })
    }

    /// The life that was played last, as it is.
    pub(super) fn redrive(&self) -> Option<&Redrive> {
        self.life.as_ref().map(|life| &life.redrive)
    }

    /// The names of those who judge.
    pub(super) fn judges(&self) -> Vec<&'static str> {
        self.judge.as_ref().map(Judge::names).unwrap_or_default()
    }

    /// Plays `segments`.
    pub(super) fn play(&mut self, segments: &[Segment]) -> Result<Ending, PlayError> {
        for segment in segments {
            let bytes = load(segment)?;
            if let Some(ending) = self.play_segment(segment, &bytes)? {
                return Ok(ending);
            }
        }
        Ok(Ending::End)
    }

    fn play_segment(&mut self, segment: &Segment, bytes: &[u8]) -> Result<Option<Ending>, PlayError> {
        let damaged = |source| ReelError::Damaged {
            path: segment.path.clone(),
            source,
        };
        let mut frames = Frames::new(bytes).map_err(damaged)?;
        let file = file_name(segment);
        let opening = match frames.read().map_err(damaged)? {
            Next::Frame(Frame::Opening(opening)) => opening,
            Next::Frame(_) => unreachable!("the first frame of a segment is its opening"),
            Next::End | Next::CutOff(_) => {
                self.played.push(Played::empty(file, frames.offset()));
                return Ok(None);
            }
        };
        let mut place = Place {
            file,
            segment: segment.number,
            input: 0,
            offset: 0,
            wall: opening.wall,
        };
        if let Some(found) = self.open(&opening, &place)? {
            return Ok(Some(found));
        }
        loop {
            place.offset = frames.offset();
            match frames.read().map_err(damaged)? {
                Next::Frame(frame) => {
                    let is_closing = matches!(frame, Frame::Closing { .. });
                    if let Some(ending) = self.frame(frame, &mut place, &opening) {
                        return Ok(Some(ending));
                    }
                    self.set_tail(if is_closing { Tail::Closed } else { Tail::Open });
                }
                Next::End => return Ok(None),
                Next::CutOff(at) => {
                    self.set_tail(Tail::CutOff(at));
                    return Ok(None);
                }
            }
        }
    }

    fn set_tail(&mut self, tail: Tail) {
        if let Some(life) = &mut self.life {
            life.tail = tail;
        }
        if let Some(played) = self.played.last_mut() {
            played.tail = tail;
        }
    }

    /// Plays one frame. Says so when it is the last to be played.
    fn frame(&mut self, frame: Frame<'static>, place: &mut Place, opening: &Opening) -> Option<Ending> {
        let mut at = None;
        match &frame {
            Frame::Input { now, wall, .. } => {
                if self.until.is_some_and(|until| until.is_past(*wall)) {
                    return Some(Ending::Stopped(self.last_place(place)));
                }
                place.input += 1;
                place.wall = *wall;
                at = Some(*now);
            }
            Frame::Answered { answer, .. } => {
                let answer = *answer;
                self.incident
                    .iter_mut()
                    .for_each(|incident| incident.answered(answer));
            }
            Frame::Opening(_) | Frame::Asked { .. } | Frame::Closing { .. } => {}
        }
        let Some(life) = &mut self.life else {
            unreachable!("frames are played in a life")
        };
        let (judge, incident) = (&mut self.judge, &mut self.incident);
        let mut see = |at: Instant, seen: &Observation<'_>| {
            judge.iter_mut().for_each(|judge| judge.see(at, seen));
            incident.iter_mut().for_each(|incident| incident.see(seen));
        };
        let stepped = life.redrive.step(frame, &mut see);
        if let Err(divergence) = stepped {
            // That the effects differ is seen at the next input: the one before is to blame.
            let is_earlier = matches!(divergence, Divergence::Effects { .. });
            let place = if is_earlier {
                self.last_place(place)
            } else {
                place.clone()
            };
            return Some(diverged(place, divergence, opening));
        }
        if let Some(played) = self.played.last_mut() {
            (played.inputs, played.digest) = (place.input, life.redrive.digest());
        }
        if let Some(now) = at {
            self.inputs += 1;
            self.last = Some((place.clone(), now));
        }
        if let Some(violation) = self.violation() {
            let (place, violation) = (place.clone(), violation.clone());
            return Some(Ending::Found(Box::new(Found::Broken { place, violation })));
        }
        let is_there = |until: Until| at.is_some() && until.is_at(self.inputs, place);
        self.until
            .filter(|until| is_there(*until))
            .map(|_| Ending::Stopped(place.clone()))
    }

    fn violation(&self) -> Option<&Violation> {
        self.judge.as_ref().and_then(Judge::violation)
    }

    fn last_place(&self, or: &Place) -> Place {
        self.last
            .as_ref()
            .map_or_else(|| or.clone(), |(place, _)| place.clone())
    }

    /// Goes on at `opening`, or begins there.
    fn open(&mut self, opening: &Opening, place: &Place) -> Result<Option<Ending>, PlayError> {
        self.played.push(Played::begun(opening, place));
        let seam = |problem: String| PlayError::Seam {
            file: place.file.clone(),
            problem,
        };
        let Some(life) = self.life.take() else {
            return self.begin_anew(opening, place);
        };
        if life.number != opening.life() {
            if opening.bank.is_some() || opening.inputs > 0 {
                let problem = format!(
                    "it is of the middle of life {}, whose beginning is missing",
                    opening.life()
                );
                return Err(seam(problem));
            }
            return self.begin_after(life, opening, place);
        }
        let (reached, lost) = (life.redrive.inputs(), opening.lost);
        match life.tail {
            Tail::Closed => {
                return Err(seam(
                    "the recording was closed before it, and goes on in it".to_owned(),
                ));
            }
            Tail::CutOff(at) => {
                let problem =
                    format!("the segment before is cut off at byte {at}, and its life goes on in this one");
                return Err(seam(problem));
            }
            Tail::Open | Tail::Empty(_) => {}
        }
        if reached + lost != opening.inputs {
            let problem = format!(
                "it begins after {} inputs, {lost} of them lost, and the segment before ends with {reached}: frames are \
                 missing",
                opening.inputs
            );
            return Err(seam(problem));
        }
        if lost > 0 {
            return self.begin_anew(opening, place);
        }
        let checked = life.redrive.check(opening);
        self.life = Some(Life {
            tail: Tail::Open,
            ..life
        });
        Ok(checked
            .err()
            .map(|divergence| diverged(self.last_place(place), divergence, opening)))
    }

    /// Begins with nothing but the journal.
    fn begin_anew(&mut self, opening: &Opening, place: &Place) -> Result<Option<Ending>, PlayError> {
        let fail = |source| PlayError::Base {
            file: place.file.clone(),
            source,
        };
        self.base = (self.make_base)().map_err(fail)?;
        let mut judge = Judge::new(&opening.config, opening.bank.is_none());
        self.base
            .advance(opening, |records, head| judge.see_batch(records, head))
            .map_err(fail)?;
        self.judge = Some(judge);
        Ok(self.begin(opening, place))
    }

    /// Begins after a life that ended, however it did.
    fn begin_after(
        &mut self,
        before: Life,
        opening: &Opening,
        place: &Place,
    ) -> Result<Option<Ending>, PlayError> {
        let (durable, known) = (opening.outbox.head, before.redrive.head().position);
        let decided = known.count() + before.redrive.uncommitted().len() as u64;
        if decided < durable.position.count() {
            // The journal has what the recording lost with its last frames: nobody can judge over that.
            return self.begin_anew(opening, place);
        }
        let judge = &mut self.judge;
        let each = |records: &[_], head: &plimsoll_core::journal::Head| {
            if head.position > known {
                judge.iter_mut().for_each(|judge| judge.see_batch(records, head));
            }
        };
        let fail = |source| PlayError::Base {
            file: place.file.clone(),
            source,
        };
        self.base.advance(opening, each).map_err(fail)?;
        let died_at = self.last.as_ref().map_or(Instant::ZERO, |(_, now)| *now);
        if let Some(judge) = judge {
            judge.end(died_at, &before.redrive, &durable);
        }
        Ok(self.begin(opening, place))
    }

    fn begin(&mut self, opening: &Opening, place: &Place) -> Option<Ending> {
        let durable = self.base.state();
        let redrive = match Redrive::new(opening, durable) {
            Ok(redrive) => redrive,
            Err(divergence) => return Some(diverged(place.clone(), divergence, opening)),
        };
        if let Some(judge) = &mut self.judge {
            judge.begin(opening, durable, &redrive);
        }
        if let Some(incident) = &mut self.incident {
            incident.begin(opening, durable);
        }
        self.life = Some(Life {
            number: opening.life(),
            redrive,
            tail: Tail::Open,
        });
        let violation = self.violation()?.clone();
        let place = place.clone();
        Some(Ending::Found(Box::new(Found::Broken { place, violation })))
    }
}

impl Played {
    fn begun(opening: &Opening, place: &Place) -> Self {
        Self {
            file: place.file.clone(),
            life: opening.life(),
            before: opening.inputs,
            is_from_beginning: opening.bank.is_none(),
            lost: opening.lost,
            inputs: 0,
            digest: opening.digest,
            tail: Tail::Open,
        }
    }

    fn empty(file: String, at: usize) -> Self {
        Self {
            file,
            life: 0,
            before: 0,
            is_from_beginning: false,
            lost: 0,
            inputs: 0,
            digest: 0,
            tail: Tail::Empty(at),
        }
    }
}

fn diverged(place: Place, divergence: Divergence, opening: &Opening) -> Ending {
    let version = opening.version.clone();
    Ending::Found(Box::new(Found::Diverged {
        place,
        divergence,
        version,
    }))
}

fn file_name(segment: &Segment) -> String {
    let name = segment
        .path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| segment.path.display().to_string())
}
