//! The `[[api.tokens]]` tables: who may do what beside the public, and what each must show.
//!
//! A secret is hashed as soon as it is read. What is kept cannot be shown to anybody, and comparing takes no longer
//! for one secret than for another.

use std::fmt;

use figment::value::Value;
use subtle::{Choice, ConstantTimeEq as _};

use super::fault::Faults;
use super::section::{Section, Unfit, parsed, text};

/// The fewest characters of a secret: 128 bits in base 64.
const SECRET_CHARS_MIN: usize = 22;
/// The most characters of a name, which every act of its bearer carries into the journal.
const NAME_CHARS_MAX: usize = 64;
/// The most tokens: each of them is compared at each request that shows one.
const TOKENS_MAX: usize = 256;

/// What the bearer of a token may do. Each role may do what those before it may, but for that of machines: workers report,
/// and nobody else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A worker process: reports what it found out.
    Worker,
    /// May look.
    Viewer,
    /// May see to deposits and dead letters.
    Operator,
    /// May turn parts of the service on and off, and say whose money is.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::Worker, Self::Viewer, Self::Operator, Self::Admin];

    /// The role as it is written in the configuration and in the document of the interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who may do what, and what must be shown for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Who shows it: the actor of what is done with it, in the journal.
    pub name: String,
    /// What may be done with it.
    pub role: Role,
    secret: SecretHash,
}

impl AccessToken {
    /// The token of `name`, who shows `secret` and may do what `role` may.
    #[must_use]
    pub fn new(name: impl Into<String>, role: Role, secret: &str) -> Self {
        Self {
            name: name.into(),
            role,
            secret: SecretHash::of(secret),
        }
    }

    /// Whether what was shown is this token's secret; takes as long whatever the answer is.
    #[must_use]
    pub fn is_of(&self, shown: &SecretHash) -> Choice {
        self.secret.0.as_bytes().ct_eq(shown.0.as_bytes())
    }
}

/// The BLAKE3 hash of a secret, whether it is one that was configured or one that was shown. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash(blake3::Hash);

impl SecretHash {
    /// The hash of `secret`.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(blake3::hash(secret.as_bytes()))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

/// Reads the tables; those with a fault are left out.
pub(super) fn read_all(sections: Vec<Section>, faults: &mut Faults) -> Vec<AccessToken> {
    if sections.len() > TOKENS_MAX {
        faults.add(
            "api.tokens",
            format!("has {} tables", sections.len()),
            format!("write at most {TOKENS_MAX}"),
        );
        return Vec::new();
    }
    let mut tokens: Vec<AccessToken> = Vec::new();
    for section in sections {
        let Some(token) = read(section, faults) else {
            continue;
        };
        let path = format!("api.tokens[{}]", token.name);
        if tokens.iter().any(|other| other.name == token.name) {
            faults.add(
                path,
                "is there twice",
                "give each token a name of its own: the journal says who acted by it",
            );
        } else if tokens.iter().any(|other| other.secret == token.secret) {
            faults.add(
                format!("{path}.token"),
                "is that of another name too",
                "give each name a token of its own: openssl rand -base64 24",
            );
        } else {
            tokens.push(token);
        }
    }
    tokens
}

fn read(mut section: Section, faults: &mut Faults) -> Option<AccessToken> {
    let name = section.required("name", name, "\"alice\"", faults);
    if let Some(name) = &name {
        section.identify("api.tokens", name);
    }
    let role = section.required("role", parsed(role, "\"operator\""), "\"operator\"", faults);
    let secret = section.required("token", secret, "\"...\"   # openssl rand -base64 24", faults);
    section.finish(faults);
    Some(AccessToken::new(name?, role?, &secret?))
}

fn name(value: Value) -> Result<String, Unfit> {
    let name = text(value)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    if name.bytes().all(is_plain) && (1..=NAME_CHARS_MAX).contains(&name.len()) {
        return Ok(name);
    }
    Err(Unfit::new(
        "is not a name",
        format!("write 1 to {NAME_CHARS_MAX} letters, digits, dots, underscores, hyphens or at signs"),
    ))
}

fn role(text: &str) -> Result<Role, &'static str> {
    let named = Role::ALL.into_iter().find(|role| role.name() == text);
    named.ok_or("not viewer, operator, admin or worker")
}

/// The secret itself is never repeated in a fault.
fn secret(value: Value) -> Result<String, Unfit> {
    let secret = text(value)?;
    let is_plain = secret.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain && secret.len() >= SECRET_CHARS_MIN {
        return Ok(secret);
    }
    Err(Unfit::new(
        format!("is not at least {SECRET_CHARS_MIN} visible ASCII characters"),
        "make one with: openssl rand -base64 24",
    ))
}

#[cfg(test)]
mod tests;
