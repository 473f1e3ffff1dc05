//! Workers in processes of their own, with a real Redis and a real node: what the server's own fast track and sweep leave to
//! them is credited, exactly once, whoever of them is killed.
//!
//! The server has no fast track and does not take anything over for ten minutes, so nothing is credited but by what workers
//! report.

mod chaos;
mod house;

use std::time::{Duration, Instant};

use plimsoll_tests::evm::node::Node;
use plimsoll_tests::process::pause;
use plimsoll_tests::redis::Redis;

use house::House;

/// The chain's id: that of BSC.
const CHAIN: u64 = 56;
/// How long a credit may take when nothing is wrong, on a machine that has other things to do.
const CREDIT_MAX: Duration = Duration::from_secs(30);
/// How soon after the loss of Redis the first deposit must be credited.
const DATABASE_LANE_MAX: Duration = Duration::from_secs(10);

/// How many scripts Redis has run since it started.
const SCRIPTS_RUN: &str = "EVAL \"local calls = string.match(redis.call('INFO', 'commandstats'), 'cmdstat_evalsha:calls=(%d+)') \
                           return tonumber(calls or 0)\" 0";

#[test]
fn deposits_are_credited_through_workers_with_redis_and_without() {
    let (node, mut redis) = (Node::start(CHAIN), Redis::start());
    let mut house = House::new(&node, &redis, 3);
    let mut server = house.installation.serve_until_ready();
    house.register();

    (0..6).for_each(|n| house.pay(n, n % 2 == 0));
    node.mine(4);
    pause(Duration::from_secs(6));
    assert_eq!(
        house.balances(),
        [Some(0); 3],
        "nobody but workers credits anything here"
    );

    let mut workers = [house.work("worker-1"), house.work("worker-2")];
    let took = house.await_everything("six deposits are credited by workers", CREDIT_MAX);
    report(&format!("six deposits credited {took:?} after the workers began"));

    redis.kill();
    let lost = Instant::now();
    house.pay(1, true);
    node.mine(4);
    house.await_everything("a deposit is credited without Redis", CREDIT_MAX);
    let took = lost.elapsed();
    report(&format!(
        "{took:?} from the loss of Redis to the first credit by the database lane"
    ));
    assert!(took <= DATABASE_LANE_MAX, "{took:?}");

    redis.restart();
    pause(Duration::from_secs(6));
    (0..3).for_each(|n| house.pay(n, true));
    node.mine(4);
    house.await_everything("deposits are credited with Redis back", CREDIT_MAX);
    assert_ne!(redis.command(SCRIPTS_RUN), ":0", "Redis was not asked again");
    for worker in &mut workers {
        let status = worker.terminate(Duration::from_secs(30));
        assert_eq!(status.code(), Some(0), "{}", worker.stderr());
        assert!(!worker.stderr().contains("panicked"), "{}", worker.stderr());
    }
    house.stop(&mut server);
}

#[test]
fn workers_inside_the_server_need_neither_redis_nor_another_process() {
    let (node, mut redis) = (Node::start(CHAIN), Redis::start());
    let mut house = House::with_tasks(&node, &redis, 2, 2);
    redis.kill();
    let mut server = house.installation.serve_until_ready();
    house.register();
    (0..4).for_each(|n| house.pay(n, true));
    node.mine(4);
    house.await_everything(
        "four deposits are credited by the server's own workers",
        CREDIT_MAX,
    );
    house.stop(&mut server);
}

#[test]
fn a_worker_that_the_server_will_not_have_ends_and_says_why() {
    let (node, redis) = (Node::start(CHAIN), Redis::start());
    let mut house = House::new(&node, &redis, 1);
    let mut server = house.installation.serve_until_ready();
    house.register();
    house.pay(0, true);
    node.mine(4);
    for (config, token, code, why) in house.misfits() {
        let mut worker = house.work_with("misfit", &config, &token);
        let status = worker.await_end(CREDIT_MAX);
        assert_eq!(status.code(), Some(code), "{}", worker.stderr());
        assert!(worker.stderr().contains(why), "{why}: {}", worker.stderr());
    }
    let mut worker = house.work("worker");
    house.await_everything("the deposit is credited by a worker that fits", CREDIT_MAX);
    worker.kill();
    house.stop(&mut server);
}

#[expect(
    clippy::print_stderr,
    reason = "the test harness shows it with the failure, or on demand"
)]
fn report(text: &str) {
    eprintln!("workers: {text}");
}
