//! Answers that need no thought, for the two yardsticks.

use std::io::Write;
use std::net::SocketAddr;

/// The answer to the one key the benchmark's client sends, the example of RFC 6455 §1.3.
pub const UPGRADE: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n";

/// What a publisher gets.
pub const PUBLISHED: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

/// The line the benchmark waits for.
pub fn print_url(address: SocketAddr) {
    println!("data  http://{address}/");
    std::io::stdout().flush().expect("the benchmark reads our output");
}

/// An answer of exactly `bytes` bytes where that is possible: as many as the server it is compared
/// with sends.
pub fn time_answer(bytes: Option<String>) -> Vec<u8> {
    let wanted = bytes.and_then(|text| text.parse().ok()).unwrap_or(160);
    let padded = |padding: usize| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\nX-Padding: {}\r\n\r\n12:34:56",
            "x".repeat(padding)
        )
    };
    let shortest = padded(0).len();
    padded(wanted.max(shortest) - shortest).into_bytes()
}

/// What a subscriber hears first.
pub fn greeting(mode: &str) -> &'static [u8] {
    match mode {
        "stream" => STREAM_HEAD,
        "socket" => UPGRADE,
        _ => b"",
    }
}

/// `message` as a whole answer, an event or a frame.
pub fn wrap(mode: &str, message: &[u8]) -> Vec<u8> {
    let mut wrapped = match mode {
        "poll" => format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
            message.len()
        )
        .into_bytes(),
        "stream" => b"data: ".to_vec(),
        _ => frame_head(message.len()),
    };
    wrapped.extend_from_slice(message);
    if mode == "stream" {
        wrapped.extend_from_slice(b"\n\n");
    }
    wrapped
}

/// FIN, text, unmasked (RFC 6455 §5.2).
fn frame_head(length: usize) -> Vec<u8> {
    match u16::try_from(length) {
        Ok(short) if short < 126 => vec![0x81, short.to_be_bytes()[1]],
        Ok(middle) => [&[0x81, 126][..], &middle.to_be_bytes()].concat(),
        Err(_) => [&[0x81, 127][..], &(length as u64).to_be_bytes()].concat(),
    }
}

/// Whether the client asked for this connection to end. The benchmark's client writes it in one way
/// only.
pub fn asks_to_close(head: &[u8]) -> bool {
    head.ends_with(b"Connection: close\r\n\r\n")
}

/// The length of a publisher's body.
pub fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.split("content-length:")
        .nth(1)
        .and_then(|rest| rest.lines().next())
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or(0)
}
