//! WebSocket by hand (RFC 6455): a request turns the connection into something else, and from then
//! on either side speaks when it likes.
//!
//! ```text
//! GET /chat HTTP/1.1, Upgrade: websocket ─▶ handshake ─▶ 101 Switching Protocols
//!
//!   bytes ─▶ frame::Header, Payload ─▶ message::MessageReader ─▶ Message       receive
//!   bytes ◀── frame::write_frame ◀──────────────────────────────── Message       send
//!                     ▲
//!             socket::WebSocket: Ping and Pong, the closing handshake, one place that fails a connection
//! ```
//!
//! Read in this order: `error` (every rule that a peer can break), `frame` (the bits), `close`
//! (status codes), `message` (fragments), `handshake` (a pure function from request to answer),
//! `socket` (the open connection), `client` (the other end). The first four know no socket: they
//! read from any `BufRead` and write to a `Vec<u8>`.
//!
//! Left out: extensions, and so compression; `wss://`, which is the same inside TLS.

mod client;
mod close;
mod error;
mod frame;
pub mod handshake;
mod message;
mod socket;

pub use client::{CONNECT_LIMIT, Client, Url};
pub use close::{Close, CloseCode};
pub use error::{Error, NotUtf8, Violation};
pub use frame::{Frame, Header, MAX_CONTROL, Opcode, Payload, Role, mask, text_frame};
pub use handshake::{Accept, Policy};
pub use message::{DEFAULT_LIMIT, Incoming, Message, MessageReader};
pub use socket::{HEARTBEAT, Sender, State, WebSocket, serve};

#[cfg(test)]
mod socket_tests;
#[cfg(test)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
// Bytes of test patterns are cut on purpose.
mod tests;
