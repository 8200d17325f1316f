//! The smallest server, and the four steps in which chapter 1 builds it: what each can do, and at
//! which bytes it breaks.

use crate::support;

use push_by_hand::http::Status;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Client, Program, text};

fn start() -> (Program, u16) {
    let program = Program::start(env!("CARGO_BIN_EXE_http"), &["--port", "0"]);
    let port = program.port("page");
    (program, port)
}

/// One of `examples/`.
fn example(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_http")).with_file_name("examples");
    let file = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !file.is_file() {
        // `cargo test --test together` alone does not build them.
        let built = Command::new(env!("CARGO")).args(["build", "-q", "--example", name]).status();
        assert!(built.unwrap().success());
    }
    file
}

/// One of the steps, on a free port.
fn step(name: &str) -> (Program, u16) {
    let program = Program::run(Command::new(example(name)).arg("0"));
    let line = program.output_line("http://localhost:");
    let port = line.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    (program, port)
}

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST: &str = "GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[test]
fn the_first_step_prints_what_came_line_by_line() {
    let (program, port) = step("http_1_print");
    let mut client = Client::connect(port);
    client.send(GET);
    program.output_line(r"GET / HTTP/1.1\r\n");
    program.output_line(r"Host: localhost\r\n");
    assert_eq!(client.rest(), b"");
}

#[test]
fn the_second_step_answers_a_head_in_any_number_of_pieces() {
    let (_program, port) = step("http_2_answer");
    for _ in 0..2 {
        let mut client = Client::connect(port);
        for byte in GET.bytes() {
            client.send([byte]);
        }
        assert_eq!(text(&client.response()), GET);
    }
}

/// Whoever came first and says nothing yet keeps the next one waiting.
#[test]
fn the_second_step_serves_one_client_at_a_time() {
    let (_program, port) = step("http_2_answer");
    let mut silent = Client::connect(port);
    let mut waiting = Client::connect(port);
    waiting.send(GET);
    waiting.stream().set_nonblocking(true).unwrap();
    let nothing = waiting.stream().peek(&mut [0]).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    waiting.stream().set_nonblocking(false).unwrap();
    silent.send(LAST);
    assert_eq!(text(&silent.response()), LAST);
    assert_eq!(text(&waiting.response()), GET);
}

#[test]
fn the_third_step_serves_two_clients_at_once() {
    let (_program, port) = step("http_3_threads");
    let _silent = Client::connect(port);
    let mut second = Client::connect(port);
    second.send(GET);
    assert_eq!(text(&second.response()), GET);
}

#[test]
fn the_fourth_step_answers_request_after_request() {
    let (_program, port) = step("http_4_keep_alive");
    let mut client = Client::connect(port);
    client.send(GET);
    assert_eq!(text(&client.response()), GET);
    // Two at once, in one piece.
    client.send([GET, LAST].concat());
    assert_eq!(text(&client.response()), GET);
    assert_eq!(text(&client.response()), LAST);
    assert_eq!(client.rest(), b"");
}

#[test]
fn the_fourth_step_takes_a_body_for_the_next_request() {
    let (_program, port) = step("http_4_keep_alive");
    let mut client = Client::connect(port);
    let body = "GET /hidden HTTP/1.1\r\nConnection: close\r\n\r\n";
    client.send(format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert!(text(&client.response()).starts_with("POST / "));
    assert_eq!(text(&client.response()), body);
}

#[test]
fn the_fourth_step_keeps_a_head_without_end_and_takes_two_hosts() {
    let (_program, port) = step("http_4_keep_alive");
    let mut client = Client::connect(port);
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    client.send(&long);
    assert_eq!(client.response().body.len(), long.len());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    assert_eq!(client.response().status, Status::OK);
}

#[test]
fn whoever_asks_for_no_page_gets_its_own_bytes_back() {
    let (_program, port) = start();
    let mut client = Client::connect(port);
    for request in [
        GET,
        "POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nword=hello",
        "WHATEVER * HTTP/1.1\r\nhost:localhost\r\nX-Odd: é\r\n\r\n",
    ] {
        client.send(request);
        let response = client.response();
        assert_eq!(response.status, Status::OK);
        assert_eq!(response.fields.get("Content-Type"), Some("text/plain; charset=utf-8"));
        assert_eq!(text(&response), request);
    }
    client.send(LAST);
    let response = client.response();
    assert_eq!(response.fields.get("Connection"), Some("close"));
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_browser_gets_the_page_with_its_request_in_it_as_text() {
    let (_program, port) = start();
    let mut client = Client::connect(port);
    client.send("GET /?<script> HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n");
    let response = client.response();
    assert_eq!(response.fields.get("Content-Type"), Some("text/html; charset=utf-8"));
    let shown = "GET /?&lt;script> HTTP/1.1&#13;\nHost: localhost&#13;\nAccept: text/html&#13;\n";
    assert!(text(&response).contains(shown));
    client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(client.response_to_head().status, Status::OK);
    client.send(GET);
    assert_eq!(text(&client.response()), GET);
}

#[test]
fn requests_in_pieces_and_in_one_piece_are_answered_in_order() {
    let (_program, port) = start();
    let mut client = Client::connect(port);
    for byte in GET.bytes() {
        client.send([byte]);
    }
    assert_eq!(text(&client.response()), GET);
    client.send([GET, LAST].concat());
    assert_eq!(text(&client.response()), GET);
    assert_eq!(text(&client.response()), LAST);
}

#[test]
fn what_is_too_long_or_no_request_is_refused_and_half_a_request_ends_nothing_but_itself() {
    let (_program, port) = start();
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000)), 431),
        ("hello\r\n\r\n".to_owned(), 400),
        ("POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n".to_owned(), 413),
        ("POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n".to_owned(), 413),
    ] {
        let mut client = Client::connect(port);
        client.send(&request);
        assert_eq!(client.response().status.code(), status);
        client.end_sending();
        assert_eq!(client.rest(), b"");
    }
    let mut half = Client::connect(port);
    half.send("GET / HT");
    half.end_sending();
    assert_eq!(half.read(&mut [0]).unwrap(), 0);
    let mut other = Client::connect(port);
    other.send(GET);
    assert_eq!(text(&other.response()), GET);
}

#[test]
fn a_name_that_somebody_else_owns_is_not_ours() {
    let (_program, port) = start();
    for (host, status) in [
        ("localhost", 200),
        ("LOCALHOST:7070", 200),
        ("127.0.0.1:7070", 200),
        ("evil.example:7070", 421),
        ("localhost.evil.example", 421),
        ("evil-localhost", 421),
    ] {
        let mut client = Client::connect(port);
        client.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(client.response().status.code(), status, "{host}");
    }
}

#[test]
fn the_chapters_that_the_page_links_to_open_and_a_terminal_still_gets_its_own_bytes() {
    let (_program, port) = start();
    let browser = "Accept: text/html,application/xhtml+xml\r\n";
    for target in ["/docs/01-http.md", "/docs/zh/01-http.md"] {
        assert!(include_str!("../pages/http.html").contains(&target[1..]), "{target}");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(&target[1..]);
        let mut client = Client::connect(port);
        let chapter = client.get(target, browser);
        assert_eq!(chapter.fields.get("content-type"), Some("text/plain; charset=utf-8"));
        assert!(text(&chapter) == std::fs::read_to_string(file).unwrap(), "{target}");
        assert!(text(&client.get(target, "")).starts_with("GET /docs/"), "{target}");
    }
    let page = Client::connect(port).get("/docs/02-polling.md", browser);
    assert!(text(&page).starts_with("<!doctype html>"), "{}", text(&page));
}

#[test]
fn the_smallest_client_asks_once_and_prints_all_that_comes() {
    let (_program, port) = step("http_2_answer");
    let output = Command::new(example("ask")).arg(format!("localhost:{port}")).output().unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        request.len()
    );
    assert_eq!(String::from_utf8(output.stdout).unwrap(), head + &request);
}
