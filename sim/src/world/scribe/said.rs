//! What the bank hears and says, in a few words.

use plimsoll_core::bank::{
    ActDone, AdminAct, ClaimStatus, ClaimVerdict, Command, Known, Notice, Query, Reply,
};
use plimsoll_core::escrow::{
    Answer, Attempt, Fault, History, NO_TX, Question, RefundAct, Report, Resolution, Sighting, Taken, TxKey,
};
use plimsoll_core::id::{AssetId, TxHash};
use plimsoll_core::ledger::{self, Outcome, Transfer};
use plimsoll_core::money::Amount;
use plimsoll_core::queue::{LaneFault, QueueReply, QueueRequest};
use plimsoll_core::resilience::BreakerOrder;

use crate::world::plan::Token;

/// An amount as a decimal, without zeros at its end.
pub(super) fn decimal(amount: Amount, asset: AssetId) -> String {
    let known = Token::ALL
        .iter()
        .map(|token| token.facts())
        .find(|facts| facts.id == asset);
    let Some(facts) = known else {
        return amount.minor().to_string();
    };
    let text = amount.display(facts.scale).to_string();
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The beginning of a hash: enough for people to tell them apart.
pub(super) fn short(tx: &TxHash) -> String {
    let text = tx.to_string();
    format!("{}…", &text[..10])
}

/// Transfers, as `5 USDT from user-1 to user-2`.
pub(super) fn transfers(transfers: &[Transfer]) -> String {
    let one = |transfer: &Transfer| {
        let Transfer {
            debit,
            credit,
            asset,
            amount,
        } = transfer;
        format!("{} {asset} from {debit} to {credit}", decimal(*amount, *asset))
    };
    transfers.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What a command wants, to follow the name of the client.
pub(super) fn command(command: &Command) -> String {
    match command {
        Command::RegisterUser { .. } => "registers".to_owned(),
        Command::Claim { tx, .. } => format!("claims {}", short(&tx.tx)),
        Command::Transact(request) => ledger_command(&request.command),
        Command::ResolveDeadLetter { tx, resolution, .. } => match resolution {
            Resolution::Retry => format!("retries the dead letter {}", short(&tx.tx)),
            Resolution::Dismiss => format!("dismisses the dead letter {}", short(&tx.tx)),
        },
        Command::ReplayDeadLetters { plan, .. } => format!("replays dead letters at {} a second", plan.rate),
        Command::CancelReplay { replay, .. } => format!("cancels {replay}"),
        Command::Report(report) => format!("reports {}", self::report(report)),
        Command::AttributeSuspense { deposit, user, .. } => {
            format!(
                "gives log {} of {} to {user}",
                deposit.ordinal,
                short(&deposit.tx.tx)
            )
        }
        Command::Administer { act, .. } => self::act(act),
    }
}

/// What an operator orders, to follow their name.
pub(super) fn act(act: &AdminAct) -> String {
    match act {
        AdminAct::PauseChain(chain) => format!("pauses {chain}"),
        AdminAct::ResumeChain(chain) => format!("resumes {chain}"),
        AdminAct::PauseEndpoint(endpoint) => format!("pauses {}", endpoint.name),
        AdminAct::ResumeEndpoint(endpoint) => format!("resumes {}", endpoint.name),
        AdminAct::Breaker { endpoint, order } => {
            let name = &endpoint.name;
            match order {
                BreakerOrder::ForceOpen => format!("forces the breaker of {name} open"),
                BreakerOrder::Disable => format!("disables the breaker of {name}"),
                BreakerOrder::Reset => format!("resets the breaker of {name}"),
            }
        }
        AdminAct::Sweep => "makes everything due".to_owned(),
        AdminAct::Process(tx) => format!("has {} verified at once", short(&tx.tx)),
        AdminAct::Drain => "lets nothing new in".to_owned(),
        AdminAct::Undrain => "lets new things in again".to_owned(),
        AdminAct::Reconcile(chain) => format!("has {chain} reconciled"),
        AdminAct::Refund(RefundAct::Request { deposit, to }) => {
            let place = format!("log {} of {}", deposit.ordinal, short(&deposit.tx.tx));
            format!("has {place} sent back to {to}")
        }
        AdminAct::Refund(RefundAct::Settle { refund, paid_by }) => {
            format!("says that {refund} was paid by {}", short(paid_by))
        }
        AdminAct::Refund(RefundAct::Withdraw { refund }) => format!("withdraws {refund}"),
    }
}

fn done(done: &ActDone) -> String {
    match done {
        ActDone::Ordered { changed: true } => "done".to_owned(),
        ActDone::Ordered { changed: false } => "it was so before".to_owned(),
        ActDone::Breaker { from, to } => format!("the breaker was {} and is {}", from.code(), to.code()),
        ActDone::Swept { due } => format!("{due} transactions are due"),
        ActDone::Processing { known } => match known {
            Known::Unnamed => "a transaction that nobody had named is verified".to_owned(),
            Known::Open => "a transaction that was open is verified".to_owned(),
            Known::GivenUp => "a transaction that was given up is verified again".to_owned(),
        },
        ActDone::Refund { refund, transaction } => format!("{refund} moved by {transaction}"),
        ActDone::RefundProposed => "another operator must order the same".to_owned(),
    }
}

fn ledger_command(command: &ledger::Command) -> String {
    match command {
        ledger::Command::Post { transfers: moved } => format!("pays {}", transfers(moved)),
        ledger::Command::Hold { transfers: moved, .. } => format!("reserves {}", transfers(moved)),
        ledger::Command::PostHold { hold, amounts } => match amounts {
            None => format!("posts the hold {hold}"),
            Some(_) => format!("posts a part of the hold {hold}"),
        },
        ledger::Command::VoidHold { hold } => format!("releases the hold {hold}"),
        ledger::Command::Reverse { transaction } => format!("reverses {transaction}"),
    }
}

/// What a query asks, to follow the name of the client.
pub(super) fn query(query: &Query) -> String {
    match query {
        Query::User(user) => format!("asks who {user} is"),
        Query::Balances(user) => format!("asks for the balances of {user}"),
        Query::Claim(claim) => format!("asks how {claim} stands"),
        Query::Transaction(transaction) => format!("asks for {transaction}"),
        Query::DeadLetters { .. } => "lists the dead letters".to_owned(),
        Query::DeadLetter(tx) => format!("asks for the dead letter {}", short(&tx.tx)),
        Query::DryRun(tx) => format!("asks what a replay of {} would come to", short(&tx.tx)),
        Query::DeadLetterGroups => "asks what the dead letters have in common".to_owned(),
        Query::Suspense { .. } => "lists what is in suspense".to_owned(),
        Query::Refunds { .. } => "lists refunds".to_owned(),
        Query::Status => "asks how everything stands".to_owned(),
        Query::Reconciliations => "asks whether the chains have what the books say".to_owned(),
    }
}

/// What a reply says.
pub(super) fn reply(reply: &Reply) -> String {
    match reply {
        Reply::User { user, .. } => format!("you are {user}"),
        Reply::Claim { claim, .. } => format!("{} is {}", claim.id, claim_status(&claim.status)),
        Reply::Outcome { outcome, .. } => match outcome {
            Outcome::Accepted(transaction) => format!("done, {transaction}"),
            Outcome::Refused(refusal) => format!("refused: {refusal}"),
        },
        Reply::Transaction(_) => "the transaction".to_owned(),
        Reply::Balances(balances) => {
            let one = |(asset, balance): &(AssetId, ledger::Balance)| {
                format!("{} {asset}", decimal(balance.available, *asset))
            };
            format!(
                "available {}",
                balances.iter().map(one).collect::<Vec<_>>().join(", ")
            )
        }
        Reply::DeadLetters(page) => format!("{} dead letters", page.letters.len()),
        Reply::DeadLetter(view) => format!("a dead letter: {}", view.letter.reason),
        Reply::DryRun(dry_run) => format!("it would be {}", dry_run.outcome.code()),
        Reply::Replay(replay) => match replay.end {
            None => format!("{} is under way", replay.id),
            Some(end) => format!("{} is {} after {} letters", replay.id, end.code(), replay.done),
        },
        Reply::Proposed => "another operator must approve".to_owned(),
        Reply::DeadLetterGroups(groups) => format!("{} groups of dead letters", groups.len()),
        Reply::Suspense(deposits) => format!("{} deposits in suspense", deposits.len()),
        Reply::Refunds { refunds, .. } => format!("{} refunds", refunds.len()),
        Reply::Done => "done".to_owned(),
        Reply::Reported(taken) => self::taken(*taken),
        Reply::Administered { done, .. } => self::done(done),
        Reply::Status(_) => "the status".to_owned(),
        Reply::Reconciliations { last, .. } => format!("{} chains were reconciled", last.len()),
        Reply::Conflict { field } => format!("the key was used with another `{field}`"),
        Reply::Refused(refusal) => format!("refused: {refusal}"),
    }
}

fn claim_status(status: &ClaimStatus) -> String {
    match status {
        ClaimStatus::Observed => "observed".to_owned(),
        ClaimStatus::Verifying => "being verified".to_owned(),
        ClaimStatus::Seen(_) => "seen".to_owned(),
        ClaimStatus::Reorged => "reorged".to_owned(),
        ClaimStatus::Settled(ClaimVerdict::Credited(_)) => "credited".to_owned(),
        ClaimStatus::Settled(ClaimVerdict::Suspense(_)) => "in suspense".to_owned(),
        ClaimStatus::Settled(ClaimVerdict::Rejected(reason)) => format!("rejected: {reason}"),
        ClaimStatus::DeadLetter(reason) => format!("a dead letter: {reason}"),
        ClaimStatus::Dismissed => "dismissed".to_owned(),
    }
}

/// What a worker found.
pub(super) fn report(report: &Report) -> String {
    let tx = short(&report.job().tx);
    match &report.sighting {
        Sighting::Mined { receipt, .. } => format!("{tx} in block {}", receipt.block.number),
        Sighting::Absent { .. } => format!("no {tx}"),
        Sighting::Undecided { .. } => format!("nothing of {tx}"),
    }
}

/// What the bank says to a report.
pub(super) fn taken(taken: Taken) -> String {
    let stands = if taken.is_open { "open" } else { "done" };
    let paused = match (taken.pauses.chain, taken.pauses.endpoints.len()) {
        (true, _) => ", and the chain is paused".to_owned(),
        (false, 0) => String::new(),
        (false, count) => format!(", and endpoints are paused: {count}"),
    };
    format!("taken, it is {stands}{paused}")
}

/// What a queue is asked.
pub(super) fn queue_request(request: &QueueRequest) -> String {
    let seconds = |time: &core::time::Duration| format!("{} ms", time.as_millis());
    match request {
        QueueRequest::Enqueue { jobs, .. } => format!("{} to be done", names(jobs.iter())),
        QueueRequest::Lease { most, visibility, .. } => {
            format!("up to {most} jobs for {}", seconds(visibility))
        }
        QueueRequest::Extend { leases, visibility } => {
            let jobs = names(leases.iter().map(|(job, _)| job));
            format!("{jobs} for {} more", seconds(visibility))
        }
        QueueRequest::Complete { leases } => format!("{} done", names(leases.iter().map(|(job, _)| job))),
        QueueRequest::Release { job, after, .. } => {
            format!("{} back, to wait for {}", short(&job.tx), seconds(after))
        }
    }
}

fn names<'a>(mut jobs: impl ExactSizeIterator<Item = &'a TxKey>) -> String {
    match (jobs.len(), jobs.next()) {
        (1, Some(job)) => short(&job.tx),
        (count, _) => format!("{count} jobs"),
    }
}

/// What a queue said.
pub(super) fn queued(outcome: &Result<QueueReply, LaneFault>) -> String {
    match outcome {
        Ok(QueueReply::Enqueued) => "the jobs are there".to_owned(),
        Ok(QueueReply::Leased { jobs, .. }) => format!("{} jobs", jobs.len()),
        Ok(QueueReply::Kept { lost }) => format!("{} leases were lost", lost.len()),
        Err(fault) => fault.code().to_owned(),
    }
}

/// What an endpoint is asked.
pub(super) fn question(question: &Question) -> String {
    match question {
        Question::Identity { .. } => "who are you?".to_owned(),
        Question::Heads => "which heads?".to_owned(),
        Question::Attested => "which block is attested?".to_owned(),
        Question::Receipt { tx } if *tx == NO_TX => "do you tell receipts?".to_owned(),
        Question::Receipt { tx } => format!("the receipt of {}?", short(tx)),
        Question::Scan { from, to, .. } => format!("transfers in blocks {from} to {to}?"),
        Question::Balances { block, holders, .. } => {
            format!("what {} holders have at block {block}?", holders.len())
        }
    }
}

/// What an endpoint said, or why it said nothing.
pub(super) fn outcome(outcome: &Result<Answer, Fault>) -> String {
    match outcome {
        Ok(answer) => self::answer(answer),
        Err(fault) => self::fault(fault),
    }
}

fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Identity { chain_id, .. } => format!("chain {chain_id}"),
        Answer::Attested { block } => format!("attested {}", block.number),
        Answer::Heads { latest, finalized } => {
            format!("latest {}, finalized {}", latest.number, finalized.number)
        }
        Answer::Receipt { finalized, receipt } => match receipt {
            None => format!("no receipt; finalized {}", finalized.number),
            Some(receipt) => {
                let result = if receipt.succeeded {
                    "succeeded"
                } else {
                    "reverted"
                };
                let (block, logs) = (receipt.block.number, receipt.logs.len());
                format!(
                    "{result} in block {block}, logs: {logs}; finalized {}",
                    finalized.number
                )
            }
        },
        Answer::Scan { last, logs, .. } => match last {
            None => "the last block is not here".to_owned(),
            Some(last) => format!("transfers up to block {}: {}", last.number, logs.len()),
        },
        Answer::Balances { at, balances, .. } => match at {
            None => "the state of the block is not here".to_owned(),
            Some(at) => format!("balances at block {}: {}", at.number, balances.len()),
        },
    }
}

fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Timeout => "no answer in time".to_owned(),
        Fault::Connection => "no connection".to_owned(),
        Fault::RateLimited { retry_after: None } => "rate limited".to_owned(),
        Fault::RateLimited {
            retry_after: Some(after),
        } => format!("rate limited for {} ms", after.as_millis()),
        Fault::Auth => "not authorised".to_owned(),
        Fault::Server { code } => format!("server error {code}"),
        Fault::NotReady => "not ready".to_owned(),
        Fault::Malformed { what } => format!("malformed answer: {what}"),
        Fault::TooLarge => "too many logs".to_owned(),
        Fault::Unsupported => "not served here".to_owned(),
        Fault::Pruned => "not held any more".to_owned(),
    }
}

/// What people and metrics are told.
pub(super) fn notice(notice: &Notice, name: &dyn Fn(u8) -> String) -> String {
    match notice {
        Notice::Stage { tx, stage } => format!("{} is {stage}", short(&tx.tx)),
        Notice::Credited {
            deposit,
            booked,
            took,
            ..
        } => {
            let (amount, asset) = (
                decimal(booked.deposit.amount, booked.deposit.asset),
                booked.deposit.asset,
            );
            let place = format!("log {} of {}", deposit.ordinal, short(&deposit.tx.tx));
            format!(
                "{place} is posted: {amount} {asset}, {} ms after it was named",
                took.as_millis()
            )
        }
        Notice::Refund {
            deposit,
            refund,
            stage,
        } => format!(
            "{refund} of log {} of {} is {stage}",
            deposit.ordinal,
            short(&deposit.tx.tx)
        ),
        Notice::Lane { from, to } => {
            format!("the immediate lane went from {} to {}", from.code(), to.code())
        }
        Notice::Disagreement { endpoint } => format!("{} was outvoted", name(endpoint.index)),
        Notice::DeadLettered { tx, reason } => format!("{} is a dead letter: {reason}", short(&tx.tx)),
        Notice::Cordoned { endpoint, reason } => {
            format!("{} is cordoned: {}", name(endpoint.index), reason.code())
        }
        Notice::Breaker { endpoint, from, to } => {
            format!(
                "the breaker of {} went from {} to {}",
                name(endpoint.index),
                from.code(),
                to.code()
            )
        }
    }
}

/// What was tried with a transaction before it became a dead letter.
pub(super) fn tried(history: &History) -> String {
    let attempt = |attempt: &Attempt| match attempt.endpoint {
        Some(endpoint) => format!("{} by endpoint {endpoint}", attempt.class),
        None => attempt.class.to_string(),
    };
    match history.last().last() {
        None => "was never asked for".to_owned(),
        Some(last) => format!(
            "was asked for {} times, at last {}",
            history.count(),
            attempt(last)
        ),
    }
}
