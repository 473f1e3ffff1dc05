//! Runs of whole worlds.

mod cues;
mod disk;
mod faults;
mod people;
mod process;
mod runs;
mod settling;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use plimsoll_core::bank::{Record, State};
use plimsoll_core::escrow::{Beneficiary, DepositKey, EscrowRecord};
use plimsoll_core::ledger::{AccountKey, Owner};
use plimsoll_core::time::Instant;

use super::observe::{End, Observation, Oracle, Violation};
use super::plan::{
    ClaimPlan, Deed, Fate, HoldEnd, HoldPlan, Movement, Plan, PricePlan, ScheduledFault, Shape, Token,
};
use super::{Outcome, Part, Tracing, Verdict, World};
use crate::fault::{
    ChainFault, CrashLoss, Cue, DiskFault, Drift, EndpointFault, Fault, Lie, LinkFault, LinkName,
    ProcessFault, StoreFault, Trigger,
};
use crate::model::chain::Due;
use crate::trace::{Body, Memory, Transcript};

/// Every final posting happens once, and says what the chain says.
#[derive(Default)]
struct OncePerDeposit {
    posted: BTreeMap<DepositKey, Beneficiary>,
}

impl OncePerDeposit {
    fn violation(invariant: &'static str, detail: String) -> Violation {
        Violation {
            oracle: "once per deposit",
            invariant,
            detail,
        }
    }

    fn see(&mut self, record: &Record) -> Result<(), Violation> {
        let Record::Escrow(EscrowRecord::Final { tx, deposits, .. }) = record else {
            return Ok(());
        };
        for booked in deposits {
            let key = DepositKey {
                tx: *tx,
                ordinal: booked.deposit.ordinal,
            };
            if self.posted.insert(key, booked.deposit.beneficiary).is_some() {
                return Err(Self::violation("posted twice", format!("{key:?}")));
            }
        }
        Ok(())
    }
}

impl Oracle for OncePerDeposit {
    fn name(&self) -> &'static str {
        "once per deposit"
    }

    fn observe(&mut self, _: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Committed { records, .. } => records.iter().try_for_each(|record| self.see(record)),
            Observation::Handled { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Crashed { .. }
            | Observation::Restarted { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_)
            | Observation::Chain(_) => Ok(()),
        }
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        let mut due = BTreeMap::new();
        for (key, truth) in end.chain.deposits(end.at) {
            let beneficiary = match truth.due {
                Due::User(user) => Beneficiary::User(user),
                Due::Suspense(reason) => Beneficiary::Suspense(reason),
                Due::Person | Due::Nothing(_) => unreachable!("that is no deposit"),
            };
            due.insert(key, beneficiary);
        }
        if due == self.posted {
            Ok(())
        } else {
            Err(Self::violation(
                "as the chain says",
                format!("{due:?} became {:?}", self.posted),
            ))
        }
    }
}

/// A restarted bank is what the durable records say.
#[derive(Default)]
struct Replays {
    state: State,
    restarts: u32,
}

impl Oracle for Replays {
    fn name(&self) -> &'static str {
        "replays"
    }

    fn observe(&mut self, _: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Committed { records, .. } => {
                records.iter().for_each(|record| self.state.apply(record))
            }
            Observation::Restarted { bank, .. } => {
                self.restarts += 1;
                assert_eq!(bank.state(), &self.state, "restart {}", self.restarts);
            }
            Observation::Handled { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Crashed { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_)
            | Observation::Chain(_) => {}
        }
        Ok(())
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        let bank = end.bank.unwrap();
        bank.state().check();
        assert_eq!(bank.state(), &self.state, "nothing is decided and not durable");
        Ok(())
    }
}

fn run(plan: &Plan, seed: u64) -> Outcome {
    let world = World::new(plan, seed).unwrap();
    let world = world.judged_by(Box::new(OncePerDeposit::default()));
    world.judged_by(Box::new(Replays::default())).run()
}

/// Runs a plan before every oracle there is.
#[track_caller]
fn judged(plan: &Plan, seed: u64) -> Outcome {
    let mut world = World::new(plan, seed).unwrap().watched();
    for oracle in crate::oracle::all(plan) {
        world = world.judged_by(oracle);
    }
    let outcome = world.run();
    assert_eq!(outcome.verdict, Verdict::Passed, "seed {seed}");
    outcome
}

#[track_caller]
fn passes(plan: &Plan) -> Outcome {
    let outcome = run(plan, 1);
    assert_eq!(outcome.verdict, Verdict::Passed);
    outcome
}

fn claimed(at_ms: u64, user: u32, claims: &[(u64, u32)]) -> Deed {
    let claim = |(at_ms, user): &(u64, u32)| ClaimPlan {
        at_ms: *at_ms,
        user: *user,
        key: None,
    };
    let movement = Movement {
        shape: Shape::Payment,
        user,
        token: Token::Usdt,
        amount_milli: 5_000,
    };
    Deed::Deposit {
        at_ms,
        movements: vec![movement],
        fate: Fate::Mined,
        delay_blocks: 0,
        claims: claims.iter().map(claim).collect(),
    }
}

/// A minute in which each user is paid twice, once with a claim.
fn busy() -> Plan {
    let mut plan = Plan::calm("busy", 60_000);
    for user in 0..6 {
        let at_ms = 3_000 + 8_000 * u64::from(user);
        plan.workload.push(claimed(at_ms, user, &[(at_ms + 300, user)]));
        plan.workload
            .push(Deed::payment(at_ms + 2_000, user, Token::Usdc, 1_500));
    }
    plan
}

fn fault(from_ms: u64, until_ms: u64, fault: Fault) -> ScheduledFault {
    ScheduledFault {
        after: None,
        from_ms,
        until_ms: Some(until_ms),
        fault,
    }
}

fn endpoint(endpoint: u8, fault: EndpointFault) -> Fault {
    Fault::Endpoint {
        endpoint,
        fault,
        percent: 100,
    }
}

fn process(fault: ProcessFault) -> Fault {
    Fault::Process { fault }
}

fn users_link(fault: LinkFault) -> Fault {
    Fault::Network {
        link: LinkName::Users,
        direction: Default::default(),
        fault,
    }
}
