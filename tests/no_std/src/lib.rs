//! The proof that core needs no standard library, no libc and nothing else from its surroundings.
//!
//! This package brings its own panic handler and allocator. Were `std` anywhere in core's graph, the panic handler
//! would be defined twice and the compiler would refuse; were libc called, the link without libraries that
//! `tests/no_std/prove` does would miss a symbol; on wasm32 the module would have an import.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_core::bank::{Act, Bank, BankConfig, Command, Event, Input, Record, Reply, State};
use plimsoll_core::escrow::EscrowConfig;
use plimsoll_core::id::{IdempotencyKey, RequestId};
use plimsoll_core::journal::{Batch, Head};
use plimsoll_core::machine::{Effects, Machine as _};
use plimsoll_core::money::{Amount, Asset, Registry};
use plimsoll_core::outbox::{Appended, Outbox, Standing, StoreRequest};
use plimsoll_core::resilience::PoolPolicy;
use plimsoll_core::time::{Instant, WallClock};

/// How many bytes the proof may ever allocate.
const ARENA_BYTES: usize = 1 << 20;

/// The entry: the whole bank registers a user, and the reply passes the durability gate, so money, ledger, escrow,
/// randomness, hashing, encoding and the heap are all linked in. Answers whether the reply came out, and not too early.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_no_std_proof(seed: u64) -> bool {
    let Some(mut bank) = bank(seed) else { return false };
    let mut outbox = Outbox::new(Head::default());
    let mut fx = Effects::new();
    let key = IdempotencyKey::derive("proof", b"alice");
    let command = Command::RegisterUser {
        key,
        name: String::from("alice"),
    };
    let event = Event::Command {
        request: RequestId::new(1),
        command,
    };
    let wall = WallClock::from_micros(0);
    bank.handle(Instant::ZERO, Input { wall, event }, &mut fx);
    outbox.accept(&mut fx);
    let Some(StoreRequest::Append(batch)) = outbox.store_request(Instant::ZERO, wall) else {
        return false;
    };
    let early = core::iter::from_fn(|| outbox.pop()).any(|act| is_registered(&act));
    let standing = outbox.on_appended(Instant::ZERO, Appended::Committed);
    let replied = core::iter::from_fn(|| outbox.pop()).any(|act| is_registered(&act));
    let mut state = State::default();
    let opened = Batch::open::<Record>(&mut Head::default(), &batch.hash, &batch.bytes);
    opened
        .iter()
        .flat_map(|opened| &opened.records)
        .for_each(|record| state.apply(record));
    standing == Standing::Writer && replied && !early && state == *bank.state()
}

fn is_registered(act: &Act) -> bool {
    matches!(
        act,
        Act::Reply {
            reply: Reply::User { .. },
            ..
        }
    )
}

fn bank(seed: u64) -> Option<Bank> {
    let usdt = Asset {
        id: "USDT".parse().ok()?,
        name: String::from("Tether"),
        scale: 6,
        min: Amount::from_minor(1),
        max: Amount::MAX,
        enabled: true,
        tokens: Vec::new(),
    };
    let registry = Registry::new([usdt].to_vec()).ok()?;
    let (escrow, pool) = (EscrowConfig::default(), PoolPolicy::default());
    Bank::open(
        BankConfig {
            registry,
            escrow,
            pool,
            seed,
        },
        State::default(),
    )
    .ok()
}

/// Hands out one static arena from front to back and takes nothing back.
struct Arena {
    bytes: UnsafeCell<[u8; ARENA_BYTES]>,
    used: AtomicUsize,
}

// SAFETY: `used` only grows, by an atomic exchange, so no two allocations share a byte.
unsafe impl Sync for Arena {}

// SAFETY: a block lies inside the arena, starts at a multiple of the wanted alignment, and is handed out once.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = self.bytes.get().cast::<u8>();
        let mut used = self.used.load(Ordering::Relaxed);
        loop {
            let start = used + (base as usize + used).wrapping_neg() % layout.align();
            let Some(end) = start.checked_add(layout.size()).filter(|end| *end <= ARENA_BYTES) else {
                return core::ptr::null_mut();
            };
            match self
                .used
                .compare_exchange_weak(used, end, Ordering::Relaxed, Ordering::Relaxed)
            {
                // SAFETY: `start <= end <= ARENA_BYTES`.
                Ok(_) => return unsafe { base.add(start) },
                Err(now) => used = now,
            }
        }
    }

    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}
}

#[global_allocator]
static ARENA: Arena = Arena {
    bytes: UnsafeCell::new([0; ARENA_BYTES]),
    used: AtomicUsize::new(0),
};

#[panic_handler]
fn halt(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
