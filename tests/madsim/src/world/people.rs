//! People: each thing that they want is a task, which repeats one request under one key until it is answered.
//!
//! Their habits are the simulator's. What they send and hear travels over their link, so that requests come twice, late or
//! never, and so do replies.

use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use madsim::task::{JoinHandle, spawn};
use plimsoll_core::bank::{Command, Event, Query, Reply};
use plimsoll_core::id::{ChainId, RequestId};
use plimsoll_core::time::Instant;
use plimsoll_sim::model::chain::Payee;
use plimsoll_sim::model::users::{ANSWER_TIMEOUT, CallIndex, Heard, Message, Purpose, Users};
use plimsoll_sim::world::plan::{ClaimPlan, Deed};

use super::stage::Shared;
use crate::driver::{Handle, Unavailable};
use crate::sync::mpsc;
use crate::time::timeout;

/// How long a deed waits for an account that it needs.
pub(super) const ACCOUNT_WAIT: Duration = Duration::from_millis(250);

/// What comes back to a client.
enum Echo {
    Reply(Box<Reply>),
    TurnedAway,
}

/// The way back of one call.
type Ear = mpsc::UnboundedSender<(RequestId, Echo)>;

/// Starts everybody's tasks. Each ends once its request was answered.
pub(super) fn come(shared: &Shared) -> Vec<JoinHandle<()>> {
    let mut tasks = Vec::new();
    let plan = shared.lock().plan.clone();
    for user in 0..plan.topology.users {
        let arrives = plan.topology.register_ms * u64::from(user) / u64::from(plan.topology.users);
        tasks.push(spawn(register(shared.clone(), at(arrives), user)));
    }
    for (deed, place) in plan.workload.iter().zip(0usize..) {
        match deed {
            Deed::Deposit { claims, .. } => {
                let each = claims.iter().map(|one| claim(shared.clone(), place, *one));
                tasks.extend(each.map(spawn));
            }
            Deed::Balances { at_ms, user } => tasks.push(spawn(look(shared.clone(), at(*at_ms), *user))),
            Deed::Transfer { .. }
            | Deed::RetryDeadLetters { .. }
            | Deed::Attribute { .. }
            | Deed::Order { .. } => {
                unreachable!("a plan with it is refused")
            }
        }
    }
    tasks
}

async fn register(shared: Shared, arrives: Instant, user: u32) {
    shared.clock.sleep_until(arrives).await;
    let key = shared.lock().users.own_key();
    let name = format!("user {user}");
    let command = Command::RegisterUser { key, name };
    let reply = insist(&shared, Purpose::Register { user }, Message::Command(command)).await;
    let Reply::User {
        user: id, addresses, ..
    } = reply
    else {
        unreachable!("a registration was answered with {reply:?}")
    };
    let stage = &mut *shared.lock();
    let here = ChainId::new(stage.chain.id());
    let found = addresses.iter().find(|(chain, _)| *chain == here);
    let Some((_, address)) = found else {
        unreachable!("{id} got no address on {here}")
    };
    let account = Payee {
        user: id,
        address: *address,
    };
    stage.users.open_account(user, account);
}

async fn claim(shared: Shared, place: usize, plan: ClaimPlan) {
    shared.clock.sleep_until(at(plan.at_ms)).await;
    let account = account(&shared, plan.user).await;
    let command = {
        let stage = &mut *shared.lock();
        let Some(index) = stage.transactions[place] else {
            unreachable!("a deposit without a transaction")
        };
        Command::Claim {
            key: plan.key.map_or_else(|| stage.users.own_key(), Users::shared_key),
            user: account.user,
            tx: stage.chain.key_of(index),
        }
    };
    insist(&shared, Purpose::Nothing, Message::Command(command)).await;
}

async fn look(shared: Shared, begins: Instant, user: u32) {
    shared.clock.sleep_until(begins).await;
    let account = account(&shared, user).await;
    let query = Query::Balances(account.user);
    insist(&shared, Purpose::Nothing, Message::Query(query)).await;
}

async fn account(shared: &Shared, user: u32) -> Payee {
    loop {
        let account = shared.lock().users.account(user);
        match account {
            Some(account) => return account,
            None => crate::time::sleep(ACCOUNT_WAIT).await,
        }
    }
}

/// Asks until there is a final answer.
async fn insist(shared: &Shared, purpose: Purpose, message: Message) -> Reply {
    let call = shared.lock().users.call(purpose, message);
    let (ear, mut echoes) = mpsc::unbounded_channel();
    let mut waiting = None;
    let mut due = shared.now();
    loop {
        let patience = due.since(shared.now());
        match timeout(patience, echoes.recv()).await {
            Ok(Some((request, Echo::Reply(reply)))) => match shared.lock().users.on_reply(request, &reply) {
                Heard::Settled(_) => return *reply,
                Heard::Again(_, pause) => (waiting, due) = (None, shared.now().after(pause)),
                Heard::Nothing => {}
            },
            Ok(Some((request, Echo::TurnedAway))) => {
                if let Some((_, pause)) = shared.lock().users.on_failure(request) {
                    (waiting, due) = (None, shared.now().after(pause));
                }
            }
            Ok(None) => unreachable!("the ear is held until the answer is there"),
            Err(_) => match waiting.take() {
                Some(request) => due = give_up(shared, request),
                None => {
                    waiting = send(shared, call, &ear);
                    due = shared.now().after(ANSWER_TIMEOUT);
                }
            },
        }
    }
}

/// The client of `request` has waited long enough. Returns when to try again.
fn give_up(shared: &Shared, request: RequestId) -> Instant {
    let failed = shared.lock().users.on_failure(request);
    let pause = failed.map_or(Duration::ZERO, |(_, pause)| pause);
    shared.now().after(pause)
}

/// Sends the call once more.
fn send(shared: &Shared, call: CallIndex, ear: &Ear) -> Option<RequestId> {
    let stage = &mut *shared.lock();
    let request = stage.users.attempt(call)?;
    let event = stage.users.event(request);
    let sent = stage.wires.users.to_bank.send(shared.now());
    for arrives in sent.first.into_iter().chain(sent.second) {
        let carried = carry(shared.clone(), (request, event.clone()), arrives, ear.clone());
        drop(spawn(carried));
    }
    Some(request)
}

/// Takes a request to the process, and back what is said there.
async fn carry(shared: Shared, (request, event): (RequestId, Event), arrives: Instant, ear: Ear) {
    shared.clock.sleep_until(arrives).await;
    let (door, life) = {
        let stage = shared.lock();
        (stage.door.clone(), stage.tally.lives)
    };
    let reply = match door {
        Some(door) => knock(&shared, &door, life, event).await,
        None => None,
    };
    let sent = {
        let stage = &mut *shared.lock();
        stage.tally.replies += u64::from(reply.is_some());
        stage.tally.turned_away += u64::from(reply.is_none());
        stage.tally.replayed += u64::from(reply.as_ref().is_some_and(is_replayed));
        stage.wires.users.from_bank.send(shared.now())
    };
    let Some(reply) = reply else {
        if let Some(heard) = sent.first {
            shared.clock.sleep_until(heard).await;
            drop(ear.send((request, Echo::TurnedAway)));
        }
        return;
    };
    let mut heard: Vec<Instant> = sent.first.into_iter().chain(sent.second).collect();
    heard.sort();
    for at in heard {
        shared.clock.sleep_until(at).await;
        // Who has an answer hears no other.
        drop(ear.send((request, Echo::Reply(Box::new(reply.clone())))));
    }
}

/// What the driver of this `life` says, if it says anything. One that goes on, or ended in peace, answers whatever it
/// took; only one that died, or lost its journal, may owe an answer.
async fn knock(shared: &Shared, door: &Handle, life: u64, event: Event) -> Option<Reply> {
    let mut answer = pin!(async {
        match event {
            Event::Command { command, .. } => door.command(command).await,
            Event::Query { query, .. } => door.query(query).await,
            Event::Tick | Event::Answered { .. } | Event::Queued { .. } => unreachable!("no client sends it"),
        }
    });
    if let Some(at_once) = answer.as_mut().now_or_never() {
        return at_once.ok(); // it was not let in
    }
    let reply = answer.await;
    let mut stage = shared.lock();
    match &reply {
        Ok(reply) => stage.hear(reply),
        Err(Unavailable::Stopped) if stage.peaceful.contains(&life) => {
            stage.complain("a driver stopped in peace without an answer to a request that it had taken");
        }
        Err(Unavailable::Stopped) if stage.door.is_some() && stage.tally.lives == life => {
            stage.complain("a driver goes on without an answer to a request that it had taken");
        }
        Err(Unavailable::Stopped | Unavailable::Overloaded) => {}
    }
    reply.ok()
}

const fn is_replayed(reply: &Reply) -> bool {
    match reply {
        Reply::User { replayed, .. }
        | Reply::Claim { replayed, .. }
        | Reply::Outcome { replayed, .. }
        | Reply::Administered { replayed, .. } => *replayed,
        Reply::Transaction(_)
        | Reply::Balances(_)
        | Reply::DeadLetters(_)
        | Reply::DeadLetter(_)
        | Reply::DeadLetterGroups(_)
        | Reply::DryRun(_)
        | Reply::Replay(_)
        | Reply::Suspense(_)
        | Reply::Refunds { .. }
        | Reply::Proposed
        | Reply::Reported { .. }
        | Reply::Done
        | Reply::Status(_)
        | Reply::Reconciliations { .. }
        | Reply::Conflict { .. }
        | Reply::Refused(_) => false,
    }
}

/// The moment so many milliseconds after the beginning.
pub(super) fn at(ms: u64) -> Instant {
    Instant::ZERO.after(Duration::from_millis(ms))
}
