//! An open WebSocket: messages in and out, Ping and Pong, and the closing handshake.
//!
//! Comes after the 101, on the same connection. Implements RFC 6455 §5.5 (what control frames ask
//! for), §6.2 (receiving), §7 (closing). What leaves goes through a [`Sender`].
//!
//! ```text
//!  Open ── Close sent ──▶ Closing ── Close received ──▶ Closed         we began
//!  Open ── Close received, and answered at once ──────▶ Closed         the peer began
//!  Open ── a rule is broken, the peer falls silent ───▶ Closed         fail
//! ```
//!
//! One thread receives. It also answers Pings, and it is the one that waits, so what it sends
//! leaves when it is about to wait: many answers, one system call. Any other thread sends through a
//! [`Sender`], and what it sends leaves at once. On a blocking socket that is what full duplex
//! takes: two threads.
//!
//! Who closes TCP first: the server, after both Closes, so that the side with many connections does
//! not also keep their remains (`TIME_WAIT`) when it is told that they are over; the client waits
//! for it (§7.1.1).
//!
//! Left out: a queue between threads. A peer that does not read holds up whoever sends to it, until
//! the connection's write deadline ends it.

use super::close::{Close, CloseCode};
use super::error::Error;
use super::frame::{Opcode, Role};
use super::handshake::{self, Policy};
use super::message::{DEFAULT_LIMIT, Incoming, Message, MessageReader};
use super::sender::{Sender, State};
use crate::connection::{Connection, Waited};
use crate::http::Request;
use crate::server::{Responder, Sent};
use std::io;
use std::time::{Duration, Instant};

/// How long the peer may take for what.
#[derive(Clone, Copy)]
struct Limits {
    /// To say anything at all: then it is asked whether it is there, and after as long again given
    /// up. Shorter than the minute after which many routers forget a connection that says nothing.
    silence: Duration,
    /// To send one frame, in all: as long as we may take to send what it does not read.
    frame: Duration,
    /// To answer our Close.
    close: Duration,
}

impl Limits {
    /// A client waits longer for the answer to its Close: what it said before may still have to be
    /// answered, and it holds nothing that others need. A server has others to serve.
    const fn of(role: Role) -> Limits {
        let thirty = Duration::from_secs(30);
        let close = match role {
            Role::Server => CLOSE,
            Role::Client => thirty,
        };
        Limits { silence: thirty, frame: thirty, close }
    }
}

/// How long the end of TCP may take behind the last Close.
const CLOSE: Duration = Duration::from_secs(3);

/// An open connection, seen from its receiving thread.
pub struct WebSocket<'c> {
    connection: &'c mut Connection,
    reader: MessageReader,
    sender: Sender,
    limits: Limits,
    /// A Ping has been sent, and nothing has come since.
    asked: bool,
    /// By when the peer must have answered our Close.
    close_by: Option<Instant>,
    received: Option<Close>,
}

impl<'c> WebSocket<'c> {
    /// Begins where the opening handshake has ended. `role` is ours.
    pub fn new(connection: &'c mut Connection, role: Role) -> WebSocket<'c> {
        let sender = Sender::new(connection, role);
        WebSocket {
            connection,
            reader: MessageReader::new(role, DEFAULT_LIMIT),
            sender,
            limits: Limits::of(role),
            asked: false,
            close_by: None,
            received: None,
        }
    }

    /// From here on, messages of more than `bytes` are refused with 1009, before they are
    /// assembled. A conversation that takes less than [`DEFAULT_LIMIT`] says so first.
    pub fn set_max_message(&mut self, bytes: usize) {
        self.reader.set_max_message(bytes);
    }

    /// The next message. Waits for it, answers Pings and the peer's Close meanwhile, and keeps the
    /// heartbeat. `None`: no more will come; [`received_close`](WebSocket::received_close) tells
    /// whether the peer said so.
    ///
    /// # Errors
    /// The connection has failed, and the peer has been told if it broke a rule.
    pub fn receive(&mut self) -> Result<Option<Message>, Error> {
        while self.sender.state() != State::Closed {
            match self.next_incoming() {
                Ok(Some(Incoming::Message(message))) => return Ok(Some(message)),
                // A Pong may also come unasked (RFC 6455 §5.5.3). Any frame is a sign of life.
                Ok(Some(Incoming::Fragment | Incoming::Pong(_))) => {}
                Ok(Some(Incoming::Ping(payload))) => self.pong(&payload)?,
                Ok(Some(Incoming::Close(close))) => self.answer_close(close)?,
                Ok(None) => self.sender.go_on_to(State::Closed),
                Err(error) => return Err(self.fail(error)),
            }
        }
        Ok(None)
    }

    /// Sends a message as one frame, together with whatever else is sent before this thread next
    /// waits in [`receive`](WebSocket::receive). For a thread that receives; others take a
    /// [`Sender`].
    ///
    /// # Errors
    /// [`Error::Closed`] after a Close; otherwise the peer is gone.
    pub fn send(&mut self, message: &Message) -> Result<(), Error> {
        let (opcode, payload) = message.parts();
        self.sender.write(opcode, payload)
    }

    /// The same for a text.
    ///
    /// # Errors
    /// As [`send`](WebSocket::send).
    pub fn send_text(&mut self, text: &str) -> Result<(), Error> {
        self.sender.write(Opcode::Text, text.as_bytes())
    }

    /// A sending end for another thread.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// How far the connection has come.
    pub fn state(&self) -> State {
        self.sender.state()
    }

    /// The Close that the peer sent. Without one, a browser would report 1006.
    pub fn received_close(&self) -> Option<&Close> {
        self.received.as_ref()
    }

    /// The closing handshake: says that no more will come, and waits until the peer has said so
    /// too. Messages that were still on their way are dropped; whoever wants them uses
    /// [`Sender::close`] and goes on receiving. Nothing happens where all is over.
    ///
    /// # Errors
    /// The peer did not answer, or is gone.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        match self.sender.close(code, reason) {
            Ok(()) | Err(Error::Closed) => {}
            Err(error) => return Err(error),
        }
        while self.receive()?.is_some() {}
        Ok(())
    }

    /// Reads one frame. Its first byte may be waited for as long as the heartbeat allows, and from
    /// there the frame has a time in all.
    fn next_incoming(&mut self) -> Result<Option<Incoming>, Error> {
        loop {
            let silence = self.time_left(self.limits.silence)?;
            if self.connection.wait_for_input(silence)? != Waited::TimedOut {
                self.asked = false;
                let frame = self.time_left(self.limits.frame)?;
                self.connection.set_deadline(frame);
                return self.reader.read_from(self.connection);
            }
            if self.asked || self.state() != State::Open {
                return Err(Error::Silent);
            }
            self.asked = true;
            self.sender.write(Opcode::Ping, b"")?;
        }
    }

    /// How long the peer may take: what is usual, or, once we have sent our Close, what is left of
    /// the time to answer it, however much comes instead.
    fn time_left(&mut self, usual: Duration) -> Result<Duration, Error> {
        if self.state() == State::Open {
            return Ok(usual);
        }
        let close_by = *self.close_by.get_or_insert_with(|| Instant::now() + self.limits.close);
        match close_by.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(Error::Silent),
            left => Ok(left),
        }
    }

    /// RFC 6455 §5.5.2: a Pong with the Ping's payload, unless we have already said that we send no
    /// more.
    fn pong(&mut self, payload: &[u8]) -> Result<(), Error> {
        match self.sender.write(Opcode::Pong, payload) {
            Err(Error::Closed) => Ok(()),
            result => result,
        }
    }

    /// RFC 6455 §5.5.1: a Close is answered with a Close, and the code goes back to its sender.
    fn answer_close(&mut self, close: Close) -> Result<(), Error> {
        let echo = Close { code: close.code, reason: String::new() };
        self.received = Some(close);
        match self.sender.write_close(&echo, State::Closed) {
            Ok(()) => self.sender.flush()?,
            // It answers ours.
            Err(Error::Closed) => self.sender.go_on_to(State::Closed),
            Err(error) => return Err(error),
        }
        if self.sender.role == Role::Client {
            // RFC 6455 §7.1.1: the server closes TCP first. Whether it has done so when the wait is
            // over makes no difference.
            let _ = self.connection.wait_for_input(CLOSE);
        }
        Ok(())
    }

    /// Fails the WebSocket connection (RFC 6455 §7.1.7), here and nowhere else: tells the peer
    /// which rule it broke, if it broke one, and neither reads nor sends anything after that. TCP
    /// is closed by whoever opened this socket; the error is for the log.
    fn fail(&mut self, error: Error) -> Error {
        if let Error::Violation(violation) = &error {
            let close = Close::new(violation.close_code(), &violation.to_string());
            // Where even this does not leave, there is nobody left to tell.
            let _ =
                self.sender.write_close(&close, State::Closed).and_then(|()| self.sender.flush());
        }
        self.sender.go_on_to(State::Closed);
        match error {
            // Inside a frame, silence is not answered with a Ping: the frame would have to end
            // first.
            Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => Error::Silent,
            error => error,
        }
    }
}

/// The server's end, whole: answers the request, and if the answer is 101, lets `talk` have the
/// socket. When `talk` returns, the connection is closed: with 1000, or with 1011 if it failed.
///
/// # Errors
/// How the connection failed, for the server to log.
pub fn serve(
    request: &Request,
    responder: Responder<'_>,
    policy: &Policy,
    talk: impl FnOnce(&mut WebSocket<'_>) -> Result<(), Error>,
) -> io::Result<Sent> {
    let response = match handshake::answer(request, policy) {
        Ok(response) => response,
        Err(refusal) => return responder.send(refusal.response()),
    };
    responder.switch_protocols(response, |connection| {
        let mut socket = WebSocket::new(connection, Role::Server);
        let outcome = match talk(&mut socket) {
            // To find the socket closed when there is something to say is how many conversations
            // end.
            Err(Error::Closed) => Ok(()),
            outcome => outcome,
        };
        let code = if outcome.is_ok() { CloseCode::NORMAL } else { CloseCode::INTERNAL_ERROR };
        let closed = socket.close(code, "");
        Ok(outcome.and(closed)?)
    })
}

#[cfg(test)]
mod tests;
