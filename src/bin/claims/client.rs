//! The clients, and what a browser sends: Chromium 156.0.8078.79, headless, on Linux, as it came to
//! our lessons.

use crate::bench::{MESSAGE, PATIENCE};
use push_by_hand::connection::Connection;
use push_by_hand::feed::Id;
use push_by_hand::http::Response;
use push_by_hand::http::body::Body;
use push_by_hand::websocket::{Accept, Frame, Opcode, Role, write_frame};
use std::io::{self, BufRead};
use std::net::Ipv4Addr;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Instant;

/// The page of `polling` asks the other origin, with `fetch`.
pub const POLL: &str = include_str!("requests/poll.http");
/// The page of `long_polling` asks again.
pub const LONG_POLL: &str = include_str!("requests/long_poll.http");
pub const LONG_POLL_ID: &str = "1795240639434-1";
/// The page of `iframe_stream` opens the frame.
pub const IFRAME: &str = include_str!("requests/iframe.http");
/// An `EventSource` connects.
pub const EVENTS: &str = include_str!("requests/events.http");
/// A `WebSocket` connects.
const UPGRADE: &str = include_str!("requests/upgrade.http");
const UPGRADE_KEY: &str = "UgbojqnA6FexmE3molHt5g==";

/// A client's connection, for HTTP and then perhaps for frames.
pub struct Client {
    pub connection: Connection,
}

impl Client {
    pub fn connect(port: u16) -> io::Result<Client> {
        Ok(Client { connection: Connection::connect((Ipv4Addr::LOCALHOST, port), PATIENCE, None)? })
    }

    /// Opens a WebSocket as the browser did.
    pub fn upgraded(port: u16, path: &str) -> io::Result<Client> {
        let mut client = Client::connect(port)?;
        client.send(&UPGRADE.replace("/push", path))?;
        let (response, _) = Response::read_head_from(&mut client.connection, false)?;
        let accept = response.fields.get("Sec-WebSocket-Accept").unwrap_or_default();
        if accept == Accept::of(UPGRADE_KEY).value {
            Ok(client)
        } else {
            Err(io::Error::other("the handshake failed"))
        }
    }

    /// Sends text at once. Its lines end in LF here, and in CRLF on the wire.
    pub fn send(&mut self, text: &str) -> io::Result<()> {
        self.connection
            .writer()
            .append(|out| out.extend_from_slice(text.replace('\n', "\r\n").as_bytes()))?;
        self.connection.writer().flush()
    }

    pub fn response(&mut self) -> io::Result<Response> {
        Ok(Response::read_from(&mut self.connection, false, 1 << 20)?)
    }

    pub fn ask(&mut self, head: &str) -> io::Result<Response> {
        self.send(head)?;
        self.response()
    }

    /// Reads the head of an answer, and hands over its body to be read as it comes.
    pub fn body(mut self) -> io::Result<Body<Connection>> {
        let (_, framing) = Response::read_head_from(&mut self.connection, false)?;
        Ok(Body::new(self.connection, framing))
    }

    pub fn stream(mut self, head: &str) -> io::Result<Body<Connection>> {
        self.send(head)?;
        self.body()
    }

    pub fn send_frame(&mut self, opcode: Opcode, payload: &[u8]) -> io::Result<()> {
        let writer = self.connection.writer();
        writer.append(|out| write_frame(out, Role::Client, true, opcode, payload))?;
        self.connection.writer().flush()
    }

    pub fn frame(&mut self) -> io::Result<Frame> {
        Frame::read_from(&mut self.connection, Role::Client, 1 << 20)?
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The closing handshake, without a code.
    pub fn close(&mut self) -> io::Result<()> {
        self.send_frame(Opcode::Close, &[])?;
        self.frame().map(drop)
    }
}

/// Reads a stream as far as the line in which the message stands.
pub fn read_message(body: &mut impl BufRead) -> io::Result<()> {
    let mut line = String::new();
    while !line.contains(MESSAGE) {
        line.clear();
        if body.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// Waits until the server is about to wait, or has heard a message.
pub fn hear(waits: &Receiver<()>) -> io::Result<()> {
    waits.recv_timeout(PATIENCE).map_err(io::Error::other)
}

pub fn joined<T>(thread: thread::ScopedJoinHandle<'_, io::Result<T>>) -> io::Result<T> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked, and has said where")))
}
pub fn long_poll(after: Id) -> String {
    LONG_POLL.replace(LONG_POLL_ID, &after.to_string())
}

pub fn sleep_until(moment: Instant) {
    thread::sleep(moment.saturating_duration_since(Instant::now()));
}
