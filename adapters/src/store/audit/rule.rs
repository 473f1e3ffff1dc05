//! [`broken_rule`]: which of core's own assertions does something break?
//!
//! What an audit finds is told once, in its report, so the panics that it provokes on purpose are kept from the
//! terminal. Panics of anything else are printed as ever.

use core::any::Any;
use core::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local!(static IS_EXPECTED: Cell<bool> = const { Cell::new(false) });

static HOOK: Once = Once::new();

/// Runs a check of core, which panics with the rule that is broken. What it worked on must not be looked at again then.
pub(super) fn broken_rule(check: impl FnOnce()) -> Option<String> {
    HOOK.call_once(install);
    IS_EXPECTED.set(true);
    let checked = catch_unwind(AssertUnwindSafe(check));
    IS_EXPECTED.set(false);
    checked.err().map(|panic| text(panic.as_ref()))
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a rule without a name").to_owned()
}

fn install() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !IS_EXPECTED.get() {
            usual(info);
        }
    }));
}
