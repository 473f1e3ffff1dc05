//! How a connection to an endpoint is made. Pluggable, so that a simulated network or a loopback can carry the same
//! client.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::url::EndpointUrl;

/// Bytes in order, both ways.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// Makes connections.
pub trait Dial: Clone + Send + Sync + 'static {
    /// A connection.
    type Stream: Duplex + 'static;

    /// Connects to `target`. Whoever calls it bounds the time.
    ///
    /// # Errors
    /// Why there is no connection.
    fn dial(&self, target: Target) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// Where to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// A name, or an address without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// Whether the connection must be inside TLS, with a certificate for `host`.
    pub is_tls: bool,
}

/// The network of the system: TCP, and TLS with the certificates that the system trusts.
#[derive(Clone)]
pub struct Internet {
    tls: Option<TlsConnector>,
}

/// Why TLS cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No certificate to trust was found.
    #[error(
        "find the certificates that this system trusts: install its `ca-certificates`, or name a file in SSL_CERT_FILE"
    )]
    NoCertificates,
    /// The TLS library refused its settings.
    #[error("set TLS up")]
    Settings(#[source] tokio_rustls::rustls::Error),
}

impl Internet {
    /// A network that can reach `endpoints`. The trusted certificates are read once, and only if one of them is
    /// `https`.
    ///
    /// # Errors
    /// [`TlsError`]: TLS is needed and cannot be had.
    pub fn reaching<'a>(mut endpoints: impl Iterator<Item = &'a EndpointUrl>) -> Result<Self, TlsError> {
        let tls = if endpoints.any(EndpointUrl::is_https) {
            Some(tls_connector(system_roots())?)
        } else {
            None
        };
        Ok(Self { tls })
    }
}

impl Dial for Internet {
    type Stream = Box<dyn Duplex>;

    async fn dial(&self, target: Target) -> io::Result<Box<dyn Duplex>> {
        let stream = TcpStream::connect((target.host.as_str(), target.port)).await?;
        stream.set_nodelay(true)?;
        if !target.is_tls {
            return Ok(Box::new(stream));
        }
        let Some(tls) = &self.tls else {
            unreachable!("an https endpoint was not among those that the network was made for")
        };
        let name = ServerName::try_from(target.host).map_err(io::Error::other)?;
        Ok(Box::new(tls.connect(name, stream).await?))
    }
}

impl fmt::Debug for Internet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Internet")
            .field("tls", &self.tls.is_some())
            .finish()
    }
}

/// What this system trusts. A store with some unreadable certificates is usual and does no harm.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn tls_connector(roots: RootCertStore) -> Result<TlsConnector, TlsError> {
    if roots.is_empty() {
        return Err(TlsError::NoCertificates);
    }
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Settings)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests;
