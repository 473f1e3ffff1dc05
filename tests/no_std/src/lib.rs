//! The proof that core needs no standard library, no libc and nothing else from its surroundings.
//!
//! This package brings its own panic handler and allocator. Were `std` anywhere in core's graph, the panic handler
//! would be defined twice and the compiler would refuse; were libc called, the link without libraries that
//! `tests/no_std/prove` does would miss a symbol; on wasm32 the module would have an import.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_core::journal::Head;
use plimsoll_core::machine::{Effects, Intent};
use plimsoll_core::outbox::{Appended, Outbox, Standing, StoreRequest};
use plimsoll_core::rng::Rng;
use plimsoll_core::time::{Instant, WallClock};

/// How many bytes the proof may ever allocate.
const ARENA_BYTES: usize = 1 << 20;

/// The entry: one act passes the durability gate, so randomness, hashing, encoding and the heap are all linked in.
/// Answers whether the act came out as it went in.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_no_std_proof(seed: u64) -> bool {
    let draw = Rng::from_seed(seed).fork("proof").next_u64();
    let mut outbox = Outbox::new(Head::default());
    let mut fx = Effects::new();
    fx.push(Intent::Record(draw));
    fx.push(Intent::Act(draw));
    outbox.accept(&mut fx);
    let request = outbox.store_request(Instant::ZERO, WallClock::from_micros(0));
    matches!(request, Some(StoreRequest::Append(_)))
        && outbox.pop().is_none()
        && outbox.on_appended(Instant::ZERO, Appended::Committed) == Standing::Writer
        && outbox.pop() == Some(draw)
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
