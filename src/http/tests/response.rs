use super::{assert_broken, every_way};
use crate::http::body::Framing;
use crate::http::{Error, Request, Response, Rule, Status, Terms, Version};

const GET: Terms = Terms { head_only: false, version: Version::Http11, persistent: true };

/// What is written, with the date, which changes, left out after a look at it.
fn written(response: &Response, terms: Terms) -> String {
    let mut out = Vec::new();
    response.write_to(&mut out, terms);
    let text = String::from_utf8(out).unwrap();
    // RFC 9110 §6.6.1: a Date may be left out of 1xx only.
    let Some((before, after)) = text.split_once("Date: ") else {
        assert!(text.starts_with("HTTP/1.1 1"), "{text}");
        return text;
    };
    let (date, after) = after.split_once("\r\n").expect("the end of the Date");
    assert_eq!((date.len(), &date[date.len() - 4..]), (29, " GMT"), "{date}");
    format!("{before}{after}")
}

fn read(bytes: &[u8], head_only: bool) -> Result<Response, Error> {
    every_way(bytes, |reader| Response::read_from(reader, head_only, 100))
}

#[test]
fn writes_head_and_body_with_the_framing_that_fits() {
    let text = || Response::text(Status::OK, "hi\n");
    let http10 = Terms { version: Version::Http10, ..GET };
    for (response, terms, bytes) in [
        (
            text(),
            GET,
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/plain; charset=utf-8\r\n\
                X-Content-Type-Options: nosniff\r\n\r\nhi\n",
        ),
        // RFC 9110 §9.3.2: HEAD gets the fields of GET, and no content.
        (
            text(),
            Terms { head_only: true, ..GET },
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/plain; charset=utf-8\r\n\
                X-Content-Type-Options: nosniff\r\n\r\n",
        ),
        (
            text(),
            Terms { persistent: false, ..GET },
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\
                Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n\r\n\
                hi\n",
        ),
        (
            text(),
            http10,
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\
                Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n\r\n\
                hi\n",
        ),
        (
            text(),
            Terms { persistent: false, ..http10 },
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\
                Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n\r\n\
                hi\n",
        ),
        (
            Response::new(Status::NOT_FOUND),
            GET,
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        ),
        // RFC 9110 §8.6, RFC 9112 §6.3: neither content nor its length, whatever the value holds.
        (Response::new(Status::NO_CONTENT), GET, "HTTP/1.1 204 No Content\r\n\r\n"),
        (
            Response { status: Status::NO_CONTENT, ..text() },
            GET,
            "HTTP/1.1 204 No Content\r\nContent-Type: text/plain; charset=utf-8\r\n\
                X-Content-Type-Options: nosniff\r\n\r\n",
        ),
        (
            Response { status: Status::NOT_MODIFIED, ..text() },
            GET,
            "HTTP/1.1 304 Not Modified\r\nContent-Type: text/plain; charset=utf-8\r\n\
                X-Content-Type-Options: nosniff\r\n\r\n",
        ),
        (
            Response::new(Status::SWITCHING_PROTOCOLS)
                .with("Upgrade", "websocket")
                .with("Connection", "Upgrade"),
            Terms { persistent: false, ..GET },
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        ),
        // RFC 9112 §4: the space stands even where there is no reason phrase.
        (
            Response::new(Status::new(299).unwrap()),
            GET,
            "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n",
        ),
    ] {
        assert_eq!(written(&response, terms), bytes);
    }
}

#[test]
fn the_head_of_a_stream_announces_chunks_or_the_end_of_the_connection() {
    let head = |status, terms, framing| {
        let mut out = Vec::new();
        Response::new(status).write_head_to(&mut out, terms, framing);
        let text = String::from_utf8(out).unwrap();
        let lines = text
            .split_terminator("\r\n")
            .skip(1)
            .filter(|line| !line.starts_with("Date: ") && !line.is_empty());
        lines.collect::<Vec<_>>().join(" | ")
    };
    let last = Terms { persistent: false, ..GET };
    assert_eq!(head(Status::OK, GET, Framing::Chunked), "Transfer-Encoding: chunked");
    assert_eq!(
        head(Status::OK, last, Framing::Chunked),
        "Transfer-Encoding: chunked | Connection: close"
    );
    assert_eq!(head(Status::OK, last, Framing::UntilClose), "Connection: close");
    assert_eq!(head(Status::NO_CONTENT, GET, Framing::Chunked), "");
}

#[test]
fn what_is_written_is_read_back() {
    for response in [
        Response::text(Status::OK, "服务器回应: hello"),
        Response::json(Status::CREATED, "[]").with("X-Y", "z"),
        Response::with_body(Status::OK, "application/octet-stream", *b"\0\r\n\xff"),
        Response::new(Status::NO_CONTENT),
        Response::refusal(Status::SERVICE_UNAVAILABLE, "no").with("Retry-After", "1"),
        Response::new(Status::new(599).unwrap()),
    ] {
        let mut bytes = Vec::new();
        response.write_to(&mut bytes, GET);
        let read = read(&bytes, false).unwrap();
        assert_eq!((read.status, &read.body), (response.status, &response.body));
        for (name, value) in response.fields.iter() {
            assert_eq!(read.fields.get(name), Some(value));
        }
        let mut bytes = Vec::new();
        response.write_to(&mut bytes, Terms { head_only: true, ..GET });
        assert_eq!(self::read(&bytes, true).unwrap().body, b"");
    }
}

#[test]
fn no_status_but_one_of_three_digits_exists() {
    for code in [0, 99, 1000, 65535] {
        assert_eq!(Status::new(code), None);
    }
    for code in 100..=999 {
        let status = Status::new(code).unwrap();
        assert_eq!(
            (status.code(), status.to_string()),
            (code, format!("{code} {}", status.reason()))
        );
        assert_eq!(status.never_has_content(), code < 200 || code == 204 || code == 304);
    }
}

#[test]
fn reads_responses_of_every_framing() {
    for (text, status, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
        ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            200,
            "hello",
        ),
        ("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", 404, ""),
        ("HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, ""),
        ("HTTP/1.1 299 Some of it, with spaces \t!\r\nContent-Length: 0\r\n\r\n", 299, ""),
        // Whatever their fields say, these have no content (RFC 9112 §6.3).
        ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, ""),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, ""),
        ("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", 304, ""),
        // RFC 9110 §15.2: interim answers come before the real one; after 101 there is none.
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\
                Content-Length: 0\r\n\r\n",
            200,
            "",
        ),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", 101, ""),
    ] {
        let response =
            read(text.as_bytes(), false).unwrap_or_else(|error| panic!("{error}: {text:?}"));
        assert_eq!(
            (response.status.code(), response.body.as_slice()),
            (status, body.as_bytes()),
            "{text:?}"
        );
    }
    let head = read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true).unwrap();
    assert_eq!((head.fields.get("content-length"), head.body.len()), (Some("5"), 0));
    // Without either, a response goes on until the connection ends; what would be the next message
    // is part of it.
    let mut until_close = b"HTTP/1.1 200 OK\r\n\r\nhello HTTP/1.1 200 OK\r\n\r\n".as_slice();
    assert_eq!(
        Response::read_from(&mut until_close, false, 100).unwrap().body,
        b"hello HTTP/1.1 200 OK\r\n\r\n"
    );
}

#[test]
fn refuses_responses_that_break_the_rules() {
    for (text, rule, at) in [
        ("", Rule::WholeMessage, 0),
        ("HTTP/1.1 200 OK\r\n", Rule::WholeMessage, 17),
        ("HTTP/1.1 200OK\r\n\r\n", Rule::StatusLine, 0),
        ("HTTP/1.1 20 OK\r\n\r\n", Rule::StatusLine, 0),
        ("HTTP/1.1 2000 OK\r\n\r\n", Rule::StatusLine, 0),
        ("HTTP/1.1 099 OK\r\n\r\n", Rule::StatusLine, 0),
        ("HTTP/1.1  200 OK\r\n\r\n", Rule::StatusLine, 0),
        ("HTTP/1.1\r\n\r\n", Rule::StatusLine, 0),
        ("hello\r\n\r\n", Rule::StatusLine, 0),
        ("ICY 200 OK\r\n\r\n", Rule::Version, 0),
        ("http/1.1 200 OK\r\n\r\n", Rule::Version, 0),
        ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", Rule::FieldName, 18),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            Rule::OneFraming,
            33,
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n", Rule::ContentLength, 33),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Rule::NoTransferEncodingIn10, 36),
    ] {
        assert_broken(text.as_bytes(), read(text.as_bytes(), false), rule, 400, at);
    }
    let too_long = "HTTP/1.1 200 ".to_owned() + &"x".repeat(2000);
    assert_broken(too_long.as_bytes(), read(too_long.as_bytes(), false), Rule::StatusLine, 400, 0);
    let http2 = b"HTTP/2.0 200 OK\r\n\r\n";
    assert_broken(http2, read(http2, false), Rule::VersionSupported, 505, 0);
    // A body cut short, and one that is longer than the reader wants.
    assert!(matches!(
        read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", false),
        Err(Error::Broken { rule: Rule::WholeMessage, at: 4, .. })
    ));
    assert!(matches!(
        read(b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", false),
        Err(Error::Broken { rule: Rule::BodyLength, .. })
    ));
}

#[test]
fn content_that_is_known_is_not_sent_again() {
    let request = |method: &str, fields: &str| {
        let text = format!("{method} / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        Request::read_from(&mut text.as_bytes()).unwrap().unwrap()
    };
    for (method, fields, status) in [
        ("GET", "", 200),
        ("GET", "If-None-Match: \"x\"\r\n", 304),
        ("HEAD", "If-None-Match: \"x\"\r\n", 304),
        ("GET", "If-None-Match: W/\"x\"\r\n", 304),
        ("GET", "If-None-Match: *\r\n", 304),
        ("GET", "If-None-Match: \"w\", \"x\"\r\n", 304),
        ("GET", "If-None-Match: \"w\"\r\nIf-None-Match: \"x\"\r\n", 304),
        ("GET", "If-None-Match: x\r\n", 200),
        ("GET", "If-None-Match: \"X\"\r\n", 200),
        ("GET", "If-None-Match: w/\"x\"\r\n", 200),
        ("GET", "If-None-Match: \"xy\"\r\n", 200),
        // RFC 9110 §13.1.3: with If-None-Match there, this one is not even looked at.
        (
            "GET",
            "If-None-Match: \"w\"\r\nIf-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT\r\n",
            200,
        ),
        // RFC 9110 §13.1.2: for other methods it is another question, which we do not answer.
        ("POST", "If-None-Match: \"x\"\r\n", 200),
    ] {
        let response = Response::text(Status::OK, "hi")
            .with("Cache-Control", "no-cache")
            .with("Vary", "Origin");
        let response = response.on_conditions(&request(method, fields), "\"x\"");
        assert_eq!(response.status.code(), status, "{method} {fields}");
        assert_eq!(response.body.is_empty(), status == 304);
        let kept = ["ETag", "Cache-Control", "Vary"].map(|name| response.fields.get(name));
        assert_eq!(kept, [Some("\"x\""), Some("no-cache"), Some("Origin")]);
    }
}

#[test]
fn a_refusal_names_the_rule_its_section_the_byte_and_what_stood_there() {
    let read = |bytes: &[u8]| Request::read_from(&mut &*bytes).unwrap_err().to_string();
    assert_eq!(
        read(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        "expected a field name directly followed by a colon (RFC 9112 §5.1); \
         at byte 20 came \" : a\\r\\n\""
    );
    assert_eq!(
        read(b"GET / HTTP/1.1\r\n"),
        "expected the rest of the message (RFC 9112 §8); at byte 16 came nothing"
    );
    let long = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", "<".repeat(100));
    assert_eq!(
        read(long.as_bytes()),
        format!(
            "expected a Host of the form name or name:port (RFC 9110 §7.2); \
             at byte 22 came \"{}...\"",
            "<".repeat(48)
        )
    );
}

#[test]
fn a_folded_field_of_a_response_is_read_as_one_line() {
    let bytes = b"HTTP/1.1 200 OK\r\nX-Long: one\r\n two \r\n\tthree\r\nContent-Length: 0\r\n\r\n";
    let read = read(bytes, false).unwrap();
    let words: Vec<_> = read.fields.get("x-long").unwrap().split_whitespace().collect();
    assert_eq!((words, read.fields.iter().count()), (vec!["one", "two", "three"], 2));
    // There is nothing that a first line could continue.
    let first = b"HTTP/1.1 200 OK\r\n a: b\r\n\r\n";
    assert_broken(first, self::read(first, false), Rule::NoFolding, 400, 17);
}

#[test]
fn a_content_coding_that_nobody_asked_for_is_named() {
    let coded =
        b"HTTP/1.1 200 OK\r\nContent-Encoding: identity, gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b";
    assert_broken(coded, read(coded, false), Rule::ContentCoding, 415, 45);
    let plain = b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(read(plain, false).unwrap().body, b"hi");
    // Where there is no content, nothing is coded.
    let empty = b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n";
    assert!(read(empty, false).is_ok());
}
