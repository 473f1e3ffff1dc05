//! The simulator's side: its store, which knows no writers but by their epochs.

use plimsoll_core::journal::{Batch, Head};
use plimsoll_core::outbox::Appended;
use plimsoll_core::rng::Rng;
use plimsoll_sim::engine::Latency;
use plimsoll_sim::fault::{CrashLoss, DiskFault, StoreFault};
use plimsoll_sim::model::store::{Done, Store};

use super::Read;
use super::script::{Luck, Opening};

/// The number of the one fault at a time.
const FAULT: u32 = 1;

/// The model.
pub(super) struct Model {
    store: Store,
}

impl Model {
    pub(super) fn new(seed: u64) -> Self {
        let store = Store::new(Latency::Fixed { us: 1 }, Rng::from_seed(seed).fork("store"));
        Self { store }
    }

    /// Opens it; whoever is kept out finds it out of reach.
    pub(super) fn open(&mut self, opening: Opening) -> Option<Head> {
        let fault = (opening == Opening::Locked).then_some(StoreFault::Unavailable);
        self.suffering(fault, Store::open)
    }

    pub(super) fn die(&mut self) {
        assert!(
            !self.store.crash(CrashLoss::Lost),
            "a crash in idleness wrote something"
        );
    }

    pub(super) fn append(&mut self, batch: &Batch, luck: Luck) -> Appended {
        let fault = match luck {
            Luck::Good => None,
            Luck::Unavailable => Some(StoreFault::Unavailable),
            // SQLite says so only when nothing became durable.
            Luck::CommitFails => Some(StoreFault::UnknownOutcome { committed_percent: 0 }),
        };
        self.suffering(fault, |store| {
            let _takes = store.append(batch);
            match store.finish() {
                Done::Appended { answer, .. } => answer,
                Done::Head(_) => unreachable!("the store was asked to append"),
            }
        })
    }

    pub(super) fn head(&mut self, is_readable: bool) -> Option<Head> {
        let fault = (!is_readable).then_some(StoreFault::Unavailable);
        self.suffering(fault, |store| {
            let _takes = store.read_head();
            match store.finish() {
                Done::Head(head) => head,
                Done::Appended { .. } => unreachable!("the store was asked for its head"),
            }
        })
    }

    /// Reads everything, as the simulator does at a start: up to the first place where it is not what was written.
    pub(super) fn replay(&mut self) -> Read {
        let (mut head, mut records) = (Head::default(), Vec::new());
        for stored in self.store.read() {
            let Ok(stored) = stored else {
                return Read {
                    records,
                    is_whole: false,
                };
            };
            match Batch::open::<u64>(&mut head, &stored.hash, stored.bytes) {
                Ok(opened) if head.position == stored.last => records.extend(opened.records),
                Ok(_) | Err(_) => {
                    return Read {
                        records,
                        is_whole: false,
                    };
                }
            }
        }
        let durable = self.store.head();
        let is_whole = (head.position, head.hash) == (durable.position, durable.hash);
        Read { records, is_whole }
    }

    /// Flips a bit, and says in which batch, counted from 0.
    pub(super) fn damage(&mut self) -> usize {
        let starts: Vec<usize> = self
            .store
            .read()
            .map(|stored| stored.expect("it is sound").offset)
            .collect();
        self.store.begin_on_disk(FAULT, DiskFault::BitFlip);
        self.store.end_on_disk(FAULT);
        let damage = self.store.take_damage();
        let [at] = damage.as_slice() else {
            panic!("one bit was flipped, not {damage:?}")
        };
        starts
            .iter()
            .rposition(|start| start <= at)
            .expect("the first batch begins at the start")
    }

    pub(super) fn restore(&mut self) {
        self.store.restore();
    }

    fn suffering<T>(&mut self, fault: Option<StoreFault>, act: impl FnOnce(&mut Store) -> T) -> T {
        if let Some(fault) = fault {
            self.store.begin(FAULT, fault, 100);
        }
        let done = act(&mut self.store);
        self.store.end(FAULT);
        done
    }
}
