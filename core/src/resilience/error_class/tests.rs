use super::{ErrorClass, Recovery};

#[test]
fn every_class_has_its_recovery_and_its_code() {
    let table = ErrorClass::ALL.map(|class| (class.code(), class.recovery()));
    assert_eq!(
        table,
        [
            ("transient", Recovery::Immediate),
            ("rate_limited", Recovery::Delayed),
            ("auth", Recovery::Manual),
            ("server", Recovery::Progressive),
            ("configuration", Recovery::Manual),
            ("conflict", Recovery::Immediate),
        ]
    );
}
