//! The opening handshake: a request that asks for something else than HTTP, and the answer to it,
//! from either side.
//!
//! Comes after `http`, whose requests and responses it judges, and before `socket`. Pure functions:
//! nothing here reads or writes. Implements RFC 6455 §4.1 (the client), §4.2 (the server), §1.9 and
//! §4.1 (subprotocols), §10.2 (`Origin`).
//!
//! ```text
//! GET /chat HTTP/1.1                             HTTP/1.1 101 Switching Protocols
//! Host: localhost:8888                           Upgrade: websocket
//! Upgrade: websocket                             Connection: Upgrade
//! Connection: Upgrade                            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
//! Sec-WebSocket-Version: 13
//! Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==    base64(SHA-1(key and GUID))
//! ```
//!
//! What the key is good for: an answer with the right value comes from a server that knows this
//! protocol and has read this request, not from a cache and not from one that repeats what it is
//! sent. It proves nobody's identity and hides nothing.
//!
//! Left out: extensions. Every browser offers compression; not to mention it in the answer is to
//! decline (§9.1).

use crate::cors::lets_in;
use crate::http::{Method, Request, Response, Status, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fmt;

/// The value that RFC 6455 §1.3 appends to every key: nobody who does not know the protocol would.
pub const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The only version there is (RFC 6455 §4.1).
const VERSION: &str = "13";
/// How long a key is before base64, in bytes.
const KEY_BYTES: usize = 16;

/// The way from a key to `Sec-WebSocket-Accept`, with its stations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
    /// The key as it came, still in base64, and the [`GUID`].
    pub joined: String,
    /// The SHA-1 of that text.
    pub digest: [u8; 20],
    /// The digest in base64: what the field says.
    pub value: String,
}

impl Accept {
    /// Goes the way from a key (RFC 6455 §4.2.2, step 5).
    ///
    /// ```
    /// use push_by_hand::websocket::Accept;
    /// assert_eq!(Accept::of("dGhlIHNhbXBsZSBub25jZQ==").value, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    /// ```
    pub fn of(key: &str) -> Accept {
        let joined = format!("{key}{GUID}");
        let digest = sha1_smol::Sha1::from(&joined).digest().bytes();
        let value = BASE64.encode(digest);
        Accept { joined, digest, value }
    }
}

/// The sixteen bytes of a key (RFC 6455 §4.2.1, item 5). What they are does not matter to the
/// server, only that they are.
///
/// # Errors
/// How many bytes came, or that it is no base64.
pub fn decode_key(key: &str) -> Result<[u8; KEY_BYTES], String> {
    let bytes = BASE64.decode(key).map_err(|error| format!("no base64 ({error})"))?;
    bytes.try_into().map_err(|bytes: Vec<u8>| format!("{} bytes", bytes.len()))
}

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

impl Policy {
    /// Whether a page of this origin may connect to a server that the request calls `host`.
    fn lets_in(&self, origin: &str, host: &str) -> bool {
        lets_in(origin, host, &self.origins)
    }
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
    /// Item 8, §4.2.2 and §10.2: the page may connect.
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
    #[cold]
    pub fn response(&self) -> Response {
        let response = Response::refusal(self.status(), &self.to_string());
        match self.status() {
            Status::METHOD_NOT_ALLOWED => response.with("Allow", "GET"),
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
                write!(f, "expected a page that may connect here; came Origin {}", shown(came))
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
#[inline(never)] // Its variables need not stay on the stack for as long as the socket is open.
pub fn answer(request: &Request, policy: &Policy) -> Result<Response, Refusal> {
    let fields = &request.fields;
    let all = |name| fields.get_all(name).collect::<Vec<_>>().join(", ");
    if request.method != Method::Get {
        return Err(Refusal::Method(request.method));
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
    if let Some(foreign) =
        fields.get_all("Origin").find(|origin| !policy.lets_in(origin, request.host()))
    {
        return Err(Refusal::Origin(foreign.to_owned()));
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

/// A fresh key for one request (RFC 6455 §4.1, item 7): sixteen bytes that were not used before.
pub(super) fn fresh_key() -> String {
    BASE64.encode([super::frame::random_bytes(), super::frame::random_bytes()].as_flattened())
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
    if fields.count("Sec-WebSocket-Extensions") > 0 {
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
mod tests {
    use super::*;

    const FIELDS: [(&str, &str); 5] = [
        ("Host", "localhost:8888"),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "IHfMdf8a0aQXbwQO1pkGdA=="),
    ];

    /// The tutorial's request with one field replaced, added, or (with an empty value) taken away.
    fn request(line: &str, name: &str, value: &str) -> Request {
        let mut fields: Vec<(&str, &str)> =
            FIELDS.into_iter().filter(|(field, _)| *field != name).collect();
        fields.push((name, value));
        let lines: String = fields
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let bytes = format!("{line}\r\n{lines}\r\n");
        Request::read_from(&mut bytes.as_bytes()).unwrap().unwrap()
    }

    fn with(name: &str, value: &str) -> Request {
        request("GET / HTTP/1.1", name, value)
    }

    fn refusal(request: &Request) -> (u16, String) {
        let refusal = answer(request, &Policy::default()).unwrap_err();
        let response = refusal.response();
        let body = String::from_utf8(response.body.clone()).unwrap();
        assert!(body.starts_with("expected ") && body.contains("; came "), "{body}");
        if response.status == Status::UPGRADE_REQUIRED {
            assert_eq!(response.fields.get("Sec-WebSocket-Version"), Some("13"));
            assert!(response.fields.contains_token("Upgrade", "websocket"));
            assert!(response.fields.contains_token("Connection", "Upgrade"));
        }
        (response.status.code(), body)
    }

    #[test]
    fn both_published_pairs_of_key_and_accept_value_come_out() {
        for (key, accept) in [
            ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            ("IHfMdf8a0aQXbwQO1pkGdA==", "aWAY+V/uyz5ILZEoWuWdxjnlb7E="),
        ] {
            assert_eq!(Accept::of(key).value, accept);
            assert_eq!(
                Accept::of(key).joined,
                format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
            );
        }
        // RFC 6455 §1.3 prints the digest, too.
        let digest = [
            0xb3, 0x7a, 0x4f, 0x2c, 0xc0, 0x62, 0x4f, 0x16, 0x90, 0xf6, 0x46, 0x06, 0xcf, 0x38,
            0x59, 0x45, 0xb2, 0xbe,
        ];
        assert_eq!(Accept::of("dGhlIHNhbXBsZSBub25jZQ==").digest[..18], digest);
    }

    #[test]
    fn the_request_of_the_tutorial_is_answered_with_three_fields() {
        let response = answer(&with("X-Anything", "1"), &Policy::default()).unwrap();
        let fields: Vec<_> = response.fields.iter().collect();
        let accept = ("Sec-WebSocket-Accept", "aWAY+V/uyz5ILZEoWuWdxjnlb7E=");
        assert_eq!(response.status, Status::SWITCHING_PROTOCOLS);
        assert_eq!(fields, [("Upgrade", "websocket"), ("Connection", "Upgrade"), accept]);
    }

    #[test]
    fn names_and_tokens_come_in_any_case_and_among_others() {
        for (name, value) in [
            ("Connection", "keep-alive, Upgrade"),
            ("Connection", "upgrade"),
            ("Upgrade", "WebSocket"),
            ("Upgrade", "h2c, websocket"),
            ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
        ] {
            let response = answer(&with(name, value), &Policy::default()).unwrap();
            assert_eq!(response.fields.len(), 3, "{name}: {value}");
        }
        let absolute = request("GET http://localhost:8888/chat HTTP/1.1", "X", "1");
        assert!(answer(&absolute, &Policy::default()).is_ok());
    }

    #[test]
    fn each_broken_rule_of_the_request_has_its_status() {
        for (name, value, status) in [
            ("Upgrade", "", 426),
            ("Upgrade", "websocketx", 426),
            ("Connection", "", 426),
            ("Connection", "keep-alive", 426),
            ("Connection", "no-upgrade", 426),
            ("Sec-WebSocket-Version", "", 426),
            ("Sec-WebSocket-Version", "8", 426),
            ("Sec-WebSocket-Version", "13, 8", 426),
            ("Sec-WebSocket-Version", "013", 426),
            ("Sec-WebSocket-Key", "", 400),
            ("Sec-WebSocket-Key", "c2hvcnQ=", 400),
            ("Sec-WebSocket-Key", "IHfMdf8a0aQXbwQO1pkGdA", 400),
            ("Sec-WebSocket-Key", "not base64 at all, is it", 400),
            ("sec-websocket-key", "IHfMdf8a0aQXbwQO1pkGdA==", 400),
            ("Origin", "http://elsewhere.example", 403),
            ("Origin", "null", 403),
            ("Origin", "http://localhost:8889", 403),
            ("Origin", "http://localhost:88888", 403),
        ] {
            let (came, body) = refusal(&with(name, value));
            assert_eq!(came, status, "{name}: {value}: {body}");
        }
        for (line, status) in [
            ("POST / HTTP/1.1", 405),
            ("HEAD / HTTP/1.1", 405),
            ("OPTIONS / HTTP/1.1", 405),
            ("GET / HTTP/1.0", 400),
        ] {
            assert_eq!(refusal(&request(line, "X", "1")).0, status, "{line}");
        }
        let allow = answer(&request("POST / HTTP/1.1", "X", "1"), &Policy::default())
            .unwrap_err()
            .response();
        assert_eq!(allow.fields.get("Allow"), Some("GET"));
    }

    #[test]
    fn a_page_of_the_same_origin_or_of_a_listed_one_may_connect() {
        let listed = Policy { origins: vec!["http://localhost:3000".into()], ..Policy::default() };
        let open = Policy { origins: vec!["*".into()], ..Policy::default() };
        for (origin, host, policy, expected) in [
            ("http://localhost:8888", "localhost:8888", Policy::default(), true),
            ("http://LOCALHOST:8888", "localhost:8888", Policy::default(), true),
            ("https://example.com", "example.com", Policy::default(), true),
            ("http://example.com", "example.com:80", Policy::default(), true),
            ("https://example.com", "example.com:443", Policy::default(), true),
            ("http://example.com", "example.com:443", Policy::default(), false),
            ("http://localhost:3000", "localhost:8888", Policy::default(), false),
            ("http://localhost:3000", "localhost:8888", listed.clone(), true),
            ("http://localhost:30000", "localhost:8888", listed.clone(), false),
            ("null", "localhost:8888", listed, false),
            ("null", "localhost:8888", open, true),
            ("http://", "localhost:8888", Policy::default(), false),
        ] {
            assert_eq!(policy.lets_in(origin, host), expected, "{origin} at {host}");
        }
    }

    #[test]
    fn one_subprotocol_of_those_offered_is_chosen_or_none() {
        let policy =
            Policy { protocols: vec!["chat".into(), "superchat".into()], ..Policy::default() };
        for (offered, chosen) in [
            ("superchat, chat", Some("superchat")),
            ("other,chat", Some("chat")),
            ("Chat", None),
            ("", None),
            (", ,", None),
        ] {
            let response = answer(&with("Sec-WebSocket-Protocol", offered), &policy).unwrap();
            assert_eq!(response.fields.get("Sec-WebSocket-Protocol"), chosen, "{offered}");
        }
    }

    #[test]
    fn a_client_checks_the_whole_answer() {
        const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
        let right = |skip: &str| {
            let mut response = Response::new(Status::SWITCHING_PROTOCOLS);
            let accept = ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
            for (name, value) in [("Upgrade", "WebSocket"), ("Connection", "upgrade"), accept] {
                if name != skip {
                    response.fields.push(name, value);
                }
            }
            response
        };
        assert_eq!(check_answer(&right(""), KEY, &[]), Ok(None));
        assert_eq!(
            check_answer(&right("").with("Sec-WebSocket-Protocol", "a"), KEY, &["b", "a"]),
            Ok(Some("a".into()))
        );
        for (response, expected) in [
            (
                Response::text(Status::FORBIDDEN, "no\n"),
                "expected 101 Switching Protocols; came 403 Forbidden, \"no\"",
            ),
            (right("Upgrade"), "expected Upgrade: websocket; came nothing"),
            (right("Upgrade").with("Upgrade", "h2c"), "expected Upgrade: websocket; came \"h2c\""),
            (right("Connection"), "expected Connection: Upgrade; came nothing"),
            (right("Sec-WebSocket-Accept"), "expected Sec-WebSocket-Accept: s3p"),
            (
                right("").with("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                "expected Sec-WebSocket-Accept: s3p",
            ),
            (right("").with("Sec-WebSocket-Extensions", "x"), "expected no extension"),
            (
                right("").with("Sec-WebSocket-Protocol", "c"),
                "expected a subprotocol that was offered",
            ),
            (
                right("").with("Sec-WebSocket-Protocol", ""),
                "expected a subprotocol that was offered",
            ),
        ] {
            let mismatch = check_answer(&response, KEY, &["a", "b"]).unwrap_err().to_string();
            assert!(mismatch.starts_with(expected), "{mismatch}");
        }
    }

    #[test]
    fn our_client_asks_as_our_server_wants_it_and_with_a_new_key_each_time() {
        let mut bytes = Vec::new();
        let key = fresh_key();
        write_request(&mut bytes, "localhost:8888", "/chat?x=1", &key, &["chat"]);
        let request = Request::read_from(&mut bytes.as_slice()).unwrap().unwrap();
        let policy = Policy { protocols: vec!["chat".into()], ..Policy::default() };
        let response = answer(&request, &policy).unwrap();
        assert_eq!(check_answer(&response, &key, &["chat"]), Ok(Some("chat".into())));
        assert_eq!((request.target.as_str(), request.host()), ("/chat?x=1", "localhost:8888"));
        assert_ne!(key, fresh_key());
    }
}
