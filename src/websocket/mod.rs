//! WebSocket by hand (RFC 6455): a request turns the connection into something else, and from then
//! on either side speaks when it likes.
//!
//! ```text
//! GET /chat HTTP/1.1, Upgrade: websocket ─▶ handshake ─▶ 101 Switching Protocols
//!
//!   bytes ─▶ frame::Header, Payload ─▶ message::MessageReader ─▶ Message       receive
//!   bytes ◀── frame::write_frame ◀──────────────────────────────── Message       send
//!                     ▲
//!             socket::WebSocket: Ping and Pong, the closing handshake, failing a connection
//! ```
//!
//! Read in this order: `error` (every rule that a peer can break), `mask` and `frame` (the bits),
//! `close` (status codes), `message` (fragments), `key` and `handshake` (a pure function from
//! request to answer), `sender` and `socket` (the open connection), `client` (the other end). Up to
//! `message` they know no socket: they read from any `BufRead` and write to a `Vec<u8>`.
//!
//! Left out: extensions, and so compression; `wss://`, which is the same inside TLS.

mod client;
mod close;
mod error;
mod frame;
pub mod handshake;
mod key;
mod mask;
mod message;
mod sender;
mod socket;

pub use client::{CONNECT_LIMIT, Client, Url};
pub use close::{Close, CloseCode, close_code_name};
pub use error::{Error, NotUtf8, Violation};
pub use frame::{Frame, Header, MAX_CONTROL, Opcode, Payload, Role, text_frame, write_frame};
pub use handshake::{Accept, Policy};
pub use mask::mask;
pub use message::{DEFAULT_LIMIT, Incoming, Message, MessageReader};
pub use sender::{Sender, State};
pub use socket::{WebSocket, serve};

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
// Bytes of test patterns are cut on purpose.
mod tests;
