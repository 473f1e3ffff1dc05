//! [`Crowd`]: many clients of one server, each with a connection of its own that stays open.

use std::net::{Ipv4Addr, SocketAddr};

use futures_util::future::join_all;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// The clients.
#[derive(Debug)]
pub struct Crowd(Vec<BufReader<TcpStream>>);

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Crowd {
    /// `size` clients of the server on `port`.
    ///
    /// # Panics
    /// When one cannot connect.
    pub async fn connect(size: usize, port: u16) -> Self {
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut clients = Vec::with_capacity(size);
        for _ in 0..size {
            let stream = TcpStream::connect(server).await.expect("connect");
            stream.set_nodelay(true).expect("a socket");
            clients.push(BufReader::new(stream));
        }
        Self(clients)
    }

    /// Has every client send its request, all at once, and gives the answers in the same order.
    ///
    /// # Panics
    /// When a connection breaks, or there are not as many requests as clients.
    pub async fn ask(&mut self, requests: &[Vec<u8>]) -> Vec<Answer> {
        assert_eq!(requests.len(), self.0.len(), "each client has a request");
        join_all(
            self.0
                .iter_mut()
                .zip(requests)
                .map(|(client, request)| exchange(client, request)),
        )
        .await
    }
}

/// A request to post `json` to `path` under `key`.
#[must_use]
pub fn post(path: &str, key: &str, json: &str) -> Vec<u8> {
    let length = json.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nidempotency-key: {key}\r\n\
         content-length: {length}\r\n\r\n{json}"
    )
    .into_bytes()
}

/// A request to look at `path`.
#[must_use]
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

async fn exchange(client: &mut BufReader<TcpStream>, request: &[u8]) -> Answer {
    client.write_all(request).await.expect("write");
    let mut line = String::new();
    client.read_line(&mut line).await.expect("a status");
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status");
    let mut length = 0;
    loop {
        line.clear();
        client.read_line(&mut line).await.expect("a header");
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body).await.expect("a body");
    Answer {
        status,
        body: String::from_utf8(body).expect("text"),
    }
}
