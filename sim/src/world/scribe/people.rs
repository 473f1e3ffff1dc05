//! What users and operators do.

use plimsoll_core::bank::{AdminAct, Command, Query, Reply};
use plimsoll_core::escrow::TxKey;
use plimsoll_core::id::{RequestId, TransactionId, TxHash, UserId};
use plimsoll_core::ledger::{self, Outcome};
use plimsoll_core::time::Instant;

use super::{CHAIN, Scribe, USERS, said};
use crate::model::chain::Payee;
use crate::model::users::{Message, Purpose};
use crate::trace::{Body, GaveUp, Heard, Ids, Movement as Shown, Opened, Submitted, Wanted};
use crate::world::plan::{Deed, Fate, Movement, Plan, Shape};

/// One thing that a client wants, until it has it.
#[derive(Debug)]
pub(super) struct Errand {
    /// Who the client is, as the plan calls them.
    pub(super) part: String,
    /// What they want, in words.
    pub(super) what: String,
    tx: Option<TxHash>,
    deed: Option<u32>,
}

impl Scribe {
    /// A client wants something. Errands are numbered as they come.
    pub(in crate::world) fn wanted(&mut self, purpose: Purpose, message: &Message, plan: &Plan) {
        let part = self.client(purpose, message, plan);
        let what = match message {
            Message::Command(command) => said::command(command),
            Message::Query(query) => said::query(query),
        };
        let deed = match purpose {
            Purpose::Pay { deed } | Purpose::Order { deed } => Some(deed),
            Purpose::Register { .. }
            | Purpose::ListDeadLetters { .. }
            | Purpose::Attribute { .. }
            | Purpose::Nothing => None,
        };
        let errand = u32::try_from(self.errands.len()).unwrap_or(u32::MAX);
        let ids = Ids {
            errand: Some(errand),
            deed,
            tx: tx_of(message).map(|tx| tx.to_string()),
            ..Ids::default()
        };
        self.queues.clients += 1;
        self.errands.push(Errand {
            part: part.clone(),
            what: what.clone(),
            tx: tx_of(message),
            deed,
        });
        self.write((USERS, &part), ids, Body::Wanted(Wanted { what }));
    }

    /// A transaction was sent to the chain.
    pub(in crate::world) fn submitted(
        &mut self,
        deed: u32,
        tx: &TxKey,
        movements: &[Movement],
        (fate, mined_at): (Fate, Option<Instant>),
    ) {
        let ids = Ids {
            deed: Some(deed),
            ..super::about(tx)
        };
        let fate = match fate {
            Fate::Mined => "mined",
            Fate::Reverted => "reverted",
            Fate::NeverMined => "never_mined",
        };
        let submitted = Submitted {
            moves: movements.iter().map(shown).collect(),
            fate: fate.to_owned(),
            mined_at: mined_at.map(Instant::as_nanos),
        };
        self.write((CHAIN, "transactions"), ids, Body::Submitted(submitted));
    }

    /// A client heard a reply, and made of it whatever it does.
    pub(in crate::world) fn heard(&mut self, request: RequestId, reply: &Reply, settled: bool) {
        let part = self.part_of_request(request);
        if settled {
            self.queues.clients = self.queues.clients.saturating_sub(1);
            if let Reply::Outcome {
                outcome: Outcome::Accepted(transaction),
                ..
            } = reply
            {
                self.payers.entry(*transaction).or_insert_with(|| part.clone());
            }
        }
        let what = said::reply(reply);
        let ids = self.ids_of_request(request);
        self.write((USERS, &part), ids, Body::Heard(Heard { what, settled }));
        self.sample_queues();
    }

    /// A client gives an attempt up.
    pub(in crate::world) fn gave_up(&mut self, request: RequestId, why: &str, again: Instant) {
        let ids = self.ids_of_request(request);
        let part = self.part_of_request(request);
        let gave_up = GaveUp {
            why: why.to_owned(),
            again: again.as_nanos(),
        };
        self.write((USERS, &part), ids, Body::GaveUp(gave_up));
    }

    /// A user learned who they are to the bank.
    pub(in crate::world) fn opened(&mut self, user: u32, account: &Payee) {
        self.users.insert(account.user, user);
        let ids = Ids {
            user: Some(account.user.number()),
            ..Ids::default()
        };
        let address = account.address.to_string();
        self.write((USERS, &user_name(user)), ids, Body::Opened(Opened { address }));
    }

    pub(super) fn ids_of_request(&self, request: RequestId) -> Ids {
        let errand = self.requests.get(&request.number()).copied();
        let known = errand.and_then(|errand| self.errands.get(errand as usize));
        Ids {
            errand,
            request: Some(request.number()),
            deed: known.and_then(|known| known.deed),
            tx: known.and_then(|known| known.tx).map(|tx| tx.to_string()),
            ..Ids::default()
        }
    }

    pub(super) fn part_of_request(&self, request: RequestId) -> String {
        let errand = self.requests.get(&request.number());
        let known = errand.and_then(|errand| self.errands.get(*errand as usize));
        known.map_or_else(|| "somebody".to_owned(), |known| known.part.clone())
    }

    fn client(&self, purpose: Purpose, message: &Message, plan: &Plan) -> String {
        match purpose {
            Purpose::Register { user } => user_name(user),
            Purpose::Pay { deed } => match plan.workload.get(deed as usize) {
                Some(Deed::Transfer { from, .. }) => user_name(*from),
                Some(
                    Deed::Deposit { .. }
                    | Deed::Balances { .. }
                    | Deed::RetryDeadLetters { .. }
                    | Deed::Attribute { .. }
                    | Deed::Order { .. },
                )
                | None => "somebody".to_owned(),
            },
            Purpose::ListDeadLetters { .. } | Purpose::Attribute { .. } | Purpose::Order { .. } => {
                "operator".to_owned()
            }
            Purpose::Nothing => self.author(message),
        }
    }

    /// Who asks, told from what is asked.
    fn author(&self, message: &Message) -> String {
        let user = |id: &UserId| self.users.get(id).map(|number| user_name(*number));
        let payer = |id: &TransactionId| self.payers.get(id).cloned();
        let found = match message {
            Message::Command(Command::Claim { user: id, .. }) | Message::Query(Query::Balances(id)) => {
                user(id)
            }
            Message::Command(Command::Transact(request)) => match &request.command {
                ledger::Command::PostHold { hold, .. } | ledger::Command::VoidHold { hold } => payer(hold),
                ledger::Command::Reverse { transaction } => payer(transaction),
                ledger::Command::Post { .. } | ledger::Command::Hold { .. } => None,
            },
            Message::Command(
                Command::ResolveDeadLetter { .. }
                | Command::ReplayDeadLetters { .. }
                | Command::CancelReplay { .. }
                | Command::AttributeSuspense { .. }
                | Command::Administer { .. },
            )
            | Message::Query(Query::DryRun(_)) => Some("operator".to_owned()),
            Message::Command(Command::Report(_)) => Some("worker".to_owned()),
            Message::Command(Command::RegisterUser { .. })
            | Message::Query(
                Query::User(_)
                | Query::Claim(_)
                | Query::Transaction(_)
                | Query::DeadLetters { .. }
                | Query::DeadLetter(_)
                | Query::DeadLetterGroups
                | Query::Suspense { .. }
                | Query::Refunds { .. }
                | Query::Status
                | Query::Reconciliations,
            ) => None,
        };
        found.unwrap_or_else(|| "somebody".to_owned())
    }
}

fn user_name(number: u32) -> String {
    format!("user {number}")
}

/// The transaction of the chain that a message is about.
fn tx_of(message: &Message) -> Option<TxHash> {
    match message {
        Message::Command(Command::Claim { tx, .. } | Command::ResolveDeadLetter { tx, .. }) => Some(tx.tx),
        Message::Command(Command::AttributeSuspense { deposit, .. }) => Some(deposit.tx.tx),
        Message::Command(Command::Report(report)) => Some(report.job().tx),
        Message::Command(Command::Administer {
            act: AdminAct::Process(tx),
            ..
        }) => Some(tx.tx),
        Message::Command(Command::Administer { .. }) => None,
        Message::Query(Query::DryRun(tx)) => Some(tx.tx),
        Message::Command(
            Command::RegisterUser { .. }
            | Command::Transact(_)
            | Command::ReplayDeadLetters { .. }
            | Command::CancelReplay { .. },
        )
        | Message::Query(_) => None,
    }
}

fn shown(movement: &Movement) -> Shown {
    let facts = movement.token.facts();
    let amount = crate::model::assets::minor_units(movement.amount_milli, facts.scale);
    Shown {
        shape: shape(movement.shape),
        user: movement.user,
        asset: facts.id.to_string(),
        amount: said::decimal(amount, facts.id),
    }
}

/// The name of a shape, as plans write it.
fn shape(shape: Shape) -> String {
    let name = serde_json::to_value(shape);
    let name = name.ok().and_then(|name| name.as_str().map(ToOwned::to_owned));
    name.unwrap_or_else(|| format!("{shape:?}"))
}
