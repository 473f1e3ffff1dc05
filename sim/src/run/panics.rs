//! Keeps a panic of the code under test from the terminal, and remembers where it was.
//!
//! A run that panics is a finding like any other: it is reported once, with its seed, and not in the middle of a
//! progress bar. Panics of anything else are reported as ever.

use core::cell::{Cell, RefCell};
use std::panic;
use std::sync::Once;

thread_local! {
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Runs `work`, during which a panic of this thread that is caught is not printed.
pub(super) fn watched<T>(work: impl FnOnce() -> T) -> T {
    HOOK.call_once(install);
    IS_WATCHED.set(true);
    let result = work();
    IS_WATCHED.set(false);
    result
}

/// Where the last watched panic of this thread was, once.
pub(super) fn place() -> Option<String> {
    PLACE.take()
}

fn install() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if IS_WATCHED.get() {
            PLACE.set(info.location().map(ToString::to_string));
        } else {
            usual(info);
        }
    }));
}
