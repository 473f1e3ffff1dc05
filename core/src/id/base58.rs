//! Base58 in the Bitcoin alphabet, the text form of Solana: every byte string has exactly one text, and capital and small
//! letters differ (trap S17).

/// The digits, in order of value: no zero, no capital I and O, no small l.
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// The most bytes that are written.
const BYTES_MAX: usize = 64;
/// The most digits that so many bytes take: each carries 1.365 digits.
pub(super) const DIGITS_MAX: usize = 88;

/// The value of a digit.
pub(super) fn value(digit: u8) -> Option<u8> {
    let place = ALPHABET.iter().position(|known| *known == digit)?;
    u8::try_from(place).ok()
}

/// The digit of a value below 58.
pub(super) fn digit(value: u8) -> char {
    char::from(ALPHABET[usize::from(value)])
}

/// The digits of `bytes`, at most 64 of them, in a buffer, and how many there are.
pub(super) fn encode(bytes: &[u8]) -> ([u8; DIGITS_MAX], usize) {
    assert!(bytes.len() <= BYTES_MAX, "more bytes than a name on a chain has");
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    // The least digit first.
    let mut values = [0u8; DIGITS_MAX];
    let mut len = 0;
    for byte in &bytes[zeros..] {
        let mut carry = u32::from(*byte);
        for value in &mut values[..len] {
            carry += u32::from(*value) << 8;
            *value = low(carry % 58);
            carry /= 58;
        }
        while carry > 0 {
            values[len] = low(carry % 58);
            len += 1;
            carry /= 58;
        }
    }
    let mut digits = [ALPHABET[0]; DIGITS_MAX];
    for (place, value) in values[..len].iter().rev().enumerate() {
        digits[zeros + place] = ALPHABET[usize::from(*value)];
    }
    (digits, zeros + len)
}

/// The `N` bytes that `text` stands for; `None` when it is not the text of so many bytes.
pub(super) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() > DIGITS_MAX {
        return None;
    }
    let zeros = text.bytes().take_while(|digit| *digit == ALPHABET[0]).count();
    let mut bytes = [0u8; N];
    for digit in text.bytes() {
        let mut carry = u32::from(value(digit)?);
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = low(carry & 0xff);
            carry >>= 8;
        }
        if carry > 0 {
            return None;
        }
    }
    // A leading zero is written as one digit, so too many or too few of them would be another length.
    let leading = bytes.iter().take_while(|byte| **byte == 0).count();
    (leading == zeros).then_some(bytes)
}

/// What is known to be less than 256.
fn low(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests;
