use super::{Data, FromHex as _};

#[test]
fn quantities() {
    let table = [
        ("0x0", Some(0)),
        ("0x38", Some(56)),
        ("0xFf", Some(255)),
        ("0x0038", Some(56)),
        ("0xffffffffffffffff", Some(u64::MAX)),
        ("0x10000000000000000", None),
        ("0x00000000000000001", None),
        ("0x", None),
        ("", None),
        ("38", None),
        ("0X38", None),
        ("0x+3", None),
        ("0x-3", None),
        ("0x 3", None),
        ("0x3 ", None),
        ("0xé", None),
    ];
    for (text, number) in table {
        assert_eq!(u64::from_hex(text), number, "{text:?}");
    }
}

#[test]
fn data() {
    let of = |len: u32, first: &[u8]| {
        let mut word = [0; 32];
        word[..first.len()].copy_from_slice(first);
        Some(Data { word, len })
    };
    let long = format!("0x{}", "01".repeat(64));
    let table = [
        ("0x", of(0, &[])),
        ("0xAb01", of(2, &[0xab, 1])),
        (&long, of(64, &[1; 32])),
        ("0xabc", None),
        ("0xzz", None),
        ("0x+1", None),
        ("ab", None),
        ("0xéé", None),
    ];
    for (text, data) in table {
        assert_eq!(Data::from_hex(text), data, "{text:?}");
    }
}
