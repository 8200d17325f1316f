//! Requests and answers as other people send them, and each rule broken.

use super::super::key::fresh_key;
use super::*;
use crate::cors::foreign;

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
        assert_eq!(Accept::of(key).joined, format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    }
    // RFC 6455 §1.3 prints the digest, too.
    let digest = [
        0xb3, 0x7a, 0x4f, 0x2c, 0xc0, 0x62, 0x4f, 0x16, 0x90, 0xf6, 0x46, 0x06, 0xcf, 0x38, 0x59,
        0x45, 0xb2, 0xbe,
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
        // The sample of RFC 6455 §4.1, of whose last character only two bits count.
        ("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEC=="),
    ] {
        let response = answer(&with(name, value), &Policy::default()).unwrap();
        assert_eq!(response.fields.iter().count(), 3, "{name}: {value}");
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
        ("HEAD / HTTP/1.1", 426),
        ("OPTIONS / HTTP/1.1", 405),
        ("GET / HTTP/1.0", 400),
    ] {
        assert_eq!(refusal(&request(line, "X", "1")).0, status, "{line}");
    }
    let allow =
        answer(&request("POST / HTTP/1.1", "X", "1"), &Policy::default()).unwrap_err().response();
    assert_eq!(allow.fields.get("Allow"), Some("GET, HEAD"));
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
        let let_in = foreign(Some(origin), None, host, &policy.origins).is_none();
        assert_eq!(let_in, expected, "{origin} at {host}");
    }
}

#[test]
fn one_subprotocol_of_those_offered_is_chosen_or_none() {
    let policy = Policy { protocols: vec!["chat".into(), "superchat".into()], ..Policy::default() };
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
    assert_eq!(check_answer(&right("").with("Sec-WebSocket-Extensions", ""), KEY, &[]), Ok(None));
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
        (right("").with("Sec-WebSocket-Protocol", "c"), "expected a subprotocol that was offered"),
        (right("").with("Sec-WebSocket-Protocol", ""), "expected a subprotocol that was offered"),
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
