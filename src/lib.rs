//! How a server reaches the browser, by hand.
//!
//! One feed of numbered messages, and six ways to read it, each on a `std::net::TcpListener`, with
//! reads that block and a thread for each connection. The programs in `src/bin/` are the lessons;
//! this library is what they stand on.
//!
//! ```text
//! TcpListener → server → thread → Connection → http::Request → the lesson's match
//!     → http::Response                             polling, long_polling, pages
//!     → chunks                                     iframe_stream, fetch_stream
//!     → chunks of event_stream::Event              event_source, sse_stream
//!     → websocket handshake → 101 → Frame → Message → … → Frame   websocket, raw_websocket
//! ```
//!
//! Read it in this order; each module uses only those before it:
//!
//! | module | its job |
//! |---|---|
//! | [`clock`] | the time, for people, for HTTP and for scripts |
//! | [`feed`] | the numbered log that every technique reads |
//! | [`json`] | what the pages' scripts are sent |
//! | [`terminal`] | what a terminal is shown: nothing that commands it |
//! | [`arguments`] | flags, read in one way by all programs |
//! | [`retry`] | how long a client waits before it comes back |
//! | [`connection`] | one socket: buffer, writer, deadlines, tap |
//! | [`http`] | HTTP/1.1 messages, read and written |
//! | [`cors`] | which pages may read, and which may publish |
//! | [`server`] | names, accept, a thread each, keep-alive; refuse politely |
//! | [`pages`] | files, and no way out of their folder |
//! | [`event_stream`] | the format of server-sent events, both directions |
//! | [`websocket`] | RFC 6455: handshake, frames, messages, both ends |
//! | [`wire`] | the bytes that cross a socket, cut into their fields |
//! | [`lesson`] | flags, ports and first lines of the programs |
//!
//! The book in `docs/` walks through the lessons one by one.

pub mod arguments;
pub mod clock;
pub mod connection;
pub mod cors;
pub mod event_stream;
pub mod feed;
pub mod http;
pub mod json;
pub mod lesson;
pub mod pages;
pub mod retry;
pub mod server;
pub mod terminal;
pub mod websocket;
pub mod wire;
