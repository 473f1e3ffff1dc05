//! The one place where threads are made: scoped ones, that share a counter and nothing else.

use core::num::NonZeroUsize;
use core::ops::{ControlFlow, Range};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::sync::mpsc;
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

/// Runs number after number from `first` on, on `jobs` threads, and tells `each` what came of them in the order of the
/// numbers, on this thread, until it breaks off. Gives the number after the last one told.
pub(super) fn stream<T: Send>(
    jobs: NonZeroUsize,
    first: u64,
    run: &(impl Fn(u64) -> T + Sync),
    each: &mut dyn FnMut(T) -> ControlFlow<()>,
) -> u64 {
    let (next, is_over) = (AtomicU64::new(first), AtomicBool::new(false));
    thread::scope(|scope| {
        let (done, results) = mpsc::sync_channel(jobs.get());
        for _ in 0..jobs.get() {
            let done = done.clone();
            let (next, is_over) = (&next, &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if done.send((number, run(number))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let mut early = BTreeMap::new();
        let mut told = first;
        while let Ok((number, result)) = results.recv() {
            early.insert(number, result);
            while let Some(result) = early.remove(&told) {
                told += 1;
                if each(result).is_break() {
                    is_over.store(true, Ordering::Relaxed);
                    drop(results);
                    return told;
                }
            }
        }
        told
    })
}
