//! The bytes the client sends, made once, and cheap checks of the bytes that come back.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use memchr::memmem;

/// Long enough for the slowest server under the heaviest load; a server that needs more has failed.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// RFC 6455 §1.3's example key: every server must answer it with the same value.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

pub fn get(address: SocketAddr, target: &str, close: bool) -> Vec<u8> {
    let close = if close { "Connection: close\r\n" } else { "" };
    format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: bench\r\nAccept: */*\r\n{close}\r\n").into_bytes()
}

pub fn post(address: SocketAddr, target: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {target} HTTP/1.1\r\nHost: {address}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub fn upgrade(address: SocketAddr, target: &str) -> Vec<u8> {
    format!(
        "GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    )
    .into_bytes()
}

pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Opens a WebSocket; what came after the head stays in the socket.
pub fn open_socket(address: SocketAddr, target: &str) -> io::Result<TcpStream> {
    let mut stream = connect(address)?;
    stream.write_all(&upgrade(address, target))?;
    let head = read_head(&mut stream)?;
    if !head.starts_with(b"HTTP/1.1 101 ") || memmem::find(&head, ACCEPT).is_none() {
        return Err(io::Error::other(format!(
            "refused the WebSocket: {}",
            String::from_utf8_lossy(&head)
        )));
    }
    Ok(stream)
}

/// Reads a head and not a byte more.
pub fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(512);
    let mut peeked = [0; 2048];
    loop {
        let came = stream.peek(&mut peeked)?;
        if came == 0 {
            return Err(io::Error::other("ended inside a head"));
        }
        let before = head.len();
        head.extend_from_slice(&peeked[..came]);
        let end = memmem::find(&head, b"\r\n\r\n").map(|at| at + 4);
        head.truncate(end.unwrap_or(head.len()));
        stream.read_exact(&mut peeked[..head.len() - before])?;
        if end.is_some() {
            return Ok(head);
        }
    }
}

/// Where one HTTP answer ends and its body begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub head: usize,
    pub total: usize,
}

/// Reads the head of the answer at the start of `bytes`. `Ok(None)`: not all of it has come.
pub fn shape(bytes: &[u8]) -> Result<Option<Shape>, String> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = end + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let status = text.get(9..12).unwrap_or_default();
    if !text.starts_with("http/1.") || !["200", "201", "204"].contains(&status) {
        return Err(format!("unexpected answer: {}", text.lines().next().unwrap_or_default()));
    }
    if status == "204" {
        return Ok(Some(Shape { head, total: head }));
    }
    if text.contains("transfer-encoding: chunked") {
        // Short bodies only: one chunk and the last one.
        return Ok(memmem::find(&bytes[head..], b"0\r\n\r\n")
            .map(|at| Shape { head, total: head + at + 5 }));
    }
    let length: usize = text
        .split("content-length:")
        .nth(1)
        .and_then(|rest| rest.lines().next()?.trim().parse().ok())
        .ok_or_else(|| format!("an answer without a length: {text}"))?;
    Ok((bytes.len() >= head + length).then_some(Shape { head, total: head + length }))
}

/// What a connection sends.
pub trait Requests {
    /// The bytes of up to `count` requests from the request `number` on, and how many they are.
    fn bytes(&self, number: u64, count: u64) -> (&[u8], u64);
}

/// The same request again and again.
impl Requests for Vec<u8> {
    fn bytes(&self, _: u64, _: u64) -> (&[u8], u64) {
        (self, 1)
    }
}

/// Checks a stream of answers of one connection.
pub trait Check {
    /// Takes what came and says how many answers it completed.
    fn take(&mut self, bytes: &[u8]) -> Result<u64, String>;
}

/// Every answer is 200, as long as it says, and its body is a time of day.
#[derive(Clone, Default)]
pub struct Times {
    known: Option<Shape>,
    partial: Vec<u8>,
}

impl Check for Times {
    fn take(&mut self, bytes: &[u8]) -> Result<u64, String> {
        if self.partial.is_empty() && self.known.is_some_and(|known| looks_like(known, bytes)) {
            return Ok(1);
        }
        self.partial.extend_from_slice(bytes);
        let mut done = 0;
        while let Some(shape) = shape(&self.partial)? {
            if !is_a_time(&self.partial[shape.head..shape.total]) {
                return Err(format!(
                    "no time: {}",
                    String::from_utf8_lossy(&self.partial[..shape.total])
                ));
            }
            self.known = Some(shape);
            self.partial.drain(..shape.total);
            done += 1;
        }
        Ok(done)
    }
}

/// The short way for an answer of the shape the last one had; any doubt goes the long way.
fn looks_like(known: Shape, bytes: &[u8]) -> bool {
    bytes.len() == known.total
        && bytes.starts_with(b"HTTP/1.1 200 ")
        && bytes[..known.head].ends_with(b"\r\n\r\n")
        && is_a_time(&bytes[known.head..])
}

fn is_a_time(body: &[u8]) -> bool {
    body.iter().filter(|byte| **byte == b':').count() >= 2 && body.iter().any(u8::is_ascii_digit)
}

/// Frames to send, different from each other, and the answers they must get, as two endless bands
/// of bytes.
pub struct Frames {
    /// The frames of one turn of the band, twice over, so that a piece that crosses the end is one
    /// slice.
    sent: Vec<u8>,
    /// What comes back for one turn of the band.
    expected: Vec<u8>,
    sent_length: usize,
    expected_length: usize,
    variety: usize,
}

impl Frames {
    /// `payload` bytes a message. A yardstick moves bytes without looking, so its answers are the
    /// masked frames themselves.
    pub fn new(payload: usize, verbatim: bool) -> Frames {
        let variety = if payload > 1024 { 2 } else { 16 };
        let (mut sent, mut expected) = (Vec::new(), Vec::new());
        for number in 0..variety {
            // ASCII, so that a text message is UTF-8 whatever the server checks.
            let message: Vec<u8> =
                (0..payload).map(|at| b'a' + ((at * 7 + number * 3) % 26) as u8).collect();
            let mask = [0x37, 0xfa, 0x21, 0x3d + number as u8];
            let before = sent.len();
            frame_head(&mut sent, payload, true);
            sent.extend_from_slice(&mask);
            sent.extend(message.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
            if verbatim {
                expected.extend_from_slice(&sent[before..]);
            } else {
                frame_head(&mut expected, payload, false);
                expected.extend_from_slice(&message);
            }
        }
        let (sent_length, expected_length) = (sent.len() / variety, expected.len() / variety);
        sent.extend_from_within(..);
        Frames { sent, expected, sent_length, expected_length, variety }
    }
}

impl Requests for Frames {
    fn bytes(&self, number: u64, count: u64) -> (&[u8], u64) {
        let count = count.min(self.variety as u64);
        let first = (number % self.variety as u64) as usize * self.sent_length;
        (&self.sent[first..first + count as usize * self.sent_length], count)
    }
}

/// FIN, text (RFC 6455 §5.2).
fn frame_head(out: &mut Vec<u8>, length: usize, masked: bool) {
    let mask_bit = if masked { 0x80 } else { 0 };
    out.push(0x81);
    match u16::try_from(length) {
        Ok(short) if short < 126 => out.push(mask_bit | short.to_be_bytes()[1]),
        Ok(middle) => {
            out.push(mask_bit | 126);
            out.extend_from_slice(&middle.to_be_bytes());
        }
        Err(_) => {
            out.push(mask_bit | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// Every byte is the one expected at its place in the band.
#[derive(Clone)]
pub struct Echoes<'a> {
    frames: &'a Frames,
    at: usize,
}

impl<'a> Echoes<'a> {
    pub fn new(frames: &'a Frames) -> Echoes<'a> {
        Echoes { frames, at: 0 }
    }
}

impl Check for Echoes<'_> {
    fn take(&mut self, mut bytes: &[u8]) -> Result<u64, String> {
        let expected = &self.frames.expected;
        let length = self.frames.expected_length;
        let mut done = 0;
        while !bytes.is_empty() {
            let count = bytes.len().min(expected.len() - self.at);
            if bytes[..count] != expected[self.at..self.at + count] {
                return Err("wrong bytes in an echo".to_owned());
            }
            done += (self.at + count) / length - self.at / length;
            self.at = (self.at + count) % expected.len();
            bytes = &bytes[count..];
        }
        Ok(done as u64)
    }
}
