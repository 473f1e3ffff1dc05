//! Durable transfers: decided, sealed, committed to a real SQLite journal that syncs at every commit, and answered.
//!
//! The rival is sqlx alone, which makes the same records durable with the same settings, as many in a transaction: each
//! in a row, or all of them in one. It decides nothing, checks nothing and hashes nothing.

mod batches;
mod callers;

use std::cell::OnceCell;

use plimsoll_benches::house::House;
use plimsoll_benches::suite::Suite;
use tokio::runtime::Runtime;

/// Where the journals are written: beside what is built, because the folder for temporary files may be in memory.
const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");

fn main() {
    let mut suite = Suite::new("durable");
    let runtime = Runtime::new().expect("start a runtime");
    let house = OnceCell::new();
    let house = || house.get_or_init(House::new).clone();
    batches::measure(&mut suite, &runtime, &house);
    callers::measure(&mut suite, &runtime, &house);
    suite.finish();
}
