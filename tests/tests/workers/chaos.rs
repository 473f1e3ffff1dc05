//! Kill -9 of workers, of Redis and of the server while deposits come in: nothing is lost, and nothing is credited twice.
//!
//! `CHAOS_KILLS` says how many kills there are, `CHAOS_SEED` which. The seed repeats the schedule; what meets
//! what is up to the machine.

use std::time::{Duration, Instant};

use plimsoll_core::rng::Rng;
use plimsoll_tests::evm::node::Node;
use plimsoll_tests::process::{Process, pause};
use plimsoll_tests::redis::Redis;

use super::house::House;
use super::{CHAIN, report};

/// The kills where the environment says nothing.
const KILLS: u64 = 120;
const SEED: u64 = 20_261_127;
const USERS: usize = 5;
const WORKERS: usize = 2;
/// The pause between two kills.
const LIFE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(1_500));
/// How long Redis is gone.
const GONE: (Duration, Duration) = (Duration::ZERO, Duration::from_secs(4));
/// How long it may take until everything is credited, once nobody is killed any more.
const SETTLE_MAX: Duration = Duration::from_secs(120);

/// Who was killed how often.
#[derive(Debug, Default)]
struct Kills {
    workers: u64,
    redis: u64,
    server: u64,
}

impl Kills {
    const fn all(&self) -> u64 {
        self.workers + self.redis + self.server
    }
}

/// Everything that can be killed.
struct Stage<'n> {
    house: House<'n>,
    redis: Redis,
    server: Process,
    workers: Vec<Process>,
    /// When Redis comes back, if it is gone.
    redis_back: Option<Instant>,
    kills: Kills,
}

#[test]
fn nothing_is_lost_and_nothing_credited_twice_whoever_is_killed() {
    let (kills, seed) = (from_environment("KILLS", KILLS), from_environment("SEED", SEED));
    let rng = Rng::from_seed(seed).fork("chaos");
    // How many payments there are between two kills is up to the machine: who is killed when must not be.
    let (mut kill_rng, mut load) = (rng.fork("kills"), rng.fork("load"));
    let (node, redis) = (Node::start(CHAIN), Redis::start());
    let house = House::new(&node, &redis, USERS);
    let server = house.installation.serve_until_ready();
    let workers = (0..WORKERS).map(|n| house.work(&format!("worker-{n}"))).collect();
    let mut stage = Stage {
        house,
        redis,
        server,
        workers,
        redis_back: None,
        kills: Kills::default(),
    };
    stage.house.register();
    let began = Instant::now();
    while stage.kills.all() < kills {
        stage.live(&node, kill_rng.duration(LIFE.0, LIFE.1), &mut load);
        stage.kill(&mut kill_rng);
    }
    if stage.redis_back.is_some() {
        stage.redis.restart();
    }
    node.mine(4);
    let took = stage.house.await_everything("everything is credited", SETTLE_MAX);
    pause(Duration::from_secs(3));
    stage
        .house
        .await_everything("everything stays as it is", Duration::from_secs(5));
    let (paid, storm) = (stage.house.paid(), began.elapsed());
    report(&format!(
        "{:?} in {storm:?}, seed {seed}: {paid} deposits, each credited once, the last {took:?} after the last kill",
        stage.kills
    ));
    assert!(paid >= u128::from(kills), "{paid} deposits make no load");
    for worker in &mut stage.workers {
        assert_eq!(
            worker.terminate(Duration::from_secs(30)).code(),
            Some(0),
            "{}",
            worker.stderr()
        );
        assert!(!worker.stderr().contains("panicked"), "{}", worker.stderr());
    }
    stage.house.stop(&mut stage.server);
}

impl Stage<'_> {
    /// Pays and mines for so long.
    fn live(&mut self, node: &Node, time: Duration, rng: &mut Rng) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            let user = rng.index(USERS);
            self.house.pay(user, rng.chance(1, 2));
            if rng.chance(1, 2) {
                node.mine(rng.between(1, 3));
            }
            if self.redis_back.is_some_and(|back| back <= Instant::now()) {
                self.redis.restart();
                self.redis_back = None;
            }
            pause(rng.duration(Duration::from_millis(20), Duration::from_millis(150)));
        }
    }

    /// Kills one of them, unless that is Redis and Redis is gone: then it is gone for longer.
    fn kill(&mut self, rng: &mut Rng) {
        match rng.below(6) {
            0 => {
                let back = Instant::now() + rng.duration(GONE.0, GONE.1);
                if self.redis_back.is_none() {
                    self.redis.kill();
                    self.kills.redis += 1;
                }
                self.redis_back = Some(back);
            }
            1 => {
                self.server.kill();
                self.server = self.house.installation.serve();
                self.kills.server += 1;
            }
            _ => {
                let index = rng.index(WORKERS);
                self.workers[index].kill();
                self.kills.workers += 1;
                let name = format!("worker-{index}-{}", self.kills.workers);
                self.workers[index] = self.house.work(&name);
            }
        }
    }
}

fn from_environment(name: &str, default: u64) -> u64 {
    let name = format!("CHAOS_{name}");
    match std::env::var(&name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => default,
    }
}
