//! The contract ABI, as far as the test contracts need it (Solidity ABI specification, "Formal Specification of the
//! Encoding").

use plimsoll_core::id::Address;

/// The size of a word in bytes.
const WORD: usize = 32;

/// One argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// An address.
    Address(Address),
    /// An unsigned number of any width.
    Uint(u128),
    /// 32 bytes as they are.
    Word([u8; WORD]),
    /// A string.
    Text(String),
    /// A list of arguments that each take one word.
    List(Vec<Self>),
}

impl From<Address> for Arg {
    fn from(address: Address) -> Self {
        Self::Address(address)
    }
}

impl From<u128> for Arg {
    fn from(number: u128) -> Self {
        Self::Uint(number)
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Arg {
    /// The word in place, or what comes behind all words and is pointed to.
    fn encode(&self) -> Encoded {
        match self {
            Self::Address(address) => Encoded::Word(left_padded(address.bytes())),
            Self::Uint(number) => Encoded::Word(left_padded(&number.to_be_bytes())),
            Self::Word(word) => Encoded::Word(*word),
            Self::Text(text) => Encoded::Tail(counted(text.len(), padded(text.as_bytes()))),
            Self::List(items) => Encoded::Tail(counted(items.len(), encode(items))),
        }
    }
}

enum Encoded {
    Word([u8; WORD]),
    Tail(Vec<u8>),
}

/// The arguments of one call, or of one constructor.
#[must_use]
pub fn encode(args: &[Arg]) -> Vec<u8> {
    let mut heads = Vec::new();
    let mut tails = Vec::new();
    for arg in args {
        match arg.encode() {
            Encoded::Word(word) => heads.extend(word),
            Encoded::Tail(tail) => {
                heads.extend(number(args.len() * WORD + tails.len()));
                tails.extend(tail);
            }
        }
    }
    heads.append(&mut tails);
    heads
}

fn counted(count: usize, content: Vec<u8>) -> Vec<u8> {
    let mut bytes = number(count).to_vec();
    bytes.extend(content);
    bytes
}

fn number(value: usize) -> [u8; WORD] {
    left_padded(&value.to_be_bytes())
}

fn left_padded(bytes: &[u8]) -> [u8; WORD] {
    let mut word = [0; WORD];
    word[WORD - bytes.len()..].copy_from_slice(bytes);
    word
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut words = bytes.to_vec();
    words.resize(bytes.len().div_ceil(WORD) * WORD, 0);
    words
}
