//! The lesson `polling`, run as it is built, and asked over sockets.

use crate::support;

use push_by_hand::http::{Response, Status};
use std::net::TcpStream;
use support::{
    Client, Program, connections, eventually, get, id, is_time_of_day, request, text, values,
};

fn start() -> Program {
    Program::start(env!("CARGO_BIN_EXE_polling"), &["--port", "0", "--page-port=0"])
}

#[test]
fn the_first_lines_are_the_urls() {
    let program = start();
    let (page, data) = (program.port("page"), program.port("data"));
    assert_eq!(
        program.output()[..2],
        [format!("page  http://localhost:{page}/"), format!("data  http://localhost:{data}/")]
    );
}

#[test]
fn a_browser_may_try_either_address_of_localhost() {
    let program = start();
    for port in [program.port("page"), program.port("data")] {
        TcpStream::connect(("127.0.0.1", port)).unwrap();
        // Where the machine has no IPv6, there is nothing to try.
        if std::net::TcpListener::bind("[::1]:0").is_ok() {
            TcpStream::connect(("::1", port)).unwrap();
        }
    }
}

#[test]
fn eight_bytes_of_news_come_under_a_head_of_these_lines() {
    let program = start();
    let page = program.url("page").trim_end_matches('/').to_owned();
    let mut client = Client::connect(program.port("data"));
    client.ask("GET", "/", "Connection: close\r\n");
    let answer = String::from_utf8(client.rest()).unwrap();
    let (head, time) = answer.split_once("\r\n\r\n").unwrap();
    let date = head.split("Date: ").nth(1).unwrap().split("\r\n").next().unwrap();
    assert!(is_time_of_day(time), "{time}");
    assert_eq!(
        head,
        format!(
            "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 8\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n\
             Cache-Control: no-store\r\nETag: \"{time}\"\r\nAccess-Control-Allow-Origin: {page}\r\n\
             Access-Control-Expose-Headers: ETag"
        )
    );
    // The second may have changed between the two, so only the form is certain.
    assert_eq!((date.len(), &date[25..]), (29, " GMT"));
}

#[test]
fn head_tells_the_length_and_sends_nothing_of_it() {
    let program = start();
    let mut client = Client::connect(program.port("data"));
    client.ask("HEAD", "/", "");
    let head = client.response_to_head();
    assert_eq!((head.status, head.fields.get("content-length")), (Status::OK, Some("8")));
    // If there were a body after all, it would stand where this answer must begin.
    assert!(is_time_of_day(text(&client.get("/", ""))));
}

#[test]
fn only_the_root_is_a_clock_and_only_for_those_who_read() {
    let program = start();
    let port = program.port("data");
    for (method, target, status, allow) in [
        ("GET", "/favicon.ico", Status::NOT_FOUND, None),
        ("GET", "/index.html", Status::NOT_FOUND, None),
        ("GET", "/polling.html", Status::NOT_FOUND, None),
        ("POST", "/x", Status::NOT_FOUND, None),
        ("OPTIONS", "/x", Status::NOT_FOUND, None),
        ("POST", "/", Status::METHOD_NOT_ALLOWED, Some("GET, HEAD, OPTIONS")),
        ("DELETE", "/?after=", Status::METHOD_NOT_ALLOWED, Some("GET, HEAD, OPTIONS")),
        ("OPTIONS", "/", Status::NO_CONTENT, Some("GET, HEAD, OPTIONS")),
        ("OPTIONS", "*", Status::NO_CONTENT, Some("GET, HEAD, POST, OPTIONS")),
        ("BREW", "/", Status::NOT_IMPLEMENTED, None),
    ] {
        let answer = request(port, method, target, "", "");
        assert_eq!(
            (answer.status, answer.fields.get("allow")),
            (status, allow),
            "{method} {target}"
        );
        assert!(!is_time_of_day(text(&answer)), "{method} {target}: {}", text(&answer));
    }
}

#[test]
fn every_answer_names_the_origin_of_the_page_and_varies_with_nothing() {
    let program = start();
    let (page, data) = (program.port("page"), program.port("data"));
    let origin = format!("http://localhost:{page}");
    for (method, target, fields) in [
        ("GET", "/", String::new()),
        ("GET", "/", format!("Origin: {origin}\r\n")),
        // Another name of the same machine is another origin. It learns that it was not meant.
        ("GET", "/", format!("Origin: http://127.0.0.1:{page}\r\n")),
        ("GET", "/", "Origin: null\r\n".into()),
        ("GET", "/", "If-None-Match: *\r\n".into()),
        ("GET", "/?after=", String::new()),
        ("GET", "/?after=nonsense", String::new()),
        ("GET", "/nowhere", String::new()),
        ("POST", "/", String::new()),
    ] {
        let answer = request(data, method, target, &fields, "");
        let stated: Vec<_> = answer.fields.get_all("access-control-allow-origin").collect();
        assert_eq!(stated, [origin.as_str()], "{method} {target} {fields}");
        assert_eq!(answer.fields.get("vary"), None, "{method} {target} {fields}");
        assert_eq!(answer.fields.get("access-control-expose-headers"), Some("ETag"));
    }
}

#[test]
fn the_preflight_is_answered_and_the_request_it_announced_is_too() {
    let program = start();
    let origin = format!("Origin: {}\r\n", program.url("page").trim_end_matches('/'));
    let mut client = Client::connect(program.port("data"));
    let announced =
        "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: if-none-match\r\n";
    client.ask("OPTIONS", "/", &format!("{origin}{announced}"));
    let preflight = client.response();
    assert_eq!((preflight.status, preflight.body.len()), (Status::NO_CONTENT, 0));
    for (name, value) in [
        ("access-control-allow-origin", origin.trim_start_matches("Origin: ").trim_end()),
        ("access-control-allow-methods", "GET, HEAD"),
        ("access-control-allow-headers", "If-None-Match"),
        ("access-control-max-age", "600"),
    ] {
        assert_eq!(preflight.fields.get(name), Some(value), "{name}");
    }
    assert_eq!(
        (preflight.fields.get("content-length"), preflight.fields.get("transfer-encoding")),
        (None, None)
    );
    assert_eq!(
        client.get("/", &format!("{origin}If-None-Match: *\r\n")).status,
        Status::NOT_MODIFIED
    );
}

#[test]
fn the_preflight_of_a_foreign_page_is_refused_in_words() {
    let program = start();
    let fields = "Origin: http://evil.example\r\nAccess-Control-Request-Method: GET\r\n";
    let answer = request(program.port("data"), "OPTIONS", "/", fields, "");
    let page = page(&program);
    assert_eq!((answer.status, shared_with(&answer)), (Status::FORBIDDEN, page.clone()));
    assert_eq!(
        text(&answer),
        format!(
            "expected a page of this server or {page} (see --allow-origin); \
             came Origin \"http://evil.example\"\n"
        )
    );
}

#[test]
fn the_page_may_read_why_its_request_was_not_read() {
    let program = start();
    let long = "x".repeat(16_384);
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", Status::BAD_REQUEST),
        (&format!("GET /{long} HTTP/1.1\r\n\r\n"), Status::URI_TOO_LONG),
        (
            &format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"),
            Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
        ),
    ] {
        let mut client = Client::connect(program.port("data"));
        client.send(request);
        let answer = client.response();
        assert_eq!((answer.status, shared_with(&answer)), (status, page(&program)));
    }
}

#[test]
fn the_page_may_read_that_there_was_no_thread_for_it() {
    let flags = ["--port", "0", "--page-port=0", "--max-threads=1"];
    let program = Program::start(env!("CARGO_BIN_EXE_polling"), &flags);
    let mut client = Client::connect(program.port("data"));
    assert_eq!(client.get("/", "").status, Status::OK);
    let answer = Client::connect(program.port("data")).response();
    assert_eq!(
        (answer.status, shared_with(&answer)),
        (Status::SERVICE_UNAVAILABLE, page(&program))
    );
}

/// The origin that may read an answer.
fn shared_with(answer: &Response) -> String {
    answer.fields.get("access-control-allow-origin").unwrap_or_default().to_owned()
}

/// The origin of the page.
fn page(program: &Program) -> String {
    program.url("page").trim_end_matches('/').to_owned()
}

#[test]
fn many_polls_are_many_requests_and_one_connection() {
    let program = start();
    let mut client = Client::connect(program.port("data"));
    for _ in 0..20 {
        assert!(is_time_of_day(text(&client.get("/", ""))));
    }
    eventually("its thread has its name", || connections(&program) == 1);
    // Unless one side says otherwise: then each poll pays for a connection of its own.
    let last = client.get("/", "Connection: close\r\n");
    assert!(last.fields.contains_token("connection", "close"));
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_time_that_has_not_changed_is_not_sent_again() {
    let program = start();
    let mut client = Client::connect(program.port("data"));
    let mut last = client.get("/", "");
    // If the second changes just then, the next try has nearly a whole one.
    for _ in 0..10 {
        let known = last.fields.get("etag").unwrap().to_owned();
        let answer = client.get("/", &format!("If-None-Match: {known}\r\n"));
        if answer.status == Status::NOT_MODIFIED {
            assert_eq!((answer.fields.get("etag"), answer.body.len()), (Some(known.as_str()), 0));
            // What describes the content is left out with it.
            assert_eq!(
                (answer.fields.get("content-length"), answer.fields.get("content-type")),
                (None, None)
            );
            assert_eq!(answer.fields.get("cache-control"), Some("no-store"));
            return;
        }
        assert_eq!(
            (answer.status, format!("\"{}\"", text(&answer)).as_str()),
            (Status::OK, answer.fields.get("etag").unwrap())
        );
        assert_ne!(answer.fields.get("etag"), Some(known.as_str()), "the same time came twice");
        last = answer;
    }
    panic!("the second changed ten times between a question and the next");
}

#[test]
fn a_cursor_brings_everything_that_a_plain_poll_would_have_missed() {
    let program = start();
    let mut client = Client::connect(program.port("data"));
    let now = client.get("/?after=", "");
    assert_eq!(now.fields.get("content-type"), Some("application/json"));
    assert_eq!(now.fields.get("cache-control"), Some("no-store"));
    assert!(text(&now).ends_with(r#","missed":0,"messages":[]}"#), "{}", text(&now));
    let (epoch, newest) = id(values(text(&now), "id")[0]);

    // Who has seen nothing gets it all, in order.
    let all = client.get(&format!("/?after={epoch}-0"), "");
    let ids: Vec<_> = values(text(&all), "id").into_iter().map(id).collect();
    assert!(ids[0].1 >= newest);
    let expected: Vec<_> = (1..=ids[0].1).map(|seq| (epoch, seq)).collect();
    assert_eq!(ids[1..], expected);
    assert!(values(text(&all), "data").into_iter().all(is_time_of_day));

    // Who has seen everything gets what has come since, and only that.
    let mut since = text(&now).to_owned();
    eventually("a tick came", || {
        since = text(&client.get(&format!("/?after={epoch}-{newest}"), "")).to_owned();
        values(&since, "id").len() > 1
    });
    assert_eq!(id(values(&since, "id")[1]), (epoch, newest + 1));
}

#[test]
fn a_cursor_of_another_run_is_told_that_something_is_missing() {
    let program = start();
    let port = program.port("data");
    let answer = get(port, "/?after=1-1");
    assert!(text(&answer).contains(r#","missed":null,"messages":[{"#), "{}", text(&answer));
    // Also one that this run has yet to give out: it may have come from a run whose clock stood
    // still.
    let now = get(port, "/?after=");
    let (epoch, _) = id(values(text(&now), "id")[0]);
    let answer = get(port, &format!("/?after={epoch}-4000000000"));
    assert!(text(&answer).contains(r#","missed":null,"#), "{}", text(&answer));
}

#[test]
fn a_cursor_that_is_none_is_refused_in_words() {
    let program = start();
    for (after, came) in [
        ("42", "42"),
        ("-", "-"),
        ("1-2-3", "1-2-3"),
        ("%2B1-2", "+1-2"),
        ("1-99999999999999999999", "1-99999999999999999999"),
    ] {
        let answer = get(program.port("data"), &format!("/?after={after}"));
        assert_eq!(answer.status, Status::BAD_REQUEST, "{after}");
        assert_eq!(
            text(&answer),
            format!("expected an id as in 1763700000000-42; came \"{came}\"\n")
        );
    }
}

#[test]
fn the_page_comes_from_its_own_port_and_learns_there_where_the_data_is() {
    let program = start();
    let mut client = Client::connect(program.port("page"));
    let page = client.get("/", "");
    assert_eq!(
        (page.status, page.fields.get("content-type")),
        (Status::OK, Some("text/html; charset=utf-8"))
    );
    assert!(text(&page).starts_with("<!doctype html>"));
    // It is the page's own origin, so there is nothing to allow.
    assert_eq!(page.fields.get("access-control-allow-origin"), None);
    let etag = page.fields.get("etag").unwrap();
    assert_eq!(client.get("/", &format!("If-None-Match: {etag}\r\n")).status, Status::NOT_MODIFIED);
    for asset in ["/push.css", "/page.js"] {
        assert_eq!(client.get(asset, "").status, Status::OK, "{asset}");
    }
    assert_eq!(text(&client.get("/data-origin", "")), program.url("data").trim_end_matches('/'));
}

#[test]
fn nothing_but_the_pages_can_be_had() {
    let program = start();
    let mut client = Client::connect(program.port("page"));
    for target in [
        "/Cargo.toml",
        "/src/bin/polling.rs",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "/.git/config",
    ] {
        assert_eq!(client.get(target, "").status, Status::NOT_FOUND, "{target}");
    }
    client.ask("POST", "/", "");
    let answer = client.response();
    assert_eq!(
        (answer.status, answer.fields.get("allow")),
        (Status::METHOD_NOT_ALLOWED, Some("GET, HEAD, OPTIONS"))
    );
}
