use std::collections::BTreeSet;
use std::format;
use std::string::ToString;

use super::{Field, Fingerprint};
use crate::digest::Digest;
use crate::ledger::script::command;

#[test]
fn the_first_field_that_differs_is_named() {
    let lines = [
        ("post alice>bob 1", "hold alice>bob 1", "kind"),
        ("post alice>bob 1", "void 1", "kind"),
        ("void 1", "reverse 1", "kind"),
        ("post alice>bob 1", "post bob>alice 1", "accounts"),
        ("post alice>bob 1", "post alice>fees 1", "accounts"),
        ("post alice>bob 1", "post alice>bob 1, alice>bob 1", "accounts"),
        ("post alice>bob 1", "post nothing", "accounts"),
        ("post alice>bob 1", "post alice>fees 2 GOLD", "accounts"),
        ("post alice>bob 1", "post alice>bob 2 GOLD", "assets"),
        ("post alice>bob 1", "post alice>bob 2", "amounts"),
        (
            "post alice>bob 1, alice>bob 2",
            "post alice>bob 2, alice>bob 1",
            "amounts",
        ),
        ("hold alice>bob 1 until 5", "hold alice>bob 1 until 6", "expiry"),
        ("hold alice>bob 1 until 5", "hold alice>bob 1", "expiry"),
        ("post-hold 1 1", "post-hold 2 1", "target"),
        ("post-hold 1 1", "post-hold 1 2", "amounts"),
        ("post-hold 1 1", "post-hold 1", "amounts"),
        ("void 1", "void 2", "target"),
        ("reverse 1", "reverse 2", "target"),
    ];
    for (first, second, field) in lines {
        for (one, other) in [(first, second), (second, first)] {
            let (one, other) = (command(one), command(other));
            let difference = Fingerprint::of(&one).difference(&Fingerprint::of(&other));
            assert_eq!(difference.map(Field::as_str), Some(field), "{one:?} {other:?}");
        }
    }
}

/// Fingerprints are journalled: a build that computed others would call old requests conflicts.
#[test]
fn known_answers_of_fingerprints() {
    let check = |text: &str, expected: [&str; 6]| {
        let print = Fingerprint::of(&command(text));
        let hex = |short: [u8; 4]| format!("{:08x}", u32::from_be_bytes(short));
        let shorts = [
            print.target,
            print.accounts,
            print.assets,
            print.amounts,
            print.expiry,
        ];
        let [target, accounts, assets, amounts, expiry] = shorts.map(hex);
        let fields = [print.kind.to_string(), target, accounts, assets, amounts, expiry];
        assert_eq!(fields, expected, "{text}");
    };
    check(
        "post custody>alice 10",
        ["1", "00000000", "c125cbb0", "381f80fe", "98347ee6", "00000000"],
    );
    check(
        "hold alice>bob 10 GOLD, suspense>fees -1 until 7",
        ["2", "00000000", "160df4ed", "edbb1781", "02240a19", "28904e3f"],
    );
    check(
        "post issuance>treasury 10, custody>alice 10",
        ["1", "00000000", "8fb6262b", "4e9368df", "a31afad5", "00000000"],
    );
    check(
        "post-hold 2 1,0",
        ["3", "08e78ebc", "00000000", "00000000", "6ef5f725", "00000000"],
    );
    check(
        "post-hold 2",
        ["3", "08e78ebc", "00000000", "00000000", "00000000", "00000000"],
    );
    check(
        "void 2",
        ["4", "08e78ebc", "00000000", "00000000", "00000000", "00000000"],
    );
    check(
        "reverse 2",
        ["5", "08e78ebc", "00000000", "00000000", "00000000", "00000000"],
    );
}

/// Two ledgers that differ in a body alone are told apart by their digests.
#[test]
fn bodies_that_differ_in_one_field_have_other_digests() {
    let bodies = [
        "post alice>bob 1",
        "hold alice>bob 1",
        "post alice>fees 1",
        "post alice>bob 1 GOLD",
        "post alice>bob 2",
        "hold alice>bob 1 until 5",
        "void 1",
        "void 2",
    ];
    let digests: BTreeSet<u128> = bodies
        .iter()
        .map(|body| Digest::of(&Fingerprint::of(&command(body))))
        .collect();
    assert_eq!(digests.len(), bodies.len());
}
