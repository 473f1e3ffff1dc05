//! TLS on a real socket, with a certificate of our own.
//!
//! `localhost.cert.der` is self-signed for the name `localhost`, valid for a hundred years, and trusted by nothing but these
//! tests: `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=localhost
//! -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE`, then both parts to DER.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::{Dial as _, Internet, Target, TlsError, tls_connector};

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from(&include_bytes!("localhost.cert.der")[..])
}

fn trusting(certificates: Vec<CertificateDer<'static>>) -> Internet {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    Internet {
        tls: Some(tls_connector(roots).unwrap()),
    }
}

fn acceptor() -> TlsAcceptor {
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let key = PrivatePkcs8KeyDer::from(&include_bytes!("localhost.key.der")[..]);
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], PrivateKeyDer::Pkcs8(key))
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Dials `host` at a server that has the certificate and echoes four bytes.
async fn dial(internet: &Internet, host: &str) -> io::Result<[u8; 4]> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let target = Target {
        host: host.to_owned(),
        port: listener.local_addr()?.port(),
        is_tls: true,
    };
    let serve = async {
        let (stream, _) = listener.accept().await?;
        let mut stream = acceptor().accept(stream).await?;
        let mut four = [0; 4];
        stream.read_exact(&mut four).await?;
        stream.write_all(&four).await?;
        stream.flush().await
    };
    let client = async {
        let mut stream = internet.dial(target).await?;
        stream.write_all(b"ping").await?;
        let mut four = [0; 4];
        stream.read_exact(&mut four).await?;
        io::Result::Ok(four)
    };
    let (_, echoed) = tokio::join!(serve, client);
    echoed
}

#[tokio::test]
async fn a_trusted_name_is_spoken_to() {
    assert_eq!(
        &dial(&trusting(vec![certificate()]), "localhost").await.unwrap(),
        b"ping"
    );
}

#[tokio::test]
async fn another_name_is_refused() {
    let error = dial(&trusting(vec![certificate()]), "127.0.0.1")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[test]
fn trusting_nobody_is_an_error_at_the_start() {
    let error = tls_connector(RootCertStore::empty()).map(drop).unwrap_err();
    assert!(matches!(error, TlsError::NoCertificates), "{error}");
}

#[test]
fn plain_endpoints_need_no_certificates() {
    let url = "http://node:8545".parse().unwrap();
    assert!(Internet::reaching([&url].into_iter()).unwrap().tls.is_none());
}
