//! The entropy of the process. It is drawn here and nowhere else, once, to seed what is deterministic from there on.

/// A seed from the operating system.
///
/// # Errors
/// The system has no entropy to give.
#[expect(clippy::disallowed_methods, reason = "the one place where entropy is drawn")]
pub fn seed() -> Result<u64, getrandom::Error> {
    getrandom::u64()
}
