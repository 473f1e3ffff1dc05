use super::Fault;

/// A recorded fault is told from one whose text was kept.
#[test]
fn what_was_malformed_is_not_stored() {
    let fault = Fault::Malformed { what: "no number" };
    let stored = postcard::to_allocvec(&fault).unwrap();
    let restored: Fault = postcard::from_bytes(&stored).unwrap();
    assert_eq!(restored, Fault::Malformed { what: "not stored" });
}
