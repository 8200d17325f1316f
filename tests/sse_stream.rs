//! The lesson `sse_stream`, run as it is built, and asked over sockets.

use crate::support;

use push_by_hand::event_stream::{Event, EventReader};
use push_by_hand::http::Status;
use push_by_hand::http::body::Body;
use std::collections::BTreeSet;
use std::io::BufReader;
use std::net::TcpStream;
use support::{
    Client, Program, chunk, connections, eventually, get, id, is_time_of_day, request, text,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sse_stream");

fn start() -> Program {
    Program::start(PROGRAM, &["--port", "0"])
}

type Events<'a> = EventReader<Body<&'a mut BufReader<TcpStream>>>;

/// Asks for the stream as a browser does: with the last event ID, if there is one.
fn open<'a>(client: &'a mut Client, last_event_id: &str) -> Events<'a> {
    let field = if last_event_id.is_empty() {
        String::new()
    } else {
        format!("Last-Event-ID: {last_event_id}\r\n")
    };
    client.ask(
        "GET",
        "/eventSource",
        &format!("Accept: text/event-stream\r\nCache-Control: no-cache\r\n{field}"),
    );
    let (head, body) = client.response_in_parts();
    assert_eq!(
        (head.status, head.fields.get("content-type")),
        (Status::OK, Some("text/event-stream; charset=utf-8"))
    );
    assert_eq!(head.fields.get("cache-control"), Some("no-store, no-transform"));
    EventReader::new(body, last_event_id)
}

/// The next event, which is a message.
fn message(events: &mut Events) -> (u64, u64) {
    message_id(&events.next_event().unwrap().unwrap())
}

fn message_id(event: &Event) -> (u64, u64) {
    assert_eq!(event.event.as_deref(), Some("message"), "{event:?}");
    let data = event.data.as_deref().unwrap();
    let time = data.strip_prefix(r#"{"ts":""#).and_then(|rest| rest.strip_suffix(r#""}"#));
    assert!(time.is_some_and(is_time_of_day), "{data}");
    id(event.id.as_deref().unwrap())
}

/// The next event, which says that the id the client came with is none of this run's.
fn reset(events: &mut Events) {
    let before = events.last_event_id.clone();
    let event = events.next_event().unwrap().unwrap();
    assert_eq!(
        (event.event.as_deref(), event.data.as_deref()),
        (Some("reset"), Some(r#"{"missed":null}"#))
    );
    assert_eq!(events.last_event_id, before, "it is no message, so it sets no id");
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
fn head_and_comment_come_at_once_then_the_reconnection_time_once_then_messages() {
    let program = start();
    let mut client = Client::connect(program.port("page"));
    client.ask("GET", "/eventSource", "");
    // What one write sends arrives on this machine in one piece: the head is here as soon as there
    // is anything.
    let mut bytes = vec![0; 64 * 1024];
    let n = client.stream().peek(&mut bytes).unwrap();
    let answer = str::from_utf8(&bytes[..n]).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let (_, fields) = head.split_once(" GMT\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nDate: "), "{head}");
    assert_eq!(
        fields,
        "Transfer-Encoding: chunked\r\nContent-Type: text/event-stream; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store, no-transform\r\nX-Accel-Buffering: no"
    );
    assert!(body.starts_with("6\r\n: ok\n\n\r\n"), "{body:?}");

    client.read_through("\r\n\r\n");
    assert_eq!(chunk(&mut client), b": ok\n\n");
    assert!((20_000..=25_000).contains(&retry(&chunk(&mut client))));
    let mut last = None;
    for _ in 0..2 {
        let block = String::from_utf8(chunk(&mut client)).unwrap();
        let event = EventReader::new(block.as_bytes(), "").next_event().unwrap().unwrap();
        let (epoch, seq) = message_id(&event);
        // The order of the fields, and nothing else: the reconnection time is not said again.
        assert_eq!(
            block,
            format!("event: message\nid: {epoch}-{seq}\ndata: {}\n\n", event.data.unwrap())
        );
        assert!(last.is_none_or(|(run, before)| (run, before + 1) == (epoch, seq)));
        last = Some((epoch, seq));
    }
}

#[test]
fn a_new_client_gets_the_newest_message_and_need_not_wait_for_the_next() {
    let program = start();
    let port = program.port("page");
    let mut client = Client::connect(port);
    let mut events = open(&mut client, "");
    // If a tick comes just then, the next try has nearly a whole second.
    let at_once =
        (0..10).any(|_| message(&mut events) == message(&mut open(&mut Client::connect(port), "")));
    assert!(at_once, "each new client waited for a message");
}

/// The milliseconds of a block `retry: 20000`.
fn retry(block: &[u8]) -> u64 {
    let text = str::from_utf8(block).unwrap();
    let digits = text.strip_prefix("retry: ").and_then(|text| text.strip_suffix("\n\n"));
    digits.unwrap_or_else(|| panic!("no block of a reconnection time: {text:?}")).parse().unwrap()
}

/// The clients of a server that is started again would otherwise all come back at once.
#[test]
fn each_client_is_told_another_reconnection_time_up_to_a_quarter_longer() {
    let program = start();
    let told: BTreeSet<u64> = (0..8)
        .map(|_| {
            let mut client = Client::connect(program.port("page"));
            client.ask("GET", "/eventSource", "");
            client.read_through(": ok\n\n\r\n");
            retry(&chunk(&mut client))
        })
        .collect();
    assert_eq!(told.len(), 8, "{told:?}");
    assert!(told.iter().all(|retry| (20_000..=25_000).contains(retry)), "{told:?}");
    // They lie all over that time, and not beside each other.
    let (first, last) = (told.first().unwrap(), told.last().unwrap());
    assert!(last - first > 2500, "{told:?}");
}

#[test]
fn the_reconnection_time_can_be_chosen() {
    let program = Program::start(PROGRAM, &["--port=0", "--retry-ms", "250"]);
    let mut client = Client::connect(program.port("page"));
    let mut events = open(&mut client, "");
    message(&mut events);
    let chosen = events.retry.unwrap().as_millis();
    assert!((250..=312).contains(&chosen), "{chosen}");

    // Zero is a time too: come back at once.
    let program = Program::start(PROGRAM, &["--port=0", "--retry-ms=0"]);
    let mut client = Client::connect(program.port("page"));
    client.ask("GET", "/eventSource", "");
    client.read_through("\r\n\r\n");
    chunk(&mut client);
    assert_eq!(chunk(&mut client), b"retry: 0\n\n");
}

#[test]
fn a_client_that_lost_its_connection_goes_on_without_gap_and_without_double() {
    let program = start();
    let port = program.port("page");
    let mut client = Client::connect(port);
    let mut events = open(&mut client, "");
    let (epoch, first) = message(&mut events);
    let seen = events.last_event_id.clone();
    // The client is gone. While it is away something is published: another client sees it.
    drop(client);
    let mut other = Client::connect(port);
    let mut others = open(&mut other, &seen);
    assert_eq!(message(&mut others), (epoch, first + 1));
    // It comes back: first what it missed, then what is new.
    let mut client = Client::connect(port);
    let mut events = open(&mut client, &seen);
    assert_eq!(
        [message(&mut events), message(&mut events)],
        [(epoch, first + 1), (epoch, first + 2)]
    );
}

#[test]
fn streams_that_are_cut_break_off_and_go_on() {
    let program = start();
    let port = program.port("page");
    let mut client = Client::connect(port);
    let mut events = open(&mut client, "");
    let (epoch, mut last) = message(&mut events);
    assert_eq!(request(port, "POST", "/drop", "", "").status, Status::NO_CONTENT);
    let error = loop {
        match events.next_event() {
            Ok(event) => {
                assert_eq!(message_id(&event.expect("a cut is no end")), (epoch, last + 1));
                last += 1;
            }
            Err(error) => break error,
        }
    };
    assert!(error.to_string().starts_with("expected the rest of the message"), "{error}");
    assert_eq!(id(&events.last_event_id), (epoch, last));
    // A stream that begins after the cut is not cut.
    let seen = events.last_event_id.clone();
    let mut client = Client::connect(port);
    let mut events = open(&mut client, &seen);
    assert_eq!(message(&mut events), (epoch, last + 1));
}

#[test]
fn a_foreign_page_cannot_cut_the_streams() {
    let program = start();
    let answer =
        request(program.port("page"), "POST", "/drop", "Origin: http://evil.example\r\n", "");
    assert_eq!(answer.status, Status::FORBIDDEN, "{}", text(&answer));
}

#[test]
fn a_client_that_outlived_the_server_is_told_so_and_gets_all_of_the_new_run() {
    // Another program may take the port while it is free. Then this begins again with another one.
    let survived = (0..10).any(|_| {
        let program = start();
        let port = program.port("page");
        let mut client = Client::connect(port);
        let mut events = open(&mut client, "");
        let (epoch, _) = message(&mut events);
        let seen = events.last_event_id.clone();
        drop(program);

        let mut program = Program::start(PROGRAM, &["--port", &port.to_string()]);
        eventually("it runs, or the port is taken", || {
            !program.output().is_empty() || !program.is_running()
        });
        if program.output().is_empty() {
            return false;
        }
        let mut client = Client::connect(port);
        let mut events = open(&mut client, &seen);
        reset(&mut events);
        let (new_epoch, first) = message(&mut events);
        assert_ne!(new_epoch, epoch);
        assert_eq!((first, message(&mut events)), (1, (new_epoch, 2)));
        true
    });
    assert!(survived, "ten times the port was taken by another");
}

#[test]
fn an_id_that_the_server_did_not_give_out_is_no_error_but_a_reset() {
    let program = start();
    let port = program.port("page");
    let (epoch, _) = message(&mut open(&mut Client::connect(port), ""));
    let ahead = format!("{epoch}-4000000000");
    for strange in ["42", "1-1", "yesterday", "中文", ahead.as_str()] {
        let mut client = Client::connect(port);
        let mut events = open(&mut client, strange);
        reset(&mut events);
        assert_eq!(message(&mut events), (epoch, 1), "all that the log has, after \"{strange}\"");
    }
}

#[test]
fn an_old_client_gets_bare_events() {
    let program = start();
    let mut client = Client::connect(program.port("page"));
    client.send("GET /eventSource HTTP/1.0\r\n\r\n");
    let head = String::from_utf8(client.read_through("\r\n\r\n")).unwrap();
    assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
    assert!(!head.contains("Transfer-Encoding") && !head.contains("Content-Length"), "{head}");
    assert_eq!(client.read_through("\n\n"), b": ok\n\n");
    assert!(retry(&client.read_through("\n\n")) >= 20_000);
    assert!(client.read_through("\n\n").starts_with(b"event: message\nid: "));
}

#[test]
fn no_thread_outlives_its_client() {
    let program = start();
    let port = program.port("page");
    let mut clients: Vec<_> = (0..10).map(|_| Client::connect(port)).collect();
    for client in &mut clients {
        message(&mut open(client, ""));
    }
    eventually("each has a thread", || connections(&program) >= 10);
    let mut faithful = Client::connect(port);
    let mut events = open(&mut faithful, "");
    let (epoch, first) = message(&mut events);
    drop(clients);
    eventually("the threads of all who left have ended", || connections(&program) == 1);
    assert_eq!(message(&mut events), (epoch, first + 1));
}

#[test]
fn each_path_says_which_method_it_takes() {
    let program = start();
    let port = program.port("page");
    for (method, target, allow) in [
        ("POST", "/eventSource", "GET, HEAD"),
        ("GET", "/drop", "POST"),
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
    assert_eq!(
        client.response_to_head().fields.get("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert_eq!(client.get("/nowhere", "").status, Status::NOT_FOUND);
}

#[test]
fn options_is_told_the_methods_of_a_path_and_a_path_that_is_none_is_not_found() {
    let program = start();
    let port = program.port("page");
    for (target, allow) in [
        ("/eventSource", "GET, HEAD, OPTIONS"),
        ("/drop", "POST, OPTIONS"),
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

#[test]
fn scripts_that_stand_in_for_an_event_source_say_in_the_query_how_far_they_got() {
    let program = start();
    let port = program.port("page");
    for query in ["lastEventId=42", "last-event-id=42", "last%2Devent%2Did=42"] {
        let mut client = Client::connect(port);
        client.send(format!("GET /eventSource?{query} HTTP/1.0\r\n\r\n"));
        client.read_through(": ok\n\n");
        retry(&client.read_through("\n\n"));
        assert_eq!(
            client.read_through("\n\n"),
            b"event: reset\ndata: {\"missed\":null}\n\n",
            "{query}"
        );
    }
}
