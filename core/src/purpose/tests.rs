use super::{IDEMPOTENCY_KEY, JOURNAL_CHAIN};

#[test]
fn it_hashes_as_blake3_does_for_the_context() {
    for (context, purpose) in [
        ("plimsoll journal 2026-11 chain", JOURNAL_CHAIN),
        ("plimsoll idempotency key 2026-11", IDEMPOTENCY_KEY),
    ] {
        let mut plain = blake3::Hasher::new_derive_key(context);
        plain.update(b"a record");
        let mut quick = purpose.hasher();
        quick.update(b"a record");
        assert_eq!(quick.finalize(), plain.finalize(), "the key of {context}");
    }
}
