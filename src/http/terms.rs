//! What a request and its answer must agree on: the method, the version, and the form that these
//! give the answer.
//!
//! Comes after `error`, and before everything that reads or writes a message. Implements RFC 9110
//! §9 (methods) and RFC 9112 §2.3 (versions).

use super::{Error, Rule};

/// What the client wants done (RFC 9110 §9.3). Method names are case-sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Send me this.
    Get,
    /// Send me the head of what GET would send.
    Head,
    /// Take this.
    Post,
    /// Store this here.
    Put,
    /// Change this here.
    Patch,
    /// Remove this.
    Delete,
    /// Tell me what I may ask: CORS asks with it before other requests.
    Options,
}

impl Method {
    const ALL: [(Method, &'static str); 7] = [
        (Method::Get, "GET"),
        (Method::Head, "HEAD"),
        (Method::Post, "POST"),
        (Method::Put, "PUT"),
        (Method::Patch, "PATCH"),
        (Method::Delete, "DELETE"),
        (Method::Options, "OPTIONS"),
    ];

    /// The method of this name.
    pub fn named(name: &str) -> Option<Method> {
        Method::ALL.iter().find(|(_, known)| *known == name).map(|&(method, _)| method)
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        Method::ALL[self as usize].1
    }
}

/// The version a message speaks. A higher minor version is answered as 1.1 (RFC 9110 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// No chunks; the connection ends after the answer unless asked otherwise.
    Http10,
    /// Chunks; the connection stays open unless asked otherwise.
    Http11,
}

impl Version {
    /// Reads `HTTP/1.1`. `at` is where it stands.
    pub(super) fn parse(text: &[u8], at: usize) -> Result<Version, Error> {
        match text {
            b"HTTP/1.0" => Ok(Version::Http10),
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => Ok(Version::Http11),
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
                Err(Error::broken(Rule::VersionSupported, text, at))
            }
            _ => Err(Error::broken(Rule::Version, text, at)),
        }
    }
}

/// What the request asks of the answer's form.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The answer to HEAD: the head that GET would get, and no content.
    pub head_only: bool,
    /// The version the client speaks.
    pub version: Version,
    /// Whether the connection goes on after the answer.
    pub persistent: bool,
}
