use super::{Agreement, Part};

#[test]
fn a_person_looks_at_what_no_later_look_will_explain() {
    for (agreement, code, is_mismatch) in [
        (Agreement::Even, "even", false),
        (Agreement::Open, "open", false),
        (Agreement::Surplus, "surplus", true),
        (Agreement::Deficit, "deficit", true),
    ] {
        assert_eq!((agreement.code(), agreement.is_mismatch()), (code, is_mismatch));
    }
}

#[test]
fn each_part_has_its_code() {
    let parts = [
        Part::Seen,
        Part::Found,
        Part::DeadLetter,
        Part::Uncredited,
        Part::Missing,
    ];
    let expected = ["seen", "found", "dead_letter", "uncredited", "missing"];
    assert_eq!(parts.map(Part::code), expected);
}
