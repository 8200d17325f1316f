//! The sending end of an open WebSocket, for any thread.
//!
//! Comes after `frame`, and before `socket`, which receives. Implements RFC 6455 §5.5.1 (nothing
//! follows a Close) and §6.1 (sending).
//!
//! A connection is open until a Close has left, and the two happen under one lock, the writer's:
//! whichever thread looks at the state there may rely on it for the frame that it appends.

use super::close::{Close, CloseCode};
use super::error::Error;
use super::frame::{Header, MAX_CONTROL, Opcode, Role, write_frame};
use super::message::Message;
use crate::connection::{Connection, Writer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// How far a connection has come (RFC 6455 §4.1, §7.1). Before this there is only the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Both sides may send.
    Open,
    /// We have sent a Close, and the peer has not answered.
    Closing,
    /// Nothing more will be sent or received.
    Closed,
}

/// The sending end, for any thread.
#[derive(Clone)]
pub struct Sender {
    writer: Writer,
    pub(super) role: Role,
    /// A [`State`], shared by all ends of the socket.
    state: Arc<AtomicU8>,
}

impl Sender {
    /// Everything may be sent, from now on.
    pub(super) fn new(connection: &Connection, role: Role) -> Sender {
        let state = Arc::new(AtomicU8::new(State::Open as u8));
        Sender { writer: connection.writer(), role, state }
    }

    /// Sends a message, at once and as one frame.
    ///
    /// # Errors
    /// [`Error::Closed`] after a Close; otherwise the peer is gone.
    pub fn send(&self, message: &Message) -> Result<(), Error> {
        let (opcode, payload) = message.parts();
        self.write(opcode, payload)?;
        self.flush()
    }

    /// Sends a text message, at once.
    ///
    /// # Errors
    /// As [`send`](Sender::send).
    pub fn send_text(&self, text: &str) -> Result<(), Error> {
        self.write(Opcode::Text, text.as_bytes())?;
        self.flush()
    }

    /// Asks the peer whether it is there, at once. The payload, of which 125 bytes are sent, comes
    /// back in its Pong.
    ///
    /// # Errors
    /// As [`send`](Sender::send).
    pub fn ping(&self, payload: &[u8]) -> Result<(), Error> {
        self.write(Opcode::Ping, &payload[..payload.len().min(MAX_CONTROL)])?;
        self.flush()
    }

    /// Says that no more will come, at once. The receiving end notices when the peer has answered.
    ///
    /// # Errors
    /// As [`send`](Sender::send).
    pub fn close(&self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.write_close(&Close::new(code, reason), State::Closing)?;
        self.flush()
    }

    /// Ends our half of TCP, once all has been said; for the receiving thread, when another still
    /// holds the connection open.
    pub fn hang_up(&self) {
        // Where that fails, the peer has hung up first.
        let _ = self.writer.end();
    }

    /// How far the connection has come.
    pub fn state(&self) -> State {
        match self.state.load(Ordering::Relaxed) {
            0 => State::Open,
            1 => State::Closing,
            _ => State::Closed,
        }
    }

    /// Adds a frame to what is about to leave.
    pub(super) fn write(&self, opcode: Opcode, payload: &[u8]) -> Result<(), Error> {
        self.write_if_open(|out| match self.role {
            // Nothing in it is masked: a long payload leaves from where it is, without a copy.
            Role::Server => {
                let length = payload.len() as u64;
                Header { fin: true, opcode, masking_key: None, length }.write_to(out);
                payload
            }
            Role::Client => {
                write_frame(out, self.role, true, opcode, payload);
                &[]
            }
        })
    }

    /// Adds a Close, the last frame that leaves, and goes on to the state that follows.
    pub(super) fn write_close(&self, close: &Close, next: State) -> Result<(), Error> {
        self.write_if_open(|out| {
            self.go_on_to(next);
            let mut payload = Vec::with_capacity(MAX_CONTROL);
            close.write_to(&mut payload);
            write_frame(out, self.role, true, Opcode::Close, &payload);
            &[]
        })
    }

    /// Appends, and lets follow what `append` returns, unless a Close has left.
    fn write_if_open<'b>(
        &self,
        append: impl FnOnce(&mut Vec<u8>) -> &'b [u8],
    ) -> Result<(), Error> {
        let mut open = false;
        self.writer.append_with(|out| {
            open = self.state() == State::Open;
            if open { append(out) } else { &[] }
        })?;
        if open { Ok(()) } else { Err(Error::Closed) }
    }

    /// A state is never left for an earlier one.
    pub(super) fn go_on_to(&self, next: State) {
        self.state.fetch_max(next as u8, Ordering::Relaxed);
    }

    pub(super) fn flush(&self) -> Result<(), Error> {
        Ok(self.writer.flush()?)
    }
}
