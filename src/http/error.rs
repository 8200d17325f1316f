//! What can go wrong while a message is read: one rule of the grammar each, with what it asks for
//! and the answer it earns.

use super::Status;
use std::{fmt, io};

/// Why no message could be read.
#[derive(Debug)]
pub enum Error {
    /// The socket failed, or its deadline passed (`ErrorKind::TimedOut`).
    Io(io::Error),
    /// The peer broke a rule: which, with what bytes, and where they stood.
    Broken {
        /// The rule.
        rule: Rule,
        /// What came instead, made printable and cut short.
        came: String,
        /// Where it came: bytes from the start of the message; within a body, from the start of
        /// the body.
        at: usize,
    },
}

/// A rule of HTTP/1.1 that a message can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // `entry` says of each what it asks for.
pub enum Rule {
    RequestLine,
    RequestLineLength,
    Method,
    Target,
    Version,
    VersionSupported,
    StatusLine,
    LineEnd,
    FieldName,
    FieldValue,
    NoFolding,
    FieldSectionLength,
    FieldCount,
    HostOnce,
    Host,
    ContentLength,
    OneFraming,
    NoTransferEncodingIn10,
    ChunkedLast,
    TransferCoding,
    Expectation,
    ContentCoding,
    BodyLength,
    ChunkSize,
    ChunkEnd,
    WholeMessage,
    InTime,
}

impl Rule {
    /// The whole catalogue: the status that answers a breach, the text that sets the rule, and what
    /// it asks for.
    pub const fn entry(self) -> (Status, &'static str, &'static str) {
        const BAD: Status = Status::BAD_REQUEST;
        match self {
            Rule::RequestLine => {
                (BAD, "RFC 9112 §3", "a request-line: method SP request-target SP HTTP-version")
            }
            Rule::RequestLineLength => {
                (Status::URI_TOO_LONG, "RFC 9112 §3", "a request-line of at most 8000 bytes")
            }
            Rule::Method => (
                Status::NOT_IMPLEMENTED,
                "RFC 9110 §9.1",
                "GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS",
            ),
            Rule::Target => (
                BAD,
                "RFC 9112 §3.2",
                "a request-target: /path?query, http://host/path, or * with OPTIONS",
            ),
            Rule::Version => (BAD, "RFC 9112 §2.3", "an HTTP-version: HTTP/ digit . digit"),
            Rule::VersionSupported => {
                (Status::HTTP_VERSION_NOT_SUPPORTED, "RFC 9110 §15.6.6", "HTTP/1.1 or HTTP/1.0")
            }
            Rule::StatusLine => {
                (BAD, "RFC 9112 §4", "a status-line: HTTP-version SP three digits SP reason phrase")
            }
            Rule::LineEnd => (BAD, "RFC 9112 §2.2", "CR only before LF"),
            Rule::FieldName => (BAD, "RFC 9112 §5.1", "a field name directly followed by a colon"),
            Rule::FieldValue => (BAD, "RFC 9110 §5.5", "a field value without control characters"),
            Rule::NoFolding => {
                (BAD, "RFC 9112 §5.2", "a field line that does not begin with white space")
            }
            Rule::FieldSectionLength => (
                Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "RFC 6585 §5",
                "field lines of at most 16384 bytes together",
            ),
            Rule::FieldCount => {
                (Status::REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 6585 §5", "at most 100 field lines")
            }
            Rule::HostOnce => (BAD, "RFC 9112 §3.2", "exactly one Host field"),
            Rule::Host => (BAD, "RFC 9110 §7.2", "a Host of the form name or name:port"),
            Rule::ContentLength => (BAD, "RFC 9110 §8.6", "one Content-Length, in decimal digits"),
            Rule::OneFraming => {
                (BAD, "RFC 9112 §6.1", "either Transfer-Encoding or Content-Length")
            }
            Rule::NoTransferEncodingIn10 => {
                (BAD, "RFC 9112 §6.1", "no Transfer-Encoding in an HTTP/1.0 message")
            }
            Rule::ChunkedLast => {
                (BAD, "RFC 9112 §6.3", "chunked, once, as the last transfer coding")
            }
            Rule::TransferCoding => {
                (Status::NOT_IMPLEMENTED, "RFC 9112 §6.1", "no transfer coding but chunked")
            }
            Rule::Expectation => {
                (Status::EXPECTATION_FAILED, "RFC 9110 §10.1.1", "no expectation but 100-continue")
            }
            Rule::ContentCoding => {
                (Status::UNSUPPORTED_MEDIA_TYPE, "RFC 9110 §8.4", "a body without a content coding")
            }
            Rule::BodyLength => {
                (Status::CONTENT_TOO_LARGE, "RFC 9110 §15.5.14", "a body of at most 1048576 bytes")
            }
            Rule::ChunkSize => {
                (BAD, "RFC 9112 §7.1", "a chunk size: 1 to 16 hexadecimal digits, then CRLF")
            }
            Rule::ChunkEnd => (BAD, "RFC 9112 §7.1", "CRLF after the data of a chunk"),
            Rule::WholeMessage => (BAD, "RFC 9112 §8", "the rest of the message"),
            Rule::InTime => (
                Status::REQUEST_TIMEOUT,
                "RFC 9110 §15.5.9",
                "the whole message before the deadline",
            ),
        }
    }
}

impl Error {
    /// A breach of `rule` by these bytes, `at` so many from the start.
    pub(crate) fn broken(rule: Rule, came: &[u8], at: usize) -> Error {
        /// As much of the peer's bytes as a log line can bear.
        const SHOWN: usize = 48;
        let mut text = came[..came.len().min(SHOWN)].escape_ascii().to_string();
        if came.len() > SHOWN {
            text.push_str("...");
        }
        Error::Broken { rule, came: text, at }
    }

    /// The status that answers this error; `None` where nobody is left to answer.
    pub fn status(&self) -> Option<Status> {
        match self {
            Error::Broken { rule, .. } => Some(rule.entry().0),
            Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
                Some(Status::REQUEST_TIMEOUT)
            }
            Error::Io(_) => None,
        }
    }
}

/// What was expected, what came, and at which byte: the body of the refusal, and the line in the
/// log.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(error) => error.fmt(f),
            Error::Broken { rule, came, at } => {
                let (_, section, expected) = rule.entry();
                write!(f, "expected {expected} ({section}); at byte {at} came ")?;
                if came.is_empty() { f.write_str("nothing") } else { write!(f, "\"{came}\"") }
            }
        }
    }
}

impl std::error::Error for Error {}

/// An error of ours that crossed a `Read` comes back as itself.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        match error.downcast::<Error>() {
            Ok(ours) => ours,
            Err(error) => Error::Io(error),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        match error {
            Error::Io(error) => error,
            broken => io::Error::new(io::ErrorKind::InvalidData, broken),
        }
    }
}
