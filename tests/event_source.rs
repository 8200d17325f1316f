//! The lesson `event_source`, run as it is built, and asked over sockets.

use crate::support;

use push_by_hand::event_stream::EventReader;
use push_by_hand::http::Status;
use std::io::Read;
use support::{Client, Program, chunk, connections, eventually, get, request, text};

fn start() -> Program {
    Program::start(env!("CARGO_BIN_EXE_event_source"), &["--port", "0"])
}

/// Asks for the stream and reads the head of the answer.
fn open(port: u16) -> Client {
    let mut client = Client::connect(port);
    client.ask("GET", "/eventSource", "");
    client.read_through("\r\n\r\n");
    client
}

/// The id of a block, which has these bytes and no other: three fields without a space, and an
/// empty line.
fn message(block: &[u8]) -> u64 {
    let block = str::from_utf8(block).unwrap();
    let id = block
        .split("\nid:")
        .nth(1)
        .and_then(|rest| rest.split('\n').next())
        .unwrap_or_else(|| panic!("{block:?}"));
    let data = block
        .split("\ndata:")
        .nth(1)
        .and_then(|rest| rest.split('\n').next())
        .unwrap_or_else(|| panic!("{block:?}"));
    assert_eq!(block, format!("event:message\nid:{id}\ndata:{data}\n\n"));
    // Milliseconds since 1970, which have had 13 digits since 2001.
    assert!(data.len() == 13 && data.bytes().all(|byte| byte.is_ascii_digit()), "{block:?}");
    id.parse().unwrap_or_else(|_| panic!("{block:?}"))
}

/// The id of the next message; `None` at the last chunk. Each block is a chunk; those with a type
/// of their own are passed over.
fn next(client: &mut Client) -> Option<u64> {
    loop {
        let block = chunk(client);
        if !block.starts_with(b"event:tick\n") && !block.starts_with(b"event:news\n") {
            return (!block.is_empty()).then(|| message(&block));
        }
    }
}

#[test]
fn the_first_line_is_the_url_and_the_page_is_there() {
    let program = start();
    let port = program.port("page");
    assert_eq!(program.output()[0], format!("page  http://localhost:{port}/"));
    let page = get(port, "/");
    assert_eq!(
        (page.status, page.fields.get("content-type")),
        (Status::OK, Some("text/html; charset=utf-8"))
    );
}

#[test]
fn the_head_and_a_first_block_come_at_once_and_together() {
    let program = start();
    let mut client = Client::connect(program.port("page"));
    client.ask("GET", "/eventSource", "Accept: text/event-stream\r\n");
    // What one write sends arrives on this machine in one piece.
    let mut bytes = vec![0; 64 * 1024];
    let n = client.stream().read(&mut bytes).unwrap();
    let answer = str::from_utf8(&bytes[..n]).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let (_, fields) = head.split_once(" GMT\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nDate: "), "{head}");
    assert_eq!(
        fields,
        "Transfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store, no-transform\r\nX-Accel-Buffering: no"
    );
    let (size, rest) = body.split_once("\r\n").unwrap();
    let (block, end) = rest.split_at(usize::from_str_radix(size, 16).unwrap());
    message(block.as_bytes());
    assert!(end.starts_with("\r\n"), "{end:?}");
}

#[test]
fn a_new_client_gets_the_newest_message_and_need_not_wait_for_the_next() {
    let program = start();
    let port = program.port("page");
    let mut client = open(port);
    // If a tick comes just then, the next try has nearly a whole second.
    let at_once = (0..10).any(|_| next(&mut client).unwrap() == next(&mut open(port)).unwrap());
    assert!(at_once, "each new client waited for a message");
}

#[test]
fn every_client_sees_every_number_once() {
    let program = start();
    let port = program.port("page");
    let mut clients: Vec<_> = (0..3).map(|_| open(port)).collect();
    // One producer numbers the messages. If each connection did, every client would see holes.
    for client in &mut clients {
        let first = next(client).unwrap();
        let then = [next(client).unwrap(), next(client).unwrap()];
        assert_eq!(then, [first + 1, first + 2]);
    }
}

#[test]
fn events_with_a_type_of_their_own_stand_beside_the_messages_and_set_no_id() {
    let program = start();
    let mut client = Client::connect(program.port("page"));
    client.ask("GET", "/eventSource", "");
    let (head, body) = client.response_in_parts();
    assert_eq!(head.status, Status::OK);
    let mut events = EventReader::new(body, "");
    loop {
        let event = events.next_event().unwrap().unwrap();
        match event.event.as_deref() {
            Some("message") => assert!(events.last_event_id.parse::<u64>().unwrap() <= 5),
            Some("tick") => {
                assert_eq!(
                    (event.data.as_deref(), events.last_event_id.as_str()),
                    (Some("message 5"), "5")
                );
                break;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_old_client_gets_bare_blocks() {
    let program = start();
    let mut client = Client::connect(program.port("page"));
    client.send("GET /eventSource HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let head = String::from_utf8(client.read_through("\r\n\r\n")).unwrap();
    // The body has no length and no chunks, so the connection cannot be kept, whatever the client
    // asks.
    assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
    assert!(!head.contains("Transfer-Encoding") && !head.contains("Content-Length"), "{head}");
    let first = message(&client.read_through("\n\n"));
    assert_eq!(message(&client.read_through("\n\n")), first + 1);
}

#[test]
fn a_stream_that_is_stopped_ends_in_order_and_204_keeps_the_browser_away() {
    let program = start();
    let port = program.port("page");
    let mut client = open(port);
    let first = next(&mut client).unwrap();
    assert_eq!(request(port, "POST", "/stop", "", "").status, Status::NO_CONTENT);
    // What was published before the stop still comes; then the last chunk.
    let mut last = first;
    while let Some(id) = next(&mut client) {
        assert_eq!(id, last + 1);
        last = id;
    }
    // The browser comes back as it always does, and learns that it should not.
    let answer = client.get("/eventSource", "");
    assert_eq!(
        (answer.status, answer.body.len(), answer.fields.get("content-type")),
        (Status::NO_CONTENT, 0, None)
    );
    assert_eq!(get(port, "/").status, Status::OK, "the page is still there");

    assert_eq!(request(port, "POST", "/start", "", "").status, Status::NO_CONTENT);
    assert!(next(&mut open(port)).unwrap() >= last);
}

#[test]
fn a_foreign_page_cannot_stop_the_streams() {
    let program = start();
    let port = program.port("page");
    let answer = request(port, "POST", "/stop", "Origin: http://evil.example\r\n", "");
    assert_eq!(answer.status, Status::FORBIDDEN, "{}", text(&answer));
    assert!(next(&mut open(port)).is_some());
}

#[test]
fn no_thread_outlives_its_client() {
    let program = start();
    let port = program.port("page");
    let clients: Vec<_> = (0..10).map(|_| open(port)).collect();
    eventually("each has a thread", || connections(&program) >= 10);
    let mut faithful = open(port);
    drop(clients);
    eventually("the threads of all who left have ended", || connections(&program) == 1);
    let first = next(&mut faithful).unwrap();
    assert_eq!(next(&mut faithful), Some(first + 1));
}

#[test]
fn each_path_says_which_method_it_takes() {
    let program = start();
    let port = program.port("page");
    for (method, target, allow) in [
        ("POST", "/eventSource", "GET, HEAD"),
        ("GET", "/stop", "POST"),
        ("HEAD", "/start", "POST"),
        ("POST", "/", "GET, HEAD"),
    ] {
        let answer = request(port, method, target, "", "");
        assert_eq!(
            (answer.status, answer.fields.get("allow")),
            (Status::METHOD_NOT_ALLOWED, Some(&*format!("{allow}, OPTIONS"))),
            "{method} {target}"
        );
    }
    let mut client = Client::connect(port);
    client.ask("HEAD", "/eventSource", "");
    let head = client.response_to_head();
    assert_eq!(
        (head.status, head.fields.get("content-type")),
        (Status::OK, Some("text/event-stream"))
    );
    assert_eq!(client.get("/nowhere", "").status, Status::NOT_FOUND);
}

#[test]
fn options_is_told_the_methods_of_a_path_and_a_path_that_is_none_is_not_found() {
    let program = start();
    let port = program.port("page");
    for (target, allow) in [
        ("/eventSource", "GET, HEAD, OPTIONS"),
        ("/stop", "POST, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ] {
        let answer = request(port, "OPTIONS", target, "", "");
        assert_eq!(
            (answer.status, answer.fields.get("allow")),
            (Status::NO_CONTENT, Some(allow)),
            "{target}"
        );
    }
    for method in ["GET", "POST", "OPTIONS"] {
        assert_eq!(request(port, method, "/nowhere", "", "").status, Status::NOT_FOUND, "{method}");
    }
}
