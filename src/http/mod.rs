//! HTTP/1.1 messages: what one is, how it is read, how it is written.
//!
//! ```text
//! GET /clock HTTP/1.1\r\n             request-line   |  HTTP/1.1 200 OK\r\n            status-line
//! Host: localhost:8080\r\n            field lines    |  Content-Length: 8\r\n          field lines
//! \r\n                                end of head    |  \r\n                           end of head
//!                                     message body   |  07:20:01                       message body
//! ```
//!
//! The whole protocol is in that picture: a first line, fields, an empty line, and a body whose
//! length the fields tell. A message is bytes, not text (RFC 9112 §2.2): each part is cut out
//! first and decoded after.
//!
//! Read in this order: [`Status`], [`Error`] (each rule with the answer to its breach), [`Fields`],
//! [`Request`], [`body`] (where a body ends), [`chunked`] (a body whose length nobody knows yet),
//! [`Response`].
//!
//! Left out: transfer codings other than chunked, trailer fields (read and dropped), CONNECT and
//! TRACE.

pub mod body;
pub mod chunked;
mod error;
mod fields;
mod request;
mod response;
mod status;

pub use error::{Error, Rule};
pub use fields::{Fields, MAX_LINES, MAX_SECTION};
pub use request::{MAX_REQUEST_LINE, Method, Request, Version, percent_decode};
pub use response::{Response, Terms};
pub use status::Status;

#[cfg(test)]
mod tests;
