//! Serves a router on a listener until told to stop, and then lets requests under way finish.

use std::future::{Future, IntoFuture as _};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::Api;
use crate::config::Shutdown;

/// Serves until `stop` resolves. Then readiness fails at once; after `shutdown.delay` no connection is accepted any
/// more, and requests under way get `shutdown.timeout` to finish.
///
/// # Errors
/// When accepting connections fails for good.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    api: Api,
    shutdown: Shutdown,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, stopped) = oneshot::channel();
    let drain = async move {
        stop.await;
        api.draining.store(true, Ordering::Relaxed);
        tracing::info!(delay = ?shutdown.delay, "stopping: readiness fails from here on");
        tokio::time::sleep(shutdown.delay).await;
        // The receiver is gone only if serving has ended by itself.
        let _ = stopping.send(());
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service)
        .with_graceful_shutdown(drain)
        .into_future();
    let overdue = async {
        match stopped.await {
            Ok(()) => tokio::time::sleep(shutdown.timeout).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        served = serving => served,
        () = overdue => {
            tracing::warn!(after = ?shutdown.timeout, "requests under way did not finish in time and are cut off");
            Ok(())
        }
    }
}
