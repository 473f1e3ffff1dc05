//! Serves a router on a listener until told to stop, and then lets requests under way finish.

use std::future::{Future, IntoFuture as _};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::sync::oneshot;

use super::Api;
use crate::config::Shutdown;

/// Serves until `stop` resolves. Then readiness fails at once; after `shutdown.delay` no connection is accepted any
/// more, and requests under way get `shutdown.timeout` to finish.
///
/// # Errors
/// When accepting connections fails for good.
pub async fn serve(
    listener: impl Listener<Addr = SocketAddr>,
    router: Router,
    api: Api,
    shutdown: Shutdown,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, stopped) = oneshot::channel();
    let live = Arc::clone(&api.live);
    let drain = async move {
        stop.await;
        api.draining.store(true, Ordering::Relaxed);
        api.live.drain();
        tracing::info!(delay = ?shutdown.delay, "stopping: readiness fails from here on");
        tokio::time::sleep(shutdown.delay).await;
        // The receiver is gone only if serving has ended by itself.
        let _ = stopping.send(());
    };
    let service = router.into_make_service_with_connect_info::<Peer>();
    let serving = axum::serve(Door(listener), service)
        .with_graceful_shutdown(drain)
        .into_future();
    let overdue = async {
        match stopped.await {
            Ok(()) => tokio::time::sleep(shutdown.timeout).await,
            Err(_) => std::future::pending().await,
        }
    };
    let serving = async {
        let served = serving.await;
        // Sockets are no requests any more: nobody else waits for their farewells.
        live.drain();
        live.emptied().await;
        served
    };
    tokio::select! {
        served = serving => served,
        () = overdue => {
            tracing::warn!(after = ?shutdown.timeout, "requests under way did not finish in time and are cut off");
            Ok(())
        }
    }
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// A listener whose connections say who their peers are, whatever network it listens on.
struct Door<L>(L);

impl<L: Listener<Addr = SocketAddr>> Listener for Door<L> {
    type Io = L::Io;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (L::Io, SocketAddr) {
        self.0.accept().await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl<L: Listener<Addr = SocketAddr>> Connected<IncomingStream<'_, Door<L>>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door<L>>) -> Self {
        Self(*stream.remote_addr())
    }
}
