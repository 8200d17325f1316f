//! What the parts say, in words short enough for a column.
//!
//! Serves `dissect`. The numbers are those of RFC 9110 §15 and RFC 6455 §5.2.
//!
//! Left out: fields that no lesson and no browser sends here; they are shown without a meaning.

use crate::http::Status;
use crate::websocket::{CloseCode, Opcode, close_code_name};

/// Field names in lower case, what each field says, and where it is defined.
const FIELDS: [(&str, &str, &str); 37] = [
    ("accept", "types it can use", "RFC 9110 §12.5.1"),
    ("accept-encoding", "compressions it knows", "RFC 9110 §12.5.3"),
    ("accept-language", "languages it prefers", "RFC 9110 §12.5.4"),
    ("access-control-allow-headers", "fields it may set", "Fetch, CORS protocol"),
    ("access-control-allow-methods", "methods it may use", "Fetch, CORS protocol"),
    ("access-control-allow-origin", "whose pages may read it", "Fetch, CORS protocol"),
    ("access-control-expose-headers", "fields a page may read", "Fetch, CORS protocol"),
    ("access-control-max-age", "seconds this holds", "Fetch, CORS protocol"),
    ("access-control-request-headers", "fields it wants to set", "Fetch, CORS protocol"),
    ("access-control-request-method", "the method it wants", "Fetch, CORS protocol"),
    ("allow", "methods that would do", "RFC 9110 §10.2.1"),
    ("cache-control", "what caches may do", "RFC 9111 §5.2"),
    ("connection", "about this connection", "RFC 9110 §7.6.1"),
    ("content-length", "bytes in the body", "RFC 9110 §8.6"),
    ("content-type", "what the body is", "RFC 9110 §8.3"),
    ("date", "when it was made", "RFC 9110 §6.6.1"),
    ("etag", "the name of this version", "RFC 9110 §8.8.3"),
    ("expect", "waits for a go-ahead", "RFC 9110 §10.1.1"),
    ("host", "who is asked", "RFC 9110 §7.2"),
    ("if-none-match", "the version it has", "RFC 9110 §13.1.2"),
    ("last-event-id", "the last event it got", "HTML, Server-sent events"),
    ("origin", "whose page asks", "Fetch, Origin header"),
    ("referer", "the page it asks from", "RFC 9110 §10.1.3"),
    ("retry-after", "seconds to wait", "RFC 9110 §10.2.3"),
    ("sec-fetch-dest", "what it will be used as", "Fetch Metadata"),
    ("sec-fetch-mode", "how it is fetched", "Fetch Metadata"),
    ("sec-fetch-site", "how near the page is", "Fetch Metadata"),
    ("sec-websocket-accept", "proof, from the key", "RFC 6455 §11.3.3"),
    ("sec-websocket-extensions", "extensions on offer", "RFC 6455 §11.3.2"),
    ("sec-websocket-key", "the answer is made of it", "RFC 6455 §11.3.1"),
    ("sec-websocket-protocol", "subprotocols", "RFC 6455 §11.3.4"),
    ("sec-websocket-version", "WebSocket as in RFC 6455", "RFC 6455 §11.3.5"),
    ("transfer-encoding", "how the body is coded", "RFC 9112 §6.1"),
    ("upgrade", "the protocol to go to", "RFC 9110 §7.8"),
    ("user-agent", "the program asking", "RFC 9110 §10.1.5"),
    ("vary", "what the answer hangs on", "RFC 9110 §12.5.5"),
    ("x-accel-buffering", "proxies must not hold it", "nginx, proxy_buffering"),
];

/// What a field says and where it is defined; names are case-insensitive.
pub(super) fn field(name: &str) -> (&'static str, &'static str) {
    let known = FIELDS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name));
    known.map_or(("", "RFC 9112 §5"), |&(_, meaning, section)| (meaning, section))
}

/// What is wanted, in words.
pub(super) fn method(name: &str) -> &'static str {
    match name {
        "GET" => "send me this",
        "HEAD" => "send me its head",
        "POST" => "take this",
        "OPTIONS" => "what may I ask?",
        _ => "",
    }
}

/// How it went, in words.
pub(super) fn status(status: Status) -> &'static str {
    match status.code() {
        100 => "go on, send the body",
        101 => "yes, another protocol",
        200 => "here it is",
        204 => "done, nothing to send",
        304 => "you have it already",
        // Of the others the first digit says enough.
        code => match code / 100 {
            1 => "wait for the answer",
            2 => "it worked",
            3 => "look elsewhere",
            4 => "the request is at fault",
            5 => "the server is at fault",
            _ => "",
        },
    }
}

/// The kinds of frame (RFC 6455 §5.2).
pub(super) fn opcode(opcode: Option<Opcode>) -> &'static str {
    match opcode {
        Some(Opcode::Continuation) => "continuation frame",
        Some(Opcode::Text) => "text frame",
        Some(Opcode::Binary) => "binary frame",
        Some(Opcode::Close) => "close frame",
        Some(Opcode::Ping) => "ping frame",
        Some(Opcode::Pong) => "pong frame",
        None => "wrong: reserved",
    }
}

/// Why a WebSocket was closed: `close`'s words, or why there are none.
pub(super) fn close_code(code: u16) -> &'static str {
    match (CloseCode::try_from(code), close_code_name(code)) {
        (Ok(_), Some(name)) => name,
        (Err(_), Some(_)) => "never on the wire",
        (_, None) => "wrong: reserved",
    }
}
