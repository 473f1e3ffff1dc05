//! [`Dial`] in the shape that hyper's client wants: a service from an address to a stream.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tower_service::Service;

use super::dial::{Dial, Target};

/// A dialler as hyper's client calls it.
#[derive(Debug, Clone)]
pub(crate) struct Connector<D>(pub(crate) D);

impl<D: Dial> Service<Uri> for Connector<D> {
    type Response = Wire<D::Stream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Wire<D::Stream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (dial, target) = (self.0.clone(), target(&uri));
        Box::pin(async move { Ok(Wire(TokioIo::new(dial.dial(target).await?))) })
    }
}

/// Where `uri` is. An absent host cannot be resolved, so it needs no case of its own.
pub(super) fn target(uri: &Uri) -> Target {
    let is_tls = uri.scheme_str() == Some("https");
    let host = uri.host().unwrap_or_default();
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    Target {
        host: host.to_owned(),
        port,
        is_tls,
    }
}

/// A dialled stream.
pub(crate) struct Wire<S>(TokioIo<S>);

impl<S> Connection for Wire<S> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl<S> Wire<S>
where
    TokioIo<S>: Unpin,
{
    fn stream(self: Pin<&mut Self>) -> Pin<&mut TokioIo<S>> {
        Pin::new(&mut self.get_mut().0)
    }
}

impl<S> Read for Wire<S>
where
    TokioIo<S>: Read + Unpin,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_read(cx, buf)
    }
}

impl<S> Write for Wire<S>
where
    TokioIo<S>: Write + Unpin,
{
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.stream().poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(cx)
    }
}
