use super::*;

/// Tries a table of refusals: bytes, rule, status, place.
fn assert_refused(table: &[(&str, Rule, u16, usize)]) {
    for &(text, rule, status, at) in table {
        assert_broken(text.as_bytes(), read(text.as_bytes()), rule, status, at);
    }
}

#[test]
fn refuses_a_request_line_that_is_not_one() {
    assert_refused(&[
        ("GET\r\n\r\n", Rule::RequestLine, 400, 0),
        ("GET /\r\n\r\n", Rule::RequestLine, 400, 0), // HTTP/0.9
        ("GET  / HTTP/1.1\r\n\r\n", Rule::RequestLine, 400, 0),
        ("GET /  HTTP/1.1\r\n\r\n", Rule::RequestLine, 400, 0),
        ("GET / HTTP/1.1 \r\n\r\n", Rule::RequestLine, 400, 0),
        (" GET / HTTP/1.1\r\n\r\n", Rule::RequestLine, 400, 0),
        ("GET / a HTTP/1.1\r\n\r\n", Rule::RequestLine, 400, 0),
        (" / HTTP/1.1\r\n\r\n", Rule::RequestLine, 400, 0),
        ("GET\t/\tHTTP/1.1\r\n\r\n", Rule::RequestLine, 400, 0),
        ("GE(T / HTTP/1.1\r\n\r\n", Rule::RequestLine, 400, 0),
        ("G\0T / HTTP/1.1\r\n\r\n", Rule::RequestLine, 400, 0),
        ("GÉT / HTTP/1.1\r\n\r\n", Rule::RequestLine, 400, 0),
        ("\r\nGET\r\n\r\n", Rule::RequestLine, 400, 2),
        // More empty lines than a mistake explains.
        ("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", Rule::RequestLine, 400, 0),
        // A TLS ClientHello: somebody typed https.
        ("\x16\x03\x01\x02\0\x01\0\x01\u{7f}\x03\x03\n", Rule::RequestLine, 400, 0),
        // HTTP/2 with prior knowledge begins with a request-line that was made to be refused.
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Rule::VersionSupported, 505, 6),
    ]);
}

#[test]
fn refuses_methods_it_does_not_know_and_methods_are_case_sensitive() {
    assert_refused(&[
        ("get / HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Method, 501, 0),
        ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Method, 501, 0),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Method, 501, 0),
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Method, 501, 0),
        ("\r\n!#$%&'*+-.^_`|~ / HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Method, 501, 2),
    ]);
    // RFC 9112 §3: a method longer than any other is an unknown method, not a target that is too
    // long.
    let endless = "A".repeat(2 * MAX_REQUEST_LINE);
    assert_refused(&[
        (&endless, Rule::Method, 501, 0),
        (&format!("{endless} / HTTP/1.1\r\n\r\n"), Rule::Method, 501, 0),
    ]);
}

#[test]
fn refuses_targets_of_no_form_and_of_a_form_the_method_does_not_have() {
    assert_refused(&[
        ("GET clock HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 4),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 4),
        ("OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 8),
        ("GET ?q HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 4),
        ("GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 4),
        // The address of a WebSocket in a browser is not the target of its request.
        ("GET ws://localhost:8888/ HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 4),
        ("GET wss://localhost/ HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 4),
        ("GET file:///etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 4),
        ("GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 4),
        ("GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 4),
        ("GET http://b:x/ HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 4),
        ("GET http://b:65536/ HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 4),
        // A fragment stays in the browser.
        ("GET /#top HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 5),
        ("GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 5),
        ("GET /a\0 HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 6),
        ("GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 6),
        ("GET /\u{7f} HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 5),
        ("GET /é HTTP/1.1\r\nHost: a\r\n\r\n", Rule::Target, 400, 5),
    ]);
    let not_utf8 = b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_broken(not_utf8, read(not_utf8), Rule::Target, 400, 5);
}

#[test]
fn refuses_versions_that_are_misspelt_or_of_another_age() {
    assert_refused(&[
        ("GET / http/1.1\r\nHost: a\r\n\r\n", Rule::Version, 400, 6),
        ("GET / HTTP/1\r\nHost: a\r\n\r\n", Rule::Version, 400, 6),
        ("GET / HTTP/1.\r\nHost: a\r\n\r\n", Rule::Version, 400, 6),
        ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", Rule::Version, 400, 6),
        ("GET / HTTP/11\r\nHost: a\r\n\r\n", Rule::Version, 400, 6),
        ("GET / HTTP/1,1\r\nHost: a\r\n\r\n", Rule::Version, 400, 6),
        ("GET / ICY/1.1\r\nHost: a\r\n\r\n", Rule::Version, 400, 6),
        ("GET / \r\nHost: a\r\n\r\n", Rule::Version, 400, 6),
        ("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", Rule::Version, 400, 6),
        ("GET / HTTP/1.1\0\r\nHost: a\r\n\r\n", Rule::Version, 400, 6),
        ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", Rule::VersionSupported, 505, 6),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", Rule::VersionSupported, 505, 6),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", Rule::VersionSupported, 505, 6),
    ]);
}

#[test]
fn a_request_line_may_have_8000_bytes_and_not_one_more() {
    assert!(Rule::RequestLineLength.entry().2.contains(&MAX_REQUEST_LINE.to_string()));
    for line_end in ["\r\n", "\n"] {
        let line = |length: usize| format!("GET /{}", "a".repeat(length - 5 - 9));
        let longest = format!("{} HTTP/1.1{line_end}Host: a\r\n\r\n", line(MAX_REQUEST_LINE));
        assert_eq!(longest.find(line_end), Some(MAX_REQUEST_LINE));
        assert!(shape(longest.as_bytes()).starts_with("Get /aaa"));
        let longer = format!("{} HTTP/1.1{line_end}Host: a\r\n\r\n", line(MAX_REQUEST_LINE + 1));
        assert_refused(&[(&longer, Rule::RequestLineLength, 414, 0)]);
        assert_refused(&[(&format!("\n{longer}"), Rule::RequestLineLength, 414, 1)]);
    }
    // It need not end for that.
    assert_refused(&[(&format!("GET /{}", "a".repeat(9000)), Rule::RequestLineLength, 414, 0)]);
}

#[test]
fn refuses_a_host_that_is_missing_repeated_or_none() {
    assert_refused(&[
        ("GET / HTTP/1.1\r\n\r\n", Rule::HostOnce, 400, 16),
        ("GET / HTTP/1.1\r\nX: y\r\n\r\n", Rule::HostOnce, 400, 22),
        ("GET http://a/ HTTP/1.1\r\n\r\n", Rule::HostOnce, 400, 24),
        ("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", Rule::HostOnce, 400, 31),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", Rule::HostOnce, 400, 31),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", Rule::Host, 400, 21),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.1\r\nHost: http://a\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.1\r\nHost: :80\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.1\r\nHost: a:-1\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.1\r\nHost: [x]:80\r\n\r\n", Rule::Host, 400, 22),
        ("GET / HTTP/1.0\r\nHost: a b\r\n\r\n", Rule::Host, 400, 22),
    ]);
    for host in [
        "a",
        "a:",
        "a:80",
        "127.0.0.1:8080",
        "[::1]",
        "[::1]:8080",
        "[2001:db8::1]:0",
        "xn--bcher-kva.example",
        "a_b",
    ] {
        let text = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(shape(text.as_bytes()), format!("Get / Http11 {host}"));
    }
}
