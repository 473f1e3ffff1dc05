//! The simulated network, as the shell's server and its client see it.

use std::io;
use std::net::SocketAddr;

use plimsoll_adapters::chain::{Dial, Target};
use turmoil::net::{TcpListener, TcpStream};

/// Connects over the simulated network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire;

impl Dial for Wire {
    type Stream = TcpStream;

    async fn dial(&self, target: Target) -> io::Result<TcpStream> {
        assert!(!target.is_tls, "this world has no certificates");
        TcpStream::connect((target.host.as_str(), target.port)).await
    }
}

/// Listens on the simulated network.
pub(crate) struct Door(pub(crate) TcpListener);

impl axum::serve::Listener for Door {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            if let Ok(accepted) = self.0.accept().await {
                return accepted;
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}
