//! What this world can do. Everything else is refused by name: a fault that is left out would prove nothing.

use plimsoll_sim::fault::{ChainFault, CrashLoss, EndpointFault, Fault, LinkFault, ProcessFault};
use plimsoll_sim::world::expressible::{Inexpressible, NO_WORKERS, Powers};
use plimsoll_sim::world::plan::{Deed, Movement, Plan, Shape, Token};

const WORLD: &str = "real";
const POWERS: Powers = Powers {
    world: WORLD,
    deed: deed_refused,
    fault: fault_refused,
};

/// Checks the whole plan.
///
/// # Errors
/// Everything that this world cannot do, not the first alone.
pub fn check(plan: &Plan) -> Result<(), Vec<Inexpressible>> {
    let mut found = POWERS.check(plan).err().unwrap_or_default();
    let mut refuse = |field: &str, is_there: bool, why| {
        found.extend(is_there.then(|| Inexpressible {
            world: WORLD,
            field: field.to_owned(),
            why,
        }));
    };
    let topology = &plan.topology;
    for (place, one) in topology.endpoints.iter().enumerate() {
        let field = format!("topology.endpoints[{place}].quotas");
        refuse(&field, !one.quotas.is_empty(), "its endpoints count no calls");
    }
    let retired = topology.chain.usdc_retired_after.is_some();
    refuse(
        "topology.chain.usdc_retired_after",
        retired,
        "its configuration names no heights",
    );
    let fee = topology.chain.usdc_fee.is_some();
    refuse("topology.chain.usdc_fee", fee, "its tokens keep nothing");
    let attested = topology.chain.attested_blocks.is_some();
    refuse(
        "topology.chain.attested_blocks",
        attested,
        "its node tells of no validators",
    );
    let links = topology.endpoints.iter().map(|one| one.link);
    let doubles = links
        .chain([topology.users_link])
        .any(|link| link.duplicate_percent > 0);
    refuse("topology: duplicate_percent", doubles, TCP_HIDES);
    if found.is_empty() { Ok(()) } else { Err(found) }
}

const TCP_HIDES: &str = "TCP hides it from the program";

fn deed_refused(deed: &Deed) -> Option<&'static str> {
    match deed {
        Deed::Deposit { movements, .. } => movements_refused(movements),
        Deed::Transfer { .. }
        | Deed::Balances { .. }
        | Deed::RetryDeadLetters { .. }
        | Deed::Attribute { .. }
        | Deed::Order { .. } => Some("people pay and claim, and do nothing else"),
    }
}

fn movements_refused(movements: &[Movement]) -> Option<&'static str> {
    if let [first, _, ..] = movements {
        let is_alike = |one: &Movement| is_transfer(one.shape) && one.token == first.token;
        if !movements.iter().all(is_alike) {
            return Some("what moves several times in one transaction is one token, from a payer");
        }
    }
    movements.iter().find_map(|one| movement_refused(*one))
}

const fn is_transfer(shape: Shape) -> bool {
    matches!(shape, Shape::Payment | Shape::ToCollect | Shape::ToStranger)
}

fn movement_refused(movement: Movement) -> Option<&'static str> {
    match movement.shape {
        Shape::SelfTransfer | Shape::OwnSweep => Some("nobody has the key of a deposit address"),
        Shape::Payment
        | Shape::ToCollect
        | Shape::ToStranger
        | Shape::ZeroValue
        | Shape::Minted
        | Shape::Approval
            if movement.token == Token::Busd =>
        {
            Some("the contract in the place of BUSD logs only what no token logs")
        }
        Shape::Payment
        | Shape::ToCollect
        | Shape::ToStranger
        | Shape::FakeToken
        | Shape::Erc721
        | Shape::DirtyTopic
        | Shape::LongData
        | Shape::Native
        | Shape::ZeroValue
        | Shape::Minted
        | Shape::Huge
        | Shape::Approval => None,
    }
}

const fn fault_refused(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Endpoint { fault, .. } => match fault {
            EndpointFault::Crossed => Some("a connection here carries one question at a time"),
            EndpointFault::Dead
            | EndpointFault::NeverAnswers
            | EndpointFault::Slow { .. }
            | EndpointFault::Lagging { .. }
            | EndpointFault::StuckHead
            | EndpointFault::Empty
            | EndpointFault::RateLimited { .. }
            | EndpointFault::Auth
            | EndpointFault::ServerError
            | EndpointFault::NotReady
            | EndpointFault::Malformed
            | EndpointFault::TooLarge
            | EndpointFault::WrongChain
            | EndpointFault::PrivateFork
            | EndpointFault::Lying { .. } => None,
        },
        Fault::Network { fault, .. } => match fault {
            LinkFault::Duplicate { .. } => Some(TCP_HIDES),
            LinkFault::Partition
            | LinkFault::Hold
            | LinkFault::Loss { .. }
            | LinkFault::Reorder { .. }
            | LinkFault::Delay { .. }
            | LinkFault::HalfOpen { .. } => None,
        },
        Fault::Store { .. } | Fault::Disk { .. } => Some("its journal is a file on a disk that works"),
        Fault::Queue { .. } | Fault::Worker { .. } => Some(NO_WORKERS),
        Fault::Process { fault } => process_refused(*fault),
        Fault::Chain { fault } => match fault {
            ChainFault::FinalityStall => None,
            ChainFault::Reorg { .. } => Some("what comes back after it is another draw on another chain"),
        },
    }
}

const fn process_refused(fault: ProcessFault) -> Option<&'static str> {
    match fault {
        ProcessFault::Crash { loss } => match loss {
            CrashLoss::Kept => None,
            CrashLoss::Lost | CrashLoss::Torn => Some("kill -9 loses nothing that was written: loss = kept"),
        },
        ProcessFault::Restart | ProcessFault::Pause => None,
        ProcessFault::Slow { .. }
        | ProcessFault::ClockSkew { .. }
        | ProcessFault::ClockDrift { .. }
        | ProcessFault::ClockJump { .. }
        | ProcessFault::Usurped => Some("a process can be killed, stopped and paused here, and nothing else"),
    }
}
