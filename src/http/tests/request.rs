use super::{Drip, assert_broken, every_way};
use crate::http::{Error, MAX_REQUEST_LINE, Method, Request, Rule, Status, percent_decode};

mod refused;

fn read(bytes: &[u8]) -> Result<Option<Request>, Error> {
    every_way(bytes, |reader| Request::read_from(reader))
}

/// A request in one line: method, target, version, host, and the body if there is one.
fn shape(bytes: &[u8]) -> String {
    let request = read(bytes)
        .unwrap_or_else(|error| panic!("{error}: {}", bytes.escape_ascii()))
        .expect("a request");
    let body = if request.body.is_empty() {
        String::new()
    } else {
        format!(" {}", request.body.escape_ascii())
    };
    format!(
        "{:?} {} {:?} {}{body}",
        request.method,
        request.target,
        request.version,
        request.host()
    )
}

#[test]
fn reads_every_form_of_request() {
    for (text, request) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "Get / Http11 a"),
        (
            "HEAD /clock?after=1-2 HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
            "Head /clock?after=1-2 Http11 localhost:8080",
        ),
        ("PUT /x HTTP/1.1\r\nHost: a\r\n\r\n", "Put /x Http11 a"),
        ("PATCH /x HTTP/1.1\r\nHost: a\r\n\r\n", "Patch /x Http11 a"),
        ("DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n", "Delete /x Http11 a"),
        ("OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n", "Options /x Http11 a"),
        // RFC 9112 §3.2.4: asterisk-form, for OPTIONS alone.
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "Options * Http11 a"),
        // RFC 9112 §3.2.2: absolute-form; its authority replaces Host, and an empty path is "/", or
        // "*" for OPTIONS.
        ("GET http://b:81/x?y=/z HTTP/1.1\r\nHost: a\r\n\r\n", "Get /x?y=/z Http11 b:81"),
        ("GET http://b HTTP/1.1\r\nHost: a\r\n\r\n", "Get / Http11 b"),
        ("GET HTTPS://b?q HTTP/1.1\r\nHost: a\r\n\r\n", "Get /?q Http11 b"),
        ("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n", "Options * Http11 b"),
        ("GET http://[::1]:80/ HTTP/1.1\r\nHost: a\r\n\r\n", "Get / Http11 [::1]:80"),
        // A target is not decoded, and odd characters that browsers send are no reason to refuse.
        ("GET /%7Ea|b^c/../d HTTP/1.1\r\nHost: a\r\n\r\n", "Get /~a|b^c/../d Http11 a"),
        ("GET //double HTTP/1.1\r\nHost: a\r\n\r\n", "Get //double Http11 a"),
        // RFC 9112 §2.3, RFC 9110 §6.2: a higher minor version is served as 1.1; 1.0 needs no Host.
        ("GET / HTTP/1.9\r\nHost: a\r\n\r\n", "Get / Http11 a"),
        ("GET / HTTP/1.0\r\n\r\n", "Get / Http10 "),
        ("GET / HTTP/1.0\r\nHost: a\r\n\r\n", "Get / Http10 a"),
        // RFC 9112 §2.2: empty lines before a request are passed over; a lone LF ends a line.
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "Get / Http11 a"),
        ("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "Get / Http11 a"),
        ("GET / HTTP/1.1\nHost: a\n\n", "Get / Http11 a"),
        ("GET / HTTP/1.1\nHost: a\r\n\n", "Get / Http11 a"),
        // Bodies: by length, by chunks, with trailers and extensions that nobody asked for.
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "Post / Http11 a hello"),
        ("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", "Post / Http10  hello"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n\r\n", "Get / Http11 a \\r\\n"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "Post / Http11 a"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "Post / Http11 a",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\
                \r\n",
            "Post / Http11 a hello",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n\
                A \t;z\r\n0123456789\r\n00;l\r\nT: u\r\n\r\n",
            "Post / Http11 a abc0123456789",
        ),
        // RFC 9110 §5.6.1: empty members of a list mean nothing.
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: , chunked,\r\n\r\n1\r\nx\r\n0\r\n\
                \r\n",
            "Post / Http11 a x",
        ),
        // RFC 9112 §6.3: the same length twice is one length.
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello",
            "Post / Http11 a hello",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 005\r\n\r\nhello",
            "Post / Http11 a hello",
        ),
    ] {
        assert_eq!(shape(text.as_bytes()), request);
    }
}

#[test]
fn the_end_of_the_connection_between_requests_is_no_error() {
    for nothing in ["", "\r\n", "\n", "\r\n\r\n\r\n\r\n"] {
        assert!(read(nothing.as_bytes()).expect("no error").is_none(), "{nothing:?}");
    }
}

#[test]
fn every_part_of_a_request_is_missed_when_the_peer_leaves_early() {
    let whole = b"\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for cut in 3..whole.len() {
        assert_broken(&whole[..cut], read(&whole[..cut]), Rule::WholeMessage, 400, cut);
    }
    // Within a body places are counted from its start, and there they are the same for both
    // framings.
    let chunks = b"3\r\nabc\r\n0\r\nT: u\r\n\r\n";
    for cut in 0..chunks.len() {
        let bytes = [whole, &chunks[..cut]].concat();
        match read(&bytes) {
            Err(Error::Broken { rule: Rule::WholeMessage, at, .. }) => assert_eq!(at, cut),
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
    for cut in 0..5 {
        let bytes = [b"POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n", &b"hello"[..cut]].concat();
        match read(&bytes) {
            Err(Error::Broken { rule: Rule::WholeMessage, at, .. }) => assert_eq!(at, cut),
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
}

#[test]
fn no_single_wrong_byte_makes_the_reader_panic_or_read_two_ways() {
    let messages: [&[u8]; 3] = [
        b"\r\nGET http://b:80/x?y HTTP/1.1\r\nHost: a:80\r\nExpect: 100-continue\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 5, 5\r\nConnection: close\r\n\r\nhello",
        b"PUT /%41 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nA;x\r\n0123456789\r\n\
            1\r\n!\r\n0\r\nT: u\r\n\r\n",
    ];
    // A change may end the request sooner than at the end of these bytes: what is left must be the
    // same, too.
    let read = |bytes: &[u8]| {
        let (mut whole, mut drip) = (bytes, Drip(bytes));
        let (result, dripped) = (Request::read_from(&mut whole), Request::read_from(&mut drip));
        assert_eq!(format!("{dripped:?}"), format!("{result:?}"), "{}", bytes.escape_ascii());
        if result.is_ok() {
            assert_eq!(drip.0, whole, "{}", bytes.escape_ascii());
        }
        result
    };
    let mut read_again = 0;
    for message in messages {
        read(message).unwrap().unwrap();
        for place in 0..message.len() {
            let (before, after) = message.split_at(place);
            for byte in *b"\r\n\0 \t:;,[]/*#%059aAfFH\x7f\x80\xff" {
                for changed in
                    [[before, &[byte], after].concat(), [before, &[byte], &after[1..]].concat()]
                {
                    match read(&changed) {
                        Ok(Some(_)) => read_again += 1,
                        Ok(None) => panic!("a request became nothing: {}", changed.escape_ascii()),
                        Err(error) => {
                            assert!(error.status().is_some(), "{error}: {}", changed.escape_ascii())
                        }
                    }
                }
            }
            let shorter = [before, &after[1..]].concat();
            assert!(
                !matches!(read(&shorter), Ok(None)),
                "a request became nothing: {}",
                shorter.escape_ascii()
            );
        }
    }
    assert!(read_again > 1_000, "many changes are harmless: {read_again}");
}

#[test]
fn what_is_expected_beforehand_is_the_body_or_nothing() {
    let expects = |version: &str, fields: &str| {
        let text = format!("POST / HTTP/{version}\r\nHost: a\r\n{fields}\r\n");
        let head =
            every_way(text.as_bytes(), |reader| Request::read_head_from(reader)).unwrap().unwrap();
        (text, head.expects_continue())
    };
    for (version, fields, waits) in [
        ("1.1", "Content-Length: 5\r\nExpect: 100-continue\r\n", true),
        ("1.1", "Transfer-Encoding: chunked\r\nExpect: 100-CONTINUE\r\n", true),
        ("1.1", "Content-Length: 5\r\n", false),
        // A list may have empty members, and say a thing twice (RFC 9110 §5.6.1).
        ("1.1", "Content-Length: 5\r\nExpect: , 100-continue,\r\nExpect: 100-continue\r\n", true),
        ("1.1", "Content-Length: 5\r\nExpect:\r\n", false),
        // Nothing is to come, so nothing is waited for.
        ("1.1", "Expect: 100-continue\r\n", false),
        ("1.1", "Content-Length: 0\r\nExpect: 100-continue\r\n", false),
        // RFC 9110 §10.1.1: from an HTTP/1.0 client it means nothing, whatever it is.
        ("1.0", "Content-Length: 5\r\nExpect: 100-continue\r\n", false),
        ("1.0", "Content-Length: 5\r\nExpect: wonders\r\n", false),
    ] {
        assert_eq!(expects(version, fields).1.unwrap(), waits, "{version} {fields}");
    }
    for (fields, at) in [
        ("Expect: wonders\r\n", 34),
        ("Expect: 100-continue, wonders\r\n", 48),
        ("Expect: 100-continue\r\nExpect: wonders\r\n", 56),
    ] {
        let (text, result) = expects("1.1", fields);
        assert_broken(text.as_bytes(), result, Rule::Expectation, 417, at);
    }
    // Better said before it is sent: the body would be too long.
    let (_, too_long) = expects("1.1", "Content-Length: 1048577\r\nExpect: 100-continue\r\n");
    assert_eq!(too_long.unwrap_err().status(), Some(Status::CONTENT_TOO_LARGE));
}

#[test]
fn a_connection_goes_on_or_ends_as_both_sides_say() {
    for (version, connection, persistent) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: CLOSE\r\n", false),
        ("1.1", "Connection: keep-alive, close\r\n", false),
        ("1.1", "Connection: keep-alive\r\nConnection: close\r\n", false),
        ("1.1", "Connection: Upgrade\r\n", true),
        // A token, not a part of one.
        ("1.1", "Connection: closed, not-close\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: keep-alive\r\n", true),
        ("1.0", "Connection: Keep-Alive, Upgrade\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let text = format!("GET / HTTP/{version}\r\nHost: a\r\n{connection}\r\n");
        let terms = read(text.as_bytes()).unwrap().unwrap().terms();
        assert_eq!(
            (terms.persistent, terms.head_only),
            (persistent, false),
            "HTTP/{version} {connection}"
        );
    }
    assert!(read(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().unwrap().terms().head_only);
}

#[test]
fn the_path_ends_at_the_first_question_mark_and_parameters_are_decoded() {
    let request = |target: &str| {
        read(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).unwrap().unwrap()
    };
    for (target, path, after) in [
        ("/x", "/x", None),
        ("/x?", "/x", None),
        ("/x?after", "/x", Some("")),
        ("/x?after=", "/x", Some("")),
        ("/x?after=1-2", "/x", Some("1-2")),
        ("/x?before=1&after=2&after=3", "/x", Some("2")),
        ("/x?after=a=b?c", "/x", Some("a=b?c")),
        ("/x?afterward=1", "/x", None),
        ("/x%3Fafter=1", "/x%3Fafter=1", None),
        ("/x?after=%E6%9C%8D%0d%0A%00", "/x", Some("服\r\n\0")),
        ("/x?after=%ff", "/x", None),
        ("/x?&&after=1&", "/x", Some("1")),
    ] {
        let request = request(target);
        assert_eq!((request.path(), request.query("after").as_deref()), (path, after), "{target}");
    }
}

#[test]
fn percent_decoding_undoes_two_hexadecimal_digits_and_nothing_else() {
    for (text, bytes) in [
        ("", &b""[..]),
        ("abc", b"abc"),
        ("%41%6a%6A", b"Ajj"),
        ("%00%ff", b"\0\xff"),
        ("%2541", b"%41"), // once, not twice
        ("%", b"%"),
        ("%4", b"%4"),
        ("%%41", b"%A"),
        ("%4g%g4", b"%4g%g4"),
        ("%+1%-1% 1", b"%+1%-1% 1"),
        ("a+b", b"a+b"),
        ("%é1", "%é1".as_bytes()),
        ("%4é", "%4é".as_bytes()),
    ] {
        assert_eq!(percent_decode(text), bytes, "{text}");
    }
}

#[test]
fn every_known_method_is_found_by_its_name() {
    for name in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        assert_eq!(Method::named(name).map(Method::name), Some(name));
    }
    assert_eq!(Method::named("CONNECT"), None);
}

#[test]
fn unreserved_characters_mean_the_same_percent_encoded_or_not() {
    for (came, target) in [
        ("/%70oll?%61fter=%31-2", "/poll?after=1-2"),
        ("/%7e%2D%2e%5F", "/~-._"),
        // These have a meaning of their own, and stay; so does what is no encoding.
        ("/a%2Fb%3Fc%26%25", "/a%2Fb%3Fc%26%25"),
        ("/%%361", "/%%361"),
        ("/%6", "/%6"),
    ] {
        let text = format!("GET {came} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(Request::read_from(&mut text.as_bytes()).unwrap().unwrap().target, target);
    }
}
