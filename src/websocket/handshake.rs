//! The opening handshake: a request that asks for something else than HTTP, and the answer to it,
//! from either side.
//!
//! Comes after `http`, whose requests and responses it judges, and before `socket`. Pure functions:
//! nothing here reads or writes. Implements RFC 6455 §4.1 (the client), §4.2 (the server), §1.9 and
//! §4.1 (subprotocols), §10.2 (`Origin`).
//!
//! ```text
//! GET /chat HTTP/1.1                           HTTP/1.1 101 Switching Protocols
//! Host: localhost:8888                         Upgrade: websocket
//! Upgrade: websocket                           Connection: Upgrade
//! Connection: Upgrade                          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
//! Sec-WebSocket-Version: 13
//! Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==  base64(SHA-1(key and GUID))
//! ```
//!
//! Left out: extensions. Every browser offers compression; not to mention it in the answer is to
//! decline (§9.1).

use super::key::KEY_BYTES;
use crate::cors::foreign_page;
use crate::http::{Method, Request, Response, Status, Version};
use std::fmt;

pub use super::key::{Accept, GUID, decode_key};

/// The only version there is (RFC 6455 §4.1).
const VERSION: &str = "13";

/// Whom a server lets in, and what it speaks.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Origins of pages that may connect beside those of the server's own origin, as
    /// `http://localhost:3000`. `"*"` lets in all.
    ///
    /// CORS does not guard a WebSocket: a page of any origin may open one, and the browser sends
    /// the user's cookies along. That `Origin` is checked here is all there is. A program that is
    /// no browser sends what it likes, or nothing (RFC 6455 §10.2).
    pub origins: Vec<String>,
    /// Subprotocols spoken on top.
    pub protocols: Vec<String>,
}

/// Why a request does not become a WebSocket: one rule of RFC 6455 §4.2.1 each, and what came
/// instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Item 1: the method is GET.
    Method(Method),
    /// Item 1: HTTP/1.1 at least. In HTTP/1.0 an `Upgrade` means nothing (RFC 9110 §7.8).
    HttpVersion,
    /// Item 3: `Upgrade` lists `websocket`, in any case.
    Upgrade(String),
    /// Item 4: `Connection` lists `Upgrade`, in any case: Firefox sends `keep-alive, Upgrade`.
    Connection(String),
    /// Item 6: `Sec-WebSocket-Version` is 13.
    Version(String),
    /// Item 5: `Sec-WebSocket-Key` stands there once.
    KeyOnce(usize),
    /// Item 5: it is sixteen bytes in base64.
    Key(String),
    /// Item 8, §4.2.2 and §10.2: the page may connect. What it said of itself, as
    /// [`foreign_page`] gives it.
    Origin(String),
}

impl Refusal {
    /// The status that answers it. 426 says: ask again, and ask for `websocket`, version 13 (RFC
    /// 9110 §15.5.22; RFC 6455 §4.4).
    pub const fn status(&self) -> Status {
        match self {
            Refusal::Method(_) => Status::METHOD_NOT_ALLOWED,
            Refusal::Upgrade(_) | Refusal::Connection(_) | Refusal::Version(_) => {
                Status::UPGRADE_REQUIRED
            }
            Refusal::HttpVersion | Refusal::KeyOnce(_) | Refusal::Key(_) => Status::BAD_REQUEST,
            Refusal::Origin(_) => Status::FORBIDDEN,
        }
    }

    /// The whole answer.
    pub fn response(&self) -> Response {
        let response = Response::refusal(self.status(), &self.to_string());
        match self.status() {
            Status::METHOD_NOT_ALLOWED => response.with("Allow", "GET, HEAD"),
            Status::UPGRADE_REQUIRED => response
                .with("Upgrade", "websocket")
                .with("Connection", "Upgrade")
                .with("Sec-WebSocket-Version", VERSION),
            _ => response,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Method(method) => write!(f, "expected GET; came {}", method.name()),
            Refusal::HttpVersion => f.write_str("expected HTTP/1.1; came HTTP/1.0"),
            Refusal::Upgrade(came) => {
                write!(f, "expected Upgrade: websocket; came {}", shown(came))
            }
            Refusal::Connection(came) => {
                write!(f, "expected Connection: Upgrade; came {}", shown(came))
            }
            Refusal::Version(came) => {
                write!(f, "expected Sec-WebSocket-Version: {VERSION}; came {}", shown(came))
            }
            Refusal::KeyOnce(count) => write!(f, "expected one Sec-WebSocket-Key; came {count}"),
            Refusal::Key(why) => {
                write!(f, "expected a Sec-WebSocket-Key of {KEY_BYTES} bytes in base64; came {why}")
            }
            Refusal::Origin(came) => {
                write!(f, "expected a page that may connect here (see --allow-origin); came {came}")
            }
        }?;
        f.write_str(if matches!(self, Refusal::Origin(_)) {
            " (RFC 6455 §10.2)"
        } else {
            " (RFC 6455 §4.2.1)"
        })
    }
}

/// A field value of the peer's, or the lack of one.
fn shown(value: &str) -> String {
    if value.is_empty() { "nothing".into() } else { format!("\"{}\"", value.escape_debug()) }
}

/// The server's decision: 101, or why not. `Host` was checked where the request was read.
///
/// # Errors
/// The [`Refusal`], whose [`response`](Refusal::response) is the answer.
pub fn answer(request: &Request, policy: &Policy) -> Result<Response, Refusal> {
    let fields = &request.fields;
    let all = |name| fields.get_all(name).collect::<Vec<_>>().join(", ");
    match request.method {
        Method::Get => {}
        // As GET is answered that asks for no WebSocket (RFC 9110 §9.3.2).
        Method::Head => return Err(Refusal::Upgrade(String::new())),
        other => return Err(Refusal::Method(other)),
    }
    if request.version != Version::Http11 {
        return Err(Refusal::HttpVersion);
    }
    if !fields.contains_token("Upgrade", "websocket") {
        return Err(Refusal::Upgrade(all("Upgrade")));
    }
    if !fields.contains_token("Connection", "Upgrade") {
        return Err(Refusal::Connection(all("Connection")));
    }
    let version = all("Sec-WebSocket-Version");
    if version != VERSION {
        return Err(Refusal::Version(version));
    }
    let mut keys = fields.get_all("Sec-WebSocket-Key");
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return Err(Refusal::KeyOnce(fields.count("Sec-WebSocket-Key")));
    };
    decode_key(key).map_err(Refusal::Key)?;
    if let Some(came) = foreign_page(request, &policy.origins) {
        return Err(Refusal::Origin(came));
    }
    let response = Response::new(Status::SWITCHING_PROTOCOLS)
        .with("Upgrade", "websocket")
        .with("Connection", "Upgrade")
        .with("Sec-WebSocket-Accept", &Accept::of(key).value);
    // The client's list begins with what it likes best. To know none of it is no reason to refuse:
    // the client sees that its wish was not granted, and decides (§4.2.2, step 4).
    let chosen = fields
        .list("Sec-WebSocket-Protocol")
        .find(|offered| policy.protocols.iter().any(|ours| ours == offered));
    Ok(match chosen {
        Some(protocol) => response.with("Sec-WebSocket-Protocol", protocol),
        None => response,
    })
}

/// The client's request. `host` is the authority of the URL, `target` its path and query.
pub(super) fn write_request(
    out: &mut Vec<u8>,
    host: &str,
    target: &str,
    key: &str,
    protocols: &[&str],
) {
    let mut head = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: {VERSION}\r\nSec-WebSocket-Key: {key}\r\n"
    );
    if !protocols.is_empty() {
        head.push_str(&format!("Sec-WebSocket-Protocol: {}\r\n", protocols.join(", ")));
    }
    head.push_str("\r\n");
    out.extend_from_slice(head.as_bytes());
}

/// What is wrong with a server's answer (RFC 6455 §4.1, last list): what was expected, and what
/// came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    expected: String,
    came: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}; came {} (RFC 6455 §4.1)", self.expected, self.came)
    }
}

impl std::error::Error for Mismatch {}

/// The client's decision about the answer to a request with `key` and `protocols`: the subprotocol
/// that was chosen, if one was.
///
/// # Errors
/// The first thing that is not as it must be. Nothing may be sent then, and nothing that follows
/// may be read.
pub fn check_answer(
    response: &Response,
    key: &str,
    protocols: &[&str],
) -> Result<Option<String>, Mismatch> {
    let fields = &response.fields;
    let all = |name| fields.get_all(name).collect::<Vec<_>>().join(", ");
    let mismatch =
        |expected: &str, came: String| Err(Mismatch { expected: expected.to_owned(), came });
    if response.status != Status::SWITCHING_PROTOCOLS {
        let body = String::from_utf8_lossy(&response.body);
        let said = if body.trim().is_empty() {
            String::new()
        } else {
            format!(", {}", shown(body.trim()))
        };
        return mismatch("101 Switching Protocols", format!("{}{said}", response.status));
    }
    if !fields.contains_token("Upgrade", "websocket") {
        return mismatch("Upgrade: websocket", shown(&all("Upgrade")));
    }
    if !fields.contains_token("Connection", "Upgrade") {
        return mismatch("Connection: Upgrade", shown(&all("Connection")));
    }
    let accept = all("Sec-WebSocket-Accept");
    if accept != Accept::of(key).value {
        return mismatch(
            &format!("Sec-WebSocket-Accept: {}", Accept::of(key).value),
            shown(&accept),
        );
    }
    // An empty list names none.
    if fields.list("Sec-WebSocket-Extensions").next().is_some() {
        return mismatch(
            "no extension, as none was offered",
            shown(&all("Sec-WebSocket-Extensions")),
        );
    }
    match fields.get_all("Sec-WebSocket-Protocol").collect::<Vec<_>>()[..] {
        [] => Ok(None),
        [chosen] if protocols.contains(&chosen) => Ok(Some(chosen.to_owned())),
        _ => mismatch(
            "a subprotocol that was offered, or none",
            shown(&all("Sec-WebSocket-Protocol")),
        ),
    }
}

#[cfg(test)]
mod tests;
