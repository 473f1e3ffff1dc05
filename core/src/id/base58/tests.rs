use proptest::prelude::*;

use super::{DIGITS_MAX, decode, encode};
use std::string::String;

fn written(bytes: &[u8]) -> String {
    let (digits, len) = encode(bytes);
    String::from_utf8(digits[..len].to_vec()).unwrap()
}

#[test]
fn known_texts_stand_for_known_bytes() {
    // The token program, the system program, which is all zeros, and the largest of all.
    let token = [
        6, 221, 246, 225, 215, 101, 161, 147, 217, 203, 225, 70, 206, 235, 121, 172, 28, 180, 133, 237, 95,
        91, 55, 145, 58, 140, 245, 133, 126, 255, 0, 169,
    ];
    for (text, bytes) in [
        ("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", token),
        ("11111111111111111111111111111111", [0; 32]),
        ("JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG", [0xff; 32]),
    ] {
        assert_eq!(decode(text), Some(bytes));
        assert_eq!(written(&bytes), text);
    }
    assert_eq!(written(&[0xff; 64]).len(), DIGITS_MAX);
}

#[test]
fn what_is_no_text_of_so_many_bytes_is_refused() {
    let long = "1".repeat(DIGITS_MAX + 1);
    for text in [
        "",
        "1",
        "1111111111111111111111111111111",
        "111111111111111111111111111111111",
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5D",
        "1TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        "T0kenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA ",
        "JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFH",
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
        "éokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        &long,
    ] {
        assert_eq!(decode::<32>(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn every_byte_string_has_one_text(bytes in any::<[u8; 32]>(), zeros in 0usize..32) {
        let mut bytes = bytes;
        bytes[..zeros].fill(0);
        prop_assert_eq!(decode::<32>(&written(&bytes)), Some(bytes));
        prop_assert_eq!(decode::<31>(&written(&bytes)), None);
        prop_assert_eq!(decode::<33>(&written(&bytes)), None);
    }

    #[test]
    fn what_is_read_is_written_the_same(text in "[1-9A-HJ-NP-Za-km-z]{30,46}") {
        if let Some(bytes) = decode::<32>(&text) {
            prop_assert_eq!(written(&bytes), text);
        }
    }
}
