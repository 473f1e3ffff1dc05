//! HTTP/1.1, as much of it as a JSON-RPC endpoint needs, and the ways to break it.

use std::io::{self, BufRead, Read as _, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// The body of the next request; `None` when the client has closed the connection.
pub(crate) fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = String::new();
    let mut length = 0;
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(Some(body))
}

/// Answers, and keeps the connection.
pub(crate) fn respond(stream: &mut impl Write, answer: &Value) -> io::Result<()> {
    stream.write_all(&response(answer))
}

/// Answers with half of what it announces, and closes the connection.
pub(crate) fn respond_by_half(stream: &mut TcpStream, answer: &Value) -> io::Result<()> {
    let response = response(answer);
    let (half, _) = response.split_at(response.len() - answer.to_string().len() / 2);
    stream.write_all(half)?;
    stream.shutdown(Shutdown::Both)
}

/// Answers with an error status, and keeps the connection.
pub(crate) fn refuse(stream: &mut impl Write, status: &str, header: &str) -> io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\n{header}content-length: 0\r\n\r\n")
}

/// Makes the closing of the connection a reset.
pub(crate) fn reset(stream: &TcpStream) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_socket_linger(
        stream,
        Some(Duration::ZERO),
    )?)
}

fn response(answer: &Value) -> Vec<u8> {
    let body = answer.to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
