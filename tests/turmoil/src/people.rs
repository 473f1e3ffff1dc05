//! People: users and operators, who do what the plan says. Everything that somebody does is an errand of its own, so that
//! nothing waits for an answer to something else but what follows from it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use plimsoll_adapters::http::write_date;
use plimsoll_core::id::ChainId;
use plimsoll_core::money::Amount;
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;
use plimsoll_sim::model::assets::minor_units;
use plimsoll_sim::model::chain::Payee;
use plimsoll_sim::world::plan::{ClaimPlan, Deed, HoldEnd, HoldPlan, Plan, Token};
use plimsoll_sim::world::true_date;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::{Client, Wish};
use crate::stage::{Stage, now};

/// How often people look whether there is anything to see, or an account that they wait for.
const LOOK: Duration = Duration::from_millis(100);

/// Everybody does what the plan says, and looks at the balances when everything is settled.
pub(crate) async fn live(stage: Rc<RefCell<Stage>>, plan: Plan, rng: Rng) -> turmoil::Result {
    let plan = Rc::new(plan);
    let mut crowd = Crowd {
        plan: Rc::clone(&plan),
        stage: Rc::clone(&stage),
        rng,
        errands: JoinSet::new(),
        clients: 0,
    };
    crowd.begin();
    while let Some(done) = crowd.errands.join_next().await {
        done??;
    }
    stage.borrow_mut().is_quiet = true;
    while !stage.borrow().is_settled {
        tokio::time::sleep(LOOK).await;
    }
    for number in 0..plan.topology.users {
        let person = crowd.person();
        crowd.errands.spawn_local(person.look(number, Instant::ZERO));
    }
    while let Some(done) = crowd.errands.join_next().await {
        done??;
    }
    Ok(())
}

/// Everybody.
struct Crowd {
    plan: Rc<Plan>,
    stage: Rc<RefCell<Stage>>,
    rng: Rng,
    errands: JoinSet<Result<(), String>>,
    clients: u32,
}

impl Crowd {
    fn begin(&mut self) {
        let plan = Rc::clone(&self.plan);
        for number in 0..plan.topology.users {
            let person = self.person();
            self.errands.spawn_local(person.register(number));
        }
        for (place, deed) in plan.workload.iter().enumerate() {
            self.errands_of(place, deed);
        }
    }

    fn errands_of(&mut self, place: usize, deed: &Deed) {
        match deed {
            Deed::Deposit { claims, .. } => {
                for (nth, claim) in claims.iter().enumerate() {
                    let person = self.person();
                    self.errands.spawn_local(person.claim(place, nth, *claim));
                }
            }
            Deed::Transfer { .. } => {
                let person = self.person();
                self.errands.spawn_local(person.pay(place));
            }
            Deed::Balances { user, .. } => {
                let person = self.person();
                self.errands.spawn_local(person.look(*user, at(deed.at_ms())));
            }
            Deed::RetryDeadLetters { .. } => {
                let person = self.person();
                self.errands.spawn_local(person.retry(at(deed.at_ms())));
            }
            Deed::Attribute { .. } | Deed::Order { .. } => unreachable!("a plan with it is refused"),
        }
    }

    /// Somebody with nothing to do yet.
    fn person(&mut self) -> Person {
        self.clients += 1;
        Person {
            plan: Rc::clone(&self.plan),
            stage: Rc::clone(&self.stage),
            client: Client::new(self.clients, &self.stage, &self.rng),
        }
    }
}

/// Somebody on an errand.
struct Person {
    plan: Rc<Plan>,
    stage: Rc<RefCell<Stage>>,
    client: Client,
}

impl Person {
    /// A user comes and registers.
    async fn register(mut self, number: u32) -> Result<(), String> {
        let topology = &self.plan.topology;
        let arrives = topology.register_ms * u64::from(number) / u64::from(topology.users);
        sleep_until(at(arrives)).await;
        let name = json!({"name": format!("user {number}")});
        let wish = Wish::write("/api/v1/users", format!("user-{number}"), &name);
        let registered = self.client.ask(wish).await?.accepted()?;
        let id = registered["id"].as_str().unwrap_or_default();
        let address = registered["deposit_addresses"][0]["address"].as_str();
        let account = Payee {
            user: id.parse().map_err(|_| format!("a user called {id}"))?,
            address: address.and_then(|text| text.parse().ok()).ok_or("no address")?,
        };
        self.stage.borrow_mut().accounts.insert(number, account);
        Ok(())
    }

    /// A user claims a transaction.
    async fn claim(mut self, place: usize, nth: usize, claim: ClaimPlan) -> Result<(), String> {
        sleep_until(at(claim.at_ms)).await;
        let user = self.account(claim.user).await.user;
        let tx = self.stage.borrow().hash_of(place);
        let chain = ChainId::new(self.plan.topology.chain.id);
        let body = json!({"user": user.to_string(), "chain": chain.to_string(), "tx": tx.to_string()});
        let key = key(claim.key, || format!("claim-{place}-{nth}"));
        let answered = self
            .client
            .ask(Wish::write("/api/v1/escrow/claims", key, &body))
            .await?;
        // Only a key that is used for something else, too, may be refused.
        if claim.key.is_none() || answered.is_accepted() {
            answered.accepted()?;
            self.stage.borrow_mut().claims += 1;
        }
        Ok(())
    }

    /// A user pays another one, and whatever follows from that.
    async fn pay(mut self, place: usize) -> Result<(), String> {
        let plan = Rc::clone(&self.plan);
        let Deed::Transfer {
            at_ms,
            from,
            to,
            token,
            amount_milli,
            key: shared,
            hold,
            reverse_at_ms,
        } = &plan.workload[place]
        else {
            unreachable!("only a payment is made")
        };
        sleep_until(at(*at_ms)).await;
        let (from, to) = (self.account(*from).await, self.account(*to).await);
        let transfer = json!({
            "debit": from.user.to_string(),
            "credit": to.user.to_string(),
            "asset": token.facts().id.to_string(),
            "amount": decimal(*token, whole(*token, *amount_milli)),
        });
        let body = payment(&transfer, *hold);
        let key = key(*shared, || format!("pay-{place}"));
        let Some(id) = self.transact(key, &body).await? else {
            return Ok(());
        };
        let mut sequels = hold.map_or_else(Vec::new, |hold| ends(hold, &id, *token, *amount_milli));
        sequels.extend(reverse_at_ms.map(|ms| (ms, json!({"reverse": {"transaction": id}}))));
        let mut errands = JoinSet::new();
        for ((ms, body), nth) in sequels.into_iter().zip(0u32..) {
            let mut other = self.follower(nth);
            errands.spawn_local(async move {
                sleep_until(at(ms)).await;
                other.transact(format!("pay-{place}-{nth}"), &body).await
            });
        }
        while let Some(done) = errands.join_next().await {
            done.map_err(|error| error.to_string())??;
        }
        Ok(())
    }

    /// The transaction, if it was accepted: refusals and conflicts are answers too.
    async fn transact(&mut self, key: String, body: &Value) -> Result<Option<String>, String> {
        let wish = Wish::write("/api/v1/transactions", key, body);
        let answered = self.client.ask(wish).await?;
        if !answered.is_accepted() {
            return Ok(None);
        }
        let id = answered.body["id"]
            .as_str()
            .ok_or("a transaction without an id")?;
        Ok(Some(id.to_owned()))
    }

    /// A user asks for their balances.
    async fn look(mut self, number: u32, when: Instant) -> Result<(), String> {
        sleep_until(when).await;
        let user = self.account(number).await.user;
        let wish = Wish::read(&format!("/api/v1/users/{user}/balances"));
        let balances = self.client.ask(wish).await?.accepted()?;
        let list = balances["balances"].as_array().ok_or("no balances")?;
        let text = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        let each = |entry| {
            (
                text(entry, "asset"),
                text(entry, "available"),
                text(entry, "locked"),
            )
        };
        let told = list.iter().map(each).collect();
        self.stage.borrow_mut().told.insert(number, told);
        Ok(())
    }

    /// An operator lists the dead letters and lets automation try each again.
    async fn retry(mut self, when: Instant) -> Result<(), String> {
        sleep_until(when).await;
        let wish = Wish::read("/api/v1/escrow/dead-letter-queue").of_operator();
        let list = self.client.ask(wish).await?.accepted()?;
        let letters = list["dead_letters"].as_array().ok_or("no dead letters")?;
        for letter in letters {
            let decision = json!({
                "chain": letter["chain"],
                "tx": letter["tx"],
                "resolution": "retry",
                "reason": "the plan says so",
            });
            let path = "/api/v1/escrow/dead-letter-queue/resolve";
            let wish = Wish::decide(path, &decision).of_operator();
            // Refused when it is no dead letter any more.
            self.client.ask(wish).await?;
        }
        Ok(())
    }

    /// Somebody who does what follows, beside this one.
    fn follower(&self, nth: u32) -> Self {
        Self {
            plan: Rc::clone(&self.plan),
            stage: Rc::clone(&self.stage),
            client: self.client.follower(nth),
        }
    }

    /// The account of user `number`, once there is one.
    async fn account(&self, number: u32) -> Payee {
        loop {
            if let Some(account) = self.stage.borrow().accounts.get(&number) {
                return *account;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// What the interface is told of a payment.
fn payment(transfer: &Value, hold: Option<HoldPlan>) -> Value {
    let Some(hold) = hold else {
        return json!({"post": {"transfers": [transfer]}});
    };
    let mut body = json!({"transfers": [transfer]});
    if let Some(ms) = hold.expires_after_ms {
        let date = true_date(now()).after(Duration::from_millis(ms));
        body["expires_at"] = Value::String(write_date(date));
    }
    json!({ "hold": body })
}

/// When hold `id` of so much is resolved, and what the interface is told then.
fn ends(hold: HoldPlan, id: &str, token: Token, amount_milli: u64) -> Vec<(u64, Value)> {
    let all = whole(token, amount_milli);
    let post = |minor| json!({"post_hold": {"hold": id, "amounts": [decimal(token, minor)]}});
    let body = |end| match end {
        HoldEnd::Post => Some(json!({"post_hold": {"hold": id}})),
        HoldEnd::PostPercent(percent) => Some(post(all / 100 * i128::from(percent))),
        HoldEnd::PostExcess => Some(post(all + 1)),
        HoldEnd::Void => Some(json!({"void_hold": {"hold": id}})),
        HoldEnd::Abandon => None,
    };
    let ends = [Some(hold.end), hold.also].into_iter().flatten();
    ends.filter_map(body).map(|body| (hold.end_at_ms, body)).collect()
}

/// So many thousandths of a whole token, in minor units.
fn whole(token: Token, milli: u64) -> i128 {
    minor_units(milli, token.facts().scale).minor()
}

fn decimal(token: Token, minor: i128) -> String {
    Amount::from_minor(minor).display(token.facts().scale).to_string()
}

/// The name of a write: the one that the plan gives to several, or its own.
fn key(shared: Option<u64>, own: impl FnOnce() -> String) -> String {
    shared.map_or_else(own, |key| format!("shared-{key}"))
}

fn at(ms: u64) -> Instant {
    Instant::ZERO.after(Duration::from_millis(ms))
}

async fn sleep_until(at: Instant) {
    tokio::time::sleep(at.since(now())).await;
}
