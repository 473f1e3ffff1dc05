//! [`Stage`]: what the threads of one world share: who has an account, what was sent, how finality stands.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_core::id::{Address, TxHash};
use plimsoll_sim::model::chain::Payee;

use super::clock::Clock;

/// Everything that is shared. Clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    /// The time.
    pub(super) clock: Clock,
    /// By how many blocks the finalized one trails the latest.
    finality_blocks: u64,
    inside: Arc<Mutex<Inside>>,
    is_over: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Inside {
    accounts: BTreeMap<u32, Payee>,
    sent: BTreeMap<u32, TxHash>,
    claims: usize,
    repeated: usize,
    trouble: Option<String>,
    /// Where finality stands still, by the fault that stops it.
    stalls: BTreeMap<u32, u64>,
}

impl Stage {
    /// An empty one.
    pub(super) fn new(clock: Clock, finality_blocks: u64) -> Self {
        Self {
            clock,
            finality_blocks,
            inside: Arc::default(),
            is_over: Arc::default(),
        }
    }

    /// User `number` has an account.
    pub(super) fn registered(&self, number: u32, account: Payee) {
        self.lock().accounts.insert(number, account);
    }

    /// The accounts that there are, by number in the plan.
    pub(super) fn accounts(&self) -> BTreeMap<u32, Payee> {
        self.lock().accounts.clone()
    }

    /// Whom a lie of endpoint `number` is about.
    pub(super) fn victim(&self, number: u8) -> Address {
        let inside = self.lock();
        let count = inside.accounts.len().max(1);
        let victim = inside.accounts.values().nth(usize::from(number) % count);
        victim.map_or(Address::Evm([0x0f; 20]), |account| account.address)
    }

    /// The transaction of `deed` is `tx`.
    pub(super) fn sent(&self, deed: u32, tx: TxHash) {
        self.lock().sent.insert(deed, tx);
    }

    /// The transaction of `deed`, once it was sent.
    pub(super) fn transaction(&self, deed: u32) -> Option<TxHash> {
        self.lock().sent.get(&deed).copied()
    }

    /// A claim was filed and acknowledged.
    pub(super) fn claimed(&self) {
        self.lock().claims += 1;
    }

    /// How many were.
    pub(super) fn claims(&self) -> usize {
        self.lock().claims
    }

    /// A client asked once more.
    pub(super) fn repeated(&self) {
        self.lock().repeated += 1;
    }

    /// How often clients did.
    pub(super) fn repetitions(&self) -> usize {
        self.lock().repeated
    }

    /// Something is wrong that no plan asks for. The first is kept.
    pub(super) fn complain(&self, trouble: String) {
        self.lock().trouble.get_or_insert(trouble);
    }

    /// What is.
    pub(super) fn trouble(&self) -> Option<String> {
        self.lock().trouble.clone()
    }

    /// Finality stops at what is final while `latest` is the latest block, until fault `id` ends.
    pub(super) fn stall(&self, id: u32, latest: u64) {
        let finalized = self.finalized(latest);
        self.lock().stalls.insert(id, finalized);
    }

    /// Fault `id` ends.
    pub(super) fn resume(&self, id: u32) {
        self.lock().stalls.remove(&id);
    }

    /// What is final for a node whose latest block is `latest`.
    pub(super) fn finalized(&self, latest: u64) -> u64 {
        let trailing = latest.saturating_sub(self.finality_blocks);
        let stalled = self.lock().stalls.values().min().copied();
        stalled.map_or(trailing, |stalled| stalled.min(trailing))
    }

    /// Ends the world: its threads go home.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    /// Whether it has ended.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
