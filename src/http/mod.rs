//! HTTP/1.1 messages: what one is, how it is read, how it is written.
//!
//! ```text
//! GET /clock HTTP/1.1\r\n           request-line   |  HTTP/1.1 200 OK\r\n           status-line
//! Host: localhost:8080\r\n          field lines    |  Content-Length: 8\r\n         field lines
//! \r\n                              end of head    |  \r\n                          end of head
//!                                   message body   |  07:20:01                      message body
//! ```
//!
//! The whole protocol is in that picture: a first line, fields, an empty line, and a body whose
//! length the fields tell. A message is bytes, not text (RFC 9112 §2.2): each part is cut out
//! first and decoded after.
//!
//! Read in this order: [`Status`], [`Error`] (each rule with the answer to its breach), [`Method`],
//! [`Version`] and [`Terms`], [`Fields`], [`chunked`] (a body whose length nobody knows yet),
//! [`body`] (where a body ends), [`Request`], [`Response`]. Each uses only those before it.
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
mod terms;

pub use error::{Error, Rule};
pub use fields::{Fields, MAX_LINES, MAX_SECTION};
pub(crate) use request::is_authority;
pub use request::{MAX_REQUEST_LINE, Request, percent_decode};
pub use response::Response;
pub use status::Status;
pub use terms::{Method, Terms, Version};

#[cfg(test)]
mod tests;
