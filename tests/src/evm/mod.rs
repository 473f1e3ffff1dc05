//! A private, real EVM node; wallets that act on it; and contracts that set every trap a deposit can fall into.

pub mod abi;
pub mod contracts;
pub mod movements;
pub mod node;
pub mod receipt;
pub mod wallet;

/// The bytes that `0x…` stands for.
///
/// # Panics
/// When it is not that.
#[must_use]
pub fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.strip_prefix("0x").unwrap_or(hex);
    assert!(digits.len().is_multiple_of(2), "{hex} has half a byte");
    let pairs = (0..digits.len()).step_by(2).map(|at| digits.get(at..at + 2));
    pairs
        .map(|pair| pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect::<Option<_>>()
        .unwrap_or_else(|| panic!("{hex} is not hexadecimal"))
}

/// `0x` and two digits a byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}
