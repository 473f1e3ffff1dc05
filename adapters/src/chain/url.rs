//! The address of an endpoint, checked when the configuration is read. It may hold a key: it is never logged whole.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;

use super::connect::target;
use super::dial::Target;

/// An address that an endpoint can be asked at: `http` or `https`, with a host.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl(Uri);

/// Why a text is not the address of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not an absolute URL.
    #[error("expected a URL such as https://host:port/path")]
    Syntax,
    /// Another scheme.
    #[error("expected the scheme http or https")]
    Scheme,
    /// Credentials before the host.
    #[error("user and password in a URL are not supported: put the key in its path or query")]
    Credentials,
}

impl EndpointUrl {
    /// Whether TLS is needed.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// Where to connect to reach it.
    pub(crate) fn target(&self) -> Target {
        target(&self.0)
    }

    /// The path, without a slash at its end.
    pub(crate) fn path(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }

    /// The whole address, key included.
    pub(crate) const fn uri(&self) -> &Uri {
        &self.0
    }
}

impl FromStr for EndpointUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let uri: Uri = text.parse().map_err(|_| UrlError::Syntax)?;
        let scheme = uri.scheme_str().ok_or(UrlError::Syntax)?;
        if !matches!(scheme, "http" | "https") {
            return Err(UrlError::Scheme);
        }
        let authority = uri.authority().ok_or(UrlError::Syntax)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::Credentials);
        }
        if authority.host().is_empty() {
            return Err(UrlError::Syntax);
        }
        Ok(Self(uri))
    }
}

/// The scheme, host and port alone: paths and queries of endpoints are where the keys are.
impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or("http");
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        write!(f, "{scheme}://{authority}")
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
