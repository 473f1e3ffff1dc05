//! The rows: kinds of faults, without their sizes.

use crate::fault::{
    ChainFault, CrashLoss, DiskFault, EndpointFault, Fault, Lie, LinkFault, LinkName, ProcessFault,
    QueueFault, StoreFault, WorkerFault,
};

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// What is hit.
    pub on: &'static str,
    /// How, in the words of scenarios.
    pub name: &'static str,
}

const fn kind(on: &'static str, name: &'static str) -> Kind {
    Kind { on, name }
}

/// Every kind, in the order of the rows.
pub const KINDS: [Kind; 64] = [
    kind("endpoint", "dead"),
    kind("endpoint", "never_answers"),
    kind("endpoint", "slow"),
    kind("endpoint", "lagging"),
    kind("endpoint", "stuck_head"),
    kind("endpoint", "empty"),
    kind("endpoint", "rate_limited"),
    kind("endpoint", "auth"),
    kind("endpoint", "server_error"),
    kind("endpoint", "not_ready"),
    kind("endpoint", "malformed"),
    kind("endpoint", "too_large"),
    kind("endpoint", "crossed"),
    kind("endpoint", "wrong_chain"),
    kind("endpoint", "private_fork"),
    kind("endpoint", "invented_payment"),
    kind("endpoint", "inflated_amount"),
    kind("endpoint", "omitted_log"),
    kind("endpoint", "early_finality"),
    kind("endpoint", "future_finality"),
    kind("endpoint", "forged_hash"),
    kind("way to endpoints", "partition"),
    kind("way to endpoints", "hold"),
    kind("way to endpoints", "loss"),
    kind("way to endpoints", "duplicate"),
    kind("way to endpoints", "reorder"),
    kind("way to endpoints", "delay"),
    kind("way to endpoints", "half_open"),
    kind("way to users", "partition"),
    kind("way to users", "hold"),
    kind("way to users", "loss"),
    kind("way to users", "duplicate"),
    kind("way to users", "reorder"),
    kind("way to users", "delay"),
    kind("way to users", "half_open"),
    kind("store", "store_unavailable"),
    kind("store", "store_full"),
    kind("store", "store_slow"),
    kind("store", "commit_unknown"),
    kind("disk", "bit_flip"),
    kind("disk", "misdirected_write"),
    kind("disk", "read_error"),
    kind("disk", "sync_failed"),
    kind("process", "crash, all kept"),
    kind("process", "crash, all lost"),
    kind("process", "crash, torn"),
    kind("process", "restart"),
    kind("process", "pause"),
    kind("process", "process_slow"),
    kind("process", "clock_skew"),
    kind("process", "clock_drift"),
    kind("process", "clock_jump"),
    kind("process", "usurped"),
    kind("chain", "reorg"),
    kind("chain", "finality_stall"),
    kind("queue", "queue_down"),
    kind("queue", "queue_silent"),
    kind("queue", "queue_full"),
    kind("queue", "queue_loses_answers"),
    kind("queue", "queue_repeats"),
    kind("queue", "queue_forgets"),
    kind("queue", "queue_fails_over"),
    kind("worker", "worker_crash"),
    kind("worker", "worker_pause"),
];

/// The row of a fault.
///
/// # Panics
/// When it has none: every kind has a line above.
#[must_use]
pub fn place(fault: &Fault) -> usize {
    let (on, name) = words(fault);
    let found = KINDS.iter().position(|kind| (kind.on, kind.name) == (on, name));
    found.unwrap_or_else(|| unreachable!("{on}, {name} has no line in KINDS"))
}

const fn words(fault: &Fault) -> (&'static str, &'static str) {
    match fault {
        Fault::Endpoint { fault, .. } => ("endpoint", of_endpoint(*fault)),
        Fault::Network { link, fault, .. } => (of_link(*link), on_link(*fault)),
        Fault::Store { fault, .. } => ("store", of_store(*fault)),
        Fault::Disk { fault } => ("disk", of_disk(*fault)),
        Fault::Process { fault } => ("process", of_process(*fault)),
        Fault::Chain { fault } => ("chain", of_chain(*fault)),
        Fault::Queue { fault, .. } => ("queue", of_queue(*fault)),
        Fault::Worker { fault, .. } => ("worker", of_worker(*fault)),
    }
}

const fn of_endpoint(fault: EndpointFault) -> &'static str {
    match fault {
        EndpointFault::Dead => "dead",
        EndpointFault::NeverAnswers => "never_answers",
        EndpointFault::Slow { .. } => "slow",
        EndpointFault::Lagging { .. } => "lagging",
        EndpointFault::StuckHead => "stuck_head",
        EndpointFault::Empty => "empty",
        EndpointFault::RateLimited { .. } => "rate_limited",
        EndpointFault::Auth => "auth",
        EndpointFault::ServerError => "server_error",
        EndpointFault::NotReady => "not_ready",
        EndpointFault::Malformed => "malformed",
        EndpointFault::TooLarge => "too_large",
        EndpointFault::Crossed => "crossed",
        EndpointFault::WrongChain => "wrong_chain",
        EndpointFault::PrivateFork => "private_fork",
        EndpointFault::Lying { lie } => match lie {
            Lie::InventedPayment => "invented_payment",
            Lie::InflatedAmount => "inflated_amount",
            Lie::OmittedLog => "omitted_log",
            Lie::EarlyFinality => "early_finality",
            Lie::FutureFinality => "future_finality",
            Lie::ForgedHash => "forged_hash",
        },
    }
}

const fn of_link(link: LinkName) -> &'static str {
    match link {
        LinkName::Endpoint { .. } | LinkName::AllEndpoints => "way to endpoints",
        LinkName::Users => "way to users",
    }
}

const fn on_link(fault: LinkFault) -> &'static str {
    match fault {
        LinkFault::Partition => "partition",
        LinkFault::Hold => "hold",
        LinkFault::Loss { .. } => "loss",
        LinkFault::Duplicate { .. } => "duplicate",
        LinkFault::Reorder { .. } => "reorder",
        LinkFault::Delay { .. } => "delay",
        LinkFault::HalfOpen { .. } => "half_open",
    }
}

const fn of_store(fault: StoreFault) -> &'static str {
    match fault {
        StoreFault::Unavailable => "store_unavailable",
        StoreFault::Full => "store_full",
        StoreFault::SlowSync { .. } => "store_slow",
        StoreFault::UnknownOutcome { .. } => "commit_unknown",
    }
}

const fn of_disk(fault: DiskFault) -> &'static str {
    match fault {
        DiskFault::BitFlip => "bit_flip",
        DiskFault::MisdirectedWrite { .. } => "misdirected_write",
        DiskFault::ReadError => "read_error",
        DiskFault::SyncFailed { .. } => "sync_failed",
    }
}

const fn of_process(fault: ProcessFault) -> &'static str {
    match fault {
        ProcessFault::Crash { loss } => match loss {
            CrashLoss::Kept => "crash, all kept",
            CrashLoss::Lost => "crash, all lost",
            CrashLoss::Torn => "crash, torn",
        },
        ProcessFault::Restart => "restart",
        ProcessFault::Pause => "pause",
        ProcessFault::Slow { .. } => "process_slow",
        ProcessFault::ClockSkew { .. } => "clock_skew",
        ProcessFault::ClockDrift { .. } => "clock_drift",
        ProcessFault::ClockJump { .. } => "clock_jump",
        ProcessFault::Usurped => "usurped",
    }
}

const fn of_queue(fault: QueueFault) -> &'static str {
    match fault {
        QueueFault::Down => "queue_down",
        QueueFault::Silent => "queue_silent",
        QueueFault::Full => "queue_full",
        QueueFault::LosesAnswers => "queue_loses_answers",
        QueueFault::Repeats => "queue_repeats",
        QueueFault::Forgets => "queue_forgets",
        QueueFault::FailsOver => "queue_fails_over",
    }
}

const fn of_worker(fault: WorkerFault) -> &'static str {
    match fault {
        WorkerFault::Crash => "worker_crash",
        WorkerFault::Pause => "worker_pause",
    }
}

const fn of_chain(fault: ChainFault) -> &'static str {
    match fault {
        ChainFault::Reorg { .. } => "reorg",
        ChainFault::FinalityStall => "finality_stall",
    }
}
