//! The product's clients in the storm: they register, claim and pay each other, and repeat what was not answered.
//!
//! A write is sent with its idempotency key until it is answered for good. Now and then it is sent again though it
//! was answered: the answer must be the same.

use std::time::{Duration, Instant};

use plimsoll_core::id::{Address, TxHash, UserId};
use plimsoll_core::money::Amount;
use plimsoll_core::rng::Rng;
use plimsoll_tests::http::{Answer, Client};
use plimsoll_tests::process::pause;
use plimsoll_tests::product::Asset;
use plimsoll_tests::proxy::{Forgeries, Forgery};
use serde_json::{Value, json};

use super::Storm;
use super::book::{Claim, Job, Leg, Transfer, User};
use super::world::{CHAIN_NAME, CREDIT, USDC, USDT};

/// How many users there are in the end.
pub(super) const USERS: usize = 40;
/// How long a write may go unanswered, restarts included.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);
/// The pause before a write that was not answered is repeated.
const RETRY_PAUSE: Duration = Duration::from_millis(15);
/// The pause between two writes of one client.
const THINKING_TIME: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(60));
/// Until when claims are made up: they become dead letters, which takes the whole patience of the server.
const LIES_END: Duration = Duration::from_secs(30);
/// One write in so many is repeated though it was answered.
const REPEAT_ONE_IN: u64 = 6;
/// The statuses that stand for no decision: the same write may succeed later.
const RETRYABLE: [u16; 3] = [429, 503, 504];

/// What clients may lie about.
#[derive(Debug)]
pub(super) struct Lies<'a> {
    /// What a forging endpoint shows.
    pub(super) forgeries: &'a Forgeries,
    /// The contract that forged payments name.
    pub(super) token: Address,
    /// Trap E22: payments to users on a chain with the same id and another genesis.
    pub(super) elsewhere: &'a [TxHash],
}

/// One client.
pub(super) struct Caller<'a> {
    name: String,
    client: Client,
    storm: &'a Storm,
    rng: Rng,
    /// How many keys it has used.
    keys: u64,
}

impl<'a> Caller<'a> {
    pub(super) fn new(name: &str, client: Client, storm: &'a Storm, rng: Rng) -> Self {
        Self {
            name: name.to_owned(),
            client,
            storm,
            rng,
            keys: 0,
        }
    }

    /// Acts until the storm is over and nothing is left to claim.
    pub(super) fn run(mut self, lies: &Lies<'_>) {
        let began = Instant::now();
        loop {
            if let Some(job) = self.storm.take_job() {
                self.claim(&job);
            } else if self.storm.is_over() {
                return;
            } else {
                self.act(lies, began);
            }
            pause(self.rng.duration(THINKING_TIME.0, THINKING_TIME.1));
        }
    }

    fn act(&mut self, lies: &Lies<'_>, began: Instant) {
        let users = self.storm.book().users.clone();
        let wants_one_more = users.len() < 2 || self.rng.chance(1, 12);
        if wants_one_more && self.storm.begin_user() {
            self.register();
        } else if began.elapsed() < LIES_END && self.rng.chance(1, 40) {
            self.lie(&users, lies);
        } else {
            self.transfer(&users);
        }
    }

    fn register(&mut self) {
        let key = self.key();
        let name = format!("user of {key}");
        let answer = self.write("/api/v1/users", &key, &json!({ "name": name }));
        assert_eq!(
            (answer.status, &answer.body["name"]),
            (201, &json!(name)),
            "{answer:?}"
        );
        let addresses = &answer.body["deposit_addresses"];
        assert_eq!(addresses[0]["chain"], CHAIN_NAME, "{answer:?}");
        let user = User {
            key,
            id: text(&answer.body["id"]).parse().expect("a user has a name"),
            name,
            address: text(&addresses[0]["address"]).parse().expect("an address"),
        };
        self.storm.book().users.push(user);
    }

    /// Files a claim, as often and by as many threads as the job says, each two with one key: there is one claim in
    /// the end.
    fn claim(&mut self, job: &Job) {
        let body = claim_body(job.user, job.tx);
        let key = self.key();
        let keys: Vec<String> = (0..job.times)
            .map(|number| format!("{key}.{}", number / 2))
            .collect();
        let (this, body) = (&*self, &body);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let file = |key| move || this.send("/api/v1/escrow/claims", key, body);
            let filing: Vec<_> = keys.iter().map(|key| scope.spawn(file(key.as_str()))).collect();
            let join =
                |one: std::thread::ScopedJoinHandle<'_, Answer>| one.join().expect("a claim is answered");
            filing.into_iter().map(join).collect()
        });
        for (key, answer) in keys.into_iter().zip(answers) {
            assert_eq!(answer.status, 202, "{answer:?}");
            self.storm.book().claims.push(Claim {
                key,
                user: job.user,
                tx: job.tx,
                id: text(&answer.body["id"]).to_owned(),
            });
        }
    }

    /// Claims what was never paid here.
    fn lie(&mut self, users: &[User], lies: &Lies<'_>) {
        let user = self.rng.pick(users).expect("there are users").clone();
        let tx = match self.rng.below(4) {
            0 => {
                let answer = self.write_claim_elsewhere(user.id);
                assert_eq!(
                    (answer.status, &answer.body["code"]),
                    (422, &json!("unknown_chain"))
                );
                return;
            }
            1 => *self
                .rng
                .pick(lies.elsewhere)
                .expect("there are payments elsewhere"),
            2 => self.made_up(),
            _ => {
                let tx = self.made_up();
                let value = 1_000_000_000_000_000_000_000;
                let (token, to) = (lies.token, user.address);
                lies.forgeries.add(tx, Forgery { token, to, value });
                tx
            }
        };
        self.claim(&Job {
            user: user.id,
            tx,
            times: 1,
            due: Instant::now(),
        });
    }

    fn write_claim_elsewhere(&mut self, user: UserId) -> Answer {
        let mut body = claim_body(user, self.made_up());
        body["chain"] = json!("eip155:97");
        let key = self.key();
        self.write("/api/v1/escrow/claims", &key, &body)
    }

    fn made_up(&mut self) -> TxHash {
        let mut hash = [0; 32];
        for part in hash.chunks_exact_mut(8) {
            part.copy_from_slice(&self.rng.next_u64().to_be_bytes());
        }
        TxHash::Evm(hash)
    }

    /// Moves one or two amounts between two users, all or nothing.
    fn transfer(&mut self, users: &[User]) {
        let from = self.rng.index(users.len());
        let to = (from + 1 + self.rng.index(users.len() - 1)) % users.len();
        let (from, to) = (users[from].id, users[to].id);
        let mut legs = vec![self.leg(from, to)];
        if self.rng.chance(1, 4) {
            legs.push(self.leg(to, from));
        }
        let transfers: Vec<Value> = legs.iter().copied().map(Leg::to_json).collect();
        let body = json!({ "post": { "transfers": transfers } });
        let key = self.key();
        let answer = self.write("/api/v1/transactions", &key, &body);
        let outcome = match answer.status {
            201 => Ok(text(&answer.body["id"]).to_owned()),
            _ => Err(text(&answer.body["code"]).to_owned()),
        };
        assert!(
            outcome.is_ok() || outcome.as_ref().is_err_and(|code| code == "insufficient_funds"),
            "{body}: {answer:?}"
        );
        self.storm.book().transfers.push(Transfer {
            key,
            body,
            legs,
            outcome,
        });
    }

    fn leg(&mut self, debit: UserId, credit: UserId) -> Leg {
        let asset = [USDT, USDC, CREDIT][self.rng.index(3)];
        let unit = 10i128.pow(u32::from(asset.scale));
        let amount = unit + i128::from(self.rng.below(3_000)) * unit / 1_000;
        let amount = amount - amount % (unit / 100);
        Leg {
            debit,
            credit,
            asset: asset.symbol,
            amount,
        }
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("{}-{}", self.name, self.keys)
    }

    fn write(&mut self, path: &str, key: &str, body: &Value) -> Answer {
        let first = self.send(path, key, body);
        if self.rng.chance(1, REPEAT_ONE_IN) {
            let again = self.send(path, key, body);
            assert_eq!(
                decision(&again),
                decision(&first),
                "{path} {body} was decided twice"
            );
        }
        first
    }

    /// Sends a write until it is answered for good.
    fn send(&self, path: &str, key: &str, body: &Value) -> Answer {
        let began = Instant::now();
        loop {
            match self.client.post(path, &[("idempotency-key", key)], body) {
                Ok(answer) if !RETRYABLE.contains(&answer.status) => {
                    assert!(answer.status < 500, "{path} {body}: {answer:?}");
                    return answer;
                }
                Ok(_) | Err(_) => assert!(
                    began.elapsed() < ANSWER_TIME_MAX,
                    "{path} {body} was not answered for {ANSWER_TIME_MAX:?}"
                ),
            }
            pause(RETRY_PAUSE);
        }
    }
}

impl Leg {
    fn to_json(self) -> Value {
        let scale = [USDT, USDC, CREDIT]
            .into_iter()
            .find(|asset| asset.symbol == self.asset);
        let scale = scale.map_or(0, |Asset { scale, .. }| scale);
        json!({
            "debit": self.debit.to_string(),
            "credit": self.credit.to_string(),
            "asset": self.asset,
            "amount": Amount::from_minor(self.amount).display(scale).to_string(),
        })
    }
}

/// A claim of `user` on `tx`.
pub(super) fn claim_body(user: UserId, tx: TxHash) -> Value {
    json!({ "user": user.to_string(), "chain": CHAIN_NAME, "tx": tx.to_string() })
}

/// What must never change in the answer to a write: how a claim stands may, whose name it has may not.
pub(super) fn decision(answer: &Answer) -> (u16, Value, Value) {
    (
        answer.status,
        answer.body["id"].clone(),
        answer.body["code"].clone(),
    )
}

/// A string of an answer.
pub(super) fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("expected a string, not {value}"))
}
