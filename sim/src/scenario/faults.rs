//! What is wrong, from `[[faults]]` tables: which fields each kind takes, and what they come to. `spread` says when.

use toml::Spanned;

use super::kinds::{DirectionKind, DriftKind, Family, FaultKind, LieKind, LossKind, ShapeKind};
use super::schema::FaultTable;
use super::values::Percent;
use crate::engine::Latency;
use crate::fault::{
    ChainFault, CrashLoss, Direction, DiskFault, Drift, EndpointFault, Fault, LaneName, Lie, LinkFault,
    LinkName, ProcessFault, QueueFault, StoreFault, WorkerFault,
};

/// How often a bimodal latency is the long one.
const SLOW_PERCENT: u8 = 5;
/// How long after the first loss a sender notices that a connection is half-open, when nothing is said.
const NOTICE_MS: u64 = 5_000;
/// What stands for every endpoint in a target.
pub(super) const ALL_ENDPOINTS: &str = "endpoints";
/// What stands for the link between the users and the bank.
pub(super) const USERS: &str = "users";
/// What stands for the bank, as a target of isolation.
pub(super) const BANK: &str = "bank";

/// The queues, by name.
pub(super) const LANES: [(LaneName, &str); 2] = [
    (LaneName::Immediate, "immediate"),
    (LaneName::Database, "database"),
];
/// The most workers of a world.
const WORKERS_MAX: u8 = 16;

/// The name of worker `number`, which counts from 0.
pub(super) fn worker_name(number: u8) -> String {
    format!("worker-{}", number + 1)
}

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
            | Self::Crossed
            | Self::WrongChain
            | Self::PrivateFork
            | Self::Lying => Family::Endpoint,
            Self::Partition
            | Self::Hold
            | Self::Loss
            | Self::Duplicate
            | Self::Reorder
            | Self::Delay
            | Self::HalfOpen
            | Self::ResponseLost
            | Self::Isolate
            | Self::Swizzle => Family::Network,
            Self::StoreUnavailable | Self::StoreFull | Self::StoreSlow | Self::CommitUnknown => Family::Store,
            Self::BitFlip | Self::MisdirectedWrite | Self::ReadError | Self::SyncFailed => Family::Disk,
            Self::Crash | Self::Restart | Self::Pause | Self::ProcessSlow | Self::Usurped => Family::Process,
            Self::ClockSkew | Self::ClockDrift | Self::ClockJump => Family::Clock,
            Self::Reorg | Self::FinalityStall => Family::Chain,
            Self::QueueDown
            | Self::QueueSilent
            | Self::QueueFull
            | Self::QueueLosesAnswers
            | Self::QueueRepeats
            | Self::QueueForgets
            | Self::QueueFailsOver => Family::Queue,
            Self::WorkerCrash | Self::WorkerPause => Family::Worker,
        }
    }

    /// Whether it happens at a moment, so that it has no end.
    #[must_use]
    pub const fn is_momentary(self) -> bool {
        matches!(
            self,
            Self::Usurped
                | Self::Reorg
                | Self::BitFlip
                | Self::ClockJump
                | Self::QueueForgets
                | Self::QueueFailsOver
        )
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
            | Self::Crossed
            | Self::WrongChain
            | Self::PrivateFork => (&["target"], &["percent"]),
            Self::Partition | Self::Hold => (&["target"], &["direction"]),
            Self::Loss | Self::Duplicate => (&["target", "percent"], &["direction"]),
            Self::Reorder => (&["target", "extra_ms"], &["direction"]),
            Self::Delay => (&["target", "extra_ms"], &["shape", "direction"]),
            Self::HalfOpen => (&["target"], &["notice_ms", "direction"]),
            Self::ResponseLost => (&["target"], &["percent"]),
            Self::Isolate | Self::Swizzle => (&[], &["target"]),
            Self::MisdirectedWrite | Self::SyncFailed => (&[], &["percent"]),
            Self::StoreUnavailable | Self::StoreFull => (&[], &["percent"]),
            Self::StoreSlow => (&["extra_ms"], &["percent"]),
            Self::CommitUnknown => (&[], &["committed_percent", "percent"]),
            Self::Crash => (&[], &["loss"]),
            Self::ProcessSlow => (&["extra_ms"], &[]),
            Self::ClockSkew | Self::ClockJump => (&["by_ms"], &[]),
            Self::ClockDrift => (&["drift"], &["ppm", "by_ms", "every_ms"]),
            Self::Reorg => (&["blocks"], &["vanish_percent"]),
            Self::QueueDown
            | Self::QueueSilent
            | Self::QueueFull
            | Self::QueueLosesAnswers
            | Self::QueueRepeats => (&["target"], &["percent"]),
            Self::QueueForgets | Self::QueueFailsOver | Self::WorkerCrash | Self::WorkerPause => {
                (&["target"], &[])
            }
            Self::BitFlip
            | Self::ReadError
            | Self::Restart
            | Self::Pause
            | Self::Usurped
            | Self::FinalityStall => (&[], &[]),
        };
        Fields { required, optional }
    }
}

impl FaultTable {
    /// What is wrong, in a world of `endpoints`: one fault for each thing hit. Not of kinds that unfold over time.
    pub(super) fn faults(&self, endpoints: usize) -> Vec<Fault> {
        match self.breakage() {
            Breakage::Endpoint(fault) => {
                let percent = self.percent();
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
                    direction: self.direction(link),
                    fault,
                };
                self.links_hit(endpoints).into_iter().map(at).collect()
            }
            Breakage::Store(fault) => vec![Fault::Store {
                fault,
                percent: self.percent(),
            }],
            Breakage::Disk(fault) => vec![Fault::Disk { fault }],
            Breakage::Process(fault) => vec![Fault::Process { fault }],
            Breakage::Chain(fault) => vec![Fault::Chain { fault }],
            Breakage::Queue(fault) => {
                let percent = self.percent();
                let at = |lane| Fault::Queue { lane, fault, percent };
                self.lanes_hit().into_iter().map(at).collect()
            }
            Breakage::Worker(fault) => {
                let at = |worker| Fault::Worker { worker, fault };
                self.workers_hit().into_iter().map(at).collect()
            }
        }
    }

    /// What breaks, apart from where and when.
    fn breakage(&self) -> Breakage {
        use Breakage::{Chain, Disk, Endpoint, Link, Process, Queue, Store, Worker};
        let (extra_ms, percent, by_ms) = (self.extra_ms(), self.percent(), self.by_ms());
        match self.kind.get_ref() {
            FaultKind::Dead => Endpoint(EndpointFault::Dead),
            FaultKind::NeverAnswers => Endpoint(EndpointFault::NeverAnswers),
            FaultKind::Slow => Endpoint(EndpointFault::Slow { extra_ms }),
            FaultKind::Lagging => Endpoint(EndpointFault::Lagging {
                blocks: self.blocks(),
            }),
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
            FaultKind::Crossed => Endpoint(EndpointFault::Crossed),
            FaultKind::WrongChain => Endpoint(EndpointFault::WrongChain),
            FaultKind::PrivateFork => Endpoint(EndpointFault::PrivateFork),
            FaultKind::Lying => Endpoint(EndpointFault::Lying { lie: self.lie() }),
            FaultKind::Partition | FaultKind::Isolate => Link(LinkFault::Partition),
            FaultKind::Hold | FaultKind::Swizzle => Link(LinkFault::Hold),
            FaultKind::Loss | FaultKind::ResponseLost => Link(LinkFault::Loss { percent }),
            FaultKind::Duplicate => Link(LinkFault::Duplicate { percent }),
            FaultKind::Reorder => Link(LinkFault::Reorder { spread_ms: extra_ms }),
            FaultKind::Delay => Link(LinkFault::Delay { extra: self.delay() }),
            FaultKind::HalfOpen => Link(LinkFault::HalfOpen {
                notice_ms: self
                    .notice_ms
                    .as_ref()
                    .map_or(NOTICE_MS, |notice| notice.get_ref().0),
            }),
            FaultKind::StoreUnavailable => Store(StoreFault::Unavailable),
            FaultKind::StoreFull => Store(StoreFault::Full),
            FaultKind::StoreSlow => Store(StoreFault::SlowSync { extra_ms }),
            FaultKind::CommitUnknown => Store(StoreFault::UnknownOutcome {
                committed_percent: share(&self.committed_percent, 50),
            }),
            FaultKind::BitFlip => Disk(DiskFault::BitFlip),
            FaultKind::MisdirectedWrite => Disk(DiskFault::MisdirectedWrite { percent }),
            FaultKind::ReadError => Disk(DiskFault::ReadError),
            FaultKind::SyncFailed => Disk(DiskFault::SyncFailed { percent }),
            FaultKind::Crash => Process(ProcessFault::Crash { loss: self.loss() }),
            FaultKind::Restart => Process(ProcessFault::Restart),
            FaultKind::Pause => Process(ProcessFault::Pause),
            FaultKind::ProcessSlow => Process(ProcessFault::Slow { extra_ms }),
            FaultKind::ClockSkew => Process(ProcessFault::ClockSkew { by_ms }),
            FaultKind::ClockDrift => Process(ProcessFault::ClockDrift { drift: self.drift() }),
            FaultKind::ClockJump => Process(ProcessFault::ClockJump { by_ms }),
            FaultKind::Usurped => Process(ProcessFault::Usurped),
            FaultKind::Reorg => Chain(ChainFault::Reorg {
                depth: self.blocks(),
                vanish_percent: share(&self.vanish_percent, 0),
            }),
            FaultKind::FinalityStall => Chain(ChainFault::FinalityStall),
            FaultKind::QueueDown => Queue(QueueFault::Down),
            FaultKind::QueueSilent => Queue(QueueFault::Silent),
            FaultKind::QueueFull => Queue(QueueFault::Full),
            FaultKind::QueueLosesAnswers => Queue(QueueFault::LosesAnswers),
            FaultKind::QueueRepeats => Queue(QueueFault::Repeats),
            FaultKind::QueueForgets => Queue(QueueFault::Forgets),
            FaultKind::QueueFailsOver => Queue(QueueFault::FailsOver),
            FaultKind::WorkerCrash => Worker(WorkerFault::Crash),
            FaultKind::WorkerPause => Worker(WorkerFault::Pause),
        }
    }

    fn percent(&self) -> u8 {
        share(&self.percent, 100)
    }

    fn by_ms(&self) -> i64 {
        self.by_ms.as_ref().map_or(0, |by| *by.get_ref())
    }

    fn extra_ms(&self) -> u64 {
        number(&self.extra_ms, |extra| extra.0)
    }

    fn blocks(&self) -> u64 {
        number(&self.blocks, |blocks| blocks.0)
    }

    /// Which way a link is hit. The answers of endpoints travel to the bank, and those to users from it.
    fn direction(&self, link: LinkName) -> Direction {
        if *self.kind.get_ref() == FaultKind::ResponseLost {
            return match link {
                LinkName::Users => Direction::FromBank,
                LinkName::Endpoint { .. } | LinkName::AllEndpoints => Direction::ToBank,
            };
        }
        match self.direction.as_ref().map(Spanned::get_ref) {
            None => Direction::Both,
            Some(DirectionKind::ToBank) => Direction::ToBank,
            Some(DirectionKind::FromBank) => Direction::FromBank,
        }
    }

    fn delay(&self) -> Latency {
        let shape = self
            .shape
            .as_ref()
            .map_or(ShapeKind::Fixed, |shape| *shape.get_ref());
        let low = if shape == ShapeKind::Fixed {
            self.extra_ms()
        } else {
            0
        };
        latency(shape, low, self.extra_ms())
    }

    fn drift(&self) -> Drift {
        let kind = self
            .drift
            .as_ref()
            .map_or(DriftKind::Linear, |drift| *drift.get_ref());
        let by_ms = self.by_ms();
        let every_ms = number(&self.every_ms, |every| every.0);
        match kind {
            DriftKind::Linear => Drift::Linear {
                ppm: self.ppm.as_ref().map_or(0, |ppm| *ppm.get_ref()),
            },
            DriftKind::Periodic => Drift::Periodic {
                by_ms: by_ms.unsigned_abs(),
                every_ms,
            },
            DriftKind::Step => Drift::Step { by_ms, every_ms },
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

    pub(super) fn links_hit(&self, endpoints: usize) -> Vec<LinkName> {
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

    /// The queues that are targets.
    fn lanes_hit(&self) -> Vec<LaneName> {
        let is_hit = |(_, name): &(LaneName, &str)| self.targets().iter().any(|target| target == name);
        let hit = LANES.into_iter().filter(is_hit);
        hit.map(|(lane, _)| lane).collect()
    }

    /// The numbers of the workers that are targets, in order and each once.
    fn workers_hit(&self) -> Vec<u8> {
        let is_hit = |worker: &u8| self.targets().contains(&worker_name(*worker));
        (0..WORKERS_MAX).filter(is_hit).collect()
    }

    /// What is named as a target.
    pub(super) fn targets(&self) -> &[String] {
        self.target
            .as_ref()
            .map_or(&[], |names| names.get_ref().0.as_slice())
    }
}

/// What breaks, apart from where and when.
pub(super) enum Breakage {
    Endpoint(EndpointFault),
    Link(LinkFault),
    Store(StoreFault),
    Disk(DiskFault),
    Process(ProcessFault),
    Chain(ChainFault),
    Queue(QueueFault),
    Worker(WorkerFault),
}

/// A latency of a shape between `low_ms` and `high_ms`: on average `high_ms` if it is exponential, and now and then
/// `high_ms` if it is bimodal.
pub(super) const fn latency(shape: ShapeKind, low_ms: u64, high_ms: u64) -> Latency {
    let (low, high) = (low_ms * 1_000, high_ms * 1_000);
    match shape {
        ShapeKind::Fixed => Latency::Fixed { us: high },
        ShapeKind::Uniform => Latency::Uniform {
            min_us: low,
            max_us: high,
        },
        ShapeKind::Exponential => Latency::Exponential {
            min_us: low,
            mean_us: high - low,
        },
        ShapeKind::Bimodal => Latency::Bimodal {
            fast_us: low,
            slow_us: high,
            slow_percent: SLOW_PERCENT,
        },
    }
}

/// The number in a field; zero when it is not there, which `check` lets pass only where it is not used.
fn number<T>(field: &Option<Spanned<T>>, read: impl FnOnce(&T) -> u64) -> u64 {
    field.as_ref().map_or(0, |value| read(value.get_ref()))
}

fn share(field: &Option<Spanned<Percent>>, usual: u8) -> u8 {
    field.as_ref().map_or(usual, |percent| percent.get_ref().byte())
}
