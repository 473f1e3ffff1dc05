//! From `[[faults]]` tables to scheduled faults: which fields each kind takes, and what they come to.

use plimsoll_core::rng::Rng;
use toml::Spanned;

use super::kinds::{DirectionKind, Family, FaultKind, LieKind, LossKind};
use super::schema::FaultTable;
use crate::fault::{
    ChainFault, CrashLoss, Direction, EndpointFault, Fault, Lie, LinkFault, LinkName, ProcessFault,
    StoreFault,
};
use crate::world::plan::ScheduledFault;

/// What stands for every endpoint in a target.
pub(super) const ALL_ENDPOINTS: &str = "endpoints";
/// What stands for the link between the users and the bank.
pub(super) const USERS: &str = "users";

/// The name of the endpoint at `index`.
pub(super) fn endpoint_name(index: usize) -> String {
    format!("rpc-{}", index + 1)
}

/// The fields that a kind of fault takes beside `kind`, `at_ms`, `until_ms`, `for_ms` and `count`.
pub(super) struct Fields {
    /// Those that must be there.
    pub(super) required: &'static [&'static str],
    /// Those that may be there.
    pub(super) optional: &'static [&'static str],
}

impl FaultKind {
    /// The family it belongs to.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::Dead
            | Self::NeverAnswers
            | Self::Slow
            | Self::Lagging
            | Self::StuckHead
            | Self::Empty
            | Self::RateLimited
            | Self::Auth
            | Self::ServerError
            | Self::NotReady
            | Self::Malformed
            | Self::TooLarge
            | Self::WrongChain
            | Self::PrivateFork
            | Self::Lying => Family::Endpoint,
            Self::Partition | Self::Hold | Self::Loss | Self::Duplicate | Self::Reorder | Self::Delay => {
                Family::Network
            }
            Self::StoreUnavailable | Self::StoreFull | Self::StoreSlow | Self::CommitUnknown => Family::Store,
            Self::Crash | Self::Pause | Self::ClockSkew | Self::Usurped => Family::Process,
            Self::Reorg | Self::FinalityStall => Family::Chain,
        }
    }

    /// Whether it happens at a moment, so that it has no end.
    #[must_use]
    pub const fn is_momentary(self) -> bool {
        matches!(self, Self::Usurped | Self::Reorg)
    }

    /// The fields that it takes.
    pub(super) const fn fields(self) -> Fields {
        let (required, optional): (&'static [_], &'static [_]) = match self {
            Self::Slow => (&["target", "extra_ms"], &["percent"]),
            Self::Lagging => (&["target", "blocks"], &["percent"]),
            Self::RateLimited => (&["target"], &["retry_after_ms", "percent"]),
            Self::Lying => (&["target", "lie"], &["percent"]),
            Self::Dead
            | Self::NeverAnswers
            | Self::StuckHead
            | Self::Empty
            | Self::Auth
            | Self::ServerError
            | Self::NotReady
            | Self::Malformed
            | Self::TooLarge
            | Self::WrongChain
            | Self::PrivateFork => (&["target"], &["percent"]),
            Self::Partition | Self::Hold => (&["target"], &["direction"]),
            Self::Loss | Self::Duplicate => (&["target", "percent"], &["direction"]),
            Self::Reorder | Self::Delay => (&["target", "extra_ms"], &["direction"]),
            Self::StoreUnavailable | Self::StoreFull => (&[], &["percent"]),
            Self::StoreSlow => (&["extra_ms"], &["percent"]),
            Self::CommitUnknown => (&[], &["committed_percent", "percent"]),
            Self::Crash => (&[], &["loss"]),
            Self::ClockSkew => (&["by_ms"], &[]),
            Self::Reorg => (&["blocks"], &["vanish_percent"]),
            Self::Pause | Self::Usurped | Self::FinalityStall => (&[], &[]),
        };
        Fields { required, optional }
    }
}

impl FaultTable {
    /// The scheduled faults that the table stands for, in a world of `endpoints`, none lasting beyond `end_ms`.
    pub(super) fn expand(&self, endpoints: usize, end_ms: u64, rng: &Rng) -> Vec<ScheduledFault> {
        let count = self.count.as_ref().map_or(1, |count| count.get_ref().0);
        let mut scheduled = Vec::new();
        for occurrence in 0..count {
            let mut rng = rng.fork_indexed("occurrence", occurrence);
            let from_ms = self.at_ms.get_ref().draw(&mut rng).0.min(end_ms);
            let until_ms = self.end(from_ms, &mut rng).map(|end| end.min(end_ms));
            for fault in self.faults(endpoints) {
                scheduled.push(ScheduledFault {
                    from_ms,
                    until_ms,
                    fault,
                });
            }
        }
        scheduled
    }

    /// When it ends; `None` when it never does.
    fn end(&self, from_ms: u64, rng: &mut Rng) -> Option<u64> {
        if self.kind.get_ref().is_momentary() {
            return Some(from_ms);
        }
        let lasting = self
            .for_ms
            .as_ref()
            .map(|span| from_ms + span.get_ref().draw(rng).0);
        let until = self.until_ms.as_ref().map(|until| until.get_ref().0);
        lasting.or(until)
    }

    /// One fault for each thing hit.
    fn faults(&self, endpoints: usize) -> Vec<Fault> {
        let percent = self
            .percent
            .as_ref()
            .map_or(100, |percent| percent.get_ref().byte());
        let direction = self
            .direction
            .as_ref()
            .map_or(Direction::Both, |way| match way.get_ref() {
                DirectionKind::ToBank => Direction::ToBank,
                DirectionKind::FromBank => Direction::FromBank,
            });
        match self.breakage() {
            Breakage::Endpoint(fault) => {
                let at = |endpoint| Fault::Endpoint {
                    endpoint,
                    fault,
                    percent,
                };
                self.endpoints_hit(endpoints).into_iter().map(at).collect()
            }
            Breakage::Link(fault) => {
                let at = |link| Fault::Network {
                    link,
                    direction,
                    fault,
                };
                self.links_hit(endpoints).into_iter().map(at).collect()
            }
            Breakage::Store(fault) => vec![Fault::Store { fault, percent }],
            Breakage::Process(fault) => vec![Fault::Process { fault }],
            Breakage::Chain(fault) => vec![Fault::Chain { fault }],
        }
    }

    /// What breaks, apart from where and when.
    fn breakage(&self) -> Breakage {
        use Breakage::{Chain, Endpoint, Link, Process, Store};
        let extra_ms = number(&self.extra_ms, |extra| extra.0);
        let blocks = number(&self.blocks, |blocks| blocks.0);
        let percent = self
            .percent
            .as_ref()
            .map_or(100, |percent| percent.get_ref().byte());
        match self.kind.get_ref() {
            FaultKind::Dead => Endpoint(EndpointFault::Dead),
            FaultKind::NeverAnswers => Endpoint(EndpointFault::NeverAnswers),
            FaultKind::Slow => Endpoint(EndpointFault::Slow { extra_ms }),
            FaultKind::Lagging => Endpoint(EndpointFault::Lagging { blocks }),
            FaultKind::StuckHead => Endpoint(EndpointFault::StuckHead),
            FaultKind::Empty => Endpoint(EndpointFault::Empty),
            FaultKind::RateLimited => Endpoint(EndpointFault::RateLimited {
                retry_after_ms: self.retry_after_ms.as_ref().map(|after| after.get_ref().0),
            }),
            FaultKind::Auth => Endpoint(EndpointFault::Auth),
            FaultKind::ServerError => Endpoint(EndpointFault::ServerError),
            FaultKind::NotReady => Endpoint(EndpointFault::NotReady),
            FaultKind::Malformed => Endpoint(EndpointFault::Malformed),
            FaultKind::TooLarge => Endpoint(EndpointFault::TooLarge),
            FaultKind::WrongChain => Endpoint(EndpointFault::WrongChain),
            FaultKind::PrivateFork => Endpoint(EndpointFault::PrivateFork),
            FaultKind::Lying => Endpoint(EndpointFault::Lying { lie: self.lie() }),
            FaultKind::Partition => Link(LinkFault::Partition),
            FaultKind::Hold => Link(LinkFault::Hold),
            FaultKind::Loss => Link(LinkFault::Loss { percent }),
            FaultKind::Duplicate => Link(LinkFault::Duplicate { percent }),
            FaultKind::Reorder => Link(LinkFault::Reorder { spread_ms: extra_ms }),
            FaultKind::Delay => Link(LinkFault::Delay { extra_ms }),
            FaultKind::StoreUnavailable => Store(StoreFault::Unavailable),
            FaultKind::StoreFull => Store(StoreFault::Full),
            FaultKind::StoreSlow => Store(StoreFault::SlowSync { extra_ms }),
            FaultKind::CommitUnknown => Store(StoreFault::UnknownOutcome {
                committed_percent: self
                    .committed_percent
                    .as_ref()
                    .map_or(50, |percent| percent.get_ref().byte()),
            }),
            FaultKind::Crash => Process(ProcessFault::Crash { loss: self.loss() }),
            FaultKind::Pause => Process(ProcessFault::Pause),
            FaultKind::ClockSkew => Process(ProcessFault::ClockSkew {
                by_ms: self.by_ms.as_ref().map_or(0, |by| *by.get_ref()),
            }),
            FaultKind::Usurped => Process(ProcessFault::Usurped),
            FaultKind::Reorg => Chain(ChainFault::Reorg {
                depth: blocks,
                vanish_percent: self
                    .vanish_percent
                    .as_ref()
                    .map_or(0, |percent| percent.get_ref().byte()),
            }),
            FaultKind::FinalityStall => Chain(ChainFault::FinalityStall),
        }
    }

    fn lie(&self) -> Lie {
        match self
            .lie
            .as_ref()
            .map_or(LieKind::InventedPayment, |lie| *lie.get_ref())
        {
            LieKind::InventedPayment => Lie::InventedPayment,
            LieKind::InflatedAmount => Lie::InflatedAmount,
            LieKind::OmittedLog => Lie::OmittedLog,
            LieKind::EarlyFinality => Lie::EarlyFinality,
            LieKind::FutureFinality => Lie::FutureFinality,
            LieKind::ForgedHash => Lie::ForgedHash,
        }
    }

    fn loss(&self) -> CrashLoss {
        match self.loss.as_ref().map_or(LossKind::Lost, |loss| *loss.get_ref()) {
            LossKind::Kept => CrashLoss::Kept,
            LossKind::Lost => CrashLoss::Lost,
            LossKind::Torn => CrashLoss::Torn,
        }
    }

    /// The places of the endpoints that are targets, in order and each once.
    pub(super) fn endpoints_hit(&self, endpoints: usize) -> Vec<u8> {
        let targets = self.targets();
        let is_hit = |index: &usize| {
            let name = endpoint_name(*index);
            targets
                .iter()
                .any(|target| *target == ALL_ENDPOINTS || *target == name)
        };
        (0..endpoints)
            .filter(is_hit)
            .filter_map(|index| u8::try_from(index).ok())
            .collect()
    }

    fn links_hit(&self, endpoints: usize) -> Vec<LinkName> {
        let targets = self.targets();
        let mut links = Vec::new();
        if targets.iter().any(|target| target == ALL_ENDPOINTS) {
            links.push(LinkName::AllEndpoints);
        } else {
            let hit = self.endpoints_hit(endpoints).into_iter();
            links.extend(hit.map(|endpoint| LinkName::Endpoint { endpoint }));
        }
        if targets.iter().any(|target| target == USERS) {
            links.push(LinkName::Users);
        }
        links
    }

    fn targets(&self) -> &[String] {
        self.target
            .as_ref()
            .map_or(&[], |names| names.get_ref().0.as_slice())
    }
}

/// What breaks, apart from where and when.
enum Breakage {
    Endpoint(EndpointFault),
    Link(LinkFault),
    Store(StoreFault),
    Process(ProcessFault),
    Chain(ChainFault),
}

/// The number in a field; zero when it is not there, which `check` lets pass only where it is not used.
fn number<T>(field: &Option<Spanned<T>>, read: impl FnOnce(&T) -> u64) -> u64 {
    field.as_ref().map_or(0, |value| read(value.get_ref()))
}
