//! The opening handshake, from both sides: a request, and an answer to one with a known key.
//!
//! Where we answer 101, `tungstenite` does too, with the same accept value, save these, which it
//! refuses: an `Upgrade` that is a list (RFC 9110 §7.8 has one) and a `Connection` in two lines, of
//! which it reads the first; a key with pad bits (RFC 4648 §3.5), as the sample of RFC 6455 §4.1 has;
//! characters that RFC 3986 does not let stand in a target or its host; HTTP/1.2 to 1.9. It refuses less, too.
//! An answer that we give is one that we take.

use push_by_hand::http::{Request, Response};
use push_by_hand::websocket::Accept;
use push_by_hand::websocket::handshake::{Policy, answer, check_answer, decode_key};
use tungstenite::error::{Error, ProtocolError};
use tungstenite::handshake::machine::TryParse;
use tungstenite::handshake::server;

/// The key of RFC 6455 §1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

pub fn target(bytes: &[u8]) {
    if let Ok(Some(request)) = Request::read_head_from(&mut &*bytes) {
        check_request(bytes, &request);
    }
    if let Ok((response, _)) = Response::read_head_from(&mut &*bytes, false) {
        let chosen = check_answer(&response, KEY, &["chat", "superchat"]);
        let accept = response.fields.get("sec-websocket-accept");
        if let Ok(protocol) = chosen {
            assert_eq!((response.status.code(), accept), (101, Some(&*Accept::of(KEY).value)));
            assert!(protocol.is_none_or(|name| ["chat", "superchat"].contains(&&*name)));
        }
    }
}

fn check_request(bytes: &[u8], request: &Request) {
    let all = ["chat", "superchat"].map(str::to_owned).to_vec();
    let policy = Policy { origins: vec!["*".into()], protocols: all };
    let response = match answer(request, &policy) {
        Ok(response) => response,
        // Every refusal can be written.
        Err(refusal) => return assert!(refusal.response().status.code() >= 400),
    };
    let key = request.fields.get("sec-websocket-key").unwrap();
    assert_eq!(decode_key(key).map(|bytes| bytes.len()), Ok(16));
    let offered: Vec<&str> = request.fields.list("sec-websocket-protocol").collect();
    assert!(check_answer(&response, key, &offered).is_ok());
    // RFC 6455 §4.2.2: what we choose is what the client likes best of what we know.
    let best = offered.into_iter().find(|name| policy.protocols.iter().any(|ours| ours == name));
    assert_eq!(response.fields.get("sec-websocket-protocol"), best);

    match theirs(bytes) {
        Ok(accept) => assert_eq!(response.fields.get("sec-websocket-accept"), Some(&*accept)),
        Err(Error::Protocol(ProtocolError::MissingUpgradeWebSocketHeader)) => {
            let first = request.fields.get("upgrade");
            assert!(first.is_some_and(|value| !value.eq_ignore_ascii_case("websocket")));
        }
        Err(Error::Protocol(ProtocolError::MissingConnectionUpgradeHeader)) => {
            let first = request.fields.get("connection").map(str::as_bytes);
            let many = request.fields.count("connection") > 1;
            // We read what is not ASCII as `?`; it takes none of the value then, nor of a tab.
            let odd = |&byte: &u8| !byte.is_ascii() || byte == b'\t' || byte == b'?';
            assert!(many || first.is_some_and(|value| value.iter().any(odd)));
        }
        Err(Error::Protocol(ProtocolError::InvalidSecWebSocketKey)) => {
            let last = key.trim_end_matches('=').chars().last();
            assert!(last.is_some_and(|last| !"AQgw".contains(last)), "{key}");
        }
        Err(Error::HttpFormat(_)) => {
            let (target, host) = (&request.target, request.host());
            assert!(!plain(target) || !plain(host), "{target} of {host}");
        }
        Err(Error::Protocol(ProtocolError::HttparseError(httparse::Error::Version))) => {}
        Err(other) => panic!("{other}"),
    }
}

/// The value of `tungstenite`'s answer.
fn theirs(bytes: &[u8]) -> Result<String, Error> {
    let (_, request) = server::Request::try_parse(bytes)?.expect("the head is whole");
    let response = server::create_response(&request)?;
    let accept = response.headers().get("sec-websocket-accept").expect("it stands in every answer");
    Ok(accept.to_str().expect("base64 is ASCII").to_owned())
}

/// Whether a target has only what RFC 3986 lets stand there.
fn plain(target: &str) -> bool {
    target
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/?-._~!$&'()*+,;=:@".contains(&byte))
}
