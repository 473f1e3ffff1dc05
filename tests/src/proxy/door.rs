//! [`Door`]: a listener that serves every connection in a thread of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// An open port of the loopback interface. Dropping it closes it; connections that are open end by themselves.
#[derive(Debug)]
pub(crate) struct Door {
    address: SocketAddr,
    closed: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Door {
    /// Opens one, behind which each connection is served by `serve`. A connection that breaks is daily life, and the other
    /// side's to notice.
    ///
    /// # Panics
    /// When no port is free.
    pub(crate) fn open(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = Arc::clone(&closed);
        let serve = Arc::new(serve);
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if is_closed.load(Ordering::Relaxed) {
                    return;
                }
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || stream.and_then(|stream| serve(stream)).ok());
            }
        });
        Self {
            address,
            closed,
            acceptor: Some(acceptor),
        }
    }

    /// Where it is.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        // Wakes the acceptor, which waits for a connection.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}
