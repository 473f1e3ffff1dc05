//! The one place where threads are made: scoped ones, that share a counter and nothing else.

use core::num::NonZeroUsize;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// What `run` makes of each of `seeds`, in their order, worked out by `jobs` threads.
pub(super) fn map<T: Send>(
    jobs: NonZeroUsize,
    seeds: Range<u64>,
    run: &(impl Fn(u64) -> T + Sync),
) -> Vec<T> {
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut done = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return done;
            }
            done.push((seed, run(seed)));
        }
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.get()).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        let done = joined.flat_map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        done.collect::<Vec<_>>()
    });
    done.sort_by_key(|(seed, _)| *seed);
    done.into_iter().map(|(_, result)| result).collect()
}
